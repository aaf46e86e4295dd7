"""PostgreSQL databases for tests: copied from a template, emptied and given to the next test as long as that will do.

A copy is some five hundred new files, 0.4 s of a machine where making one takes a millisecond; emptying takes 0.02 s.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

KEPT = "kept for the next test"
"""What connections call themselves that may stay while the database is emptied, as long as they do nothing."""
_CUT_OFF = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT (application_name = %s AND state = 'idle')
"""
_STAMP = """
SELECT md5(string_agg(what, ' ' ORDER BY what)) FROM (
    SELECT concat('class', oid, xmin, relpages, reltuples) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat('column', attrelid, attnum, xmin) FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT concat('default', oid, xmin) FROM pg_attrdef
    UNION ALL SELECT concat('constraint', oid, xmin) FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT concat('trigger', oid, xmin) FROM pg_trigger
    UNION ALL SELECT concat('policy', oid, xmin) FROM pg_policy
    UNION ALL SELECT concat('function', oid, xmin) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT concat('type', oid, xmin) FROM pg_type WHERE oid >= 16384
    UNION ALL SELECT concat('space', oid, xmin) FROM pg_namespace
    UNION ALL SELECT concat('statistics', starelid, staattnum, xmin) FROM pg_statistic WHERE starelid >= 16384
    UNION ALL SELECT concat('revision', version_num) FROM alembic_version
) AS whatever (what)
"""
"""What a test may leave behind that isn't a row: schema, rights, statistics. By the transactions that wrote it."""


class Recycled:
    """One database for one test after the other."""

    def __init__(self, server_url: str, template: str) -> None:
        self._server = make_url(server_url)
        self._template = template
        self._name = f"torg_test_{os.getpid()}"
        self._stamp = ""
        self._connection: psycopg.Connection | None = None
        self._tables: list[str] = []

    @contextmanager
    def empty(self, *, alone: bool) -> Iterator[str]:
        """At the schema of the template, with no row; `alone`: and nobody is connected, as where processes are at work.

        Whoever is still at work there afterwards is cut off.
        """
        if not self._stamp:
            self._begin()
        if alone:
            self._leave()
        try:
            yield self._server.set(database=self._name).render_as_string(hide_password=False)
        finally:
            self._take_back()

    def renew(self) -> None:
        """The next one is a new copy: plans hang on the space that deleted rows leave, too."""
        self._stamp = ""

    def close(self) -> None:
        """Drops it."""
        self._leave()
        _drop(self._server, self._name)

    def _begin(self) -> None:
        self._leave()
        _create(self._server, self._name, self._template)
        self._connection = self._connected()  # it stays as well: what it says for each test is planned once
        self._stamp = _stamp(self._connection)
        self._tables = _tables(self._connection)

    def _take_back(self) -> None:
        try:
            if self._connection is None:
                self._connection = self._connected()
            self._connection.execute(_CUT_OFF, [KEPT])
            if _stamp(self._connection) == self._stamp:
                _empty(self._connection, self._tables)
                return
        except psycopg.Error:
            pass  # a test may have left it without what it takes
        self._stamp = ""

    def _leave(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.execute(_CUT_OFF, ["nobody's"])
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection:
        return psycopg.connect(_dsn(self._server, self._name), autocommit=True)


@contextmanager
def own_database(server_url: str, name: str, template: str = "template1") -> Iterator[str]:
    """A new database, dropped afterwards whoever is still connected."""
    server = make_url(server_url)
    _create(server, name, template)
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _drop(server, name)


def _create(server: URL, name: str, template: str) -> None:
    _drop(server, name)
    _run(server, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def _drop(server: URL, name: str) -> None:
    _run(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _run(server: URL, statement: sql.Composed) -> None:
    with psycopg.connect(_dsn(server), autocommit=True) as connection:
        connection.execute(statement)


def _dsn(server: URL, database: str | None = None) -> str:
    at = server.set(drivername="postgresql", database=database or server.database)
    return at.render_as_string(hide_password=False)


def _stamp(connection: psycopg.Connection) -> str:
    row = connection.execute(_STAMP).fetchone()
    assert row is not None
    return str(row[0])


def _tables(connection: psycopg.Connection) -> list[str]:
    named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    return [str(table) for (table,) in connection.execute(named)]


def _empty(connection: psycopg.Connection, tables: Iterable[str]) -> None:
    """By DELETE: TRUNCATE makes new files."""
    with connection.transaction(), connection.pipeline():
        connection.execute("SET LOCAL session_replication_role = replica")  # past triggers and foreign keys
        for table in tables:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
