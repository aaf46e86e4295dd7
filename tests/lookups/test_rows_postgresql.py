"""A database on PostgreSQL is read, by a user that may only read, and nothing an adapter tries gets through."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from hub.contract import AuthFailed, Misconfigured, PluginError, Unreachable, Unreadable
from hub.lookups.databases import postgresql as databases
from hub.lookups.databases.database import Limits
from hub.lookups.open import close_lookup
from hub.lookups.statement import Statement
from hub.plugin_host.request import Forbidden
from tests.line import PATIENCE, until
from tests.lookups.reading import adapter, as_user, check, database, joined, rows, unread
from tests.recycled import own_database
from tests.servers import Missing, Postgres

READER, CLERK = f"reader_{os.getpid()}", f"clerk_{os.getpid()}"
VALUE = "850505-1234"

SOURCE = """
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA economy AUTHORIZATION clerk;
SET ROLE clerk;
CREATE TABLE economy.invoice (nr numeric(15) PRIMARY KEY, who text, total numeric(15,2), due date, paid boolean);
INSERT INTO economy.invoice VALUES (1, '850505-1234', 250.50, '2026-12-01', false), (2, NULL, 9, NULL, true);
CREATE SEQUENCE economy.number;
CREATE FUNCTION economy.writes() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
  'BEGIN INSERT INTO economy.invoice VALUES (99); RETURN 1; END';
CREATE FUNCTION economy.coalesces(text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
  'BEGIN PERFORM set_config(''transaction_read_only'', ''off'', true); DELETE FROM economy.invoice; RETURN $1; END';
CREATE FUNCTION economy.executes() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
  'BEGIN EXECUTE ''CREATE TABLE economy.made (a int)''; RETURN 1; END';
CREATE FUNCTION economy.counts() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT nextval(''economy.number'')';
CREATE VIEW economy.sly AS SELECT nr, economy.writes() AS w FROM economy.invoice;
CREATE VIEW economy.counting AS SELECT economy.counts() AS n;
CREATE VIEW economy.locking AS SELECT pg_advisory_lock(7)::text AS l;
CREATE VIEW economy.noticing AS SELECT pg_notify('economy', 'x')::text AS n;
CREATE OPERATOR economy.### (FUNCTION = economy.coalesces, RIGHTARG = text);
CREATE TYPE economy.pair AS (a text);
CREATE FUNCTION economy.casts(economy.pair) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
  'BEGIN INSERT INTO economy.invoice VALUES (98); RETURN 1; END';
CREATE CAST (economy.pair AS int) WITH FUNCTION economy.casts(economy.pair);
CREATE FUNCTION economy.field(economy.invoice) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
  'BEGIN UPDATE economy.invoice SET paid = true; RETURN 1; END';
CREATE RULE told AS ON INSERT TO economy.invoice DO ALSO NOTIFY economy;
RESET ROLE;
GRANT USAGE ON SCHEMA economy TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA economy TO reader;
"""
ATTEMPTS = (
    "INSERT INTO economy.invoice VALUES (3)",
    "UPDATE economy.invoice SET paid = true",
    "DELETE FROM economy.invoice",
    "TRUNCATE economy.invoice",
    "DROP TABLE economy.invoice CASCADE",
    "ALTER TABLE economy.invoice ADD more int",
    "CREATE TABLE economy.made (a int)",
    "CREATE TEMPORARY TABLE made (a int)",
    "CREATE INDEX ON economy.invoice (who)",
    "SELECT * INTO economy.made FROM economy.invoice",
    "SELECT * INTO TEMPORARY made FROM economy.invoice",
    "WITH gone AS (DELETE FROM economy.invoice RETURNING nr) SELECT * FROM gone",
    "WITH new AS (INSERT INTO economy.invoice VALUES (4) RETURNING nr) SELECT nr FROM new",
    "MERGE INTO economy.invoice AS i USING (VALUES (1)) AS v (n) ON i.nr = v.n WHEN MATCHED THEN DELETE",
    "SELECT 1; DELETE FROM economy.invoice",
    "SELECT 1; COMMIT; DELETE FROM economy.invoice; COMMIT",
    "COMMIT; BEGIN READ WRITE; DELETE FROM economy.invoice; COMMIT",
    "SET TRANSACTION READ WRITE",
    "ROLLBACK; SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; DELETE FROM economy.invoice",
    "SELECT set_config('transaction_read_only', 'off', false), economy.writes()",
    "SELECT set_config('default_transaction_read_only', 'off', false)",
    "SELECT economy.writes()",
    "SELECT economy.coalesces('x')",
    "SELECT economy.executes()",
    'SELECT economy."writes"()',
    "SELECT economy . writes ( )",
    "SELECT * FROM economy.writes()",
    "SELECT nr FROM economy.invoice WHERE economy.writes() = 1",
    "SELECT nr FROM economy.invoice ORDER BY economy.writes()",
    "SELECT (ROW('x')::economy.pair)::int",
    "SELECT CAST(ROW('x')::economy.pair AS int)",
    "SELECT i.field FROM economy.invoice AS i",
    "SELECT OPERATOR(economy.###) 'x'",
    "SELECT * FROM economy.sly",
    "SELECT n FROM economy.counting",
    "SELECT l FROM economy.locking",
    "SELECT n FROM economy.noticing",
    "SELECT nextval('economy.number')",
    "SELECT setval('economy.number', 100)",
    "SELECT lo_create(4711)",
    "SELECT lo_from_bytea(4712, 'x')",
    "SELECT lo_unlink(1)",
    "SELECT pg_notify('economy', 'x')",
    "NOTIFY economy, 'x'",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock(2)",
    "SELECT 1 ` pg_advisory_lock(1) `",
    "SELECT pg_advisory_lock/**/(1)",
    "SELECT pg_advisory_lock -- (\n(1)",
    "SELECT pg_advisory_lock\u00a0(1)",
    "SELECT 'x' UNION SELECT pg_notify('economy', 'x')::text",
    "SELECT $$x$$, pg_notify('economy', 'x')",
    "SELECT E'\\'', pg_notify('economy', 'x') AS \"'\"",
    "SELECT nr FROM economy.invoice FOR UPDATE",
    "SELECT nr FROM economy.invoice FOR NO KEY UPDATE SKIP LOCKED",
    "SELECT nr FROM economy.invoice FOR SHARE",
    "LOCK TABLE economy.invoice IN EXCLUSIVE MODE",
    "COPY economy.invoice FROM PROGRAM 'echo 5'",
    "COPY (SELECT 1) TO PROGRAM 'touch made'",
    "COPY economy.invoice TO '/tmp/made'",
    "DO 'BEGIN DELETE FROM economy.invoice; END'",
    "CALL economy.writes()",
    "EXPLAIN ANALYZE DELETE FROM economy.invoice",
    "PREPARE p AS DELETE FROM economy.invoice",
    "EXECUTE p",
    "VACUUM FULL economy.invoice",
    "ANALYZE economy.invoice",
    "REINDEX TABLE economy.invoice",
    "REFRESH MATERIALIZED VIEW economy.sly",
    "GRANT ALL ON economy.invoice TO PUBLIC",
    "ALTER ROLE CURRENT_USER SET statement_timeout = 0",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "COMMENT ON TABLE economy.invoice IS 'x'",
    "DECLARE other CURSOR WITH HOLD FOR SELECT economy.writes()",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
    "SELECT query_to_xml('DELETE FROM economy.invoice', true, true, '')",
    "SELECT database_to_xml(true, true, 'x'), query_to_xml('SELECT economy.writes()', true, true, '')",
    "SELECT ts_stat('SELECT economy.writes()::text::tsvector')",
    "SELECT lo_export(1, '/tmp/made')",
    "SELECT dblink_exec('dbname=postgres', 'CREATE TABLE made (a int)')",
)
WRITING = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "DROP", "ALTER TABLE", "MERGE", "WITH", "COPY", "LOCK", "REINDEX")
STATE = """
SELECT 'row', i::text FROM economy.invoice AS i
UNION ALL SELECT 'relation', concat(relname, relkind, array_to_string(relacl, ',')) FROM pg_class
  WHERE relnamespace = 'economy'::regnamespace OR relpersistence = 't'
UNION ALL SELECT 'column', attname FROM pg_attribute WHERE attrelid = 'economy.invoice'::regclass AND attnum > 0
UNION ALL SELECT 'sequence', concat(last_value, is_called) FROM economy.number
UNION ALL SELECT 'large object', oid::text FROM pg_largeobject_metadata
UNION ALL SELECT 'lock', objid::text FROM pg_locks WHERE locktype = 'advisory'
UNION ALL SELECT 'setting', setconfig::text FROM pg_db_role_setting
UNION ALL SELECT 'prepared', gid FROM pg_prepared_xacts
UNION ALL SELECT 'comment', description FROM pg_description WHERE objoid = 'economy.invoice'::regclass
ORDER BY 1, 2
"""


@pytest.fixture(scope="module")
def source(postgres_url: str) -> Iterator[str]:
    """An economy system, as its superuser."""
    with (
        own_database(postgres_url, f"torg_economy_{os.getpid()}") as url,
        psycopg.connect(plain(url), autocommit=True) as connection,
    ):
        connection.execute(f"CREATE ROLE {READER} LOGIN; CREATE ROLE {CLERK} LOGIN".encode())
        connection.execute(SOURCE.replace("reader", READER).replace("clerk", CLERK).encode())
        yield url
        connection.execute(f"DROP OWNED BY {READER}, {CLERK} CASCADE; DROP ROLE {READER}, {CLERK}".encode())


@pytest.fixture
def boss(source: str) -> Iterator[psycopg.Connection[Any]]:
    """Its superuser's connection."""
    with psycopg.connect(plain(source), autocommit=True) as connection:
        yield connection


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def state(boss: psycopg.Connection[Any]) -> Sequence[tuple[str, str]]:
    return boss.execute(STATE).fetchall()


def settled(boss: psycopg.Connection[Any], before: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """A session that has ended holds its locks for a moment."""
    last_chance = time.monotonic() + PATIENCE
    while (now := state(boss)) != before and time.monotonic() < last_chance:
        time.sleep(0.01)
    return now


def test_rows_come_with_their_types(source: str) -> None:
    found = rows(
        as_user(source, READER), "SELECT nr, total, due, paid FROM economy.invoice WHERE who = :v", {"v": VALUE}
    )
    assert list(found) == [{"nr": 1, "total": Decimal("250.50"), "due": date(2026, 12, 1), "paid": False}]
    nothing = rows(as_user(source, READER), "SELECT nr, who FROM economy.invoice WHERE who = :v", {"v": "nobody"})
    assert (list(nothing), nothing.columns) == ([], ("nr", "who"))


def test_a_value_is_a_value(source: str) -> None:
    sql = "SELECT 'per cent: %s, 100%, 12:30' AS a, nr::text AS b FROM economy.invoice WHERE who = :v OR nr = :n"
    assert rows(as_user(source, READER), sql, {"v": "' OR ''='", "n": 2})[0]["b"] == "2"
    assert len(rows(as_user(source, READER), sql, {"v": "x'; DELETE FROM economy.invoice; --", "n": 0})) == 0
    for values in (
        {"v": VALUE},
        {"v": VALUE, "n": 1, "more": 2},
        {"v": "a\0b", "n": 1},
        {"v": object(), "n": 1},
        {"v": VALUE, "n": 2**63},
    ):
        with pytest.raises(Forbidden):
            rows(as_user(source, READER), sql, values)


def test_nothing_an_adapter_tries_gets_through(source: str, boss: psycopg.Connection[Any]) -> None:
    """By the user that owns all of it: neither past the statement's wall nor, without that, past the transaction's."""
    with psycopg.connect(plain(source), autocommit=True) as ear:
        ear.execute("LISTEN economy")
        before = state(boss)
        assert len(ATTEMPTS) > 60
        for attempt in ATTEMPTS:
            for asks in (rows, unread):
                answer: object = None
                try:
                    answer = asks(as_user(source, CLERK), attempt)
                except PluginError as error:
                    answer = error
                assert settled(boss, before) == before, f"{asks.__name__}: {attempt} came to {answer!r}"
        assert list(ear.notifies(timeout=0.05)) == []


def test_who_only_reads_can_do_no_harm_over_a_connection_of_their_own(
    source: str, boss: psycopg.Connection[Any]
) -> None:
    """What the check lets pass has the right to none of it: but for functions that lend their owner's."""
    check(as_user(source, READER))
    before = state(boss)
    with psycopg.connect(plain(as_user(source, READER)), autocommit=True) as connection:
        for attempt in ATTEMPTS:
            if attempt.startswith(WRITING):
                with pytest.raises(psycopg.Error):
                    connection.execute(attempt.encode())
                assert state(boss) == before, attempt


@pytest.mark.parametrize(
    ("right", "undo", "words"),
    [
        ("GRANT INSERT ON economy.invoice TO {r}", "REVOKE INSERT ON economy.invoice FROM {r}", "INSERT"),
        ("GRANT UPDATE (paid) ON economy.invoice TO {r}", "REVOKE UPDATE (paid) ON economy.invoice FROM {r}", "UPDATE"),
        ("GRANT DELETE ON economy.invoice TO PUBLIC", "REVOKE DELETE ON economy.invoice FROM PUBLIC", "DELETE"),
        ("GRANT TRUNCATE ON economy.sly TO {r}", "REVOKE TRUNCATE ON economy.sly FROM {r}", "TRUNCATE"),
        ("GRANT USAGE ON SEQUENCE economy.number TO {r}", "REVOKE USAGE ON SEQUENCE economy.number FROM {r}", "USAGE"),
        ("GRANT CREATE ON SCHEMA economy TO {r}", "REVOKE CREATE ON SCHEMA economy FROM {r}", "CREATE"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "REVOKE CREATE ON SCHEMA public FROM PUBLIC", "CREATE"),
        ("GRANT CREATE ON DATABASE {d} TO {r}", "REVOKE CREATE ON DATABASE {d} FROM {r}", "CREATE"),
        ("GRANT pg_write_all_data TO {r}", "REVOKE pg_write_all_data FROM {r}", "pg_write_all_data"),
        ("GRANT pg_execute_server_program TO {r}", "REVOKE pg_execute_server_program FROM {r}", "member"),
        ("GRANT {c} TO {r}", "REVOKE {c} FROM {r}", "owns"),
        ("ALTER ROLE {r} NOINHERIT; GRANT {c} TO {r}", "REVOKE {c} FROM {r}; ALTER ROLE {r} INHERIT", "owns"),
        ("ALTER ROLE {r} SUPERUSER", "ALTER ROLE {r} NOSUPERUSER", "SUPERUSER"),
        ("ALTER ROLE {r} CREATEROLE", "ALTER ROLE {r} NOCREATEROLE", "CREATEROLE"),
        ("ALTER ROLE {r} REPLICATION", "ALTER ROLE {r} NOREPLICATION", "REPLICATION"),
        ("CREATE EXTENSION dblink", "DROP EXTENSION dblink", "dblink"),
        ("CREATE TABLE economy.own (); ALTER TABLE economy.own OWNER TO {r}", "DROP TABLE economy.own", "owns"),
    ],
)
def test_who_can_write_is_not_saved(
    source: str, boss: psycopg.Connection[Any], right: str, undo: str, words: str
) -> None:
    names = {"r": READER, "c": CLERK, "d": make_url(source).database}
    reader = as_user(source, READER)
    boss.execute(right.format(**names).encode())
    try:
        with pytest.raises(Misconfigured, match=words) as refused:
            check(reader)
        assert refused.value.field == "url"
        if "REVOKE" in str(refused.value) and "more like it" not in str(refused.value):  # what it says helps
            boss.execute(str(refused.value).partition("What helps: ")[2].encode())
            check(reader)
    finally:
        boss.execute(undo.format(**names).encode())
    check(reader)


def test_what_goes_wrong_has_its_name_and_says_nobodys_number(source: str, boss: psycopg.Connection[Any]) -> None:
    reader = as_user(source, READER)
    wrong: tuple[tuple[str, type[PluginError]], ...] = (
        ("SELECT nr FROM economy.none WHERE who = :v", Misconfigured),
        ("SELECT none FROM economy.invoice WHERE who = :v", Misconfigured),
        ("SELECT FROM FROM economy.invoice WHERE who = :v", Misconfigured),
        ("SELECT nr FROM economy.invoice WHERE nr = :v", Unreadable),
        ("SELECT nr, total AS nr FROM economy.invoice WHERE who = :v", Misconfigured),
        ("SELECT rolpassword FROM pg_authid WHERE rolname = :v", Misconfigured),
        ("SELECT repeat('x', 9000000) AS a WHERE 'a' <> :v", Unreadable),
        ("SELECT n FROM generate_series(1, 1100) AS n WHERE 'a' <> :v", Unreadable),
    )
    for sql, kind in wrong:
        with pytest.raises(kind) as error:
            rows(reader, sql, {"v": VALUE})
        assert VALUE not in str(error.value)
    boss.execute("CREATE TABLE economy.short_lived AS SELECT 1 AS nr")
    boss.execute(f"GRANT SELECT ON economy.short_lived TO {READER}".encode())
    assert len(rows(reader, "SELECT nr FROM economy.short_lived")) == 1
    boss.execute("DROP TABLE economy.short_lived")
    with pytest.raises(Misconfigured, match="no table"):
        rows(reader, "SELECT nr FROM economy.short_lived")


def test_a_slow_query_is_ended_here_and_there(source: str, boss: psycopg.Connection[Any]) -> None:
    with pytest.raises(Unreachable, match="within 0"):
        rows(as_user(source, READER), ENDLESS, seconds=0.5)
    until(lambda: not busy(boss))


ENDLESS = "SELECT count(*) AS n FROM generate_series(1, 100000000000) AS g"


def busy(boss: psycopg.Connection[Any]) -> Sequence[tuple[str]]:
    """What the reader's sessions do there."""
    asked = "SELECT query FROM pg_stat_activity WHERE usename = %s AND state = 'active'"
    return boss.execute(asked, [READER]).fetchall()


def test_a_slow_question_holds_nobody_up_and_who_went_away_is_hung_up_on(
    source: str, boss: psycopg.Connection[Any]
) -> None:
    async def ask() -> None:
        lookup = adapter(as_user(source, READER), 2 * PATIENCE)
        slow = asyncio.create_task(lookup.tools.rows(ENDLESS, {}))
        await asyncio.to_thread(until, lambda: busy(boss))
        quick = await asyncio.gather(*(lookup.tools.rows("SELECT 1 AS a", {}) for _ in range(20)))
        assert [len(each) for each in quick] == [1] * 20
        assert not slow.done()
        slow.cancel()
        with suppress(asyncio.CancelledError):
            await slow
        await close_lookup(lookup)

    began = time.monotonic()
    asyncio.run(ask())
    assert time.monotonic() - began < PATIENCE, "its thread ends with it"
    boss.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [READER])


def test_a_server_that_never_answers() -> None:
    for engine in ("postgresql", "mariadb"):
        with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable, match="within 0"):
            rows(f"{engine}://u:p@127.0.0.1:{silent.getsockname()[1]}/d", "SELECT 1 AS a", seconds=0.3)


@pytest.mark.parametrize(
    ("query", "words"),
    [("&options=-c%20x", "options"), ("&service=x", "service"), ("&host=elsewhere.example", "path"), ("&x=y", "x")],
)
def test_the_address_says_nothing_that_undoes_a_wall(source: str, query: str, words: str) -> None:
    url = as_user(source, READER)
    if "host=else" in query:
        url = make_url(url).set(query={}).render_as_string(hide_password=False) + "?"
    with pytest.raises(Misconfigured, match=words):
        check(url + query)


class Elsewhere(databases.PostgreSQL):
    """As if it were across a network."""

    is_elsewhere = True


@pytest.mark.parametrize(
    ("mode", "kind"), [("disable", Misconfigured), ("prefer", Misconfigured), ("require", Unreachable)]
)
def test_nothing_is_asked_over_an_open_line(mode: str, kind: type[PluginError]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain_server:
        threading.Thread(target=refuse_tls, args=(plain_server,), daemon=True).start()
        url = make_url(f"postgresql://u:p@127.0.0.1:{plain_server.getsockname()[1]}/d?sslmode={mode}")
        with pytest.raises(kind, match=r"open line|encrypted"):
            Elsewhere(url, ["127.0.0.1"], Limits(PATIENCE)).rows(Statement(("SELECT 1 AS a",)), {})


def refuse_tls(server: socket.socket) -> None:
    """N is its answer to SSLRequest."""
    with suppress(OSError):
        client, _ = server.accept()
        with client:
            client.recv(8)
            client.sendall(b"N")
            client.recv(8)


def is_guarded(url: str) -> bool:
    """Whether the rules have been read anew."""
    try:
        psycopg.connect(plain(as_user(url, "guarded", "another"))).close()
    except psycopg.OperationalError:
        return True
    return False


def test_a_server_that_stops_and_a_wrong_password() -> None:
    try:
        server = Postgres()
    except Missing as missing:
        pytest.skip(str(missing))
    with server:
        with psycopg.connect(plain(server.url), autocommit=True) as connection:
            connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        rules = server.folder / "data" / "pg_hba.conf"
        rules.write_text("local all guarded scram-sha-256\n" + rules.read_text(encoding="utf-8"), encoding="utf-8")
        with psycopg.connect(plain(server.url), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
        until(lambda: is_guarded(server.url))
        assert len(rows(as_user(server.url, "guarded", "right"), "SELECT 1 AS a")) == 1
        for password in ("wrong-one", None):
            with pytest.raises(AuthFailed) as refused:
                rows(as_user(server.url, "guarded", password), "SELECT 1 AS a")
            assert "wrong-one" not in str(refused.value)
        with pytest.raises(Misconfigured, match="no database"):
            rows(as_user(server.url, "postgres", database="none"), "SELECT 1 AS a")
        asked = database(server.url)
        connection = asked.connect()
        asked.begin(connection)
        server.stop()
        with pytest.raises(psycopg.Error) as gone:
            connection.execute("SELECT 1")
        assert isinstance(asked.meaning(gone.value), Unreachable)
        with pytest.raises(Unreachable):
            rows(server.url, "SELECT 1 AS a")
        server.start()
        assert len(rows(server.url, "SELECT 1 AS a")) == 1


def test_columns_and_codes_of_a_select_of_ones_own(source: str) -> None:
    found = joined(as_user(source, READER), "economy.invoice")
    assert list(found) == ["nr", "state", "who"]
    assert len(found["state"]) == 2
    assert found["who"] == ()
