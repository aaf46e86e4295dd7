"""Settle: what became of a delivery. Only under the fence of the lease it was tried with."""

from msgspec import Struct
from sqlalchemy import select, update

from hub import clock
from hub.inbox.delivery import UNSETTLED, Delivery, is_one_of
from hub.inbox.entry import Entry
from hub.storage.unit import Happening, Unit

GIVE_UP = 48 * 3600 * clock.SECOND
"""Microseconds since it was written, if all pauses have been tried by then: a paused channel doesn't count against it.

RFC 5321 4.5.4.1 asks for days; an agent wants to know sooner.
"""
_PAUSES = (30, 120, 600, 1800, 3600, 7200, 14_400)
"""Seconds before the next attempt."""


class Outcome(Struct, frozen=True):
    """How an attempt ended: sent | deferred | failed | uncertain, with words for the agent."""

    state: str
    reason: str | None
    outside_id: str | None = None


def hand_over(unit: Unit, delivery_id: int, fence: int, seconds: int) -> bool:
    """Commit that from now on it may arrive; False when the lease is somebody else's."""
    now = clock.now()
    return (
        unit.change(
            update(Delivery)
            .where(Delivery.id == delivery_id, Delivery.fence == fence, Delivery.state == "leased")
            .values(state="handed_over", handed_over_at=now, lease_until=now + seconds * clock.SECOND)
        )
        == 1
    )


def settle(unit: Unit, delivery_id: int, fence: int, outcome: Outcome) -> bool:
    """An answer that came after the sweep had called it uncertain still counts; False when the lease is lost."""
    row = unit.first(
        select(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.fence == fence,
            Delivery.state.in_(("leased", "handed_over", "uncertain")),
        )
        .with_for_update()
    )
    if row is None:
        return False
    now = clock.now()
    row.state, row.reason, row.lease_until = outcome.state, outcome.reason, None
    if outcome.state == "deferred":
        row.handed_over_at = None
        _next_attempt(unit, row, now)
    elif outcome.state != "uncertain":
        row.settled_at, row.outside_id = now, outcome.outside_id
    _tell(unit, row)
    return True


def sweep(unit: Unit) -> int:
    """Leases that ran out: not handed over, it is tried again; handed over, it is uncertain. Returns how many."""
    expired = unit.all(
        select(Delivery)
        .where(is_one_of(UNSETTLED), Delivery.state.in_(("leased", "handed_over")), Delivery.lease_until < clock.now())
        .with_for_update(skip_locked=True)
    )
    for row in expired:
        row.lease_until = None
        if row.state == "leased":
            row.state = "queued"
            unit.note(Happening("delivery_queued", row.id, row.municipality_id))
        else:
            row.state, row.reason = "uncertain", "The program stopped while the mail server was taking it."
            _tell(unit, row)
    return len(expired)


def _next_attempt(unit: Unit, row: Delivery, now: int) -> None:
    entry = unit.get(Entry, row.entry_id)
    if entry is not None and now - entry.recorded_at > GIVE_UP and row.attempt >= len(_PAUSES):
        row.state, row.settled_at = "failed", now
        row.reason = f"Given up after 48 hours. {row.reason or ''}"
        return
    row.not_before = now + _PAUSES[min(row.attempt, len(_PAUSES)) - 1] * clock.SECOND


def _tell(unit: Unit, row: Delivery) -> None:
    unit.note(Happening("delivery_changed", row.id, row.municipality_id))
