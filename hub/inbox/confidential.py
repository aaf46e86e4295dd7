"""Confidential: limited to the members of one queue. The others see that it exists, whose it is and when it is due."""

from sqlalchemy import select

from hub.errors import Conflict, Invalid
from hub.inbox import chat
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.queue import Queue, QueueArea
from hub.storage.unit import Unit


def limit(unit: Unit, conversation: Conversation, by_id: int, queue: Queue) -> Entry:
    """From now on only for members named for this queue. An assignee who isn't: for the caller to release."""
    answers = select(QueueArea).where(
        QueueArea.queue_id == queue.id, QueueArea.municipality_id == conversation.municipality_id
    )
    if queue.retired_at is not None or unit.first(answers) is None:
        raise Invalid("queue", "this queue doesn't answer for the conversation's municipality")
    was, conversation.confidential_queue_id = conversation.confidential_queue_id, queue.id
    chat.silence(unit, conversation.id)
    return conversation.append_change(unit, by_id, "confidential", {"from": _id(was), "to": str(queue.id)})


def lift(unit: Unit, conversation: Conversation, by_id: int) -> Entry:
    """For all of its own queue again. Raises Conflict when it is."""
    if conversation.confidential_queue_id is None:
        raise Conflict("This conversation isn't confidential.")
    was, conversation.confidential_queue_id = conversation.confidential_queue_id, None
    return conversation.append_change(unit, by_id, "confidential", {"from": _id(was), "to": None})


def since(unit: Unit, conversation: Conversation) -> int | None:
    """When it was limited as it is now, microseconds UTC; None when no entry says so."""
    changes = select(Entry).where(Entry.conversation_id == conversation.id, Entry.kind == "change")
    for entry in unit.all(changes.order_by(Entry.occurred_at.desc(), Entry.id.desc())):
        if entry.body["what"] == "confidential":
            return entry.occurred_at if entry.body["to"] == _id(conversation.confidential_queue_id) else None
    return None


def _id(row_id: int | None) -> str | None:
    return None if row_id is None else str(row_id)
