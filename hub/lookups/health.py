"""Health: how the systems do that a municipality's published lookups ask, as their answers in the audit tell.

How many questions, how they ended and when; never who asked, about whom, or what for.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import ColumnElement, func, or_, select

from hub import clock
from hub.access.audit import Audit
from hub.inbox.municipality import Municipality
from hub.inbox.queries import shown
from hub.lookups import definition
from hub.lookups.looked import ANSWERED, ASKED_AT, IS_ANSWER, IS_ASKED, IS_FOUND, ended_of, name_of, of_lookups, of_name
from hub.storage import ids
from hub.storage.unit import Unit

DAYS = 7
"""Whose answers are looked at."""
_HOUR = 3600 * clock.SECOND
_HOURS = 24
_GOOD = or_(IS_FOUND, Audit.outcome.in_([each for each in ANSWERED if each != "found"]))
_NOT_ITS_FAULT = frozenset({"left", "withdrawn"})
"""Ends by whoever asked: the source may be well."""


class LookupHealth(Struct, frozen=True):
    """Of a published lookup. Null: it wasn't so in seven days.

    `failing_since`: of the first failure since the source last answered; `failed_as`: the last one, by the audit's own
    word. `errors`: failures of 24 hours; `hours`: questions of each of them, the oldest first; `today`: since midnight
    there.
    """

    municipality_id: str
    name: str
    title: Mapping[str, str]
    kind: str
    last_answer_at: datetime | None
    last_ms: int | None
    failing_since: datetime | None
    failed_as: str | None
    errors: int
    today: int
    hours: Sequence[int]


def health(unit: Unit, municipality_id: int) -> Sequence[LookupHealth]:
    """Of each that is asked now, by name."""
    published = [definition.version(unit, row_id) for row_id, _ in definition.published_ids(unit, municipality_id)]
    if not published:
        return ()
    now = clock.now()
    of_here = (of_lookups(), Audit.municipality_id == municipality_id)
    since = (*of_here, Audit.id >= ids.first_at(now - DAYS * 24 * _HOUR))
    good, took = _last_good(unit, since)
    failed = _last_failed(unit, since)
    by_hour, errors = _of_a_day(unit, (*of_here, Audit.id >= ids.first_at(now - _HOURS * _HOUR)))
    this_hour, midnight = now // _HOUR, _midnight(unit, municipality_id, now)
    found = []
    for each in sorted(published, key=lambda one: one.declared.name):
        name = each.declared.name
        fails = name in failed and failed[name] > good.get(name, 0)
        first, word = _failing(unit, since, name, good.get(name, 0)) if fails else (None, None)
        asked = by_hour.get(name, Counter())
        found.append(
            LookupHealth(
                municipality_id=str(municipality_id),
                name=name,
                title=each.declared.title,
                kind=each.declared.kind,
                last_answer_at=shown(good.get(name)),
                last_ms=took.get(name),
                failing_since=shown(first),
                failed_as=word,
                errors=errors[name],
                today=sum(count for hour, count in asked.items() if hour * _HOUR >= midnight),
                hours=[asked[hour] for hour in range(this_hour - _HOURS + 1, this_hour + 1)],
            )
        )
    return found


def _is_failure(outcome: str) -> bool:
    return ended_of("lookup.answer", outcome) == "failed" and outcome not in _NOT_ITS_FAULT


def _midnight(unit: Unit, municipality_id: int, now: int) -> int:
    home = unit.get(Municipality, municipality_id)
    assert home is not None  # a foreign key sees to it
    there = clock.to_datetime(now).astimezone(ZoneInfo(home.timezone))
    return clock.from_datetime(there.replace(hour=0, minute=0, second=0, microsecond=0))


def _last_good(unit: Unit, since: Sequence[ColumnElement[bool]]) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """By name: when the source last answered, and how many milliseconds that took."""
    newest = select(func.max(Audit.id)).where(*since, IS_ANSWER, _GOOD).group_by(Audit.source)
    at: dict[str, int] = {}
    took: dict[str, int] = {}
    rows = unit.rows(select(Audit.source, Audit.at, ASKED_AT.label("asked")).where(Audit.id.in_(newest)))
    for source, answered, asked in sorted(rows, key=lambda row: row[1]):  # from several places: the newest stays
        name = name_of(source)
        at[name] = answered
        if asked is not None:
            took[name] = (answered - asked) // 1000
    return at, took


def _last_failed(unit: Unit, since: Sequence[ColumnElement[bool]]) -> Mapping[str, int]:
    groups = (Audit.source, Audit.outcome)
    last: Counter[str] = Counter()
    for source, outcome, at in unit.rows(
        select(*groups, func.max(Audit.at)).where(*since, IS_ANSWER, ~_GOOD).group_by(*groups)
    ):
        if _is_failure(outcome):
            last[name_of(source)] = max(last[name_of(source)], at)
    return last


def _failing(
    unit: Unit, since: Sequence[ColumnElement[bool]], name: str, good_at: int
) -> tuple[int | None, str | None]:
    """When the first failure since then was, and what the last one was."""
    query = select(Audit.at, Audit.outcome).where(*since, IS_ANSWER, ~_GOOD, of_name(name), Audit.at > good_at)
    rows = [row for row in unit.rows(query.order_by(Audit.id)) if _is_failure(row[1])]
    return (rows[0][0], rows[-1][1]) if rows else (None, None)


def _of_a_day(unit: Unit, since: Sequence[ColumnElement[bool]]) -> tuple[Mapping[str, Counter[int]], Mapping[str, int]]:
    """By name: questions of each hour, and how many failed."""
    hours: dict[str, Counter[int]] = {}
    hour = Audit.at // _HOUR
    for source, at, count in unit.rows(
        select(Audit.source, hour, func.count()).where(*since, IS_ASKED).group_by(Audit.source, hour)
    ):
        hours.setdefault(name_of(source), Counter())[at] += count
    failed: Counter[str] = Counter()
    groups = (Audit.source, Audit.outcome)
    for source, outcome, count in unit.rows(
        select(*groups, func.count()).where(*since, IS_ANSWER, ~_GOOD).group_by(*groups)
    ):
        if _is_failure(outcome):
            failed[name_of(source)] += count
    return hours, failed
