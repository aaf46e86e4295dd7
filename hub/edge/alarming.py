"""Alarming: whom IT is told by when something is the matter with a channel, for every route and page.

Targets are the centre's rows, so they are read and changed outside any person's scope, after the policy was asked. One
that is told of all channels concerns every municipality: any IT sees that it is there, IT of all of them its address.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.edge import versions
from hub.edge.desk import Desk
from hub.edge.running import CHANNELS
from hub.errors import Conflict, Invalid, NotFound
from hub.inbox.municipality import Municipality
from hub.inbox.queries import shown_id
from hub.storage.unit import Unit
from hub.watch import alarm, target
from hub.watch.alarm import AlarmNotice
from hub.watch.target import AlarmTarget


class TargetLine(Struct, frozen=True):
    """`municipality_id` null: of all channels. `address` null: it isn't this person's to see or change.

    `told_at`, `what`, `state`, `reason`: of the last notice. `what`: raised, again, over, try; `state`: queued, leased,
    handed_over, sent, failed, uncertain.
    """

    id: str
    kind: str
    municipality_id: str | None
    address: str | None
    again_hours: int
    told_at: datetime | None = None
    what: str | None = None
    state: str | None = None
    reason: str | None = None
    version: str = ""
    """For If-Match."""

    @property
    def is_on_its_way(self) -> bool:
        """The last notice."""
        return self.state in alarm.ON_ITS_WAY


class TargetSaid(Struct, frozen=True):
    """As IT writes it: `kind` mail or webhook. `municipality_id` null: of all channels. `key` empty: one of ours."""

    kind: str
    address: str
    municipality_id: int | None
    again_hours: int = target.AGAIN_HOURS
    key: str = ""


class TargetMade(Struct, frozen=True):
    """`key`: that a webhook's calls are signed with. It is never told again."""

    id: str
    key: str | None


async def lines(desk: Desk) -> Sequence[TargetLine]:
    """Of the municipalities whose channels this person runs, and those of all channels. Raises NotAllowed."""
    policy.require_it(desk.actor)
    return await desk.storage.read(CHANNELS, _lines, desk.actor)


async def line(desk: Desk, target_id: int) -> TargetLine:
    """One that this person may change. Raises NotFound, NotAllowed."""
    return await desk.storage.read(CHANNELS, _line_of, desk.actor, target_id)


async def tells_all(desk: Desk) -> bool:
    """Whether this person may add one that is told of all channels."""
    return await desk.storage.read(CHANNELS, lambda unit: policy.runs_all(desk.actor, _everywhere(unit)))


async def add(desk: Desk, said: TargetSaid) -> TargetMade:
    """Raises Invalid with the field, NotFound, NotAllowed."""
    return await desk.storage.write(CHANNELS, _add, desk.actor, said)


async def change(desk: Desk, target_id: int, said: TargetSaid, if_match: str | None) -> TargetLine:
    """Where it is told, of what, how often. An empty `address` or `key`: as it is. `kind` stays.

    Raises Invalid with the field, NotFound, NotAllowed, VersionMissing, Stale.
    """
    return await desk.storage.write(CHANNELS, _change, desk.actor, target_id, said, if_match)


async def try_out(desk: Desk, target_id: int) -> TargetLine:
    """A notice that only says that it would arrive; one that failed is tried again at once.

    Raises NotFound, NotAllowed, Conflict.
    """
    return await desk.storage.write(CHANNELS, _try_out, desk.actor, target_id)


async def remove(desk: Desk, target_id: int) -> None:
    """It is told no more, and the key of its calls is gone. Raises NotFound, NotAllowed."""
    await desk.storage.write(CHANNELS, _remove, desk.actor, target_id)


_ELSEWHERE = "The mail couldn't be handed over; IT of all municipalities sees why."
"""It leaves by whatever channel works, another municipality's too: what its server said tells of their settings."""


def _lines(unit: Unit, actor: Actor) -> Sequence[TargetLine]:
    last, runs_all = alarm.last_notices(unit), policy.runs_all(actor, _everywhere(unit))
    return [
        _shown(row, last.get(row.id), runs_all=runs_all)
        for row in target.targets(unit)
        if policy.runs_channels(actor, row.municipality_id)
    ]


def _line_of(unit: Unit, actor: Actor, target_id: int) -> TargetLine:
    row = _mine(unit, actor, target_id)
    return _shown(row, alarm.last_notices(unit).get(row.id), runs_all=policy.runs_all(actor, _everywhere(unit)))


def _add(unit: Unit, actor: Actor, said: TargetSaid) -> TargetMade:
    home = _home(unit, actor, said.municipality_id)
    key: str | None = None
    if said.kind == "mail":
        row = target.add_mail(unit, said.address, home, said.again_hours)
    elif said.kind == "webhook":
        row, key = target.add_webhook(unit, said.address, home, said.again_hours, said.key or None)
    else:
        raise Invalid("kind", "choose how: by mail, or by a call")
    _log(unit, actor, "alarm.add", row)
    return TargetMade(str(row.id), key)


def _home(unit: Unit, actor: Actor, municipality_id: int | None) -> Municipality | None:
    home = unit.get(Municipality, municipality_id)
    if municipality_id is not None and (home is None or not policy.runs_channels(actor, home.id)):
        raise NotFound("There is no such municipality.")
    policy.require_alarms(actor, [home.id] if home is not None else _everywhere(unit))
    return home


def _change(unit: Unit, actor: Actor, target_id: int, said: TargetSaid, if_match: str | None) -> TargetLine:
    row = _mine(unit, actor, target_id)
    unit.lock(AlarmTarget, row.id)
    versions.expect(_version(row), if_match)
    target.change(unit, row, said.address, _home(unit, actor, said.municipality_id), said.again_hours, said.key or None)
    _log(unit, actor, "alarm.set", row)
    return _line_of(unit, actor, row.id)


def _version(row: AlarmTarget) -> str:
    return versions.fingerprint(row.kind, row.address, row.municipality_id, row.again_hours, row.key)


def _try_out(unit: Unit, actor: Actor, target_id: int) -> TargetLine:
    row = _mine(unit, actor, target_id)
    last = alarm.last_notices(unit).get(row.id)
    if last is None or last.what != "try" or last.state not in alarm.ON_ITS_WAY:
        alarm.try_out(unit, row)
    elif not alarm.hurry(unit, last):
        raise Conflict("A trial is on its way there: see how it ends before you send another.")
    _log(unit, actor, "alarm.try", row)
    return _line_of(unit, actor, row.id)


def _remove(unit: Unit, actor: Actor, target_id: int) -> None:
    row = _mine(unit, actor, target_id)
    _log(unit, actor, "alarm.remove", row)
    alarm.remove_target(unit, row)


def _mine(unit: Unit, actor: Actor, target_id: int) -> AlarmTarget:
    row = unit.get(AlarmTarget, target_id)
    if row is None or not policy.runs_channels(actor, row.municipality_id):
        raise NotFound("There is no such address of alarms.")
    policy.require_alarms(actor, _everywhere(unit) if row.municipality_id is None else [row.municipality_id])
    return row


def _everywhere(unit: Unit) -> Sequence[int]:
    return unit.all(select(Municipality.id))


def _shown(row: AlarmTarget, last: AlarmNotice | None, *, runs_all: bool) -> TargetLine:
    mine = row.municipality_id is not None or runs_all
    shown = TargetLine(
        str(row.id), row.kind, shown_id(row.municipality_id), row.address if mine else None, row.again_hours,
        version=_version(row) if mine else "",
    )  # fmt: skip
    if last is None:
        return shown
    told_at, reason = clock.to_datetime(last.made_at), last.reason if mine else None
    if reason is not None and row.kind == "mail" and not runs_all:
        reason = _ELSEWHERE
    return TargetLine(
        shown.id, shown.kind, shown.municipality_id, shown.address, shown.again_hours, told_at, last.what, last.state,
        reason, shown.version,
    )  # fmt: skip


def _log(unit: Unit, actor: Actor, act: str, row: AlarmTarget) -> None:
    log_act(unit, act, actor, municipality_id=row.municipality_id, subject=("alarm_target", row.id))
