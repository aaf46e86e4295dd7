"""On duty: who can be rung says so themselves, and their open screen says that they are still there."""

import asyncio
from datetime import datetime
from weakref import WeakKeyDictionary

from msgspec import Struct
from sqlalchemy import bindparam, select

from hub import clock
from hub.access import duty, policy
from hub.access.duty import Duty, State
from hub.access.person import Actor
from hub.storage.prepared import Prepared
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

BEAT = 30.0
"""Seconds between two signs of a screen that is open: two may be lost before whoever it is counts as gone."""
_FRESH = 20 * clock.SECOND
"""Microseconds for which another screen's sign spares one's own."""


_GATHERS = 0.25
"""Seconds."""
_SCREENS = Scope.everything("whose screens are open")
# Asked with every page.
_MINE = Prepared(select(Duty.state, Duty.since, Duty.seen_at, Duty.chats).where(Duty.person_id == bindparam("person")))


class _Gathered(Struct):
    people: set[int]
    written: asyncio.Task[None]


_GATHERED: WeakKeyDictionary[Storage, _Gathered] = WeakKeyDictionary()


class DutyLine(Struct, frozen=True):
    """`since` null: they never said. `chats`: that they hold at once; null: as many as each chat's channel says."""

    state: State
    since: datetime | None
    chats: int | None


def mine(unit: Unit, actor: Actor) -> DutyLine:
    """As they said last; away, where they never did."""
    rows = _MINE.rows(unit, person=actor.id)
    return _as_said(*rows[0]) if rows else DutyLine("away", None, None)


def say(unit: Unit, actor: Actor, state: State) -> DutyLine:
    """From now on. Raises NotFound for whoever works no queue, NotAllowed."""
    policy.require_duty(actor)
    return _line(duty.say(unit, actor.id, state))


def hold(unit: Unit, actor: Actor, chats: int | None) -> DutyLine:
    """So many at once; None: as channels say. Raises NotFound for whoever works no queue, NotAllowed, Invalid."""
    policy.require_duty(actor)
    return _line(duty.hold(unit, actor.id, chats))


async def beat(storage: Storage, actor: Actor) -> None:
    """Their screen is open. Most who look at it are away, or were seen on another: those cost no write; and who are
    seen at about the same time, as after a start, cost one together."""
    if not await storage.read(Scope.of(actor), _is_due, actor.id):
        return
    gathered = _GATHERED.get(storage)
    if gathered is None:
        gathered = _GATHERED[storage] = _Gathered(set(), asyncio.create_task(_write_down(storage)))
    gathered.people.add(actor.id)
    await asyncio.shield(gathered.written)


async def _write_down(storage: Storage) -> None:
    try:
        await asyncio.sleep(_GATHERS)
    finally:
        gathered = _GATHERED.pop(storage)
    await storage.write(_SCREENS, duty.seen, gathered.people)


def _is_due(unit: Unit, person_id: int) -> bool:
    long_ago = clock.now() - _FRESH
    mine = Duty.person_id == person_id
    return unit.first(select(Duty.id).where(mine, Duty.state != "away", Duty.seen_at < long_ago)) is not None


def _line(row: Duty) -> DutyLine:
    return _as_said(row.state, row.since, row.seen_at, row.chats)


def _as_said(state: str, since: int, seen_at: int, chats: int | None) -> DutyLine:
    return DutyLine(duty.known(state), clock.to_datetime(since) if seen_at else None, chats)
