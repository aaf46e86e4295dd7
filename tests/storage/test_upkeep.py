"""Upkeep: commits leave the log and the search index's segments to it, and lose nothing by that."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.storage import search_index, upkeep
from hub.storage.unit import Unit
from hub.storage.upkeep import MOST_LOGGED, Upkeep
from tests.architecture.source import ROOT
from tests.line import until
from tests.storage.centre import Centre, must, opened, populate
from tests.storage.test_search_index import NEWEST

SEGMENTS = "SELECT count(DISTINCT id >> 37) FROM search_entry_data WHERE id > 10"
"""FTS5's own numbering: https://www.sqlite.org/fts5.html, the %_data table."""


def path_of(centre: Centre) -> Path:
    return Path(str(centre.storage.engines.writer.url.database))


def upkeep_of(centre: Centre) -> Upkeep:
    return must(centre.storage.engines.embedded).upkeep


def ask(centre: Centre, question: str) -> int:
    def asked(unit: Unit) -> int:
        return int(unit.session.connection().exec_driver_sql(question).scalar_one())

    return centre.storage.read_now(centre.scope("granvik"), asked)


def in_the_file(centre: Centre, folder: Path) -> int:
    """Conversations in the database's own file, without its log."""
    shutil.copy(path_of(centre), folder / "alone.db")
    with closing(sqlite3.connect(folder / "alone.db")) as alone:
        return int(alone.execute("SELECT count(*) FROM conversation").fetchone()[0])


@pytest.fixture
def quiet(sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Centre]:
    """A centre whose upkeep is done when a test says so."""
    monkeypatch.setattr(upkeep, "PAUSE", 3600.0)
    with opened(sqlite_database, tmp_path) as storage:
        made = Centre(storage)
        populate(made)
        yield made


def test_a_commit_copies_nothing_out_of_the_log_and_a_checkpoint_all(quiet: Centre, tmp_path: Path) -> None:
    upkeep_of(quiet).checkpoint()
    for _ in range(50):
        quiet.mail()
    assert in_the_file(quiet, tmp_path) == 0
    upkeep_of(quiet).checkpoint()
    assert in_the_file(quiet, tmp_path) == 50


def test_a_log_that_grew_is_copied_by_the_commit_that_reaches_the_most(quiet: Centre, tmp_path: Path) -> None:
    def much(unit: Unit) -> None:
        connection = unit.session.connection()
        connection.exec_driver_sql("CREATE TABLE much (content)")
        connection.exec_driver_sql("INSERT INTO much VALUES (zeroblob(?))", (4096 * (MOST_LOGGED + 1),))

    quiet.mail()
    quiet.do(much)
    assert in_the_file(quiet, tmp_path) == 1
    quiet.mail()
    assert Path(f"{path_of(quiet)}-wal").stat().st_size < 4200 * MOST_LOGGED


def test_a_checkpoint_waits_for_no_reader(quiet: Centre, tmp_path: Path) -> None:
    upkeep_of(quiet).checkpoint()
    with closing(sqlite3.connect(path_of(quiet), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM conversation").fetchone() == (0,)
        quiet.mail()
        upkeep_of(quiet).checkpoint()
        assert in_the_file(quiet, tmp_path) == 0
        assert reader.execute("SELECT count(*) FROM conversation").fetchone() == (0,)
        reader.execute("ROLLBACK")
    upkeep_of(quiet).checkpoint()
    assert in_the_file(quiet, tmp_path) == 1


def test_a_checkpoint_waits_for_no_writer(quiet: Centre, tmp_path: Path) -> None:
    quiet.mail()

    def meanwhile(unit: Unit) -> None:
        unit.session.connection().exec_driver_sql("UPDATE conversation SET subject = 'under way'")
        upkeep_of(quiet).checkpoint()

    quiet.do(meanwhile)
    assert in_the_file(quiet, tmp_path) == 1


def test_a_long_log_is_copied_to_its_end_between_what_others_write(
    quiet: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_LONG", 0)
    quiet.mail()
    copies = threading.Thread(target=upkeep_of(quiet).checkpoint)
    with must(quiet.storage.engines.embedded).turn.taken():
        copies.start()
        until(lambda: in_the_file(quiet, tmp_path) == 1)
        time.sleep(0.1)
        with closing(sqlite3.connect(path_of(quiet), isolation_level=None)) as other:
            other.execute("DELETE FROM entry")
            other.execute("DELETE FROM conversation")
        assert copies.is_alive()
    copies.join()
    assert in_the_file(quiet, tmp_path) == 0


def test_segments_are_merged_by_upkeep_and_found_the_same(quiet: Centre) -> None:
    ids = [quiet.mail(text=f"Min faktura nummer {n} saknas") for n in range(12)]
    assert ask(quiet, SEGMENTS) == len(ids)
    scope = quiet.scope("granvik")
    before = quiet.storage.read_now(scope, search_index.find, "faktura ", before=NEWEST, limit=50)
    assert len(before) == len(ids)
    upkeep_of(quiet).catch_up()
    assert ask(quiet, SEGMENTS) < 4
    assert quiet.storage.read_now(scope, search_index.find, "faktura ", before=NEWEST, limit=50) == before


def test_what_nobody_merges_is_merged_by_a_commit_in_the_end(quiet: Centre) -> None:
    for _ in range(40):
        quiet.mail()
    assert ask(quiet, SEGMENTS) < 20


def test_it_comes_by_itself_after_a_commit_and_after_one_that_came_meanwhile(
    sqlite_centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "PAUSE", 0.01)
    time.sleep(1.1)  # what came with the centre is seen to
    for expected in range(1, 9):
        sqlite_centre.mail()
        if expected % 4 == 0:
            until(lambda expected=expected: in_the_file(sqlite_centre, tmp_path) == expected)  # type: ignore[misc]  # bound now


def test_once_closed_it_begins_nothing(sqlite_centre: Centre) -> None:
    sqlite_centre.mail()
    upkeep_of(sqlite_centre).close()
    sqlite_centre.mail()
    assert not [each for each in threading.enumerate() if each.name == "storage-upkeep"]


def test_a_commit_whose_upkeep_gets_no_thread_is_one_all_the_same(
    sqlite_centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(upkeep, "PAUSE", 0.01)
    time.sleep(1.1)  # what came with the centre is seen to
    with monkeypatch.context() as patch:
        patch.setattr(threading.Timer, "start", refuse)
        sqlite_centre.mail()
    sqlite_centre.mail()  # and the next one's sees to both
    until(lambda: in_the_file(sqlite_centre, tmp_path) == 2)


def test_a_file_that_another_process_holds_is_left_alone_and_its_rows_stay(
    quiet: Centre, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quiet.mail()
    caplog.set_level("INFO")
    with closing(sqlite3.connect(path_of(quiet), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with closing(quiet.storage.engines.writer.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA busy_timeout=1")
        upkeep_of(quiet)._run()
        assert "the database's upkeep waits" in caplog.text
        other.execute("ROLLBACK")
    upkeep_of(quiet).catch_up()
    assert in_the_file(quiet, tmp_path) == 1


def test_a_disk_that_fills_up_in_a_merge_costs_no_entry(quiet: Centre, caplog: pytest.LogCaptureFixture) -> None:
    """Wherever in it: with ever more pages to be had."""
    caplog.set_level("INFO")
    ids = [quiet.mail(text=f"Min faktura {' '.join(f'ord{n}x{k}' for k in range(300))}") for n in range(14)]

    def found() -> int:
        return len(
            quiet.storage.read_now(quiet.scope("granvik"), search_index.find, "faktura ", before=NEWEST, limit=50)
        )

    for more in range(0, 40, 4):
        with quiet.storage.engines.writer.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + more}")
        upkeep_of(quiet)._run()
        assert found() == len(ids)
    assert "disk is full" in caplog.text
    with quiet.storage.engines.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    upkeep_of(quiet).catch_up()
    ids.append(quiet.mail(text="Min faktura"))
    assert found() == len(ids)


WRITES = """
import os, sys
from pathlib import Path
import hub.app
from hub.storage import upkeep
upkeep.PAUSE = 0.0
from tests.storage.centre import Centre, opened

def say(word):
    sys.stdout.write(f"{word}\\n")
    sys.stdout.flush()

def writes():
    with opened(sys.argv[1], Path(sys.argv[2])) as storage:
        centre = Centre(storage)
        centre.ids = eval(sys.argv[3])
        say(os.getpid())
        while True:
            say(centre.mail())

for line in sys.stdin:  # each a writer of its own; what they import is imported once
    child = os.fork()
    if child == 0:
        writes()
    os.waitpid(child, 0)
    say("ended")
"""


def test_killed_at_any_moment_of_it_nothing_that_was_committed_is_lost(sqlite_centre: Centre, tmp_path: Path) -> None:
    url = f"sqlite:///{path_of(sqlite_centre)}"
    said: list[int] = []
    command = [sys.executable, "-c", WRITES, url, str(tmp_path), repr(sqlite_centre.ids)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        for seconds in (0.05, 0.1, 0.17, 0.26, 0.4):
            process.stdin.write("another\n")
            process.stdin.flush()
            writer = int(process.stdout.readline())
            said.append(int(process.stdout.readline()))
            time.sleep(seconds)
            os.kill(writer, signal.SIGKILL)
            said += [int(line) for line in iter(process.stdout.readline, "ended\n")]
        process.stdin.close()
        assert process.wait() == 0
    assert len(said) > 5
    with closing(sqlite3.connect(path_of(sqlite_centre))) as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found.execute("INSERT INTO search_entry (search_entry) VALUES ('integrity-check')")
        known = {row[0] for row in found.execute("SELECT id FROM conversation")}
    assert set(said) <= known
