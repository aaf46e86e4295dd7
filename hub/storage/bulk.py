"""Bulk: many rows of a table in one statement.

SQLite takes them one by one without leaving the process. PostgreSQL gets a column as one array: a driver's executemany
binds, runs and hears of every row, which costs both sides more than the rows themselves.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, false, or_
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator

Rows = Sequence[Mapping[str, Any]]
"""All with the same keys, which are names of columns."""


def insert(connection: Connection, table: Table, rows: Rows) -> None:
    """Defaults that only the program knows are the caller's to give."""
    if connection.dialect.name == "sqlite":
        connection.execute(sql_insert(table), rows)
    else:
        connection.exec_driver_sql(_insert(table, tuple(rows[0])), _arrays(connection, table, rows))


def insert_new(connection: Connection, table: Table, rows: Rows, unique: Sequence[str]) -> int:
    """Those that no row there equals in the columns `unique`, which have a constraint; returns how many."""
    if connection.dialect.name == "sqlite":
        statement = sqlite.insert(table).on_conflict_do_nothing(index_elements=list(unique))
        return connection.execute(statement, rows).rowcount
    said = f"{_insert(table, tuple(rows[0]))} ON CONFLICT ({_names(unique)}) DO NOTHING"
    return connection.exec_driver_sql(said, _arrays(connection, table, rows)).rowcount


def update(connection: Connection, table: Table, rows: Rows, municipalities: Sequence[int] | None) -> None:
    """By their `id`; `municipalities`: of these only."""
    names = tuple(rows[0])
    if connection.dialect.name != "sqlite":
        statement = _update(table, names, walled=municipalities is not None)
        walls = () if municipalities is None else (list(municipalities),)
        connection.exec_driver_sql(statement, (*_arrays(connection, table, rows), *walls))
        return
    of_row = table.c.id == bindparam("row_id")
    if municipalities is not None:  # no IN: it can't be expanded for many rows at once
        of_row &= or_(false(), *(table.c.municipality_id == each for each in municipalities))
    values: dict[str, Any] = {name: bindparam(name) for name in names if name != "id"}
    given = [{"row_id": row["id"], **{name: row[name] for name in values}} for row in rows]
    connection.execute(sql_update(table).where(of_row).values(values), given)


@lru_cache(maxsize=200)
def _insert(table: Table, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({_names(names)}) SELECT * FROM {_given(table, names)}"  # noqa: S608 - names of ours


@lru_cache(maxsize=200)
def _update(table: Table, names: tuple[str, ...], *, walled: bool) -> str:
    to = ", ".join(f'"{name}" = given."{name}"' for name in names if name != "id")
    wall = f" AND {table.name}.municipality_id = ANY (%b::bigint[])" if walled else ""
    of = f"FROM {_given(table, names)} AS given ({_names(names)}) WHERE {table.name}.id = given.id{wall}"
    return f"UPDATE {table.name} SET {to} {of}"  # noqa: S608 - names of ours


def _given(table: Table, names: tuple[str, ...]) -> str:
    """Binary: what has to be quoted in text costs more than the rest."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's
    return "unnest(" + ", ".join(f"%b::{table.c[name].type.compile(dialect)}[]" for name in names) + ")"


def _names(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _arrays(connection: Connection, table: Table, rows: Rows) -> tuple[list[Any], ...]:
    columns = []
    for name in rows[0]:
        values, of = [row[name] for row in rows], table.c[name].type
        if isinstance(of, TypeDecorator):
            values = [of.process_bind_param(value, connection.dialect) for value in values]
        columns.append(values)
    return tuple(columns)
