"""Statistics: what SQLite's planner is told of how rows are spread. The same everywhere: those of a large installation.

Without any it takes an index that spares it sorting three rows over the one that finds them: at a million
conversations one took 43 ms to open, a mail 3 ms more to come in. ANALYZE would let plans follow from what happened to
be there that day. With these they are the same in an empty database, where tests look at them, as in a full one:
https://www.sqlite.org/queryplanner-ng.html (checklist, 6). PostgreSQL sees to its own.
"""

from collections.abc import Iterator

from sqlalchemy import Connection

_ROWS = 1_000_000
_FEW = 1_000
_SMALL = frozenset(
    {"municipality", "person", "queue", "queue_area", "membership", "department", "topic", "channel", "lookup"}
    | {"alembic_version"}
)
"""Tables of `_FEW` rows."""
_IN_PART = 20_000
"""Rows that a partial index holds: what is open, of a million."""
_VALUES = {"municipality_id": 30, "channel_id": 10, "kind": 5, "person_id": 100, "assignee_id": 100, "actor": 100}
_VALUES |= {"queue_id": 5, "topic_id": 20}
"""How many different ones a column has; others are nearly a row's own."""

_Line = tuple[str, str | None, str]
"""A row of sqlite_stat1: table, index, "rows in it, rows alike in the first column, in the first two, …"."""


def write(connection: Connection) -> None:
    """Takes the place of what ANALYZE found, if somebody ran it. Connections opened from now on plan by it."""
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # makes the table; looks at no row of ours
    wanted = sorted(_lines(connection), key=str)
    found = [tuple(row) for row in connection.exec_driver_sql("SELECT tbl, idx, stat FROM sqlite_stat1")]
    if sorted(found, key=str) != wanted:
        connection.exec_driver_sql("DELETE FROM sqlite_stat1")
        connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", wanted)
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # reads it into this connection


def _lines(connection: Connection) -> Iterator[_Line]:
    tables = connection.exec_driver_sql(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'search%'"
    )
    for table in tables.scalars().all():
        rows = _FEW if table in _SMALL else _ROWS
        indexes = connection.exec_driver_sql(f"PRAGMA index_list({table})").all()
        if not indexes:
            yield table, None, str(rows)
        for index in indexes:
            columns = connection.exec_driver_sql(f"PRAGMA index_info({index.name})").all()
            held = min(rows, _IN_PART) if index.partial else rows
            yield table, index.name, _line(held, [column.name for column in columns], bool(index.unique))


def _line(rows: int, columns: list[str], unique: bool) -> str:
    figures, alike = [rows], rows
    for column in columns:
        alike = max(1, alike // _VALUES[column]) if column in _VALUES else min(alike, 2)
        figures.append(alike)
    if unique:
        figures[-1] = 1
    return " ".join(map(str, figures))
