"""Turn: what one side of a chat says, as an entry of its conversation; and how a chat begins.

A turn is named by whoever says it: said again, because its answer was lost, it is there once. It goes at once and is
never taken back. A chat begins a conversation and a citizen of its own, whatever name or address the visitor claims.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.clock import NEVER
from hub.errors import Conflict, Invalid
from hub.inbox import chat, findable, outgoing, receipt
from hub.inbox.chat import Chat, EndedBy
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation, due_for
from hub.inbox.entry import Entry
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.outgoing import File
from hub.inbox.participant import Participant
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.storage import search_index
from hub.storage.ids import new_id
from hub.storage.unit import Unit

LONGEST = 4_000
"""Characters of one turn."""
_SUBJECT = 80


class Visitor(Struct, frozen=True):
    """Who begins a chat, as far as they say: nothing of it is confirmed. `secret` is the hash of theirs."""

    secret: str
    network: str
    language: str
    name: str
    email: str
    topic: str


def begin(
    unit: Unit, channel_id: int, municipality: Municipality, queue: Queue, visitor: Visitor, *, left: bool = False
) -> Chat:
    """A conversation of its own. `left`: nobody is there, and a message is left to be answered like a mail."""
    conversation_id = new_id()
    name = visitor.name or f"Chat {receipt.reference(conversation_id)}"
    citizen = Citizen(municipality_id=municipality.id, name=name, language=visitor.language)
    unit.add(citizen)
    now = clock.now()
    conversation = Conversation(
        id=conversation_id,
        municipality_id=municipality.id,
        citizen_id=citizen.id,
        queue_id=queue.id,
        subject=visitor.topic,
        language=visitor.language,
        opened_at=now,
        due_at=NEVER,
        contact_kind="chat",
    )
    unit.add(conversation)
    row = Chat(
        municipality_id=municipality.id,
        conversation_id=conversation.id,
        channel_id=channel_id,
        secret=visitor.secret,
        network=visitor.network,
        language=visitor.language,
        name=visitor.name,
        email="",
        topic=visitor.topic,
        by_mail=False,
        started_at=now,
        heard_at=now,
        rung=[],
    )
    if left:
        row.ended_at, row.ended_by = now, "left"
    unit.add(row)
    if visitor.email:
        answer_by_mail(unit, row, conversation, visitor.email)
    topic = _topic(unit, municipality, visitor.topic)
    if topic is not None:
        unit.add(
            Matter(municipality_id=municipality.id, conversation_id=conversation.id, topic_id=topic.id, set_at=now)
        )
    return row


def answer_by_mail(unit: Unit, row: Chat, conversation: Conversation, email: str) -> None:
    """They want what is answered later at this address. Claimed: a mail that comes from it belongs to whom it did."""
    address = outgoing.recipients("email", [email])[0]
    if row.by_mail and row.email == address:
        return
    earlier = select(CitizenPoint).where(
        CitizenPoint.municipality_id == row.municipality_id,
        CitizenPoint.citizen_id == conversation.citizen_id,
        CitizenPoint.claimed_at.is_not(None),
        CitizenPoint.ended_at.is_(None),
    )
    for each in unit.all(earlier):  # it was misspelt, say
        each.ended_at = clock.now()
    point = CitizenPoint(
        municipality_id=row.municipality_id,
        citizen_id=conversation.citizen_id,
        first_citizen_id=conversation.citizen_id,
        kind="email",
        value=address,
        match_key=address.lower(),
        claimed_at=clock.now(),
    )
    unit.add(point)
    unit.add(
        Participant(
            municipality_id=row.municipality_id,
            conversation_id=conversation.id,
            citizen_point_id=point.id,
            role="sender",
        )
    )
    row.email, row.by_mail = address, True
    findable.chat_again(unit, row)


def said_before(unit: Unit, row: Chat, key: str) -> Entry | None:
    """The turn that the visitor gave this name."""
    return unit.first(
        select(Entry).where(
            Entry.municipality_id == row.municipality_id,
            Entry.channel_id == row.channel_id,
            Entry.item_key == _item_key(row, key),
        )
    )


def say(unit: Unit, row: Chat, conversation: Conversation, key: str, text: str, files: Sequence[File] = ()) -> Entry:
    """The visitor says it: a contact, owed within minutes. Raises Conflict when the chat is over, Invalid."""
    before = said_before(unit, row, key)
    if before is not None:
        return before
    if conversation.closed_at is not None or (row.ended_at is not None and row.ended_by != "left"):
        raise Conflict("This chat is over.")
    entry = _append(unit, conversation, text, files, by_id=None, row=row, key=_item_key(row, key))
    if not conversation.subject:
        conversation.subject = outgoing.clean_subject(text)[:_SUBJECT]
    if conversation.due_at == NEVER and conversation.wait_until is None:
        at = entry.occurred_at
        left = row.ended_by == "left"
        conversation.due_at = (
            due_for(unit, conversation.municipality_id, conversation.queue_id, at) if left else at + chat.ANSWER_WITHIN
        )
    row.heard_at = entry.occurred_at
    return entry


def answer(unit: Unit, conversation: Conversation, by_id: int, text: str, files: Sequence[File] = ()) -> Entry:
    """One of ours says it. Raises Conflict when there is no chat, or the visitor is gone."""
    row = chat.of_conversation(unit, conversation.id)
    if row is None:
        raise Conflict("Nobody is here to chat with: answer by e-mail.")
    if row.ended_at is not None:
        raise Conflict("This chat is over: answer by e-mail, if the citizen left an address.")
    entry = _append(unit, conversation, text, files, by_id=by_id, row=row)
    if row.by_mail:
        findable.chat_again(unit, row)
    conversation.due_at, conversation.wait_until = NEVER, None
    if row.taken_at is None:
        take(unit, row, conversation, by_id)
    return entry


def take(unit: Unit, row: Chat, conversation: Conversation, by_id: int) -> None:
    """It is theirs from now on. Raises Conflict when somebody was quicker, or the visitor is gone."""
    if row.ended_at is not None:
        raise Conflict("The citizen has left this chat.")
    if row.taken_at is not None:
        raise Conflict("Somebody else has taken this chat already.")
    chat.give(unit, row, by_id)
    if conversation.assignee_id != by_id:
        conversation.assign(unit, by_id, by_id)


def leave(unit: Unit, row: Chat, conversation: Conversation, by: EndedBy, by_id: int | None = None) -> None:
    """Over. That it was already is all right. What is unanswered is owed by the rules of its queue from now on."""
    held = unit.lock(Chat, row.id)  # as it is now: another process may have ended it while this one waited
    if held is None or held.ended_at is not None:
        return
    chat.end(unit, held, by)
    if held.by_mail:
        findable.chat_again(unit, held)
    if conversation.closed_at is None:
        conversation.append_change(unit, by_id, "chat_ended", {"by": by})
        if conversation.wait_until is None:
            conversation.due_at = _owed_now(unit, conversation)


def _owed_now(unit: Unit, conversation: Conversation) -> int:
    if not unit.scope.is_visitors:
        return conversation.owed(unit)
    # A visitor's unit sees of the timeline nothing but chats. What it is due by tells since when the chat waits, if it
    # is by what was said in it: what else is owed, a mail or a call, stays due when it was.
    came = conversation.due_at - chat.ANSWER_WITHIN
    said = select(Entry.id).where(
        Entry.municipality_id == conversation.municipality_id,
        Entry.conversation_id == conversation.id,
        Entry.kind == "chat",
        Entry.author_kind == "citizen",
        Entry.occurred_at == came,
    )
    if unit.first(said) is None:
        return conversation.due_at
    return due_for(unit, conversation.municipality_id, conversation.queue_id, came)


def _append(
    unit: Unit,
    conversation: Conversation,
    text: str,
    files: Sequence[File],
    *,
    by_id: int | None,
    row: Chat,
    key: str | None = None,
) -> Entry:
    if not text.strip() and not files:
        raise Invalid("text", "a message says something")
    if len(text) > LONGEST:
        raise Invalid("text", "a message of a chat has {most} characters at most", most=LONGEST)
    entry = conversation.append(
        unit,
        Entry(
            kind="chat",
            author_kind="citizen" if by_id is None else "person",
            author_id=by_id,
            channel_id=row.channel_id,
            item_key=key,
            visibility="public",
            language=conversation.language,
            text=text,
            body={},
        ),
    )
    outgoing.attach(unit, entry, files)
    theirs = (row.name, row.email) if by_id is None else ("", "")
    found = findable.found_by("chat", text, conversation.language, *theirs, files=[each.name for each in files])
    search_index.write(unit, [(entry.id, entry.municipality_id, found)])
    return entry


def _item_key(row: Chat, key: str) -> str:
    return f"{row.id}:{key}"


def _topic(unit: Unit, municipality: Municipality, said: str) -> Topic | None:
    """The municipality's own topic of that name, in any language."""
    if not said:
        return None
    own = unit.all(select(Topic).where(Topic.municipality_id == municipality.id, Topic.retired_at.is_(None)))
    return next((each for each in own if said.casefold() in {word.casefold() for word in each.words.values()}), None)
