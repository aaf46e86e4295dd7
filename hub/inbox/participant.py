"""Participant: a point of a citizen's that takes part in a conversation: who may join it by mail and be answered."""

from collections.abc import Sequence

from sqlalchemy import ForeignKey, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from hub.inbox.citizen import CitizenPoint
from hub.storage.base import MunicipalityRow, own, same_municipality
from hub.storage.unit import Unit


class Participant(MunicipalityRow):
    """`role`: sender (wrote in by itself) | added (by an agent's act). A Cc never makes one."""

    __tablename__ = "participant"
    __table_args__ = (
        own(),
        same_municipality("conversation_id", "conversation"),
        same_municipality("citizen_point_id", "citizen_point"),
        UniqueConstraint("municipality_id", "conversation_id", "citizen_point_id"),
    )
    conversation_id: Mapped[int]
    citizen_point_id: Mapped[int]
    role: Mapped[str]
    confirmed_at: Mapped[int | None]
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


_TAKE_PART = (
    select(CitizenPoint)
    .join(Participant, Participant.citizen_point_id == CitizenPoint.id)
    .where(
        Participant.conversation_id == bindparam("conversation"),
        CitizenPoint.kind == bindparam("kind"),
        CitizenPoint.ended_at.is_(None),
    )
    .order_by(Participant.id)
)


def taking_part(unit: Unit, conversation_id: int, kind: str) -> Sequence[CitizenPoint]:
    """The points of that kind ("email", "phone") of those who take part, in the order in which they came to."""
    return unit.all(_TAKE_PART, conversation=conversation_id, kind=kind)
