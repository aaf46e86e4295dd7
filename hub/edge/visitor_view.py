"""Visitor's view: what a chat shows to whoever holds its secret: what was said there, and how it stands.

Only turns: no note, no change, nothing that came before or by another way, and of us no more than a first name.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import bindparam, select

from hub import clock
from hub.errors import NotFound
from hub.inbox import chat
from hub.inbox.chat import TURNS_PAGE, Chat, has_left
from hub.inbox.colleagues import PERSON, person_name
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry
from hub.storage.one_of import listed, one_of
from hub.storage.unit import Unit

_TURNS = 200

_LINES = (
    select(Entry.id, Entry.occurred_at, Entry.author_kind, Entry.item_key, Entry.text, PERSON.c.name)
    .join(PERSON, PERSON.c.id == Entry.author_id, isouter=True)
    .where(
        Entry.conversation_id == bindparam("conversation"),
        Entry.first_conversation_id == bindparam("first"),
        Entry.kind == "chat",
        Entry.visibility == "public",
        Entry.id > bindparam("after"),
    )
    .order_by(Entry.id)
    .limit(_TURNS)
)
_FILES = (
    select(Attachment.entry_id, Attachment.public_id, Attachment.name, Attachment.media_type, Attachment.size)
    .where(one_of(Attachment.entry_id, "entries"))
    .order_by(Attachment.id)
)
_WAIT = (
    select(Conversation.queue_id, Chat.id)
    .join(
        Conversation,
        (Conversation.municipality_id == Chat.municipality_id) & (Conversation.id == Chat.conversation_id),
    )
    .where(Chat.ended_at.is_(None), Chat.taken_at.is_(None), ~has_left(bindparam("gone_before")))
    .order_by(Chat.id)
)


class FileLine(Struct, frozen=True):
    """A file of a turn, at /chat/<channel>/files/<id>."""

    id: str
    name: str
    media_type: str
    size: int


class TurnLine(Struct, frozen=True):
    """`mine`: the visitor said it, and named it `key`. `who`: the first name of one of ours."""

    id: str
    at: datetime
    mine: bool
    key: str
    who: str
    text: str
    files: Sequence[FileLine]


class ChatState(Struct, frozen=True):
    """How it stands. `ahead`: how many have waited longer in its queue, while it waits; `shown` leaves it to who looks
    for all who wait.

    `read`: their newest that one of ours saw.
    `by_mail`: they left an address for answers; `transcript`: one will be, or was, sent.
    """

    state: Literal["waiting", "taken", "ended"]
    ahead: int | None
    who: str
    typing: bool
    read: str | None
    ended_by: str | None
    by_mail: bool
    transcript: bool


class Shown(Struct, frozen=True):
    """`turns`: those after the one that was named, oldest first."""

    turns: Sequence[TurnLine]
    state: ChatState


def mine(unit: Unit, channel_id: int, secret: str) -> Chat:
    """The chat of this secret. Raises NotFound, as for one that never was."""
    found = chat.by_secret(unit, channel_id, secret) if secret else None
    if found is None:
        raise NotFound("There is no such chat.")
    return found


def shown(unit: Unit, channel_id: int, secret: str, after: int) -> Shown:
    """What there is of it after that turn. Raises NotFound."""
    row = mine(unit, channel_id, secret)
    where = _whole(unit, row)
    found = unit.rows(_LINES, conversation=where.id, first=row.conversation_id, after=after)
    files = _files(unit, [each.id for each in found])
    turns = [
        TurnLine(
            str(each.id),
            clock.to_datetime(each.occurred_at),
            each.author_kind == "citizen",
            (each.item_key or "").partition(":")[2],
            _first_name(each.name),
            each.text,
            files.get(each.id, ()),
        )
        for each in found
    ]
    return Shown(turns, _state(unit, row, where))


def file_of(unit: Unit, channel_id: int, secret: str, public_id: str) -> tuple[bytes, str, str]:
    """A file of either side: content, name and type, as whoever sent it said. Raises NotFound."""
    row = mine(unit, channel_id, secret)
    found = unit.first(
        select(Attachment)
        .join(Entry, (Entry.municipality_id == Attachment.municipality_id) & (Entry.id == Attachment.entry_id))
        .where(
            Attachment.public_id == public_id.replace("\0", ""),
            Entry.first_conversation_id == row.conversation_id,
            Entry.kind == "chat",
            Entry.visibility == "public",
        )
    )
    if found is None:
        raise NotFound("There is no such file.")
    content = found.body if found.blob is None else unit.blobs.get(found.blob)
    return content or b"", found.name, found.media_type


def waiting(unit: Unit) -> Mapping[int, Sequence[int]]:
    """By queue, those whom nobody has taken yet and whose visitors are there, who has waited longest first.

    Of all municipalities in scope, and all channels: who waits in a queue waits for the same people.
    """
    found: dict[int, list[int]] = {}
    for queue_id, chat_id in unit.rows(_WAIT, gone_before=clock.now() - TURNS_PAGE):
        found.setdefault(queue_id, []).append(chat_id)
    return found


def _whole(unit: Unit, row: Chat) -> Conversation:
    """Its conversation, or the one that this has become part of."""
    found = unit.get(Conversation, row.conversation_id)
    while found is not None and found.is_part and found.related_id is not None:
        found = unit.get(Conversation, found.related_id)
    assert found is not None  # composite foreign keys see to it
    return found


def _state(unit: Unit, row: Chat, where: Conversation) -> ChatState:
    over = row.ended_at is not None or where.closed_at is not None
    who = person_name(unit, row.taken_by)
    waits = not over and row.taken_at is None
    return ChatState(
        state="ended" if over else "waiting" if waits else "taken",
        ahead=None,
        who=_first_name(who),
        typing=False,
        read=None if row.read_id is None else str(row.read_id),
        ended_by=row.ended_by or ("person" if over else None),
        by_mail=row.by_mail,
        transcript=row.transcript_asked_at is not None,
    )


def _files(unit: Unit, entry_ids: Sequence[int]) -> Mapping[int, Sequence[FileLine]]:
    found: dict[int, list[FileLine]] = {}
    if entry_ids:
        for entry_id, *line in unit.rows(_FILES, entries=listed(entry_ids)):
            found.setdefault(entry_id, []).append(FileLine(*line))
    return found


def _first_name(name: str | None) -> str:
    return (name or "").split(" ")[0]
