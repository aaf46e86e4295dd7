"""Office: in which role and for which unit somebody acted, for those who may know that and not their name."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from sqlalchemy import select

from hub.access.person import Membership
from hub.access.policy import WORKERS
from hub.inbox.queue import Queue
from hub.storage.unit import Unit

_MOST = 500
"""Ids in one statement."""


class Office(Struct, frozen=True):
    """`unit`: the name of the queue by language; None: the municipality's contact centre as a whole."""

    role: str
    unit: Mapping[str, str] | None


class Offices:
    """Of these people in these municipalities, at whatever time it is asked for: memberships come and end."""

    def __init__(self, unit: Unit, people: Collection[int], municipalities: Collection[int]) -> None:
        known = sorted(set(people))
        self._held = [
            row
            for at in range(0, len(known), _MOST)
            for row in unit.all(
                select(Membership)
                .where(
                    Membership.person_id.in_(known[at : at + _MOST]),
                    Membership.municipality_id.in_(sorted(set(municipalities))),
                )
                .order_by(Membership.id)
            )
        ]
        ids = sorted({row.queue_id for row in self._held if row.queue_id is not None})
        self._queues = {row.id: row.words for row in unit.all(select(Queue).where(Queue.id.in_(ids)))} if ids else {}

    def of(self, person_id: int | None, municipality_id: int, at: int) -> Sequence[Office]:
        """What they work as, if they worked there then; else whatever they held. Nobody: a command of IT's."""
        held = [
            row
            for row in self._held
            if (row.person_id, row.municipality_id) == (person_id, municipality_id)
            and row.since <= at
            and (row.until is None or at < row.until)
        ]
        working = [row for row in held if row.role in WORKERS] or held
        return [Office(row.role, None if row.queue_id is None else self._queues[row.queue_id]) for row in working]
