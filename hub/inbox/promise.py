"""Promise: an answer, a handover or a call-back with a time it is due."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import MunicipalityRow, own, same_municipality


class Promise(MunicipalityRow):
    """`kind`: answer | handover | call-back. `due_at` is an instant; `due_rule` the rule it came from, in words."""

    __tablename__ = "promise"
    __table_args__ = (
        own(),
        same_municipality("conversation_id", "conversation"),
        same_municipality("department_id", "department"),
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
