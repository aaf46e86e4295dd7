"""Participant: a point of a citizen's that takes part in a conversation: who may join it by mail and be answered."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import MunicipalityRow, own, same_municipality


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
