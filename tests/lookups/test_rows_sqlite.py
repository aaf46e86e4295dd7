"""A database that is a file is read, and nothing an adapter tries changes a byte of it."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from hub.contract import Misconfigured, PluginError, Unreachable, Unreadable
from tests.lookups.reading import check, rows, unread

VALUE = "850505-1234"
SOURCE = """
CREATE TABLE invoice (nr INTEGER PRIMARY KEY, who TEXT, total NUMERIC, due TEXT);
INSERT INTO invoice VALUES (1, '850505-1234', 250.5, '2026-12-01'), (2, NULL, 9, NULL);
CREATE VIEW open AS SELECT nr FROM invoice;
CREATE TABLE log (a);
CREATE TRIGGER told INSTEAD OF INSERT ON open BEGIN INSERT INTO log VALUES (1); END;
CREATE VIRTUAL TABLE words USING fts5 (a);
"""
ATTEMPTS = (
    "INSERT INTO invoice VALUES (3, 'a', 0, '')",
    "INSERT INTO open VALUES (3)",
    "INSERT INTO words VALUES ('a')",
    "INSERT INTO words (words) VALUES ('optimize')",
    "REPLACE INTO invoice VALUES (1, '', 0, '')",
    "UPDATE invoice SET total = 0",
    "UPDATE invoice SET total = 0 RETURNING nr",
    "DELETE FROM invoice",
    "DELETE FROM invoice RETURNING nr",
    "WITH a AS (SELECT 1) DELETE FROM invoice",
    "DROP TABLE invoice",
    "DROP VIEW open",
    "ALTER TABLE invoice ADD more",
    "ALTER TABLE invoice RENAME TO other",
    "CREATE TABLE made (a)",
    "CREATE TABLE made AS SELECT * FROM invoice",
    "CREATE TEMPORARY TABLE made (a)",
    "CREATE INDEX made ON invoice (who)",
    "CREATE TRIGGER made AFTER INSERT ON invoice BEGIN SELECT 1; END",
    "CREATE VIRTUAL TABLE made USING fts5 (a)",
    "ATTACH '{folder}/made.db' AS made",
    "ATTACH '{folder}/economy.db' AS again",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO '{folder}/made.db'",
    "REINDEX",
    "ANALYZE",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA user_version = 7",
    "PRAGMA trusted_schema = ON",
    "PRAGMA temp_store_directory = '{folder}'",
    "SELECT * FROM pragma_query_only",
    "SELECT load_extension('made')",
    "SELECT writefile('{folder}/made', 'x')",
    "SELECT edit('x')",
    "SELECT fts3_tokenizer('simple', x'00')",
    "SELECT 1; DELETE FROM invoice",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT made",
    "RELEASE made",
    "EXPLAIN DELETE FROM invoice",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "economy.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(SOURCE)
    connection.close()
    return path


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


def test_rows_come_as_they_are_kept(url: str) -> None:
    check(url)
    found = rows(url, "SELECT [nr], total, due, 'a:b' AS `t` FROM invoice WHERE who = :v", {"v": VALUE})
    assert list(found) == [{"nr": 1, "total": 250.5, "due": "2026-12-01", "t": "a:b"}]
    nothing = rows(url, "SELECT nr FROM open WHERE nr = :v", {"v": 7})
    assert (list(nothing), nothing.columns) == ([], ("nr",))
    assert list(rows(url, "SELECT nr FROM invoice WHERE who = :v", {"v": "' OR ''='"})) == []


def test_nothing_an_adapter_tries_gets_through(url: str, file: Path) -> None:
    """Neither past the statement's wall nor, without that, past what the file is opened with."""
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    assert len(ATTEMPTS) > 40
    for attempt in (each.replace("{folder}", str(file.parent)) for each in ATTEMPTS):
        for asks in (rows, unread):
            with pytest.raises(PluginError):
                asks(url, attempt)
            assert hashlib.sha256(file.read_bytes()).hexdigest() == before, f"{asks.__name__}: {attempt}"
            assert [path.name for path in file.parent.iterdir()] == ["economy.db"], f"{asks.__name__}: {attempt}"


def test_who_writes_meanwhile_is_not_held_up(url: str, file: Path) -> None:
    with sqlite3.connect(file) as writer:
        writer.execute("INSERT INTO invoice VALUES (3, 'new', 0, '')")
        assert len(rows(url, "SELECT nr FROM invoice")) == 2
    writer.close()
    assert len(rows(url, "SELECT nr FROM invoice")) == 3


def test_what_goes_wrong_has_its_name_and_says_nobodys_number(url: str, file: Path) -> None:
    wrong: tuple[tuple[str, type[PluginError]], ...] = (
        ("SELECT nr FROM none WHERE who = :v", Misconfigured),
        ("SELECT none FROM invoice WHERE who = :v", Misconfigured),
        ("SELECT FROM FROM invoice WHERE who = :v", Misconfigured),
        ("SELECT nr, total AS nr FROM invoice WHERE who = :v", Misconfigured),
        ("SELECT replace(hex(zeroblob(5000000)), '0', :v) AS a", Misconfigured),
        ("SELECT json_group_array(n) AS a FROM (SELECT replace(printf('%.900000c', 'a'), 'a', :v) AS n)", Unreadable),
        ("WITH RECURSIVE n AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM n) SELECT a, :v AS v FROM n", Unreadable),
    )
    for sql, kind in wrong:
        with pytest.raises(kind) as error:
            rows(url, sql, {"v": VALUE})
        assert VALUE not in str(error.value)
    file.write_bytes(b"no database" * 100)
    with pytest.raises(Unreadable, match="damaged"):
        rows(url, "SELECT nr FROM invoice")
    file.unlink()
    with pytest.raises(Unreachable, match="isn't there"):
        rows(url, "SELECT nr FROM invoice")
    assert list(file.parent.iterdir()) == []
    with pytest.raises(Misconfigured, match="from the root on"):
        rows("sqlite:///economy.db", "SELECT 1 AS a")


def test_a_slow_query_is_ended(url: str) -> None:
    endless = "WITH RECURSIVE n AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM n) SELECT count(*) AS n FROM n"
    with pytest.raises(Unreachable, match="within 0"):
        rows(url, endless, seconds=0.5)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("economy", "isn't a database's address"),
        ("postgresql+asyncpg://u:hemligt@h/d", "begins with one of"),
        ("sqlite:////srv/economy.db?mode=rwc", "mode isn't for url to say"),
        ("sqlite:////srv/economy.db?uri=true", "uri isn't for url to say"),
        ("postgresql://u:hemligt@a b/d", "no name of a host"),
        ("postgresql://u:hemligt@h/d?sslrootcert=/no/such.pem", "there is nothing"),
    ],
)
def test_an_address_that_cannot_be_is_told_without_its_password(address: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as wrong:
        check(address)
    assert wrong.value.field == "url"
    assert "hemligt" not in str(wrong.value)


def test_where_lookups_never_go_no_database_is_looked_for() -> None:
    for host in ("169.254.169.254", "127.0.0.1.example.invalid"):
        with pytest.raises(Unreachable):
            rows(f"postgresql://u:p@{host}/d", "SELECT 1 AS a")
