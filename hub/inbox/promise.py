"""Promise: an answer, a handover or a call-back with a time it is due."""

from sqlalchemy import ColumnElement, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import MunicipalityRow, own, partial_index, same_municipality


class Promise(MunicipalityRow):
    """`kind`: answer | handover | call-back. `due_at` is an instant; `due_rule` the rule it came from, in words.

    `number`: of a call-back, in E.164; a number has one open at a time. `outcome`: how it ended, see `callback`.
    """

    __tablename__ = "promise"
    __table_args__ = (
        own(),
        same_municipality("conversation_id", "conversation"),
        same_municipality("department_id", "department"),
        Index("ix_promise_conversation", "municipality_id", "conversation_id"),
        partial_index(
            "ix_promise_call_back",
            "municipality_id",
            "number",
            where="kind = 'call-back' AND kept_at IS NULL AND released_at IS NULL",
            unique=True,
        ),
        partial_index(
            "ix_promise_call_back_due",
            "municipality_id",
            "due_at",
            "id",
            where="kind = 'call-back' AND kept_at IS NULL AND released_at IS NULL",
        ),
        partial_index("ix_promise_number", "municipality_id", "number", where="number IS NOT NULL"),
    )
    conversation_id: Mapped[int]
    kind: Mapped[str]
    department_id: Mapped[int | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    due_at: Mapped[int]
    due_rule: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    kept_at: Mapped[int | None]
    released_at: Mapped[int | None]
    number: Mapped[str | None]
    outcome: Mapped[str | None]


def is_open() -> ColumnElement[bool]:
    """Neither kept nor released."""
    return Promise.kept_at.is_(None) & Promise.released_at.is_(None)
