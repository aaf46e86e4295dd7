"""Trouble: a full disk, a locked or vanished database. The answer is Unavailable, no half is kept, and it passes."""

import asyncio
import hashlib
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select

from hub.errors import Invalid, Unavailable
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment
from hub.proof.installation import bring_up
from hub.storage.blobs import Blobs
from hub.storage.check import check
from hub.storage.engine import open_engines
from hub.storage.migrate import require_newest
from hub.storage.unit import Unit
from tests.servers import Missing, Postgres
from tests.storage.centre import EVERYTHING, Centre, conversation, must, opened, populate

CONTENT = b"letter " * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def add_citizens(unit: Unit, municipality_id: int, size: int = 10) -> None:
    unit.add(Citizen(municipality_id=municipality_id, name="x" * size, protection="no"))


def citizens(centre: Centre) -> int:
    return must(centre.storage.read_now(EVERYTHING, lambda unit: unit.first(select(func.count()).select_from(Citizen))))


def pragma(centre: Centre, said: str) -> None:
    """Of the writing connection, which is always the same."""
    with centre.storage.engines.writer.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA {said}")


def test_a_full_disk_is_unavailable_and_passes(sqlite_centre: Centre) -> None:
    pragma(sqlite_centre, "max_page_count = 1")  # as many as there are already
    with pytest.raises(Unavailable, match="Try again; if it was a change, look first"):
        sqlite_centre.do(add_citizens, sqlite_centre.ids["granvik"], 100_000)
    assert citizens(sqlite_centre) == 0
    pragma(sqlite_centre, "max_page_count = 1000000")
    sqlite_centre.do(add_citizens, sqlite_centre.ids["granvik"], 100_000)
    assert citizens(sqlite_centre) == 1


def test_what_was_written_before_the_disk_was_full_is_rolled_back(sqlite_centre: Centre) -> None:
    def fill(unit: Unit) -> None:
        add_citizens(unit, sqlite_centre.ids["granvik"])
        add_citizens(unit, sqlite_centre.ids["granvik"], 1_000_000)

    pragma(sqlite_centre, "max_page_count = 1")
    with pytest.raises(Unavailable):
        sqlite_centre.do(fill)
    assert citizens(sqlite_centre) == 0


def test_a_database_that_is_locked_too_long_is_unavailable_and_passes(sqlite_centre: Centre, tmp_path: Path) -> None:
    pragma(sqlite_centre, "busy_timeout = 20")
    other = sqlite3.connect(tmp_path / "torg.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        sqlite_centre.do(add_citizens, sqlite_centre.ids["granvik"])
    other.execute("ROLLBACK")
    other.close()
    sqlite_centre.do(add_citizens, sqlite_centre.ids["granvik"])
    assert citizens(sqlite_centre) == 1


def test_a_row_that_is_locked_too_long_is_unavailable_and_passes(postgres_centre: Centre) -> None:
    row_id = postgres_centre.mail()

    def change(unit: Unit) -> None:
        unit.session.connection().exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
        must(unit.lock(Conversation, row_id)).subject = "x"

    with postgres_centre.storage.engines.writer.connect() as other:
        other.exec_driver_sql("SET LOCAL ROLE torg_system")
        other.exec_driver_sql(f"SELECT id FROM conversation WHERE id = {row_id} FOR UPDATE")  # noqa: S608 - an id of ours
        with pytest.raises(Unavailable):
            postgres_centre.do(change)
    postgres_centre.do(change)
    assert postgres_centre.do(lambda unit: conversation(unit, row_id).subject) == "x"


def test_an_answer_to_a_commit_that_is_lost_promises_nothing(postgres_centre: Centre) -> None:
    """It is there, though whoever wrote it can't know."""

    def lose_the_answer(connection: Connection) -> None:
        there = connection.connection.dbapi_connection
        assert there is not None
        there.commit()
        there.close()

    event.listen(postgres_centre.storage.engines.writer, "commit", lose_the_answer, once=True)
    with pytest.raises(Unavailable) as caught:
        postgres_centre.do(add_citizens, postgres_centre.ids["granvik"])
    assert "look first whether it is there" in str(caught.value)
    assert "othing was" not in str(caught.value)
    assert citizens(postgres_centre) == 1


def test_a_statement_that_takes_too_long_is_unavailable(postgres_centre: Centre) -> None:
    def wait(unit: Unit) -> None:
        unit.session.connection().exec_driver_sql("SET LOCAL statement_timeout = '20ms'")
        unit.session.connection().exec_driver_sql("SELECT pg_sleep(5)")

    with pytest.raises(Unavailable):
        postgres_centre.do(wait)


def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "torg.db").mkdir()
    engines = open_engines(f"sqlite:///{tmp_path}/torg.db")
    with pytest.raises(Unavailable, match="unable to open database file"):
        require_newest(engines.reader)
    engines.dispose()


def test_a_new_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    engines = open_engines(f"sqlite:///{tmp_path}/var/torg.db")
    with engines.writer.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE one (id INTEGER)")
        modes = {each.name: each.stat().st_mode & 0o077 for each in (tmp_path / "var").iterdir()}
    assert {"torg.db", "torg.db-wal"} <= modes.keys()
    assert set(modes.values()) == {0} == {(tmp_path / "var").stat().st_mode & 0o077}
    engines.dispose()


def test_an_engine_that_is_neither_is_refused() -> None:
    with pytest.raises(Invalid, match="not mysql"):
        open_engines("mysql://example")


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(Invalid, match="SQLite needs a file"):
        open_engines("sqlite://")


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow past a page."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_blob_folder_is_unavailable_and_keeps_no_remains(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    with full_disk(), pytest.raises(Unavailable, match="Nothing was stored; try again"):
        blobs.put_many({f"attachments/1/{SHA256}": CONTENT})
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
    blobs.put_many({f"attachments/1/{SHA256}": CONTENT})
    assert blobs.get(f"attachments/1/{SHA256}") == CONTENT


def test_a_blob_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable):
        Blobs(tmp_path / "file" / "blobs").put_many({f"attachments/1/{SHA256}": CONTENT})


def test_a_full_blob_folder_is_unavailable_to_whoever_awaits(sqlite_centre: Centre) -> None:
    async def put() -> None:
        await sqlite_centre.storage.put_blobs({f"attachments/1/{SHA256}": CONTENT})

    with full_disk(), pytest.raises(Unavailable):
        asyncio.run(put())


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL that may be stopped and killed."""
    try:
        mortal = Postgres()
    except Missing as missing:
        pytest.skip(str(missing))
    with mortal:
        bring_up(mortal.url)
        yield mortal


@pytest.fixture
def mortal_centre(server: Postgres, tmp_path: Path) -> Iterator[Centre]:
    """A centre on it."""
    with opened(server.url, tmp_path) as storage:
        made = Centre(storage)
        if storage.read_now(EVERYTHING, lambda unit: unit.first(select(Citizen.id).limit(1))) is None:
            populate(made)
            add = made.ids["granvik"]
            made.do(add_citizens, add)
        else:
            made.ids["granvik"] = must(made.do(lambda unit: unit.first(select(Citizen.municipality_id))))
        yield made


def test_a_postgresql_that_went_is_unavailable_and_found_again_when_it_is_back(
    server: Postgres, mortal_centre: Centre
) -> None:
    before = citizens(mortal_centre)
    server.stop()
    for _ in range(2):
        with pytest.raises(Unavailable):
            mortal_centre.do(add_citizens, mortal_centre.ids["granvik"])
    server.start()
    mortal_centre.do(add_citizens, mortal_centre.ids["granvik"])
    assert citizens(mortal_centre) == before + 1


def test_connections_that_died_unnoticed_cost_nobody_an_error(server: Postgres, mortal_centre: Centre) -> None:
    before = citizens(mortal_centre)
    server.stop()
    server.start()
    mortal_centre.do(add_citizens, mortal_centre.ids["granvik"])
    assert citizens(mortal_centre) == before + 1


def test_a_postgresql_that_dies_in_a_unit_keeps_nothing_of_it(server: Postgres, mortal_centre: Centre) -> None:
    before = citizens(mortal_centre)

    def unlucky(unit: Unit) -> None:
        add_citizens(unit, mortal_centre.ids["granvik"])
        server.kill()
        add_citizens(unit, mortal_centre.ids["granvik"])

    with pytest.raises(Unavailable):
        mortal_centre.do(unlucky)
    server.start()
    assert citizens(mortal_centre) == before


def test_the_check_of_a_sound_database_finds_nothing(centre: Centre) -> None:
    centre.mail()
    report = check(centre.storage)
    assert (report.findings, report.blobs) == ([], 0)


def test_the_check_names_a_wall_that_is_down(postgres_centre: Centre) -> None:
    with postgres_centre.storage.engines.writer.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE entry NO FORCE ROW LEVEL SECURITY")
        connection.exec_driver_sql("DROP POLICY of_the_municipality ON mail")
        connection.exec_driver_sql("DROP POLICY everything ON mail")
        connection.exec_driver_sql("ALTER TABLE topic OWNER TO torg_app")
    owned, *walls = check(postgres_centre.storage).findings
    assert owned.startswith("The role torg_app owns ")
    assert "topic" in owned
    assert walls == [
        "Row-level security isn't forced on entry.",
        "mail has no policy, so nobody can read it.",
    ]


def test_the_check_names_a_row_whose_other_is_gone(sqlite_centre: Centre, tmp_path: Path) -> None:
    sqlite_centre.mail()
    careless = sqlite3.connect(tmp_path / "torg.db", isolation_level=None)
    careless.execute("DELETE FROM conversation")
    careless.close()
    findings = check(sqlite_centre.storage).findings
    assert any(each.startswith("A row of entry (") and "one of conversation" in each for each in findings)


def test_the_check_names_a_file_that_is_gone(centre: Centre) -> None:
    name = f"attachments/{centre.ids['granvik']}/{SHA256}"
    row_id = centre.mail()

    def attach(unit: Unit) -> None:
        unit.add(
            Attachment(
                municipality_id=centre.ids["granvik"],
                public_id="p",
                entry_id=must(conversation(unit, row_id).last_entry_id),
                sha256=SHA256,
                blob=name,
                name="brev.txt",
                media_type="text/plain",
                size=len(CONTENT),
            )
        )

    centre.do(attach)
    report = check(centre.storage)
    assert report.blobs == 1
    assert report.findings == [f"The blob {name} is missing: restore the blob folder from a backup."]
