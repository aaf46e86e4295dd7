"""The reading log: who opened which conversation or citizen, when, and for break-glass, why."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.access.person import Actor
from hub.storage.base import Row
from hub.storage.unit import Unit


class Reading(Row):
    """`subject_key`: keyed hash of what was opened; no reference to what may be erased."""

    __tablename__ = "reading"
    __table_args__ = (
        Index("ix_reading_subject", "subject_key"),
        # Whether somebody has read what is new, for every row of a list.
        Index("ix_reading_conversation", "conversation_id", "person_id", "at"),
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[int]
    kind: Mapped[str]
    subject_key: Mapped[str]
    conversation_id: Mapped[int | None]
    reason: Mapped[str | None]


def log_reading(
    unit: Unit, by: Actor, kind: str, subject_id: int, conversation_id: int | None = None, reason: str | None = None
) -> None:
    """Nothing is shown before this is written: no row, no reading.

    Kinds: conversation | citizen | attachment | raw_event.
    """
    unit.add(
        Reading(
            person_id=by.id,
            at=clock.now(),
            kind=kind,
            subject_key=subject_key(unit, kind, subject_id),
            conversation_id=conversation_id,
            reason=reason,
        )
    )


def subject_key(unit: Unit, kind: str, subject_id: int) -> str:
    """Keyed hash, hex: tells whether two rows are of one subject, and nothing else."""
    return unit.keys.mac("subject", f"{kind}:{subject_id}".encode()).hex()[:32]
