"""Thread: which conversation a mail belongs to.

It joins by a token that we signed for its sender, or by a Message-ID we know, and in both cases only if its sender
takes part in that conversation. Subject, body and Cc decide nothing. What names a conversation but may not join begins
a new one, with a hint that the two may be related.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import select

from hub.clock import NEVER
from hub.contract import ReceivedMessage
from hub.inbound.route import Place
from hub.inbox import reply_token
from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.inbox.participant import Participant
from hub.inbox.queue import Queue
from hub.storage.unit import Unit

_MOST_REFERENCES = 50
_MOST_CLAIMS = 20
"""Conversations that one Message-ID may lead to."""
_MOST_READ = 5_000


class Incoming(Struct):
    """A message on its way in, with whose it is."""

    raw_id: int
    channel_id: int
    received_at: int
    place: Place
    message: ReceivedMessage
    language: str | None
    tokens: Sequence[str]
    our_address: str
    envelope: Sequence[str]
    envelope_sender: str | None = None
    """Empty for a null return path; None where the source gives none."""
    authentication: str | None = None
    """See `authentic`."""
    conversation_id: int | None = None
    """Of a form: the id that its sender was told, which its conversation gets."""
    to_scan: bool = False
    """Its files wait for the virus scanner."""

    @property
    def sender(self) -> str:
        """Folded for comparison; empty when the mail names none."""
        return self.message.sender.address.strip().lower()


class Thread(Struct):
    """What a joining mail changes of its conversation, and the rule its queue answers by."""

    id: int
    municipality_id: int
    answer_days: int | None
    due_at: int = NEVER
    wait_until: int | None = None
    closed_at: int | None = None
    version: int = 1
    last_entry_id: int | None = None
    contact_kind: str = "mail"
    subject: str = ""


class Threads:
    """The conversations that a group of mails may join, read in four queries, and those the group itself begins.

    `reported`: where a bounce or receipt belongs, see `reports`.
    """

    def __init__(self, unit: Unit, group: Sequence[Incoming], reported: Mapping[tuple[int, str], int]) -> None:
        self._reported = reported
        self._signed = {(each.raw_id, each.message.key): _signed(unit, each) for each in group}
        self._by_message_id = _claims(unit, group)
        ids = {each for each in self._signed.values() if each is not None}.union(*self._by_message_id.values())
        ids.update(reported.values())
        self.threads = _load(unit, ids)
        self._takes_part = _participants(unit, self.threads)

    def find(self, mail: Incoming) -> tuple[Thread | None, int | None]:
        """The conversation it joins, or else the one it may be related to."""
        about = self.threads.get(self._reported.get((mail.raw_id, mail.message.key), 0))
        if about is not None:
            return about, None
        named = [self._signed[mail.raw_id, mail.message.key]]
        for message_id in _references(mail.message):
            named += self._by_message_id.get((mail.place.municipality_id, message_id), ())
        related = None
        for conversation_id in named:
            thread = self.threads.get(conversation_id) if conversation_id is not None else None
            if thread is None or thread.municipality_id != mail.place.municipality_id:
                continue
            if (thread.id, mail.sender) in self._takes_part:
                return thread, None
            related = related or thread.id
        return None, related

    def begin(self, thread: Thread, mail: Incoming) -> None:
        """A conversation that this group made: the next mail of the group may join it."""
        self.threads[thread.id] = thread
        if mail.sender:
            self._takes_part.add((thread.id, mail.sender))

    def learn(self, thread: Thread, message: ReceivedMessage) -> None:
        """That this conversation now has this Message-ID, be it the first to claim it or not."""
        if message.message_id:
            claims = self._by_message_id.setdefault((thread.municipality_id, message.message_id), [])
            if thread.id not in claims and len(claims) < _MOST_CLAIMS:
                claims.append(thread.id)


def _claims(unit: Unit, group: Sequence[Incoming]) -> dict[tuple[int, str], list[int]]:
    """The conversations that have a Message-ID which the group names. Anybody can send a mail with a guessed one first.

    So of those that strangers claimed only the first counts, for the hint; ours and those of the group's senders all.
    """
    named = sorted({message_id for each in group for message_id in _references(each.message)})
    if not named:
        return {}
    rows = unit.rows(
        select(Mail.municipality_id, Mail.message_id, Mail.sender, Entry.conversation_id, Entry.author_kind)
        .join(Entry, (Entry.municipality_id == Mail.municipality_id) & (Entry.id == Mail.entry_id))
        .where(Mail.municipality_id.in_({each.place.municipality_id for each in group}), Mail.message_id.in_(named))
        .order_by(Mail.id)
        .limit(_MOST_READ)
    )
    senders = {each.sender for each in group}
    found: dict[tuple[int, str], list[int]] = {}
    for row in rows:
        claims = found.setdefault((row.municipality_id, row.message_id), [])
        counts = not claims or row.author_kind != "citizen" or row.sender in senders
        if counts and len(claims) < _MOST_CLAIMS and row.conversation_id not in claims:
            claims.append(row.conversation_id)
    return found


def _references(message: ReceivedMessage) -> list[str]:
    """Newest first: In-Reply-To, then References from their end."""
    named = [*([message.in_reply_to] if message.in_reply_to else []), *reversed(message.references)]
    return list(dict.fromkeys(named))[:_MOST_REFERENCES]


def _signed(unit: Unit, mail: Incoming) -> int | None:
    """The conversation a token of ours names. Computed, not looked up: a forged one costs no query."""
    message = mail.message
    addressed = (each.address for each in (*message.to, *message.cc))
    places = [*mail.envelope, *message.delivered_to, *addressed, *_references(message)]
    for token in reply_token.candidates(places):
        found = reply_token.read(unit.keys, token, mail.place.municipality_id, mail.sender)
        if found is not None:
            return found
    return None


def _load(unit: Unit, ids: set[int]) -> dict[int, Thread]:
    """By the ids that were named: what was merged leads to what it is part of now."""
    found: dict[int, Thread] = {}
    parts: dict[int, int] = {}
    wanted = ids
    while wanted:
        rows = unit.rows(
            select(Conversation, Queue.answer_days)
            .join(Queue, Queue.id == Conversation.queue_id)
            .where(Conversation.id.in_(wanted))
            .order_by(Conversation.id)  # two workers that join the same ones wait for each other in one order
            .with_for_update(of=Conversation)
        )
        for row, days in rows:
            found[row.id] = Thread(
                row.id, row.municipality_id, days, row.due_at, row.wait_until, row.closed_at, row.version,
                row.last_entry_id, row.contact_kind, row.subject,
            )  # fmt: skip
            if row.is_part and row.related_id is not None:
                parts[row.id] = row.related_id
        wanted = set(parts.values()) - found.keys()
    return {each: found[_whole(each, parts)] for each in found}


def _whole(conversation_id: int, parts: dict[int, int]) -> int:
    while conversation_id in parts:
        conversation_id = parts[conversation_id]
    return conversation_id


def _participants(unit: Unit, threads: dict[int, Thread]) -> set[tuple[int, str]]:
    if not threads:
        return set()
    rows = unit.rows(
        select(Participant.conversation_id, CitizenPoint.match_key)
        .join(
            CitizenPoint,
            (CitizenPoint.municipality_id == Participant.municipality_id)
            & (CitizenPoint.id == Participant.citizen_point_id),
        )
        .where(
            Participant.municipality_id.in_({each.municipality_id for each in threads.values()}),
            Participant.conversation_id.in_(threads),
            CitizenPoint.kind == "email",
            CitizenPoint.ended_at.is_(None),
        )
    )
    return {(row.conversation_id, row.match_key) for row in rows}
