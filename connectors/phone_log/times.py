"""When a logged call was: its times are the exchange's local ones, and in the hour that the clock shows twice each of
them may mean two moments.

Whatever the row says besides decides: an offset, an end before the beginning, how long it was waited and talked. Where
it doesn't, both are told, and the calls that were told of live decide; `second_hours` tells by the order of a file's
rows which of the two is likelier.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise, product
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.contract import Unreadable

_CLEARLY = 30.0
"""Seconds by which one reading of a row has to fit better than the other."""
_FEW = 5
_UNTIDY = 900.0
"""Seconds that rows of a file may be out of order of which too few are known to tell."""


class Span(Struct, frozen=True):
    """What a row's times mean, in UTC; None where it doesn't say one."""

    start: datetime
    answered: datetime | None
    ended: datetime | None


class Counted(Struct, frozen=True):
    """Seconds that the exchange has counted itself."""

    wait: int | None
    talk: int | None


def spans(said: Mapping[str, str], origin: Mapping[str, str], counted: Counted) -> Sequence[Span]:
    """One, or two when the row can't tell: the one of the first hour first. Raises Unreadable, and for a time zone that
    there isn't what ZoneInfo does."""
    zone: tzinfo = ZoneInfo(origin.get("timezone", "UTC"))
    starts: Sequence[datetime] = _moments(said, "start", origin, zone)
    if not starts:
        raise Unreadable("The row doesn't say when the call began.")
    if said.get("offset"):
        zone, starts = _at_offset(said, origin, zone, starts)
    answers, ends = (_moments(said, name, origin, zone) or (None,) for name in ("answered", "ended"))
    best: dict[datetime, tuple[float, Span]] = {}
    for start, answered, ended in product(starts, answers, ends):
        span = Span(start, answered, ended)
        off = _off(span, counted)
        if start not in best or off < best[start][0]:
            best[start] = off, span
    found = [best[start] for start in starts]
    least = min(off for off, _ in found)
    return [span for off, span in found if off < least + _CLEARLY]


def second_hours(rows: Sequence[Sequence[Span]]) -> frozenset[int]:
    """Places of those of a file's rows that are likelier of the second hour: with them, the rows go less back in time.

    A file may begin with what is newest, and have its rows by their ends, as they are written.
    """
    by_start = [[each.start.timestamp() for each in spans] for spans in rows]
    by_end = [[(each.ended or each.start).timestamp() for each in spans] for spans in rows]
    keys = min((_forwards(by_start), _forwards(by_end)), key=lambda pair: _backwards(_sure(pair[1])))
    falls, times = keys
    sure = _sure(times)
    untidy = max((a - b for a, b in pairwise(sure)), default=0.0) if len(sure) >= _FEW else _UNTIDY
    ahead, back = _costs(times), _costs([[-each for each in spans] for spans in reversed(times)])[::-1]
    found = set()
    for place, (left, right) in enumerate(zip(ahead, back, strict=True)):
        if len(left) > 1 and left[0] + right[0] - left[1] - right[1] > max(_CLEARLY, untidy):
            found.add(len(rows) - 1 - place if falls else place)
    return frozenset(found)


def _moments(said: Mapping[str, str], name: str, origin: Mapping[str, str], zone: tzinfo) -> tuple[datetime, ...]:
    written = said.get(name, "")
    if not written:
        return ()
    try:
        found = datetime.strptime(written, origin.get("time_format", ""))  # noqa: DTZ007 - its zone comes next
        if found.tzinfo is not None:
            return (found.astimezone(UTC),)
        local = found.replace(tzinfo=zone)
        moments = [each.astimezone(UTC) for each in (local, local.replace(fold=1))]
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"The row's {name} can't be read: it isn't as the setting time_format says.") from error
    # In the hour that the clock leaps over the second of them is the earlier: nobody's clock shows that hour.
    return tuple(moments) if moments[0] < moments[1] else (moments[0],)


def _at_offset(
    said: Mapping[str, str], origin: Mapping[str, str], zone: tzinfo, starts: Sequence[datetime]
) -> tuple[tzinfo, Sequence[datetime]]:
    """The zone, and the beginning that is meant. An offset that isn't the zone's is that of all the row's times."""
    written = said["offset"]
    there = [each for each in starts if written.casefold() == (each.astimezone(zone).tzname() or "").casefold()]
    if there:
        return zone, there
    try:
        offset = datetime.strptime(_full(written), "%z").utcoffset()
    except ValueError as error:
        raise Unreadable("The row's offset can't be read: it is no offset as +02:00, and no name as CEST.") from error
    assert offset is not None  # %z has one
    there = [each for each in starts if each.astimezone(zone).utcoffset() == offset]
    if there:
        return zone, there
    fixed = timezone(offset)
    return fixed, _moments(said, "start", origin, fixed)


def _full(offset: str) -> str:
    """+02:00 of 2, +2, 02:00."""
    sign, rest = (offset[0], offset[1:]) if offset[:1] in {"+", "-"} else ("+", offset)
    return sign + (rest.zfill(2) + "00" if len(rest) <= len("02") else rest)


def _off(span: Span, counted: Counted) -> float:
    """Seconds by which its times go backwards, or aren't as far apart as the exchange has counted."""
    told = [each for each in (span.start, span.answered, span.ended) if each is not None]
    off = sum(max(0.0, (a - b).total_seconds()) for a, b in pairwise(told))
    wait = timedelta(seconds=counted.wait or 0)
    if span.answered is not None and counted.wait is not None:
        off += abs((span.answered - span.start - wait).total_seconds())
    if span.ended is not None and (counted.wait is not None or counted.talk is not None):
        began = span.answered or span.start + wait
        off += abs((span.ended - began - timedelta(seconds=counted.talk or 0)).total_seconds())
    return off


def _forwards(times: Sequence[Sequence[float]]) -> tuple[bool, Sequence[Sequence[float]]]:
    """Whether it falls, and the rows as though it rose."""
    sure = _sure(times)
    falls = bool(sure) and sum(a > b for a, b in pairwise(sure)) > sum(a < b for a, b in pairwise(sure))
    return falls, list(reversed(times)) if falls else times


def _sure(times: Sequence[Sequence[float]]) -> list[float]:
    return [each[0] for each in times if len(each) == 1]


def _backwards(times: Sequence[float]) -> float:
    return sum(max(0.0, a - b) for a, b in pairwise(times))


def _costs(times: Sequence[Sequence[float]]) -> list[list[float]]:
    """For each row and each of its readings: by how many seconds the rows before it have gone back at least."""
    found: list[list[float]] = []
    for place, now in enumerate(times):
        before = list(zip(times[place - 1], found[-1], strict=True)) if place else [(now[0], 0.0)]
        found.append([min(cost + max(0.0, was - each) for was, cost in before) for each in now])
    return found
