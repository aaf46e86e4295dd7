"""Definition of a lookup, in versions: one is published, the others are drafts or can be rolled back to."""

from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import MunicipalityRow, own
from hub.storage.types import Json


class Lookup(MunicipalityRow):
    """`state`: draft | published | retired; `definition`: what its file says."""

    __tablename__ = "lookup"
    __table_args__ = (own(), UniqueConstraint("municipality_id", "name", "version"))
    name: Mapped[str]
    version: Mapped[int]
    state: Mapped[str]
    definition: Mapped[Any] = mapped_column(Json)
