"""Chat: a citizen is there, in a conversation, and waits at their screen. What is said are entries of kind chat.

Who holds the secret is the visitor, and nobody else: it is made here, kept as a hash, and opens this one chat.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, bindparam, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.inbox.entry import Entry
from hub.storage.base import MunicipalityRow, own, partial_index, same_municipality
from hub.storage.types import Json
from hub.storage.unit import Happening, Unit

GONE_AFTER = 90 * clock.SECOND
"""Whose page hasn't been heard of for so long has left."""
TURNS_PAGE = 3 * clock.SECOND
"""A page that said it goes, and hasn't been heard of since: it is loaded again, or nobody is kept ringing for it."""
LEFT_AFTER = 20 * clock.SECOND
"""The same: whoever went to another page of the municipality's would be there by now, on a slow telephone, too."""
HOUR = 3600 * clock.SECOND
ANSWER_WITHIN = 5 * clock.MINUTE
"""Whoever is there and has said something is owed an answer by then: later, and it is late."""
READ_FOR = clock.DAY
"""After its end: whoever finds the secret later, on a shared computer or in an old log, reads nothing by it."""
EndedBy = Literal["visitor", "person", "gone", "left"]
"""left: a message was left when nobody was there, and no chat was begun."""
_BEGINNING = 200
"""Letters of what was said, where it is told of."""


class Chat(MunicipalityRow):
    """`name`, `email`, `topic`: as the visitor said, which confirms nothing. `network`: keyed hash of whence they came.

    `taken_at` None: it waits; `rung_id`: who is rung now, since `rung_at`; `rung`: all who were, in turn.
    `heard_at`: the last sign of the visitor's page; `left_at`: when it said that it goes. `delivered_id`, `seen_id`:
    the newest entry of ours that it has and has shown; `read_id`: the newest of theirs that one of ours has seen.
    `by_mail`: an answer may go to `email`. `transcript_to`: where what was said goes, whatever `email` is.
    """

    __tablename__ = "chat"
    __table_args__ = (
        own(),
        same_municipality("conversation_id", "conversation"),
        UniqueConstraint("municipality_id", "conversation_id"),
        partial_index("ix_chat_open", "channel_id", "id", where="ended_at IS NULL"),
        partial_index(
            "ix_chat_transcript_to", "municipality_id", "transcript_to", where="transcript_asked_at IS NOT NULL"
        ),
        partial_index(
            "ix_chat_transcript_waits", "id", where="transcript_asked_at IS NOT NULL AND transcript_sent_at IS NULL"
        ),
        Index("ix_chat_conversation", "conversation_id"),
        Index("ix_chat_network", "channel_id", "network", "started_at"),
    )
    conversation_id: Mapped[int]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    secret: Mapped[str] = mapped_column(unique=True)
    network: Mapped[str]
    language: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    topic: Mapped[str]
    by_mail: Mapped[bool]
    started_at: Mapped[int]
    heard_at: Mapped[int]
    left_at: Mapped[int | None]
    taken_at: Mapped[int | None]
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    rung_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    rung_at: Mapped[int | None]
    rung: Mapped[list[str]] = mapped_column(Json)
    delivered_id: Mapped[int | None]
    seen_id: Mapped[int | None]
    read_id: Mapped[int | None]
    ended_at: Mapped[int | None]
    ended_by: Mapped[str | None]
    transcript_to: Mapped[str | None]
    transcript_asked_at: Mapped[int | None]
    transcript_sent_at: Mapped[int | None]

    def mark(self, unit: Unit, delivered: int | None, seen: int | None) -> None:
        """What the visitor's page has, and has shown; never less than it had. What was seen is news on our screens."""
        self.delivered_id = max(self.delivered_id or 0, delivered or 0, seen or 0) or None
        if (seen or 0) > (self.seen_id or 0):
            self.seen_id = seen
            unit.note(Happening("chat_changed", self.id, self.municipality_id, self.conversation_id))

    def read_to(self, unit: Unit, entry_id: int | None) -> None:
        """One of ours has seen what the visitor said up to there: theirs to know."""
        if (entry_id or 0) > (self.read_id or 0):
            self.read_id = entry_id
            unit.note(Happening("chat_changed", self.id, self.municipality_id, self.conversation_id))


_BY_SECRET = select(Chat).where(
    Chat.secret == bindparam("secret"),
    Chat.channel_id == bindparam("channel"),
    Chat.ended_at.is_(None) | (Chat.ended_at > bindparam("ended_after")),
)
_OF_CONVERSATION = select(Chat).where(Chat.conversation_id == bindparam("conversation"))
_UNSEEN = select(Entry.conversation_id, Entry.id, func.substr(Entry.text, 1, _BEGINNING)).where(
    Entry.id.in_(
        select(func.max(Entry.id))
        .select_from(Chat)
        .join(Entry, (Entry.municipality_id == Chat.municipality_id) & (Entry.conversation_id == Chat.conversation_id))
        .where(
            Chat.conversation_id.in_(bindparam("conversations", expanding=True)),
            Chat.taken_by == bindparam("person"),
            Chat.ended_at.is_(None),
            Entry.kind == "chat",
            Entry.author_kind == "citizen",
            Entry.id > func.coalesce(Chat.read_id, 0),
        )
        .group_by(Chat.conversation_id)
    )
)


def hashed(secret: str) -> str:
    """As it is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def by_secret(unit: Unit, channel_id: int, secret: str) -> Chat | None:
    """Whose secret it is, on this channel, as long as it opens anything."""
    return unit.first(_BY_SECRET, secret=hashed(secret), channel=channel_id, ended_after=clock.now() - READ_FOR)


def of_conversation(unit: Unit, conversation_id: int) -> Chat | None:
    """The one that it began as."""
    return unit.first(_OF_CONVERSATION, conversation=conversation_id)


def unseen(unit: Unit, person_id: int, conversations: Sequence[int]) -> Mapping[int, tuple[int, str]]:
    """Of their chats that go on: the newest that the citizen said and they haven't seen, by the conversation: its id,
    and how it begins, empty for a file."""
    if not conversations:
        return {}
    found = unit.rows(_UNSEEN, conversations=list(conversations), person=person_id)
    return {conversation_id: (entry_id, " ".join((text or "").split())) for conversation_id, entry_id, text in found}


def is_live(unit: Unit, conversation_id: int) -> bool:
    """Whether somebody is at the other side of it."""
    there = select(Chat.id).where(Chat.conversation_id == conversation_id, Chat.ended_at.is_(None))
    return unit.first(there) is not None


def give(unit: Unit, row: Chat, by_id: int) -> None:
    """To whoever takes it: it rings no more, and all screens that show it are told."""
    row.taken_at, row.taken_by, row.rung_id, row.rung_at = clock.now(), by_id, None, None
    unit.note(Happening("chat_changed", row.id, row.municipality_id, row.conversation_id))


def hand_over(unit: Unit, conversation_id: int, to_id: int | None) -> None:
    """Of a conversation, if it has one that goes on: to a colleague, or to None: it waits again, and is rung anew."""
    query = select(Chat).where(Chat.conversation_id == conversation_id, Chat.ended_at.is_(None))
    row = unit.first(query.with_for_update())
    if row is None or (row.taken_by == to_id and to_id is not None):
        return
    row.taken_by, row.taken_at = to_id, None if to_id is None else clock.now()
    row.rung_id, row.rung_at, row.rung = None, None, []
    unit.note(Happening("chat_changed", row.id, row.municipality_id, row.conversation_id))


def silence(unit: Unit, conversation_id: int) -> None:
    """Of a conversation whose readers are others from now on: whoever it rings to is asked no more, the next look rings
    those who may read it."""
    query = select(Chat).where(Chat.conversation_id == conversation_id, Chat.rung_id.is_not(None))
    row = unit.first(query.with_for_update())
    if row is not None:
        row.rung_id, row.rung_at, row.rung = None, None, []
        unit.note(Happening("chat_changed", row.id, row.municipality_id, row.conversation_id))


def end_of(unit: Unit, conversation_id: int, by: EndedBy) -> None:
    """Of a conversation, if it has one that goes on."""
    query = select(Chat).where(Chat.conversation_id == conversation_id, Chat.ended_at.is_(None))
    row = unit.first(query.with_for_update())
    if row is not None:
        end(unit, row, by)


def end(unit: Unit, row: Chat, by: EndedBy) -> None:
    """Nothing more is said in it. What is owed stays owed."""
    row.ended_at, row.ended_by, row.rung_id, row.rung_at = clock.now(), by, None, None
    unit.note(Happening("chat_changed", row.id, row.municipality_id, row.conversation_id))


def started_lately(unit: Unit, channel_id: int, network: str) -> int:
    """How many were begun from there within the hour."""
    query = select(func.count()).where(
        Chat.channel_id == channel_id, Chat.network == network, Chat.started_at > clock.now() - HOUR
    )
    found: int = unit.rows(query)[0][0]
    return found


def has_left(before: int | ColumnElement[int]) -> ColumnElement[bool]:
    """A condition on Chat: its page said that it goes, by that time, and hasn't been heard of since."""
    said = func.coalesce(Chat.left_at, 0)
    return (said > Chat.heard_at) & (said <= before)


def hear(unit: Unit, heard: dict[int, int]) -> None:
    """Signs of visitors' pages: chat -> when, all in one statement each."""
    for chat_id, at in sorted(heard.items()):
        unit.change(update(Chat).where(Chat.id == chat_id, Chat.heard_at < at).values(heard_at=at))
