"""Matching: which call a log means that has no name of the exchange's for it, and which one a live event does that the
log has told of before. By number, direction and time: nobody's telephone has two calls at once. What is told by a clock
that shows an hour twice may have been in either: in the likelier first.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import false, select

from hub import clock
from hub.contract import CallStep
from hub.inbound.known_call import Name
from hub.inbound.telling import Telling
from hub.inbox.call import Call, otherwise, told
from hub.inbox.entry import Entry
from hub.inbox.number import e164
from hub.storage.unit import Unit

SLACK = 15 * clock.SECOND
"""How far two clocks may be apart."""
_LONGEST = clock.DAY // 6
"""A call that goes on yet is looked for so long after it began."""
_Times = tuple[int, int]
"""When a call began and ended."""


class _Meant(Struct):
    """What is told of a call of which nobody knows the name."""

    telling: Telling
    municipality_id: int
    number: str | None
    direction: str
    times: Sequence[_Times]
    """The likelier first, where there are two."""

    @property
    def begins(self) -> int:
        """The earliest that it may have."""
        return min(begins for begins, _ in self.times)

    @property
    def ends(self) -> int:
        """The latest."""
        return max(ends for _, ends in self.times)


def numbers(group: Sequence[Telling]) -> set[str]:
    """`municipality/number` of all that are told of: whoever matches them takes turns by these."""
    return {f"{each.municipality_id}/{each.number}" for each in _meant(group) if each.number is not None}


def match(unit: Unit, group: Sequence[Telling], known: Collection[Name]) -> Mapping[Name, Name]:
    """Of names that no call has, that of the call that is meant. A source means each call once."""
    meant = [each for each in _meant(group) if _own(each) not in known]
    if not meant:
        return {}
    found: dict[Name, Name] = {}
    taken: set[tuple[int, int]] = set()
    calls = _calls(unit, meant)
    for each in sorted(meant, key=lambda one: one.begins):
        near = [
            (how_near, call.id, name)
            for call, name in calls
            if (call.id, each.telling.channel_id) not in taken
            and _is_same(each, call, name)
            and (how_near := _near(each.times, _times_of(call))) is not None
        ]
        if near:
            _, call_id, name = min(near)
            taken.add((call_id, each.telling.channel_id))
            found[_own(each)] = name
    return {**found, **_together([each for each in meant if _own(each) not in found])}


def _together(meant: Sequence[_Meant]) -> dict[Name, Name]:
    """Of what comes at the same time and nobody knows yet: what a log tells is the call that is told live."""
    found: dict[Name, Name] = {}
    live = [each for each in meant if each.telling.channel_id == each.telling.exchange_id]
    for log in meant:
        near = [
            (how_near, place)
            for place, each in enumerate(live)
            if log.telling.channel_id != log.telling.exchange_id
            and _is_one(log, each)
            and (how_near := _near(log.times, each.times)) is not None
        ]
        if near:
            found[_own(log)] = _own(live.pop(min(near)[1]))
    return found


def _own(meant: _Meant) -> Name:
    return meant.telling.exchange_id, meant.telling.name


def _is_one(log: _Meant, live: _Meant) -> bool:
    return log.telling.exchange_id == live.telling.exchange_id and (log.municipality_id, log.number, log.direction) == (
        live.municipality_id,
        live.number,
        live.direction,
    )


def _near(some: Sequence[_Times], others: Sequence[_Times]) -> tuple[int, int] | None:
    """How likely that it is the same, and how far apart both began, less is more; None: they don't overlap."""
    found = [
        (first + second, abs(begins - other_begins))
        for first, (begins, ends) in enumerate(some)
        for second, (other_begins, other_ends) in enumerate(others)
        if other_begins <= ends + SLACK and begins <= other_ends + SLACK
    ]
    return min(found, default=None)


def _meant(group: Sequence[Telling]) -> list[_Meant]:
    found = []
    for each in group:
        if each.place is None or not each.steps:
            continue
        said = told(each.steps)
        other = said.caller if said.direction == "in" else said.called
        number = e164(other, each.place.country)
        times = [_times(steps) for steps in (each.steps, otherwise(each.steps)) if steps]
        found.append(_Meant(each, each.place.municipality_id, number, said.direction, times))
    return found


def _times(steps: Sequence[CallStep]) -> _Times:
    said = told(steps)
    return said.offered_at, said.ended_at or said.answered_at or said.offered_at


def _times_of(call: Call) -> Sequence[_Times]:
    """As what is known of it adds up; and what else it may be, when a log alone has told of it."""
    begins = call.offered_at or 0
    known = begins, max(begins, call.ended_at or call.answered_at or begins)
    if len(call.steps) != 1:
        return (known,)
    (steps,) = call.steps.values()
    other = otherwise(msgspec.convert(steps, list[CallStep]))
    return (known, _times(other)) if other else (known,)


def _calls(unit: Unit, meant: Sequence[_Meant]) -> list[tuple[Call, Name]]:
    said = {each.number for each in meant if each.number is not None}
    withheld = any(each.number is None for each in meant)
    rows = unit.rows(
        select(Call, Entry.channel_id, Entry.item_key)
        .join(Entry, (Entry.municipality_id == Call.municipality_id) & (Entry.id == Call.entry_id))
        .where(
            Call.municipality_id.in_({each.municipality_id for each in meant}),
            Call.number.in_(said) | (Call.number.is_(None) if withheld else false()),
            Call.offered_at >= min(each.begins for each in meant) - _LONGEST,
            Call.offered_at <= max(each.ends for each in meant) + SLACK,
            Entry.channel_id.in_({each.telling.exchange_id for each in meant}),
        )
        .order_by(Call.offered_at, Call.id)
    )
    return [(call, (channel_id, name)) for call, channel_id, name in rows]


def _is_same(meant: _Meant, call: Call, name: Name) -> bool:
    telling = meant.telling
    own = [source for source in call.steps if source.startswith(f"{telling.channel_id}/")]
    if own and own != [telling.source]:
        return False  # another call of the same source's
    return (
        name[0] == telling.exchange_id
        and call.municipality_id == meant.municipality_id
        and (call.number, call.direction) == (meant.number, meant.direction)
    )
