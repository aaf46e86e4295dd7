"""Alarm: a trouble that stayed, told to IT: once, again after some hours, and once more when it is over.

A row for each channel and kind of trouble, locked while it is looked at, and a notice for each target, which is the
job: of two workers one writes it, and what a crash leaves half-way is found again. Nothing of a citizen's is in them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.channels.area import area
from hub.plugin_host.registry import Registry
from hub.storage.base import Row, partial_index
from hub.storage.ids import new_id
from hub.storage.types import Json
from hub.storage.unit import Unit
from hub.watch.health import Seen, look
from hub.watch.target import AlarmTarget, targets
from hub.watch.trouble import Trouble

STAYS = clock.MINUTE
"""So long a trouble lasts before it is told: what is over by then was a restart."""
HOUR = 3600 * clock.SECOND


class Alarm(Row):
    """`since`: when it began, null: it is over; `raised_at`: when it was told; `bout`: which time it is."""

    __tablename__ = "alarm"
    __table_args__ = (UniqueConstraint("channel_id", "kind"),)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    kind: Mapped[str]
    sentence: Mapped[str]
    advice: Mapped[str]
    count: Mapped[int]
    since: Mapped[int | None]
    raised_at: Mapped[int | None]
    bout: Mapped[int]


class AlarmNotice(Row):
    """`what`: raised | again | over | try. `state`: queued -> leased -> handed_over -> sent | failed | uncertain."""

    __tablename__ = "alarm_notice"
    __table_args__ = (
        UniqueConstraint("target_id", "alarm_id", "bout", "number"),
        partial_index("ix_alarm_notice_due", "not_before", where="state IN ('queued', 'leased', 'handed_over')"),
        Index("ix_alarm_notice_alarm", "alarm_id", "bout"),
    )
    target_id: Mapped[int] = mapped_column(ForeignKey("alarm_target.id"))
    alarm_id: Mapped[int | None] = mapped_column(ForeignKey("alarm.id"))
    bout: Mapped[int]
    number: Mapped[int]
    what: Mapped[str]
    said: Mapped[Any] = mapped_column(Json)
    made_at: Mapped[int]
    not_before: Mapped[int]
    state: Mapped[str]
    attempt: Mapped[int]
    fence: Mapped[int]
    lease_until: Mapped[int | None]
    settled_at: Mapped[int | None]
    reason: Mapped[str | None]


OVER = 1_000_000
"""The number of the notice that says that it is over; a trial's are its own."""


ON_ITS_WAY = ("queued", "leased", "handed_over")
"""States of a notice that nobody knows the end of yet."""


def look_after(unit: Unit, registry: Registry) -> int:
    """All channels, by the troubles that they have now. Returns how many notices were written."""
    now = clock.now()
    seen = look(unit, registry, lambda _: True)
    found = {(each.row.id, trouble.kind): (each, trouble) for each in seen for trouble in each.troubles}
    found = {key: each for key, each in found.items() if each[1].alarms}
    known = {(row.channel_id, row.kind) for row in unit.rows(select(Alarm.channel_id, Alarm.kind))}
    unit.insert_new(Alarm, [_row(*found[key]) for key in sorted(found.keys() - known)], ("channel_id", "kind"))
    open_or_found = select(Alarm).where(
        Alarm.since.is_not(None) | Alarm.id.in_(select(Alarm.id).where(Alarm.channel_id.in_({key[0] for key in found})))
    )
    rows = unit.all(open_or_found.order_by(Alarm.id).with_for_update())
    write = _Notices(unit, now)
    by_id = {each.row.id: each for each in seen}
    for row in rows:
        here = found.get((row.channel_id, row.kind))
        if here is not None:
            _goes_on(row, here[1], now)
            write.told(row, here[0])
        elif row.since is not None:
            write.over(row, by_id.get(row.channel_id))
            row.since, row.raised_at, row.bout = None, None, row.bout + 1
    return write.written


def any_to_look_after(unit: Unit, registry: Registry) -> bool:
    """Whether something is the matter, or was: else nothing has to be written."""
    if unit.first(select(Alarm.id).where(Alarm.since.is_not(None))) is not None:
        return True
    return any(trouble.alarms for each in look(unit, registry, lambda _: True) for trouble in each.troubles)


def try_out(unit: Unit, target: AlarmTarget) -> int:
    """A notice that only says that it would arrive; its id."""
    said = {"sentence": "This is a trial: alarms of Torg arrive here.", "advice": "", "count": 0, "channel": ""}
    row = _notice(target.id, None, 0, new_id(), "try", said, clock.now())
    unit.insert_many(AlarmNotice, [row])
    return int(row["id"])


def last_notices(unit: Unit) -> Mapping[int, AlarmNotice]:
    """By target: the one that was written last."""
    newest = select(func.max(AlarmNotice.id)).group_by(AlarmNotice.target_id)
    return {row.target_id: row for row in unit.all(select(AlarmNotice).where(AlarmNotice.id.in_(newest)))}


def hurry(unit: Unit, notice: AlarmNotice) -> bool:
    """One that was tried and waits for its next turn is due now."""
    waits = (AlarmNotice.id == notice.id, AlarmNotice.state == "queued", AlarmNotice.attempt > 0)
    return unit.change(update(AlarmNotice).where(*waits).values(not_before=clock.now())) == 1


def remove_target(unit: Unit, target: AlarmTarget) -> None:
    """It is told no more, not of what is on its way either."""
    unit.change(delete(AlarmNotice).where(AlarmNotice.target_id == target.id))
    unit.remove(target)


def _row(seen: Seen, trouble: Trouble) -> dict[str, Any]:
    return {
        "id": new_id(), "channel_id": seen.row.id, "kind": trouble.kind, "sentence": trouble.sentence,
        "advice": trouble.advice, "count": trouble.count, "since": None, "raised_at": None, "bout": 1,
    }  # fmt: skip


def _goes_on(row: Alarm, trouble: Trouble, now: int) -> None:
    row.sentence, row.advice, row.count = trouble.sentence, trouble.advice, trouble.count
    if row.since is None:
        row.since = now
    if row.raised_at is None and now - row.since >= STAYS:
        row.raised_at = now


class _Notices:
    """Writes what has to be told of each alarm, to whom it concerns."""

    def __init__(self, unit: Unit, now: int) -> None:
        self._unit, self._now = unit, now
        self._targets = targets(unit)
        self.written = 0

    def told(self, row: Alarm, seen: Seen) -> None:
        """Now that it stayed; and again, when a target's hours have passed."""
        if row.raised_at is None:
            return
        last = self._last(row)
        new = []
        for target in self._concerned(seen):
            number, made_at = last.get(target.id, (-1, 0))
            if number < 0:
                new.append(self._of(target, row, seen, 0, "raised"))
            elif self._now - made_at >= target.again_hours * HOUR:
                new.append(self._of(target, row, seen, number + 1, "again"))
        self._write(new)

    def over(self, row: Alarm, seen: Seen | None) -> None:
        """To whom it was told."""
        if row.raised_at is None:
            return
        last = self._last(row)
        self._write([self._of(each, row, seen, OVER, "over") for each in self._targets if each.id in last])

    def _concerned(self, seen: Seen) -> list[AlarmTarget]:
        of: Callable[[], frozenset[int]] = lambda: area(self._unit, seen.row)  # noqa: E731 - asked only where it matters
        return [each for each in self._targets if each.municipality_id is None or each.municipality_id in of()]

    def _last(self, row: Alarm) -> Mapping[int, tuple[int, int]]:
        """By target: the number of the notice that was written last in this bout, and when."""
        query = (
            select(AlarmNotice.target_id, func.max(AlarmNotice.number), func.max(AlarmNotice.made_at))
            .where(AlarmNotice.alarm_id == row.id, AlarmNotice.bout == row.bout)
            .group_by(AlarmNotice.target_id)
        )
        return {target_id: (number, made_at) for target_id, number, made_at in self._unit.rows(query)}

    def _of(self, target: AlarmTarget, row: Alarm, seen: Seen | None, number: int, what: str) -> dict[str, Any]:
        said = {
            "channel_id": str(row.channel_id),
            "channel": seen.row.name if seen else "",
            "channel_kind": seen.row.kind if seen else "",
            "kind": row.kind,
            "sentence": row.sentence,
            "advice": row.advice,
            "count": row.count,
            "since": clock.to_iso(row.since),
        }
        return _notice(target.id, row.id, row.bout, number, what, said, self._now)

    def _write(self, rows: Sequence[dict[str, Any]]) -> None:
        unique = ("target_id", "alarm_id", "bout", "number")
        self.written += self._unit.insert_new(AlarmNotice, rows, unique)


def _notice(
    target_id: int, alarm_id: int | None, bout: int, number: int, what: str, said: Mapping[str, Any], now: int
) -> dict[str, Any]:
    return {
        "id": new_id(), "target_id": target_id, "alarm_id": alarm_id, "bout": bout, "number": number, "what": what,
        "said": dict(said), "made_at": now, "not_before": now, "state": "queued", "attempt": 0, "fence": 0,
        "lease_until": None, "settled_at": None, "reason": None,
    }  # fmt: skip
