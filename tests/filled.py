"""What tests of one process begin with, made once: rows that the next test has by one statement a table, and SQL.

A small world takes thirty statements by the verbs; and each engine would put its statements into words anew.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Dialect, insert, make_url, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import LRUCache

from hub.storage.base import Row
from hub.storage.engine import Engines, open_engines
from hub.storage.unit import Unit
from tests.recycled import KEPT

M = TypeVar("M")

_DIALECTS: dict[str, Dialect] = {}
_COMPILED: LRUCache[Any, Any] = LRUCache(2_000)
_KEPT: dict[str, Engines] = {}
_MADE: dict[object, tuple[dict[str, list[dict[str, Any]]], Any]] = {}


class _Kept(Engines, frozen=True):
    def dispose(self) -> None:
        """Not yet: the next test goes on with the connections."""


def kept_engines_of(url: str) -> Engines:
    """`engines_of`, on PostgreSQL with the connections of the tests before: a new one reads the catalogues anew."""
    at = make_url(url)
    if at.get_backend_name() != "postgresql":
        return engines_of(url)
    if url not in _KEPT:
        named = at.update_query_dict({"application_name": KEPT})
        engines = engines_of(named.render_as_string(hide_password=False))
        _KEPT[url] = _Kept(engines.writer, engines.reader, engines.writing_threads, engines.reading_threads)
    else:
        with suppress(DBAPIError), _KEPT[url].writer.connect() as connection:  # after one that is gone all are new
            connection.exec_driver_sql("SELECT 1")
    return _KEPT[url]


def engines_of(url: str) -> Engines:
    """`open_engines`, with what SQLAlchemy has compiled for the tests before."""
    engines = open_engines(url)
    for engine in {engines.writer, engines.reader}:
        with engine.connect():  # the dialect looks at what it talks to
            pass
        engine.dialect = _DIALECTS.setdefault(engine.dialect.name, engine.dialect)
        engine.update_execution_options(compiled_cache=_COMPILED)
    return engines


def filled(unit: Unit, fill: Callable[[Unit], M]) -> M:
    """An empty database's rows as `fill` makes them, and what it returned: both from the first time it was called."""
    connection = unit.session.connection()
    if fill in _MADE:
        rows, made = _MADE[fill]
        for table in Row.metadata.sorted_tables:
            if table.name in rows:
                connection.execute(insert(table), rows[table.name])
        return made  # type: ignore[no-any-return]  # what `fill` returned
    made = fill(unit)
    unit.session.flush()
    rows = {}
    for table in Row.metadata.sorted_tables:
        if found := connection.execute(select(table).order_by(*table.primary_key)).mappings().all():
            rows[table.name] = [dict(each) for each in found]
    _MADE[fill] = (rows, made)
    return made
