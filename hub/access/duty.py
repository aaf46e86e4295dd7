"""Duty: who is there to be rung now, for calls and chats."""

from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

from sqlalchemy import ForeignKey, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.access.person import Membership
from hub.errors import Invalid
from hub.inbox.queue import QueueArea
from hub.storage.base import Row
from hub.storage.one_of import listed, one_of
from hub.storage.unit import Happening, Unit

State: TypeAlias = Literal["ready", "busy", "away"]
MOST_CHATS = 20
GONE_AFTER = 90 * clock.SECOND
"""Whose screen hasn't been heard of for that long isn't there, whatever they said last."""


class Duty(Row):
    """`state`: ready for the next | busy (talking, or registering what was said) | away. `seen_at`: of their screen.

    `chats`: that they hold at once, so that no more ring; None: as many as each chat's channel says.
    """

    __tablename__ = "duty"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), unique=True)
    state: Mapped[str]
    since: Mapped[int]
    seen_at: Mapped[int]
    chats: Mapped[int | None]

    def most_chats(self, otherwise: int) -> int:
        """At once; `otherwise`: of a channel."""
        return otherwise if self.chats is None else self.chats


_THEIRS = (
    select(Membership.person_id)
    .where(
        Membership.role.in_(("agent", "lead")),
        one_of(Membership.municipality_id, "municipalities"),
        Membership.since <= bindparam("now"),
        Membership.until.is_(None) | (Membership.until > bindparam("now")),
    )
    .distinct()
)
_THERE = (
    select(Duty)
    .where(Duty.person_id.in_(_THEIRS), Duty.state.in_(("ready", "busy")), Duty.seen_at > bindparam("seen_after"))
    .order_by(Duty.since, Duty.id)
)


def say(unit: Unit, person_id: int, state: State) -> Duty:
    """From now on they are that."""
    row, now = _of(unit, person_id), clock.now()
    if row.state != state:
        row.state, row.since = state, now
        unit.note(Happening("duty_changed", person_id))
    row.seen_at = now
    return row


def hold(unit: Unit, person_id: int, chats: int | None) -> Duty:
    """So many chats at once from now on, 0 to MOST_CHATS; None: as their channels say. What they hold stays theirs."""
    if chats is not None and not 0 <= chats <= MOST_CHATS:
        raise Invalid("chats", "one person holds 0 to {most} chats at once", most=MOST_CHATS)
    row = _of(unit, person_id)
    if row.chats != chats:
        row.chats = chats
        unit.note(Happening("duty_changed", person_id))
    return row


def _of(unit: Unit, person_id: int) -> Duty:
    """Who never said anything is away, and was never seen."""
    row = unit.first(select(Duty).where(Duty.person_id == person_id).with_for_update())
    if row is None:
        row = Duty(person_id=person_id, state="away", since=clock.now(), seen_at=0)
        unit.add(row)
    return row


def talks(unit: Unit, person_id: int) -> None:
    """Whoever is ready isn't any more: they have taken a call. Who is away stays that."""
    if state_of(unit, person_id) == "ready":
        say(unit, person_id, "busy")


def state_of(unit: Unit, person_id: int) -> State:
    """As they said last; away, where they never did."""
    said = unit.first(select(Duty.state).where(Duty.person_id == person_id))
    return known(said)


def known(state: str | None) -> State:
    """What a row says; of whoever has none, away."""
    return "ready" if state == "ready" else "busy" if state == "busy" else "away"


def seen(unit: Unit, person_ids: Collection[int]) -> None:
    """Their screens are open yet. Who never said anything is not on duty by that."""
    unit.change(update(Duty).where(Duty.person_id.in_(person_ids)).values(seen_at=clock.now()))


def there(unit: Unit, municipality_ids: Collection[int]) -> Sequence[Duty]:
    """Who is ready or busy, and there, of those who work for these municipalities. Each person once."""
    now = clock.now()
    return unit.all(_THERE, municipalities=listed(municipality_ids), now=now, seen_after=now - GONE_AFTER)


def on_duty(unit: Unit, queue_id: int, states: Collection[State] = ("ready", "busy")) -> Sequence[Duty]:
    """Who works that queue and is there, who has been ready longest first. Each person once."""
    now = clock.now()
    areas = select(QueueArea.municipality_id).where(QueueArea.queue_id == queue_id)
    of_queue = (
        select(Membership.person_id)
        .where(
            Membership.role.in_(("agent", "lead")),
            (Membership.queue_id == queue_id) | (Membership.queue_id.is_(None) & Membership.municipality_id.in_(areas)),
            Membership.since <= now,
            Membership.until.is_(None) | (Membership.until > now),
        )
        .distinct()
    )
    return unit.all(
        select(Duty)
        .where(Duty.person_id.in_(of_queue), Duty.state.in_(states), Duty.seen_at > now - GONE_AFTER)
        .order_by(Duty.since, Duty.id)
    )
