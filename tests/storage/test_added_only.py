"""Rows that answer for something are only ever added: SQLite's triggers see to it, PostgreSQL's grants elsewhere."""

import pytest
from sqlalchemy.exc import IntegrityError

from hub.access import person
from hub.access.audit import log_act, seal
from hub.access.reading import log_reading
from hub.storage.unit import Unit
from tests.storage.centre import Centre, must


@pytest.mark.parametrize("table", ["audit", "audit_seal", "reading"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_sqlite_refuses_to_change_what_is_only_added(sqlite_centre: Centre, table: str, statement: str) -> None:
    def fill(unit: Unit) -> None:
        sara = must(person.actor(unit, sqlite_centre.ids["sara"], frozenset()))
        log_act(unit, "test.done", sara)
        log_reading(unit, sara, "citizen", 1)
        seal(unit, settle=0)

    sqlite_centre.do(fill)
    writer = sqlite_centre.storage.engines.writer
    with writer.begin() as connection, pytest.raises(IntegrityError, match=f"{table} rows are only ever added"):
        connection.exec_driver_sql(statement.format(table))
