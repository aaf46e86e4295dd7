"""Use: how often each lookup of a municipality is asked, for what, with what success, and by whom, in a span of days;
and how often somebody asked to see in clear what its cards hide.

Counted in the audit's rows of those days. A purpose that was written about a few alone may tell of one of them, and the
topic of what is confidential tells of somebody: neither is shown.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import ColumnElement, func, select

from hub import clock
from hub.access.audit import Audit
from hub.access.office import Office, Offices
from hub.inbox.conversation import Conversation
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.queries import shown
from hub.lookups import definition
from hub.lookups.looked import (
    ANSWERED,
    ASKED_AT,
    IS_ANSWER,
    IS_ASKED,
    IS_REVEAL,
    ended_of,
    name_of,
    of_lookups,
    of_name,
)
from hub.storage import ids
from hub.storage.unit import Unit

FEWEST = 3
"""Persons, places or invoices: a purpose that was written about fewer isn't shown."""
_MOST_PURPOSES = 5
_TIMED = 500
"""Answers, the newest of each lookup, whose time is looked at."""
_HOUR = 3600 * clock.SECOND
_MEDIAN, _P95 = 0.5, 0.95
_Found = Mapping[str, Any]


class Day(Struct, frozen=True):
    """Questions of a day, as its municipality counts days."""

    day: date
    asked: int


class OfTopic(Struct, frozen=True):
    """Questions asked in conversations about a topic."""

    topic_id: str
    asked: int


class OfPurpose(Struct, frozen=True):
    """Questions asked for a purpose, in those words."""

    purpose: str
    asked: int


class OfOffice(Struct, frozen=True):
    """Questions asked by people of a role and unit; none: by command, on the hub's own machine."""

    offices: Sequence[Office]
    asked: int


class LookupUse(Struct, frozen=True):
    """A lookup's. `version` null: nobody declares it any more. `ended`: answers by what came of them.

    `errors`: those that failed, by the audit's own word. `stopped`: questions that a limit kept from the source;
    `protected`: those about somebody protected. `revealed`: how often a field was shown in clear. Milliseconds: of the
    newest answers, null where there are none. `topics`: a conversation with two counts in both.
    """

    municipality_id: str
    name: str
    title: Mapping[str, str]
    version: int | None
    asked: int
    days: Sequence[Day]
    ended: Mapping[str, int]
    errors: Mapping[str, int]
    revealed: int
    last_asked_at: datetime | None
    last_good_at: datetime | None
    median_ms: int | None
    p95_ms: int | None
    purposes: Sequence[OfPurpose]
    topics: Sequence[OfTopic]
    offices: Sequence[OfOffice]


def use(unit: Unit, municipality_id: int, days: int) -> Sequence[LookupUse]:
    """Of each of its lookups, in the last so many days with today; what is asked most comes first."""
    home = unit.get(Municipality, municipality_id)
    assert home is not None  # the caller has asked the policy about it
    zone = ZoneInfo(home.timezone)
    today = clock.to_datetime(clock.now()).astimezone(zone).date()
    span = [today - timedelta(days=before) for before in range(days - 1, -1, -1)]
    begins = datetime(span[0].year, span[0].month, span[0].day, tzinfo=zone)
    since = (
        of_lookups(),
        Audit.municipality_id == municipality_id,
        Audit.id >= ids.first_at(clock.from_datetime(begins)),
    )
    declared = _declared(unit, municipality_id)
    ends, last, good = _ends(unit, since)
    shown_clear = _reveals(unit, since)
    found: Sequence[_Found] = (
        _days(unit, since, zone), _purposes(unit, since), _topics(unit, since), _offices(unit, since, municipality_id),
    )  # fmt: skip
    by_day, purposes, topics, offices = found
    made = []
    for name in {*declared, *ends, *shown_clear}:
        title, version = declared.get(name, ({"en": name}, None))
        asked = ends[name]["asked"]
        times = _times(unit, since, name) if asked else []
        made.append(
            LookupUse(
                municipality_id=str(municipality_id),
                name=name,
                title=title,
                version=version,
                asked=asked,
                days=[Day(day, by_day.get(name, {}).get(day, 0)) for day in span],
                ended={each: ends[name][each] for each in _SHOWN},
                errors={
                    outcome.partition(":")[2]: count
                    for outcome, count in ends[name].most_common()
                    if outcome.startswith("error:")
                },
                revealed=shown_clear[name],
                last_asked_at=shown(last.get(name)),
                last_good_at=shown(good.get(name)),
                median_ms=_share(times, _MEDIAN),
                p95_ms=_share(times, _P95),
                purposes=purposes.get(name, ()),
                topics=topics.get(name, ()),
                offices=offices.get(name, ()),
            )
        )
    return sorted(made, key=lambda each: (-each.asked, each.name))


_SHOWN = ("found", "none", "several", "failed", "another's", "not_theirs", "protected", "stopped")


def _declared(unit: Unit, municipality_id: int) -> dict[str, tuple[Mapping[str, str], int | None]]:
    """By name: what its newest version is called, and the version that is published."""
    made: dict[str, tuple[Mapping[str, str], int | None]] = {}
    for row in definition.all_of(unit, municipality_id):
        if row.version == definition.DRAFT:
            continue
        title, version = made.get(row.name, (row.definition["title"], None))
        made[row.name] = (title, row.version if row.state == "published" else version)
    return made


def _ends(
    unit: Unit, since: Sequence[ColumnElement[bool]]
) -> tuple[Mapping[str, Counter[str]], Mapping[str, int], Mapping[str, int]]:
    """By name: how many were asked and how they ended; when it was asked last; when the source last answered."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    last: Counter[str] = Counter()
    good: Counter[str] = Counter()
    groups = (Audit.act, Audit.source, Audit.outcome)
    for act, source, outcome, count, newest in unit.rows(
        select(*groups, func.count(), func.max(Audit.at)).where(*since, ~IS_REVEAL).group_by(*groups)
    ):
        name, ended = name_of(source), ended_of(act, outcome)
        if act != "lookup.answer":
            counted[name]["asked"] += count
            last[name] = max(last[name], newest)
        if ended != "unanswered":  # a question that was put to the source has its end in another row
            counted[name][ended] += count
        if ended == "failed":
            counted[name][f"error:{outcome}"] += count
        if ended in ANSWERED:
            good[name] = max(good[name], newest)
    return counted, last, good


def _reveals(unit: Unit, since: Sequence[ColumnElement[bool]]) -> Counter[str]:
    """By name: how often a field was shown in clear."""
    counted: Counter[str] = Counter()
    query = select(Audit.source, func.count()).where(*since, IS_REVEAL).group_by(Audit.source)
    for source, count in unit.rows(query):
        counted[name_of(source)] += count
    return counted


def _days(unit: Unit, since: Sequence[ColumnElement[bool]], zone: ZoneInfo) -> Mapping[str, Mapping[date, int]]:
    """By the hour, put together to days here: a day has 23 to 25 of them."""
    found: dict[str, Counter[date]] = defaultdict(Counter)
    hour = Audit.at // _HOUR
    query = select(Audit.source, hour, func.count()).where(*since, IS_ASKED).group_by(Audit.source, hour)
    for source, hours, count in unit.rows(query):
        found[name_of(source)][clock.to_datetime(hours * _HOUR).astimezone(zone).date()] += count
    return found


def _purposes(unit: Unit, since: Sequence[ColumnElement[bool]]) -> Mapping[str, Sequence[OfPurpose]]:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    query = (
        select(Audit.source, Audit.purpose, func.count())
        .where(*since, IS_ASKED)
        .group_by(Audit.source, Audit.purpose)
        .having(func.count(Audit.subject_key.distinct()) >= FEWEST)
    )
    for source, purpose, count in unit.rows(query):
        counted[name_of(source)][purpose or ""] += count
    return {
        name: [OfPurpose(purpose, count) for purpose, count in each.most_common(_MOST_PURPOSES)]
        for name, each in counted.items()
    }


def _topics(unit: Unit, since: Sequence[ColumnElement[bool]]) -> Mapping[str, Sequence[OfTopic]]:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    query = (
        select(Audit.source, Matter.topic_id, func.count(Audit.id.distinct()))
        .join(Conversation, Conversation.id == Audit.conversation_id)
        .join(
            Matter,
            (Matter.municipality_id == Conversation.municipality_id) & (Matter.conversation_id == Conversation.id),
        )
        .where(
            *since,
            IS_ASKED,
            Conversation.municipality_id == Audit.municipality_id,
            Conversation.confidential_queue_id.is_(None),
        )
        .group_by(Audit.source, Matter.topic_id)
    )
    for source, topic_id, count in unit.rows(query):
        counted[name_of(source)][str(topic_id)] += count
    return {name: [OfTopic(*each) for each in found.most_common()] for name, found in counted.items()}


def _offices(
    unit: Unit, since: Sequence[ColumnElement[bool]], municipality_id: int
) -> Mapping[str, Sequence[OfOffice]]:
    """Who: as what they worked when they asked last."""
    groups = (Audit.source, Audit.person_id)
    query = select(*groups, func.count(), func.max(Audit.at)).where(*since, IS_ASKED).group_by(*groups)
    rows = unit.rows(query)
    held = Offices(unit, [row.person_id for row in rows if row.person_id is not None], [municipality_id])
    counted: dict[str, dict[str, OfOffice]] = defaultdict(dict)
    for source, person_id, count, at in rows:
        offices = held.of(person_id, municipality_id, at)
        known = counted[name_of(source)]
        before = known.get(repr(offices), OfOffice(offices, 0))
        known[repr(offices)] = OfOffice(offices, before.asked + count)
    return {name: sorted(each.values(), key=lambda one: -one.asked) for name, each in counted.items()}


def _times(unit: Unit, since: Sequence[ColumnElement[bool]], name: str) -> Sequence[int]:
    """Milliseconds, the shortest first."""
    newest = select(Audit.id).where(*since, IS_ANSWER, of_name(name)).order_by(Audit.id.desc()).limit(_TIMED).subquery()
    rows = unit.rows(select(Audit.at, ASKED_AT).where(Audit.id.in_(select(newest.c.id))))
    return sorted((at - asked_at) // 1000 for at, asked_at in rows if asked_at is not None)


def _share(times: Sequence[int], share: float) -> int | None:
    """The time that so large a share of them took at most."""
    return times[max(0, ceil(len(times) * share) - 1)] if times else None
