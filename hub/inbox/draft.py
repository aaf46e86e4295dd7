"""Draft: what a person is writing and hasn't sent. One per person, conversation and kind."""

from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import MunicipalityRow, own, same_municipality
from hub.storage.types import Json


class Draft(MunicipalityRow):
    """`seen_entry_id`: the newest entry its writer had seen, so that sending over a newer one can ask first."""

    __tablename__ = "draft"
    __table_args__ = (
        own(),
        same_municipality("conversation_id", "conversation"),
        UniqueConstraint("conversation_id", "person_id", "kind"),
    )
    conversation_id: Mapped[int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    body: Mapped[Any] = mapped_column(Json)
    seen_entry_id: Mapped[int | None]
    saved_at: Mapped[int]
