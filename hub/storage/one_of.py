"""One of: a condition on a list of ids that is a single parameter, so that its statement is the same at any length.

An `IN` with a parameter for each id is compiled anew for every length, and costs more than the query it is part of.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class OneOf(FunctionElement[bool]):
    """Of a column and a parameter; how the two are written is told by engine."""

    name = "one_of"
    inherit_cache = True
    type = Boolean()

    def self_group(self, against: Any = None) -> "OneOf":  # noqa: ARG002 - SQLAlchemy passes it
        """As it is: `… = 1`, as SQLite's booleans are written, would cost the index."""
        return self


def one_of(column: Any, parameter: str) -> ColumnElement[bool]:
    """Whether `column` is among the ids of `parameter`, which is given as `listed` writes it."""
    return OneOf(column, bindparam(parameter, type_=Text()))


def listed(ids: Iterable[int]) -> str:
    """The parameter's value."""
    return ",".join(map(str, ids))


@compiles(OneOf, "sqlite")
def _on_sqlite(element: OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each('[' || {ids} || ']'))"  # noqa: S608 - SQLAlchemy's own text


@compiles(OneOf, "postgresql")
def _on_postgresql(element: OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY (string_to_array({ids}, ',')::bigint[])"
