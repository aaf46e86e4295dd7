"""Known call: a call on its way to its row, summed up of all that was told of it, before and now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from hub.inbound.route import Place, place_of, queue_name
from hub.inbound.telling import Telling
from hub.inbox.call import GIVEN_UP, PART, Call, Told, columns, ended_as_part, stored, total
from hub.inbox.caller import Line
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.number import e164, is_withheld
from hub.inbox.queue import Queue
from hub.inbox.staff_number import Staff
from hub.storage.unit import Unit

Name = tuple[int, str]
"""An exchange's channel, and its name for a call."""
Loaded = tuple[Call, Entry, Conversation]


class KnownCall(Struct, kw_only=True):
    """`was`: before this; `row` None: it is new. `routed`: its place was said, and isn't only its channel's home."""

    name: Name
    place: Place
    routed: bool
    was: Told | None
    now: Told
    sources: dict[str, Any]
    seen: dict[str, int]
    row: Call | None = None
    entry: Entry | None = None
    conversation: Conversation | None = None
    values: dict[str, Any] = {}
    queue_name: str = ""
    """Of the queue it was in before, in the municipality's language."""

    def describe(self, staff: Staff) -> None:
        """The columns of `call` that follow from what was told, in this municipality."""
        country = self.place.country
        number = e164(self._other, country)
        self.values = {
            **columns(self.now),
            "number": number,
            "called": e164(self.now.called, country) or self.now.called,
            "queue_id": self.place.queue_id,
            "staff": staff.is_one(self.place.municipality_id, self._other, number),
            "steps": self.sources,
            "seen": self.seen,
        }

    @property
    def _other(self) -> str | None:
        return self.now.caller if self.now.direction == "in" else self.now.called

    @property
    def extension(self) -> str:
        """Of a caller without a number; empty when it is withheld."""
        return "" if self.values["number"] or is_withheld(self._other) else (self._other or "")[:40]

    @property
    def line(self) -> Line | None:
        """Who would be called back."""
        number = self.values["number"]
        return (self.place.municipality_id, number) if number is not None and not self.values["staff"] else None

    @property
    def lines(self) -> list[Line]:
        """Those that this may change what is owed to."""
        before = (self.row.municipality_id, self.row.number) if self.row is not None and self.row.number else None
        return [each for each in (self.line, before) if each is not None]

    @property
    def is_owed(self) -> bool:
        """Nobody spoke with them, and they are to be called back."""
        return self.now.is_lost or (self.now.callback_asked_at is not None and self.now.answered_at is None)

    @property
    def leaves_nothing(self) -> bool:
        """To be done: one of ours called out, a lost call that nobody can or need answer, one that wasn't let through,
        or part of another call.
        """
        unanswerable = (self.now.is_lost and self.line is None) or self.now.cause == "blocked"
        return PART in self.sources or self.now.direction == "out" or unanswerable

    def entry_values(self) -> dict[str, Any]:
        """The columns of `entry` that follow from what was told."""
        said = self.now
        told = {"caller": said.caller, "called": said.called, "agent": said.answered_name or said.answered_by}
        body = self.entry.body if self.entry is not None else {}  # with what people have said of it since
        return {"occurred_at": said.offered_at, "body": {**(body or {}), **told}}

    @property
    def subject(self) -> str:
        """The queue's name, and what was chosen."""
        return _subject(self.now, self.place.queue_name)

    @property
    def was_subject(self) -> str | None:
        """The same before this."""
        return None if self.was is None else _subject(self.was, self.queue_name)


def load(unit: Unit, names: Collection[Name]) -> Mapping[Name, Loaded]:
    """The calls of these names. Their conversations are locked, in one order for all who do."""
    rows = unit.rows(
        select(Call, Entry, Conversation)
        .join(Entry, (Entry.municipality_id == Call.municipality_id) & (Entry.id == Call.entry_id))
        .join(
            Conversation,
            (Conversation.municipality_id == Entry.municipality_id) & (Conversation.id == Entry.conversation_id),
        )
        .where(
            Entry.kind == "call",
            Entry.channel_id.in_({exchange_id for exchange_id, _ in names}),
            Entry.item_key.in_({name for _, name in names}),
        )
        .order_by(Conversation.id)
        .with_for_update(of=[Conversation, Call])
    )
    return {(entry.channel_id, entry.item_key): (call, entry, conversation) for call, entry, conversation in rows}


def sum_up(unit: Unit, group: Sequence[Telling], there: Mapping[Name, Loaded]) -> list[KnownCall]:
    """What the tellings of a group change; without those of which it can't be told yet whose they are."""
    by_name: dict[Name, list[Telling]] = {}
    for each in group:
        by_name.setdefault((each.exchange_id, each.name), []).append(each)
    found = []
    for name, tellings in by_name.items():
        row, entry, conversation = there.get(name, (None, None, None))
        sources, seen = _sources(row, tellings)
        if row is not None and sources == row.steps:
            row.seen = seen
            continue
        place, routed = _place(unit, conversation, tellings)
        if place is None or not sources:
            continue
        found.append(
            KnownCall(
                name=name,
                place=place,
                routed=routed,
                was=total(row.steps) if row is not None and row.steps else None,
                now=total(sources),
                sources=sources,
                seen=seen,
                row=row,
                entry=entry,
                conversation=conversation,
                queue_name=_queue_name(unit, conversation, place),
            )
        )
    return found


def _subject(said: Told, queue_name: str) -> str:
    chosen = " / ".join(said.menu_path)
    return " · ".join(each for each in (said.queue or queue_name, chosen) if each)


def _queue_name(unit: Unit, conversation: Conversation | None, place: Place) -> str:
    queue = unit.get(Queue, conversation.queue_id) if conversation is not None else None
    return queue_name(queue, place.language) if queue is not None else ""


def _sources(row: Call | None, tellings: Iterable[Telling]) -> tuple[dict[str, Any], dict[str, int]]:
    """What was made of fewer events than what is there changes nothing."""
    sources, seen = (dict(row.steps), dict(row.seen)) if row is not None else ({}, {})
    for each in sorted(tellings, key=lambda telling: telling.seen):
        if each.seen < seen.get(each.source, 0):
            continue
        seen[each.source] = each.seen
        if each.steps:
            sources[each.source] = stored(each.steps)
            sources.pop(PART, None)
        elif each.source in sources and set(sources) <= {each.source, GIVEN_UP}:
            sources[PART] = ended_as_part(sources, each.name)
    return sources, seen


def _place(unit: Unit, conversation: Conversation | None, tellings: Sequence[Telling]) -> tuple[Place | None, bool]:
    """A call that is there stays its municipality's; within it, its queue is where it was routed last."""
    said = sorted((each for each in tellings if each.place is not None), key=lambda each: (each.routed, each.seen))
    if conversation is None:
        return (said[-1].place, said[-1].routed) if said else (None, False)
    newest = said[-1] if said else None
    if newest is not None and newest.place and newest.place.municipality_id == conversation.municipality_id:
        return newest.place, newest.routed
    municipality = unit.get(Municipality, conversation.municipality_id)
    queue = unit.get(Queue, conversation.queue_id)
    return (place_of(municipality, queue), False) if municipality and queue else (None, False)
