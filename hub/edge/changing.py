"""Changing a conversation's state: whose it is, where it lies, whether it waits or is closed; for every route and page.

Each names the version that it was decided on and answers with the conversation as it is then.
"""

from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import or_, select

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.access.person import actor as person_with_memberships
from hub.edge import work
from hub.edge.idempotency import Asked, Made, once
from hub.edge.parameters import instant_of
from hub.errors import Conflict, Invalid, NotFound
from hub.inbox import queries
from hub.inbox.conversation import Conversation
from hub.inbox.queries import ConversationLine, Filter
from hub.inbox.queue import Queue
from hub.storage.unit import Unit

_LOOKED_AT = 20
"""Conversations that `take_next` looks at together: others may be taking the first of them just now."""


class Taken(Struct, frozen=True):
    """`again`: it had been taken before, by the same request."""

    conversation: ConversationLine
    again: bool


class _Kept(Struct):
    id: str


def assign(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, person_id: int) -> ConversationLine:
    """To a person who may open it. Raises Invalid for another one."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        person = person_with_memberships(unit, person_id, frozenset())
        if person is None or not policy.may_be_assigned(person, conversation):
            raise Invalid("person", "this person can't be given the conversation: they couldn't open it")
        conversation.assign(unit, actor.id, person_id)

    return work.change(unit, actor, conversation_id, if_match, "conversation.assign", make=change)


def unassign(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> ConversationLine:
    """To nobody."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        conversation.assign(unit, actor.id, None)

    return work.change(unit, actor, conversation_id, if_match, "conversation.unassign", make=change)


def take_next(unit: Unit, actor: Actor, filtered: Filter | None = None) -> ConversationLine | None:
    """The most urgent open one that is nobody's, and doesn't wait, becomes this person's; None when there is none.

    `filtered`: of a list, to take from what it shows. Two who ask at once never get the same one.
    """
    wanted = replace(filtered or Filter(), closed=False, unassigned=True, assignee_id=None, waiting=False)
    after: str | None = None
    while True:
        ids, after = queries.ids_of(unit, policy.within(actor), wanted, after, _LOOKED_AT)
        free = select(Conversation).where(
            Conversation.id.in_(ids),
            Conversation.assignee_id.is_(None),
            Conversation.closed_at.is_(None),
            or_(Conversation.wait_until.is_(None), Conversation.wait_until <= clock.now()),
            policy.visible(actor),
        )
        # What somebody else has locked they may be taking: it is passed by. SQLite lets one write at a time anyway.
        mine = free.order_by(Conversation.due_at, Conversation.id).with_for_update(skip_locked=True)
        found = unit.first(mine) if ids else None
        if found is not None:
            policy.require_work(actor, found)
            found.assign(unit, actor.id, actor.id)
            work.log(unit, actor, "conversation.take", found)
            return queries.conversation_line(unit, found.id)
        if after is None:
            return None


def take_next_once(unit: Unit, actor: Actor, filtered: Filter, creation: Asked) -> Taken:
    """The same, and with the same key the same one, as it is by then. Raises NotFound when there is none to take."""

    def create() -> Made:
        line = take_next(unit, actor, filtered)
        if line is None:
            raise NotFound("There is nothing to take: all that is open is somebody's, or waits.")
        return Made(_Kept(line.id), None, int(line.municipality_id))

    answer = once(unit, actor, creation, create)
    taken_id = int(msgspec.json.decode(answer.body, type=_Kept).id)
    policy.require_open(actor, unit.get(Conversation, taken_id))
    return Taken(queries.conversation_line(unit, taken_id), answer.again)


def move(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, queue_id: int) -> ConversationLine:
    """To another queue of its municipality; who moves it there may not be able to open it afterwards.

    Whose it was keeps it if they can open it there.
    """

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        queue = unit.get(Queue, queue_id)
        if queue is None:
            raise Invalid("queue", "this queue doesn't answer for the conversation's municipality")
        conversation.move(unit, actor.id, queue)
        release(unit, actor, conversation)

    return work.change(unit, actor, conversation_id, if_match, "conversation.move", make=change)


def wait(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, until: datetime) -> ConversationLine:
    """For somebody else, until a time: then it is due."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        conversation.wait(unit, actor.id, instant_of("until", until))

    return work.change(unit, actor, conversation_id, if_match, "conversation.wait", make=change)


def resume(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, until: datetime | None = None
) -> ConversationLine:
    """Waits no longer; what was unanswered is owed again. `until`: or waits till then, should that have passed, too."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        conversation.resume(unit, actor.id, None if until is None else instant_of("until", until))

    return work.change(unit, actor, conversation_id, if_match, "conversation.resume", make=change)


def close(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> ConversationLine:
    """Nothing is owed any more."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        conversation.close(unit, actor.id)

    return work.change(unit, actor, conversation_id, if_match, "conversation.close", make=change)


def reopen(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> ConversationLine:
    """Open again, as whatever it was closed; what was unanswered is owed again."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        conversation.reopen(unit, actor.id)

    return work.change(unit, actor, conversation_id, if_match, "conversation.reopen", make=change)


def mark_spam(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> ConversationLine:
    """Closed, and no contact to be counted."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        conversation.spam(unit, actor.id)

    return work.change(unit, actor, conversation_id, if_match, "conversation.spam", make=change)


def unmark_spam(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> ConversationLine:
    """It was none: open again. Raises Conflict for what isn't closed as spam."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        if conversation.closed_at is None or conversation.closed_as != "spam":
            raise Conflict("This conversation isn't marked as spam.")
        conversation.reopen(unit, actor.id)

    return work.change(unit, actor, conversation_id, if_match, "conversation.no_spam", make=change)


def release(unit: Unit, by: Actor, conversation: Conversation) -> None:
    """To nobody, if whose it is couldn't open it any more: else it would lie where nobody finds it."""
    if conversation.assignee_id is None:
        return
    person = person_with_memberships(unit, conversation.assignee_id, frozenset())
    if person is None or not policy.may_be_assigned(person, conversation):
        conversation.assign(unit, by.id, None)
