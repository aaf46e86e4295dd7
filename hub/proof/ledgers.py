"""Ledgers compared: what the outside world wrote down, and what the database holds."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from hub.channels.channel import Channel
from hub.inbound.raw_event import RawEvent
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.proof.source import Mail
from hub.storage import search_index
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

_TOGETHER = 200
"""Searches in one unit of work."""
EVERYTHING = Scope.everything("proof")


class Report(Struct, frozen=True):
    """What a proof found. It holds when there are no findings."""

    title: str
    figures: Mapping[str, object]
    findings: Sequence[str]

    @property
    def holds(self) -> bool:
        return not self.findings

    def and_of(self, other: "Report") -> "Report":
        """Both as one, by this one's title; no two figures may have the same name."""
        return Report(self.title, {**self.figures, **other.figures}, [*self.findings, *other.findings])


class Arrivals(Struct, frozen=True):
    """A source's ledger against the way in. `lost`, `doubled`, `foreign`, `hidden` (unsearchable): mails, in words."""

    sent: int
    attempts: int
    acked: int
    raw: int
    entries: int
    conversations: int
    quarantined: int
    came_again: int
    lost: Sequence[str]
    doubled: Sequence[str]
    foreign: Sequence[str]
    hidden: Sequence[str]


class Sending(Struct, frozen=True):
    """One delivery as the database has it."""

    id: int
    entry_id: int
    conversation_id: int
    message_id: str
    state: str
    attempt: int
    handed_over_at: int | None
    reason: str | None


def read_lines(path: Path) -> list[dict[str, Any]]:
    """A ledger of JSON lines; none yet is an empty one."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def arrivals(storage: Storage, sent: Sequence[Mail], ledger: Path) -> Arrivals:
    """Every mail of the source has one raw event and one entry, which search finds; nothing else is there."""
    attempts = read_lines(ledger)
    acked = {line["sha256"] for line in attempts if line["answer"] == 250}  # noqa: PLR2004 - taken (RFC 5321 4.2)
    raw = storage.read_now(EVERYTHING, _raw)
    entries = storage.read_now(EVERYTHING, _entries)
    kept = Counter(row.sha256 for row in raw)
    made = Counter(entries.values())
    by_sha = {row.sha256: row.id for row in raw}
    lost, doubled, hidden = [], [], []
    found = found_by(storage, [mail.word for mail in sent])
    for mail in sent:
        raw_id = by_sha.get(mail.sha256)
        copies, shown = kept[mail.sha256], made[raw_id]
        if mail.sha256 not in acked:
            lost.append(f"mail {mail.number} was never taken")
        elif copies == 0 or shown == 0:
            lost.append(f"mail {mail.number}: {copies} raw events, {shown} entries")
        if copies > 1 or shown > 1:
            doubled.append(f"mail {mail.number}: {copies} raw events, {shown} entries")
        if [entries.get(entry_id) for entry_id in found[mail.word]] != [raw_id]:
            hidden.append(f"mail {mail.number}: search finds {len(found[mail.word])} entries")
    ours = {mail.sha256 for mail in sent}
    foreign = [f"raw event {row.id} came from nowhere" for row in raw if row.sha256 not in ours]
    foreign += [f"entry {entry_id} came from nowhere" for entry_id, raw_id in entries.items() if raw_id is None]
    return Arrivals(
        sent=len(sent),
        attempts=len(attempts),
        acked=len(acked),
        raw=len(raw),
        entries=len(entries),
        conversations=storage.read_now(EVERYTHING, _conversations),
        quarantined=sum(row.state == "quarantined" for row in raw),
        came_again=sum(row.arrivals - 1 for row in raw),
        lost=lost,
        doubled=doubled,
        foreign=foreign,
        hidden=hidden,
    )


def found_by(storage: Storage, words: Sequence[str]) -> dict[str, Sequence[int]]:
    """The entries that search finds by each, up to five."""
    municipalities = tuple(storage.read_now(EVERYTHING, lambda unit: unit.all(select(Municipality.id))))
    scope = Scope(municipalities, "proof")
    found: dict[str, Sequence[int]] = {}
    for start in range(0, len(words), _TOGETHER):
        found |= storage.read_now(scope, _search, words[start : start + _TOGETHER])
    return found


def said_by_citizens(unit: Unit) -> int:
    """How many entries there are of theirs."""
    return len(_entries(unit))


def sendings(storage: Storage) -> dict[int, Sending]:
    """Every delivery, by its id."""
    return {each.id: each for each in storage.read_now(EVERYTHING, _sendings)}


def waiting(storage: Storage) -> int:
    """Raw events that nothing has been made of yet."""
    return storage.read_now(EVERYTHING, lambda unit: len(unit.all(select(RawEvent.id).where(RawEvent.state == "new"))))


def quarantined(storage: Storage) -> int:
    """Raw events that couldn't be read."""
    query = select(RawEvent.id).where(RawEvent.state == "quarantined")
    return len(storage.read_now(EVERYTHING, lambda unit: unit.all(query)))


def keys_of(unit: Unit, kind: str) -> Sequence[str]:
    """Of the raw events of all channels of a kind."""
    channels = select(Channel.id).where(Channel.kind == kind)
    return unit.all(select(RawEvent.source_key).where(RawEvent.channel_id.in_(channels)))


def _raw(unit: Unit) -> Sequence[Any]:
    return unit.rows(select(RawEvent.id, RawEvent.sha256, RawEvent.state, RawEvent.arrivals))


def _entries(unit: Unit) -> dict[int, int | None]:
    """Of citizens: entry -> raw event."""
    query = select(Entry.id, Entry.raw_event_id).where(Entry.author_kind == "citizen")
    return {row.id: row.raw_event_id for row in unit.rows(query)}


def _conversations(unit: Unit) -> int:
    return len(unit.all(select(Conversation.id)))


def _search(unit: Unit, words: Sequence[str]) -> dict[str, Sequence[int]]:
    return {word: search_index.find(unit, word, before=2**62, limit=5) for word in words}


def _sendings(unit: Unit) -> list[Sending]:
    query = select(Delivery, Entry.conversation_id).join(Entry, Entry.id == Delivery.entry_id)
    return [
        Sending(
            id=row.id,
            entry_id=row.entry_id,
            conversation_id=conversation_id,
            message_id=row.message_id,
            state=row.state,
            attempt=row.attempt,
            handed_over_at=row.handed_over_at,
            reason=row.reason,
        )
        for row, conversation_id in unit.rows(query)
    ]  # fmt: skip
