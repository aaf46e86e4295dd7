"""Statements put together once, as text for the driver: for short ones that costs more than running them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from hub.storage.unit import Unit

_DIALECTS: Mapping[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": postgresql.psycopg.dialect(),  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
}


def driver_text(query: Select[*tuple[Any, ...]], dialect: str) -> tuple[str, dict[str, Any]]:
    """With the values that are part of the query; named parameters for the others."""
    compiled = query.compile(dialect=_DIALECTS[dialect], compile_kwargs={"render_postcompile": True})
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


class Prepared:
    """A query of numbers and texts. No filter is added to it: it stays in scope by itself, or its caller sees to that.

    On PostgreSQL row-level security stands behind it, as ever.
    """

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        self._query = query
        self._texts: dict[str, tuple[str, dict[str, Any]]] = {}

    def rows(self, unit: Unit, **values: object) -> Sequence[Any]:
        """Tuples as the driver gives them: yes and no may be 1 and 0."""
        if unit.dialect not in self._texts:
            self._texts[unit.dialect] = driver_text(self._query, unit.dialect)
        text, fixed = self._texts[unit.dialect]
        return unit.driver_rows(text, {**fixed, **values})
