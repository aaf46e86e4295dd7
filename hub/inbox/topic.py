"""Topic (kontaktorsak): what a question is about. A tree of each municipality's own."""

from collections.abc import Sequence

from sqlalchemy.orm import Mapped, mapped_column

from hub.inbox.municipality import Municipality
from hub.storage.base import MunicipalityRow, Words, own, same_municipality
from hub.storage.types import Json
from hub.storage.unit import Unit


class Topic(MunicipalityRow):
    """`synonyms`: other words that find it; `lookups`: names of those that it allows without a purpose being said;
    `waiting`: of those that it would allow, if who answers for them agreed."""

    __tablename__ = "topic"
    __table_args__ = (own(), same_municipality("parent_id", "topic"))
    parent_id: Mapped[int | None]
    words: Mapped[Words]
    synonyms: Mapped[list[str]] = mapped_column(Json, default=list)
    lookups: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    waiting: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    retired_at: Mapped[int | None]


def add(
    unit: Unit, municipality: Municipality, words: Words, parent_id: int | None = None, synonyms: Sequence[str] = ()
) -> Topic:
    """A new topic of this municipality."""
    row = Topic(municipality_id=municipality.id, words=words, parent_id=parent_id, synonyms=list(synonyms))
    unit.add(row)
    return row
