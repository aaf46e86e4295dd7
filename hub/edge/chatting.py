"""Chatting: what one of ours does in a chat, as every route and page does it: take, say, see, end."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from sqlalchemy import select

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.edge import work
from hub.edge.idempotency import Answer, Asked, Made, once
from hub.edge.writing import Added, Uploads
from hub.errors import NotFound
from hub.inbox import chat, draft, turn
from hub.inbox.chat import Chat
from hub.inbox.colleagues import person_name
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.queries import PersonName, shown
from hub.storage.unit import Unit

Text = Annotated[str, Meta(max_length=turn.LONGEST, pattern=r"^[^\x00]*$")]


class NewAnswer(Struct, forbid_unknown_fields=True):
    """It goes at once: there is nothing to undo. `uploads`: the files of the draft that go along."""

    text: Text = ""
    uploads: Uploads = ()


class ChatLine(Struct, frozen=True):
    """How a conversation's chat stands. `state`: waiting | taken | ended. `name`, `topic`: as the visitor said.

    `delivered_id`, `seen_id`: the newest of our turns that the visitor's page has, and has shown. `leaves_address`: an
    answer can go by e-mail. `ended_by`: visitor | person | gone, or left: a message, and never a chat.
    """

    state: str
    started_at: datetime
    taken_at: datetime | None
    taken_by: PersonName | None
    name: str
    topic: str
    language: str
    leaves_address: bool
    delivered_id: str | None
    seen_id: str | None
    ended_at: datetime | None
    ended_by: str | None


def line(unit: Unit, actor: Actor, conversation_id: int) -> ChatLine:
    """Raises NotFound where there is none, or this person may not open it."""
    found = unit.get(Conversation, conversation_id)
    work.readable(unit, actor, found)
    row = chat.of_conversation(unit, conversation_id)
    if row is None:
        raise NotFound("This conversation is no chat.")
    return line_of(unit, row)


def line_of(unit: Unit, row: Chat) -> ChatLine:
    """Of a row that may be shown."""
    name = person_name(unit, row.taken_by)
    return ChatLine(
        state="ended" if row.ended_at is not None else "waiting" if row.taken_at is None else "taken",
        started_at=clock.to_datetime(row.started_at),
        taken_at=shown(row.taken_at),
        taken_by=None if row.taken_by is None else PersonName(str(row.taken_by), name or ""),
        name=row.name,
        topic=row.topic,
        language=row.language,
        leaves_address=row.by_mail,
        delivered_id=None if row.delivered_id is None else str(row.delivered_id),
        seen_id=None if row.seen_id is None else str(row.seen_id),
        ended_at=shown(row.ended_at),
        ended_by=row.ended_by,
    )


def say(unit: Unit, actor: Actor, conversation_id: int, said: NewAnswer, creation: Asked) -> Answer:
    """A turn of ours; whoever says the first has taken the chat. Raises Conflict when the citizen has left."""
    found = work.held(unit, actor, conversation_id)

    def create() -> Made:
        found.require_whole()
        files = draft.take(unit, draft.of(found, actor.id, "reply"), said.uploads)
        entry = turn.answer(unit, found, actor.id, said.text, files)
        _see(unit, _chat(unit, found), entry.id)
        work.log(unit, actor, "chat.say", found, entry)
        return Made(Added(str(entry.id), str(found.id), found.version, None), found.version, found.municipality_id)

    return once(unit, actor, creation, create)


def take(unit: Unit, actor: Actor, conversation_id: int) -> ChatLine:
    """It is theirs, if nobody was quicker. Raises NotFound, Conflict."""
    found = work.held(unit, actor, conversation_id)
    row = _chat(unit, found)
    turn.take(unit, row, found, actor.id)
    work.log(unit, actor, "chat.take", found)
    return line_of(unit, row)


def end(unit: Unit, actor: Actor, conversation_id: int) -> ChatLine:
    """Over. The conversation stays open until it is closed. Raises NotFound."""
    found = work.held(unit, actor, conversation_id)
    row = _chat(unit, found)
    turn.leave(unit, row, found, "person", actor.id)
    work.log(unit, actor, "chat.end", found)
    return line_of(unit, row)


def see(unit: Unit, actor: Actor, conversation_id: int, entry_id: int) -> None:
    """Whoever has taken it has the visitor's turns before them, up to this one: the visitor is shown that."""
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    row = unit.first(select(Chat).where(Chat.conversation_id == found.id).with_for_update())
    if row is not None and row.taken_by == actor.id and row.ended_at is None:
        _see(unit, row, entry_id)


def _see(unit: Unit, row: Chat, entry_id: int) -> None:
    newest = unit.first(
        select(Entry.id)
        .where(
            Entry.conversation_id == row.conversation_id,
            Entry.kind == "chat",
            Entry.author_kind == "citizen",
            Entry.id <= entry_id,
        )
        .order_by(Entry.id.desc())
    )
    row.read_to(unit, newest)


def _chat(unit: Unit, conversation: Conversation) -> Chat:
    row = unit.first(select(Chat).where(Chat.conversation_id == conversation.id).with_for_update())
    if row is None:
        raise NotFound("This conversation is no chat.")
    return row
