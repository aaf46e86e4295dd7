"""A database on MariaDB is read, by a user that may only read, and nothing an adapter tries gets through."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pymysql
import pytest
from sqlalchemy import make_url

from hub.contract import AuthFailed, Misconfigured, PluginError, Unreachable, Unreadable
from hub.lookups.databases import mariadb as databases
from hub.lookups.databases.database import Limits
from hub.lookups.statement import Statement
from tests.line import PATIENCE, until
from tests.lookups.reading import as_user, check, database, joined, rows, unread
from tests.servers import MariaDB, Missing

NAME = f"economy_{os.getpid()}"
READER, CLERK, ROLE = f"reader_{os.getpid()}", f"clerk_{os.getpid()}", f"role_{os.getpid()}"
VALUE = "850505-1234"
TEMPORARY = "CREATE TEMPORARY TABLES ON {d}.*"
SOURCE = (
    "DROP DATABASE IF EXISTS economy",
    "CREATE DATABASE economy CHARACTER SET utf8mb4",
    "CREATE TABLE economy.invoice (nr decimal(15) PRIMARY KEY, who varchar(20), total decimal(15,2), due date)",
    "INSERT INTO economy.invoice VALUES (1, '850505-1234', 250.50, '2026-12-01'), (2, NULL, 9, NULL)",
    "CREATE TABLE economy.plain (a int) ENGINE=MyISAM",
    "INSERT INTO economy.plain VALUES (1)",
    "CREATE SEQUENCE economy.number",
    "CREATE FUNCTION economy.writes() RETURNS int MODIFIES SQL DATA SQL SECURITY DEFINER"
    " BEGIN INSERT INTO economy.invoice (nr) VALUES (99); RETURN 1; END",
    "CREATE FUNCTION economy.spoils() RETURNS int MODIFIES SQL DATA SQL SECURITY DEFINER"
    " BEGIN INSERT INTO economy.plain VALUES (99); RETURN 1; END",
    "CREATE FUNCTION economy.counts() RETURNS bigint SQL SECURITY DEFINER RETURN NEXTVAL(economy.number)",
    "CREATE PROCEDURE economy.clears() SQL SECURITY DEFINER BEGIN DELETE FROM economy.invoice; COMMIT; END",
    "CREATE SQL SECURITY DEFINER VIEW economy.sly AS SELECT nr, economy.writes() AS w FROM economy.invoice",
    "CREATE SQL SECURITY DEFINER VIEW economy.spoiling AS SELECT nr, economy.spoils() AS w FROM economy.invoice",
    "CREATE SQL SECURITY DEFINER VIEW economy.locking AS SELECT GET_LOCK('economy', 0) AS l",
    "CREATE SQL SECURITY DEFINER VIEW economy.counting AS SELECT economy.counts() AS n",
)
ATTEMPTS = (
    "INSERT INTO invoice VALUES (3, '', 0, NULL)",
    "INSERT INTO plain VALUES (3)",
    "REPLACE INTO invoice VALUES (1, '', 0, NULL)",
    "UPDATE invoice SET total = 0",
    "DELETE FROM invoice",
    "DELETE FROM plain",
    "TRUNCATE TABLE invoice",
    "DROP TABLE invoice",
    "DROP DATABASE economy",
    "ALTER TABLE invoice ADD more int",
    "RENAME TABLE invoice TO other",
    "CREATE TABLE made (a int)",
    "CREATE TABLE made AS SELECT * FROM invoice",
    "CREATE TEMPORARY TABLE made (a int)",
    "CREATE OR REPLACE VIEW sly AS SELECT 1",
    "CREATE USER made",
    "CREATE FUNCTION made RETURNS int SONAME 'x.so'",
    "CREATE EVENT made ON SCHEDULE EVERY 1 SECOND DO DELETE FROM invoice",
    "CREATE INDEX made ON invoice (who)",
    "SELECT * FROM invoice INTO OUTFILE '{folder}made_1'",
    "SELECT 'x' INTO DUMPFILE '{folder}made_2'",
    "SELECT nr FROM invoice INTO @made",
    "SELECT /*!50000 'x' INTO OUTFILE '{folder}made_3' */",
    "SELECT /*M! 'x' INTO OUTFILE '{folder}made_4' */",
    "SELECT @made := 1",
    "SELECT 1; DELETE FROM invoice",
    "SELECT 1; COMMIT; DELETE FROM invoice",
    "COMMIT",
    "START TRANSACTION READ WRITE",
    "SET SESSION TRANSACTION READ WRITE",
    "SET STATEMENT max_statement_time = 0 FOR DELETE FROM invoice",
    "SET GLOBAL event_scheduler = ON",
    "SELECT economy.writes()",
    "SELECT writes()",
    "SELECT `writes`()",
    "SELECT economy . writes ( )",
    "SELECT spoils()",
    "SELECT nr FROM invoice WHERE writes() = 1",
    "SELECT nr FROM invoice ORDER BY spoils()",
    "SELECT * FROM sly",
    "SELECT * FROM spoiling",
    "SELECT l FROM locking",
    "SELECT n FROM counting",
    "SELECT NEXTVAL(number)",
    "SELECT NEXT VALUE FOR number",
    "SELECT SETVAL(number, 100)",
    "SELECT GET_LOCK('economy', 0)",
    "SELECT nr FROM invoice FOR UPDATE",
    "SELECT nr FROM invoice LOCK IN SHARE MODE",
    "LOCK TABLES invoice WRITE",
    "CALL clears()",
    "DO writes()",
    "EXECUTE IMMEDIATE 'DELETE FROM invoice'",
    "BEGIN NOT ATOMIC DELETE FROM invoice; END",
    "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE plain",
    "LOAD DATA INFILE '/etc/hostname' INTO TABLE plain",
    "HANDLER invoice OPEN",
    "OPTIMIZE TABLE invoice",
    "ANALYZE TABLE invoice",
    "REPAIR TABLE plain",
    "FLUSH TABLES WITH READ LOCK",
    "GRANT ALL ON economy.* TO PUBLIC",
    "INSTALL SONAME 'x'",
    "SHUTDOWN",
    "WITH gone AS (SELECT 1) DELETE FROM invoice",
    "SELECT 'a\\' AND writes() AND \\'b'",
    'SELECT "a\\" AND writes() AND \\"b"',
    "SELECT SLEEP(0) # \n , writes()",
)


STATE = (
    "SELECT * FROM economy.invoice ORDER BY nr",
    "SELECT * FROM economy.plain ORDER BY a",
    "SELECT next_not_cached_value FROM economy.number",
    "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'economy' ORDER BY 1",
    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'economy' ORDER BY 1",
    "SELECT count(*) FROM information_schema.statistics WHERE table_schema = 'economy'",
    "SELECT user, host FROM mysql.user ORDER BY 1, 2",
    "SELECT count(*) FROM mysql.event",
    "SELECT count(*) FROM mysql.func",
    "SELECT @@event_scheduler, IS_USED_LOCK('economy')",
    "SELECT count(*) FROM mysql.db",
    "SELECT LOAD_FILE(CONCAT(@@datadir, 'made_1')), LOAD_FILE(CONCAT(@@datadir, 'made_2'))",
    "SELECT LOAD_FILE(CONCAT(@@datadir, 'made_3')), LOAD_FILE(CONCAT(@@datadir, 'made_4'))",
)


@pytest.fixture(scope="module")
def source(mariadb_url: str) -> Iterator[str]:
    """An economy system, as its root."""
    url = make_url(mariadb_url).set(database=NAME).render_as_string(hide_password=False)
    boss = connect(mariadb_url)
    run(boss, *(each.replace("economy", NAME) for each in SOURCE))
    run(
        boss,
        f"CREATE OR REPLACE USER {READER} IDENTIFIED BY 'readers'",
        f"GRANT SELECT ON {NAME}.* TO {READER}",
        f"CREATE OR REPLACE USER {CLERK} IDENTIFIED BY 'clerks'",
        f"GRANT ALL ON *.* TO {CLERK}",
    )
    yield url
    run(boss, f"DROP DATABASE {NAME}", f"DROP USER {READER}, {CLERK}")
    boss.close()


@pytest.fixture
def boss(source: str) -> Iterator[Any]:
    """Its root's connection."""
    connection = connect(source)
    yield connection
    connection.close()


@pytest.fixture
def reader(source: str) -> str:
    return as_user(source, READER, "readers")


def connect(url: str) -> Any:
    address = make_url(url)
    return pymysql.connect(
        host=address.host, port=address.port or 3306, user=address.username or "root", password=address.password or "",
        database=address.database, autocommit=True,
    )  # fmt: skip


def run(connection: Any, *statements: str) -> Sequence[Any]:
    with connection.cursor() as cursor:
        for each in statements:
            cursor.execute(each)
        return list(cursor.fetchall())


def state(boss: Any) -> Sequence[Any]:
    found: list[Any] = []
    for sql in STATE:
        found += run(boss, sql.replace("economy", NAME))
    return found


def test_rows_come_with_their_types(reader: str) -> None:
    found = rows(reader, "SELECT nr, total, due FROM invoice WHERE who = :v", {"v": VALUE})
    assert list(found) == [{"nr": Decimal(1), "total": Decimal("250.50"), "due": date(2026, 12, 1)}]
    nothing = rows(reader, "SELECT nr, who FROM invoice WHERE who = :v", {"v": "nobody"})
    assert (list(nothing), nothing.columns) == ([], ("nr", "who"))
    assert rows(reader, "SELECT '100% %s' AS a, :v AS b", {"v": "å'\"\\;--"})[0] == {"a": "100% %s", "b": "å'\"\\;--"}
    assert list(rows(reader, "SELECT nr FROM invoice WHERE who = :v", {"v": "\\' OR 1=1 -- "})) == []


def test_nothing_an_adapter_tries_gets_through(source: str, boss: Any) -> None:
    """By a user that may do all: neither past the statement's wall nor, without that, past the transaction's.

    (Past the latter what is no row: files, users, other transactions. There stand the first wall and the user's.)
    """
    before, (folder,) = state(boss), run(boss, "SELECT @@datadir")[0]
    assert len(ATTEMPTS) > 60
    clerk = as_user(source, CLERK, "clerks")
    for attempt in (each.replace("{folder}", folder).replace("economy.", f"{NAME}.") for each in ATTEMPTS):
        answer: object = None
        try:
            answer = rows(clerk, attempt)
        except PluginError as error:
            answer = error
        assert state(boss) == before, f"{attempt} came to {answer!r}"
    writing = [
        each for each in ATTEMPTS if each.startswith(("SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH"))
    ]
    for attempt in (each.replace("economy.", f"{NAME}.") for each in writing if "FILE" not in each):
        try:
            answer = unread(clerk, attempt)
        except PluginError as error:
            answer = error
        assert state(boss) == before, f"unread: {attempt} came to {answer!r}"


def test_who_only_reads_can_do_no_harm_over_a_connection_of_their_own(reader: str, boss: Any) -> None:
    """What the check lets pass has the right to none of it: but for views that lend their maker's."""
    check(reader)
    before, (folder,) = state(boss), run(boss, "SELECT @@datadir")[0]
    connection = connect(reader)
    for attempt in ATTEMPTS:
        if not any(word in attempt for word in UNHARMED):
            with suppress(pymysql.Error):  # ANALYZE and its like say in a row that they may not
                run(connection, attempt.replace("{folder}", folder).replace("economy.", f"{NAME}."))
            assert state(boss) == before, attempt
    connection.close()


UNHARMED = (
    "FROM sly", "FROM spoiling", "FROM counting", "FROM locking", "GET_LOCK", "COMMIT", "READ WRITE", "@made",
    "FOR UPDATE", "IN SHARE MODE", "BEGIN NOT", "SLEEP", "HANDLER", "SELECT 1;",
)  # fmt: skip
"""What a session does to itself, and views whose functions write for whoever reads them: a transaction stops those."""


@pytest.mark.parametrize(
    ("right", "undo", "words"),
    [
        ("GRANT INSERT ON {d}.invoice TO {r}", "REVOKE INSERT ON {d}.invoice FROM {r}", "INSERT"),
        ("GRANT UPDATE (total) ON {d}.invoice TO {r}", "REVOKE UPDATE (total) ON {d}.invoice FROM {r}", "UPDATE"),
        ("GRANT EXECUTE ON {d}.* TO {r}", "REVOKE EXECUTE ON {d}.* FROM {r}", "EXECUTE"),
        ("GRANT EXECUTE ON FUNCTION {d}.writes TO {r}", "REVOKE EXECUTE ON FUNCTION {d}.writes FROM {r}", "EXECUTE"),
        (f"GRANT {TEMPORARY} TO {{r}}", f"REVOKE {TEMPORARY} FROM {{r}}", "TEMPORARY"),
        ("GRANT LOCK TABLES ON {d}.* TO {r}", "REVOKE LOCK TABLES ON {d}.* FROM {r}", "LOCK"),
        ("GRANT FILE ON *.* TO {r}", "REVOKE FILE ON *.* FROM {r}", "FILE"),
        ("GRANT SUPER ON *.* TO {r}", "REVOKE SUPER ON *.* FROM {r}", "SUPER"),
        ("GRANT SELECT ON {d}.* TO {r} WITH GRANT OPTION", "REVOKE GRANT OPTION ON {d}.* FROM {r}", "give away"),
        ("GRANT SELECT ON *.* TO {r} WITH GRANT OPTION", "REVOKE SELECT, GRANT OPTION ON *.* FROM {r}", "give away"),
        ("GRANT DELETE ON {d}.plain TO PUBLIC", "REVOKE DELETE ON {d}.plain FROM PUBLIC", "DELETE"),
        (
            "CREATE ROLE {o}; GRANT INSERT ON {d}.plain TO {o}; GRANT {o} TO {r}",
            "DROP ROLE {o}",
            "INSERT",
        ),
        (
            "CREATE ROLE {o}; CREATE ROLE {o}_within; GRANT DROP ON {d}.* TO {o}_within; GRANT {o}_within TO {o};"
            " GRANT {o} TO {r}",
            "DROP ROLE {o}; DROP ROLE {o}_within",
            "DROP",
        ),
        (
            "CREATE DATABASE IF NOT EXISTS test; FLUSH PRIVILEGES;"
            "INSERT INTO mysql.db (Host, Db, User, Select_priv, Insert_priv) VALUES ('%', 'test', '', 'Y', 'Y');"
            " FLUSH PRIVILEGES",
            "DROP DATABASE test; DELETE FROM mysql.db WHERE User = ''; FLUSH PRIVILEGES",
            "everybody",
        ),
    ],
)  # fmt: skip
def test_who_can_write_is_not_saved(reader: str, boss: Any, right: str, undo: str, words: str) -> None:
    names = {"r": READER, "d": NAME, "o": ROLE}
    check(reader)
    run(boss, *right.format(**names).split(";"))
    try:
        with pytest.raises(Misconfigured, match=words) as refused:
            check(reader)
        assert refused.value.field == "url"
        helps = str(refused.value).partition("What helps: ")[2]
        run(boss, helps, "FLUSH PRIVILEGES")
        check(reader)
    finally:
        for each in undo.format(**names).split(";"):
            with suppress(pymysql.Error):  # what was said to help may have taken it away
                run(boss, each)
    check(reader)


def test_what_goes_wrong_has_its_name_and_says_nobodys_number(reader: str, boss: Any) -> None:
    wrong: tuple[tuple[str, type[PluginError]], ...] = (
        ("SELECT nr FROM none WHERE who = :v", Misconfigured),
        ("SELECT none FROM invoice WHERE who = :v", Misconfigured),
        ("SELECT FROM FROM invoice WHERE who = :v", Misconfigured),
        ("SELECT nr, total AS nr FROM invoice WHERE who = :v", Misconfigured),
        ("SELECT user FROM mysql.user WHERE user = :v", Misconfigured),
        ("SELECT REPEAT('x', 9000000) AS a, :v AS b", Unreadable),
        ("WITH RECURSIVE n AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM n) SELECT a, :v AS v FROM n", Unreadable),
    )
    for sql, kind in wrong:
        with pytest.raises(kind) as error:
            rows(reader, sql, {"v": VALUE})
        assert VALUE not in str(error.value)
    run(boss, f"CREATE TABLE {NAME}.short_lived AS SELECT 1 AS nr")
    assert len(rows(reader, "SELECT nr FROM short_lived")) == 1
    run(boss, f"DROP TABLE {NAME}.short_lived")
    with pytest.raises(Misconfigured, match="no table"):
        rows(reader, "SELECT nr FROM short_lived")


def test_a_slow_query_is_ended_here_and_there(reader: str, boss: Any) -> None:
    columns = ", ".join(f"information_schema.columns AS c{each}" for each in range(4))
    slow = "SELECT count(*) AS n FROM columns".replace("columns", columns)
    with pytest.raises(Unreachable, match="within 0"):
        rows(reader, slow, seconds=0.5)
    listed = "SELECT user, info FROM information_schema.processlist"
    until(lambda: not [info for user, info in run(boss, listed) if user == READER and "c0" in (info or "")])


@pytest.mark.parametrize(
    "query", ["local_infile=1", "init_command=x", "read_default_file=/etc/my.cnf", "client_flag=65536", "unix_socket=x"]
)
def test_the_address_says_nothing_that_undoes_a_wall(reader: str, query: str) -> None:
    with pytest.raises(Misconfigured, match=query.partition("=")[0]):
        check(f"{reader}?{query}")


def test_a_wrong_password_and_a_database_that_is_not_there(source: str) -> None:
    with pytest.raises(AuthFailed) as refused:
        rows(as_user(source, CLERK, "wrong-one"), "SELECT 1 AS a")
    assert "wrong-one" not in str(refused.value)
    with pytest.raises(Misconfigured, match="no database"):
        rows(as_user(source, CLERK, "clerks", "none"), "SELECT 1 AS a")


class Elsewhere(databases.MariaDB):
    """As if it were across a network."""

    is_elsewhere = True


def test_nothing_is_asked_over_an_open_line(reader: str) -> None:
    url = make_url(reader)
    with pytest.raises(Unreachable, match="encrypted"):
        Elsewhere(url, ["127.0.0.1"], Limits(PATIENCE)).rows(Statement(("SELECT 1 AS a",)), {})
    in_the_open = Elsewhere(url, ["127.0.0.1"], Limits(PATIENCE), in_the_open=True)
    assert len(in_the_open.rows(Statement(("SELECT 1 AS a",)), {})) == 1


GREETING = (
    b"\x0a10.11.0-MariaDB\0" + b"\1\0\0\0" + b"saltsalt\0" + b"\xff\xff" + b"\x2d" + b"\2\0" + b"\xff\xc1" + b"\x15"
    + b"\0" * 10 + b"saltsaltsalt\0" + b"mysql_native_password\0"
)  # fmt: skip


def test_a_server_that_falls_silent_while_the_line_is_being_encrypted(reader: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()
        threading.Thread(target=fall_silent, args=(server, ended), daemon=True).start()
        url = make_url(reader).set(port=server.getsockname()[1])
        with pytest.raises(Unreachable):
            Elsewhere(url, ["127.0.0.1"], Limits(0.5)).rows(Statement(("SELECT 1 AS a",)), {})
        ended.set()


def fall_silent(server: socket.socket, ended: threading.Event) -> None:
    with server.accept()[0] as client:
        client.sendall(len(GREETING).to_bytes(3, "little") + b"\0" + GREETING)
        ended.wait(PATIENCE)


def test_a_server_that_stops() -> None:
    try:
        server = MariaDB()
    except Missing as missing:
        pytest.skip(str(missing))
    with server:
        assert len(rows(server.url, "SELECT 1 AS a")) == 1
        asked = database(server.url)
        connection = asked.connect()
        asked.begin(connection)
        server.kill()
        with pytest.raises(pymysql.Error) as gone:
            connection.query("SELECT 1")
        assert isinstance(asked.meaning(gone.value), Unreachable)
        with pytest.raises(Unreachable):
            rows(server.url, "SELECT 1 AS a")
        server.start()
        assert len(rows(server.url, "SELECT 1 AS a")) == 1


def test_columns_and_codes_of_a_select_of_ones_own(reader: str) -> None:
    found = joined(reader, f"{NAME}.invoice")
    assert list(found) == ["nr", "state", "who"]
    assert len(found["state"]) == 2
    assert found["who"] == ()
