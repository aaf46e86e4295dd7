"""Own rows: what keeps each statement of a session to the municipalities of its scope.

The condition is made once, and asks for the scope's municipalities when it runs: made anew for every statement, it cost
more than most statements take, and an `IN` with a parameter for each municipality is put together anew every time.
"""

import threading
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Dialect, Select, Text, TypeDecorator, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from hub.storage.base import MunicipalityRow
from hub.storage.one_of import OneOf, listed
from hub.storage.scope import Scope

Q = TypeVar("Q", bound=Select[Any])


class _Asking(threading.local):
    """Set for each statement right before it runs, in the thread that runs it: one is never asked with another's."""

    municipalities: tuple[int, ...] = ()


class _Municipalities(TypeDecorator[tuple[int, ...]]):
    """An array where there are arrays, else JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(BigInteger()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: tuple[int, ...] | None, dialect: Dialect) -> object:
        return list(value or ()) if dialect.name == "postgresql" else f"[{listed(value or ())}]"


class _Among(OneOf):
    """The same with an array, where there are arrays: a text would be read anew for each row that is tested."""

    name = "among_own"
    inherit_cache = True


@compiles(_Among, "sqlite")
def _on_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, own = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({own}))"  # noqa: S608 - SQLAlchemy's own text


@compiles(_Among, "postgresql")
def _on_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, own = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY ({own})"


_ASKING = _Asking()
_ALL = bindparam("own_rows_all", type_=_Municipalities(), callable_=lambda: _ASKING.municipalities)
_ONE = bindparam("own_rows_one", type_=BigInteger(), callable_=lambda: _ASKING.municipalities[0])
_OF_SEVERAL = with_loader_criteria(
    MunicipalityRow,
    lambda cls: _Among(cls.municipality_id, _ALL),
    include_aliases=True,
    track_closure_variables=False,
)
# Of one alone an index that begins with it also gives the order.
_OF_ONE = with_loader_criteria(
    MunicipalityRow, lambda cls: cls.municipality_id == _ONE, include_aliases=True, track_closure_variables=False
)


_BUILT_IN = "own_rows_built_in"


def only_own_rows(state: ORMExecuteState) -> None:
    """For a session's `do_orm_execute`; `info` has its scope, which is of municipalities."""
    if state.is_column_load or state.execution_options.get("in_scope_already"):
        return
    scope: Scope = state.session.info["scope"]
    _ASKING.municipalities = own = scope.municipalities or ()
    if not state.execution_options.get(_BUILT_IN):
        state.statement = state.statement.options(_own(len(own)))


@lru_cache(maxsize=2048)
def kept(query: Q, many: int | None, *, first: bool) -> Q:
    """One that is asked again and again: with the filter of so many municipalities (None: without it) built in, so that
    it is put together once. `first`: of its first row alone."""
    if first:
        query = query.limit(1)
    if many is None or query.get_execution_options().get("in_scope_already"):
        return query
    return query.options(_own(many)).execution_options(**{_BUILT_IN: True})


def _own(many: int) -> Any:
    return _OF_ONE if many == 1 else _OF_SEVERAL
