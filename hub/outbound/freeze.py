"""Freeze: after a restore nothing leaves until a person has looked: what waited then may have been sent since.

What a backup knows as unsent becomes uncertain, for a person to decide on (`inbox/decided.py`); what is written after
the restore waits for the release.
"""

from msgspec import Struct
from sqlalchemy import func, select, update
from sqlalchemy.orm import Mapped

from hub import clock
from hub.errors import Conflict
from hub.inbox.delivery import UNSETTLED, Delivery, is_one_of
from hub.inbox.entry import Entry
from hub.storage.base import Row
from hub.storage.unit import Happening, Unit

RESTORED = "Torg was restored from a backup that is older: it may have been sent since."


class Freeze(Row):
    """`made_at`: of the backup. Frozen until `released_at`."""

    __tablename__ = "outbox_freeze"
    made_at: Mapped[int]
    restored_at: Mapped[int]
    released_at: Mapped[int | None]


class Frozen(Struct, frozen=True):
    """How it stands. `doubtful`: what may have been sent; `waiting`: what waits for the release; `automatic`: of that,
    what the hub wrote by itself, receipts above all."""

    made_at: int
    restored_at: int
    doubtful: int
    waiting: int
    automatic: int


def present(unit: Unit) -> Freeze | None:
    """The one that holds."""
    return unit.first(select(Freeze).where(Freeze.released_at.is_(None)).order_by(Freeze.id.desc()))


def after_restore(unit: Unit, made_at: int) -> int:
    """Nothing leaves from now on; how many may have been sent since the backup was made."""
    now = clock.now()
    unit.add(Freeze(made_at=made_at, restored_at=now, released_at=None))
    return unit.change(
        update(Delivery)
        .where(is_one_of(UNSETTLED))
        .values(state="uncertain", reason=RESTORED, settled_at=now, lease_until=None, fence=Delivery.fence + 1)
    )


def shown(unit: Unit) -> Frozen | None:
    """None: nothing is frozen."""
    row = present(unit)
    if row is None:
        return None
    waiting = select(func.count()).select_from(Delivery).where(is_one_of(UNSETTLED))
    doubtful = (
        select(func.count()).select_from(Delivery).where(Delivery.state == "uncertain", Delivery.reason == RESTORED)
    )
    automatic = waiting.join(Entry, Entry.id == Delivery.entry_id).where(Entry.author_kind == "hub")
    counted = [int(unit.rows(each)[0][0]) for each in (doubtful, waiting, automatic)]
    return Frozen(row.made_at, row.restored_at, *counted)


def release(unit: Unit, *, automatic: bool) -> int:
    """What waits leaves, but for what the hub wrote by itself, unless `automatic`: a mail that was fetched again after
    the restore has got its receipt already. How many of those were held back. Raises Conflict."""
    row = present(unit)
    if row is None:
        raise Conflict("The outbox isn't frozen.")
    row.released_at = clock.now()
    held = 0
    if not automatic:
        of_hub = select(Entry.id).where(Entry.author_kind == "hub", Entry.recorded_at >= row.restored_at)
        held = unit.change(
            update(Delivery)
            .where(is_one_of(UNSETTLED), Delivery.entry_id.in_(of_hub))
            .values(state="uncertain", reason=RESTORED, settled_at=row.released_at)
        )
    waiting = unit.first(select(Delivery.id).where(is_one_of(UNSETTLED)))
    if waiting is not None:
        unit.note(Happening("delivery_queued", waiting))
    return held
