"""What every row derives from. A row of one municipality is a `MunicipalityRow`; the others are the centre's."""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, Integer, MetaData, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from hub.storage.ids import new_id
from hub.storage.types import CleanText, Json

Words = dict[str, str]
"""One name in several languages: {"sv": …, "nb": …}."""


class Row(DeclarativeBase):
    """A table of ours."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {int: BigInteger, str: CleanText, Words: Json}

    # INTEGER makes it SQLite's rowid itself: one tree less a table.
    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
        default=new_id,
        sort_order=-2,
    )


class MunicipalityRow(Row):
    """A row of one municipality: seen and written only in its scope, on both engines."""

    __abstract__ = True
    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipality.id"), sort_order=-1)


def own() -> UniqueConstraint:
    """(municipality_id, id): what composite keys of the same municipality point at."""
    return UniqueConstraint("municipality_id", "id")


def same_municipality(column: str, target: str) -> ForeignKeyConstraint:
    """A reference that can't leave the municipality: (municipality_id, column) -> target(municipality_id, id)."""
    return ForeignKeyConstraint(["municipality_id", column], [f"{target}.municipality_id", f"{target}.id"])


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the few rows that `where` (SQL, the same on both engines) picks."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
