"""Usual: whether a channel's silence is unusual, by its own last weeks, an hour of the week at a time.

A working day is held against working days of the same name, a day off (weekend, holiday of the municipality's
calendar) against days off. Where mail comes seldom, silence tells nothing, and so it does in a channel's first weeks.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

WEEK = 7 * 24
WEEKS = 8
"""That are looked back."""
FIRST_WEEKS = 3
"""Of a channel: too little is known of it before."""
LEAST = 8.0
"""That usually come in the time: of fewer, none by chance is nothing unusual."""
LEAST_ALONE = 20.0
"""The same, where no week has such hours to be held against."""
_SAMPLES = 3
_LONGEST = WEEK
_ONE_IN = 5
"""One week in five may have been as silent: more, and it is the channel's way."""

Slot: TypeAlias = tuple[int | None, int]


class Silence(Struct, frozen=True):
    """Hours without anything, and how many usually come in them. `on_working_day`: None where they are of both."""

    hours: int
    usual: int
    on_working_day: bool | None


def silence(counts: Mapping[int, int], hour: int, zone: ZoneInfo, works: Callable[[date], bool]) -> Silence | None:
    """None when nothing is unusual. `counts`: hour since 1970 -> how many came; `hour`: the present one, not over."""
    came = [each for each, number in counts.items() if number and each <= hour]
    if not came:
        return None
    first, last = min(came), max(came)
    quiet = range(max(last + 1, hour - _LONGEST), hour)
    if not quiet or first > hour - FIRST_WEEKS * WEEK:
        return None
    week = _Week(counts, zone, works)
    expected = week.expected(quiet, range(max(first, hour - WEEKS * WEEK), last + 1))
    if expected < LEAST:
        return None
    alike = week.alike(quiet, first)
    if len(alike) < _SAMPLES:
        return week.told(quiet, expected) if expected >= LEAST_ALONE else None
    usual = median(alike)  # as a week in which a mailbox was joined brought what lay there of years
    if usual < LEAST or alike.count(0) > len(alike) // _ONE_IN:
        return None
    return week.told(quiet, usual)


class _Week:
    """What kind of hour each is, there where the municipality is."""

    def __init__(self, counts: Mapping[int, int], zone: ZoneInfo, works: Callable[[date], bool]) -> None:
        self._counts, self._zone, self._works = counts, zone, works

    def _local(self, hour: int) -> datetime:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour)).astimezone(self._zone)

    def _slot(self, hour: int) -> Slot:
        """The working day of the week or None for a day off, and the hour of the day."""
        local = self._local(hour)
        return local.weekday() if self._works(local.date()) else None, local.hour

    def expected(self, quiet: range, history: range) -> float:
        """How many come on average in such hours; an hour that is known too little of counts for none."""
        wanted = {self._slot(each) for each in quiet}
        found: dict[Slot, list[int]] = defaultdict(list)
        for each in history:
            slot = self._slot(each)
            if slot in wanted:
                found[slot].append(self._counts.get(each, 0))
        means = {slot: sum(of) / len(of) for slot, of in found.items() if len(of) >= _SAMPLES}
        return sum(means.get(self._slot(each), 0.0) for each in quiet)

    def alike(self, quiet: range, first: int) -> list[int]:
        """How many came in the same hours of each week before, of those whose days were of the same kinds."""
        kinds = [self._slot(each)[0] is None for each in quiet]
        found = []
        for back in range(WEEK, WEEKS * WEEK + 1, WEEK):
            then = [each - back for each in quiet]
            if then[0] >= first and [self._slot(each)[0] is None for each in then] == kinds:
                found.append(sum(self._counts.get(each, 0) for each in then))
        return found

    def told(self, quiet: range, usual: float) -> Silence:
        kinds = {self._slot(each)[0] is not None for each in quiet}
        return Silence(len(quiet), max(1, round(usual)), kinds.pop() if len(kinds) == 1 else None)
