"""Strip: how it stands with the telephone, queue by queue: who waits, since when, and how many got through today."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, case, false, func, or_, select

from hub import clock
from hub.inbox.call import OWES_NOTHING, Call
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit

FORGOTTEN = clock.DAY // 24
"""A call that has waited for longer has ended, and nobody told us."""

Desk = tuple[int, int]
"""A municipality and a queue that answers for it."""


class QueueNow(Struct, frozen=True):
    """`waiting_since`: of whoever has waited longest, microseconds. `lost`, `answered`: of the calls that were offered
    since midnight there. Colleagues are counted in none of them but apart, in `staff`: those who called since midnight.
    """

    waiting: int = 0
    waiting_since: int | None = None
    answered: int = 0
    lost: int = 0
    staff: int = 0


def is_waiting(offered_after: int | ColumnElement[int]) -> ColumnElement[bool]:
    """A citizen waits on the telephone now; `offered_after`: FORGOTTEN before it. Colleagues aren't counted; nor is
    whoever's call one of ours has written down: not every exchange tells who has answered."""
    return (
        Call.ended_at.is_(None)
        & Call.answered_at.is_(None)
        & Call.registered_at.is_(None)
        & (Call.direction == "in")
        & Call.staff.is_(False)
        & (Call.offered_at > offered_after)
    )


def stand(unit: Unit, desks: Collection[Desk]) -> Mapping[Desk, QueueNow]:
    """Of each of these, in two statements, whatever their number."""
    if not desks:
        return {}
    queues = {queue_id for _, queue_id in desks}
    waiting = (
        select(Call.municipality_id, Call.queue_id, func.count(Call.id), func.min(Call.offered_at))
        .where(
            Call.municipality_id.in_({each for each, _ in desks}),
            Call.queue_id.in_(queues),
            is_waiting(clock.now() - FORGOTTEN),
        )
        .group_by(Call.municipality_id, Call.queue_id)
    )
    citizens = Call.staff.is_(False)
    lost = citizens & Call.answered_at.is_(None) & Call.ended_at.is_not(None) & Call.cause.not_in(OWES_NOTHING)
    counted = [citizens & Call.answered_at.is_not(None), lost, Call.staff]
    today = (
        select(Call.municipality_id, Call.queue_id, *(func.sum(case((each, 1), else_=0)) for each in counted))
        .where(_since_midnight(unit, {each for each, _ in desks}), Call.direction == "in", Call.queue_id.in_(queues))
        .group_by(Call.municipality_id, Call.queue_id)
    )
    now = {(of, queue_id): (count, since) for of, queue_id, count, since in unit.rows(waiting)}
    done = {(of, queue_id): [int(each) for each in counts] for of, queue_id, *counts in unit.rows(today)}
    return {each: QueueNow(*now.get(each, (0, None)), *done.get(each, ())) for each in desks}


def _since_midnight(unit: Unit, municipality_ids: Collection[int]) -> ColumnElement[bool]:
    days = []
    for municipality_id in sorted(municipality_ids):
        municipality = unit.get(Municipality, municipality_id)
        if municipality is not None:
            zone = ZoneInfo(municipality.timezone)
            day = clock.to_datetime(clock.now()).astimezone(zone).date()
            midnight = clock.from_datetime(datetime.combine(day, time(), zone).astimezone(UTC))
            days.append(and_(Call.municipality_id == municipality_id, Call.offered_at >= midnight))
    return or_(false(), *days)
