"""Members: how many of ours are named for a queue, and so may read what is confidential to it."""

from msgspec import Struct
from sqlalchemy import Select, func, select

from hub import clock
from hub.access.person import Membership, Person
from hub.access.policy import WORKERS
from hub.storage.unit import Unit


class Inside(Struct, frozen=True):
    """People, each once. `heads`: the leads among them, who are told when somebody breaks the glass."""

    readers: int
    heads: int


def inside(unit: Unit, municipality_id: int, queue_id: int) -> Inside:
    """Those who may open what is confidential to this queue, of this municipality."""
    named = _named(municipality_id).where(Membership.queue_id == queue_id)
    each_role = named.with_only_columns(Membership.role, func.count(Membership.person_id.distinct()))
    heads = dict(unit.rows(each_role.group_by(Membership.role))).get("lead", 0)
    (readers,) = unit.rows(named.with_only_columns(func.count(Membership.person_id.distinct())))[0]
    return Inside(readers, heads)


def queues(unit: Unit, municipality_id: int) -> frozenset[int]:
    """Those that somebody is named for, in this municipality."""
    return frozenset(row_id for (row_id,) in unit.rows(_named(municipality_id).distinct()) if row_id is not None)


def _named(municipality_id: int) -> Select[int | None]:
    now = clock.now()
    return (
        select(Membership.queue_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.municipality_id == municipality_id,
            Membership.role.in_(WORKERS),
            Membership.since <= now,
            Membership.until.is_(None) | (Membership.until > now),
            Person.disabled_at.is_(None),
        )
    )
