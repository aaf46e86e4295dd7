"""`torg db`: upgrading is done once, and a check finds what is broken."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from hub.cli.installation import COMMAND_LINE
from hub.inbound.raw_event import RawEvent
from hub.storage.migrate import newest
from hub.storage.unit import Unit
from tests.cli.commands import Torg


def test_an_upgrade_may_be_repeated(either: Torg) -> None:
    assert either("db", "upgrade", "--json").json == {"revision": newest()}
    assert either("db", "upgrade").out == f"The database is at {newest()}.\n"


def test_search_is_brought_up_to_date_as_often_as_one_likes(either: Torg) -> None:
    assert [either("db", "index").out, either("db", "index", "--json").json] == ["Indexed again.\n", {"indexed": True}]


def test_a_whole_database_passes(either: Torg) -> None:
    told = either("db", "check", "--json").json
    assert (told["revision"], told["blobs"], told["findings"]) == (newest(), 0, [])
    assert either("db", "check").out.endswith("Nothing is wrong.\n")


def test_a_file_that_is_gone_or_changed_is_found(either: Torg) -> None:
    contents = [b"first", b"second", b"third"]
    names = [_keep(either, content) for content in contents]
    assert either("db", "check", "--json").json["blobs"] == 3
    for name, change in zip(names[:2], (None, b"changed"), strict=True):
        owner, _, digest = name.rpartition("/")
        path = either.folder / "var/blobs" / owner / digest[:2] / digest
        if change is None:
            path.unlink()
        else:
            path.write_bytes(change)
    ran = either("db", "check", status=1)
    assert f"{names[0]} is missing" in ran.err
    assert f"{names[1]} isn't what was stored" in ran.err
    assert ran.err.count("\n") == 2


def test_a_reference_to_nothing_is_found(torg: Torg) -> None:
    with closing(sqlite3.connect(torg.folder / "torg.db")) as connection:
        connection.executescript("PRAGMA foreign_keys = OFF; DELETE FROM person")
    assert "refers to one of person that isn't there" in torg("db", "check", status=1).err


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("ALTER TABLE entry NO FORCE ROW LEVEL SECURITY", "Row-level security isn't forced on entry."),
        ("ALTER TABLE mail DISABLE ROW LEVEL SECURITY", "Row-level security isn't forced on mail."),
        (
            "DROP POLICY of_the_municipality ON citizen; DROP POLICY everything ON citizen",
            "citizen has no policy, so nobody can read it.",
        ),
        (
            "ALTER TABLE note_pad OWNER TO torg_app",
            "The role torg_app owns note_pad: give them to the role that upgrades.",
        ),
    ],
)
def test_a_wall_that_fell_is_found(tmp_path: Path, postgres_database: str, statement: str, sentence: str) -> None:
    torg = Torg(tmp_path, postgres_database)
    dsn = make_url(postgres_database).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE note_pad (id bigint)")
        for each in statement.split("; "):
            connection.execute(each.encode())
    assert torg("db", "check", status=1).err == sentence + "\n"


def _keep(torg: Torg, content: bytes) -> str:
    """A raw event whose bytes lie in the blob folder; the blob's name."""
    digest = hashlib.sha256(content).hexdigest()
    channel = torg("channel", "add", "eml_folder", "--name", "ut", "--set", "folder=out", "--json").json["id"]

    def write(unit: Unit) -> str:
        name = f"raw/{channel}/{digest}"
        unit.blobs.put_many({name: content})
        row = RawEvent(
            channel_id=int(channel), source_key=digest, sha256=digest, media_type="text/plain", origin={}, blob=name,
            size=len(content), received_at=1,
        )  # fmt: skip
        unit.add(row)
        return name

    with torg.storage() as storage:
        return storage.write_now(COMMAND_LINE, write)
