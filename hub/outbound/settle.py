"""Settle: what became of a delivery. Only under the fence of the lease it was tried with."""

from msgspec import Struct
from sqlalchemy import select, update

from hub import clock
from hub.channels import hourly
from hub.inbox import reported, sent_copy
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import UNSETTLED, Delivery, is_one_of
from hub.inbox.entry import Entry
from hub.inbox.text import Text
from hub.storage.unit import Happening, Unit

GIVE_UP = 48 * 3600 * clock.SECOND
"""Microseconds since it was written, or a person asked for it again, if all pauses have been tried by then: a paused
channel doesn't count against it.

RFC 5321 4.5.4.1 asks for days; an agent wants to know sooner.
"""
_PAUSES = (30, 120, 600, 1800, 3600, 7200, 14_400)
"""Seconds before the next attempt."""


class Outcome(Struct, frozen=True):
    """How an attempt ended: sent | deferred | failed | uncertain, with words for the agent.

    `wait`: seconds that the other side asks us to stay away. `parts`, `cost`: of a text message, as it says.
    """

    state: str
    reason: str | None
    outside_id: str | None = None
    wait: float | None = None
    parts: int | None = None
    cost: str | None = None


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
    if outcome.state in ("failed", "deferred"):
        _lock_its_conversation(unit, delivery_id)
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
        _next_attempt(unit, row, now, outcome.wait or 0)
    elif outcome.state != "uncertain":
        row.settled_at, row.outside_id = now, outcome.outside_id
    if outcome.state == "sent":
        _note_text(unit, row, outcome)
        sent_copy.due_now(unit, row.entry_id, row.municipality_id)
        hourly.count_gone(unit, row.channel_id, row.municipality_id)
    _tell(unit, row)
    entry = unit.get(Entry, row.entry_id) if row.state == "failed" else None
    if entry is not None:
        reported.failed(unit, entry)
    return True


def _note_text(unit: Unit, row: Delivery, outcome: Outcome) -> None:
    """Of a text message: what it is called outside, so that reports find it, and what it cost."""
    entry = unit.get(Entry, row.entry_id)
    if entry is None or entry.kind != "sms":
        return
    unit.change(
        update(Text)
        .where(Text.municipality_id == row.municipality_id, Text.entry_id == row.entry_id)
        .values(outside_id=outcome.outside_id)
    )
    said = {"parts": outcome.parts, "cost": outcome.cost}
    entry.body = entry.body | {name: value for name, value in said.items() if value is not None}


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


def _next_attempt(unit: Unit, row: Delivery, now: int, wait: float) -> None:
    entry = unit.get(Entry, row.entry_id)
    since = row.again_at or (entry.recorded_at if entry is not None else now)
    if now - since > GIVE_UP and row.attempt >= len(_PAUSES):
        row.state, row.settled_at = "failed", now
        row.reason = f"Given up after 48 hours. {row.reason or ''}"
        return
    pause = max(_PAUSES[min(row.attempt, len(_PAUSES)) - 1], wait)
    row.not_before = now + int(pause * clock.SECOND)


def _lock_its_conversation(unit: Unit, delivery_id: int) -> None:
    """Before the delivery, as everybody does who locks both: by a failure the conversation comes back."""
    unit.first(
        select(Conversation.id)
        .join(
            Entry,
            (Entry.municipality_id == Conversation.municipality_id) & (Entry.conversation_id == Conversation.id),
        )
        .join(Delivery, (Delivery.municipality_id == Entry.municipality_id) & (Delivery.entry_id == Entry.id))
        .where(Delivery.id == delivery_id)
        .with_for_update(of=Conversation)
    )


def _tell(unit: Unit, row: Delivery) -> None:
    unit.note(Happening("delivery_changed", row.id, row.municipality_id))
