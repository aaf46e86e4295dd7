"""Of several processes that have much to write to one SQLite file none starves; one that dies leaves its turn."""

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hub.storage import turn
from hub.storage.turn import Turn
from tests.architecture.source import ROOT

PATIENCE = 60.0
_WRITES = """
import sqlite3, sys, time
from pathlib import Path
from hub.storage.turn import Turn
database, turn = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60), Turn(Path(sys.argv[1]))
database.execute("PRAGMA journal_mode=WAL")
print("ready", flush=True)
sys.stdin.readline()
ends, done = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < ends:
    with turn.taken():
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO line VALUES (1)")
        time.sleep(0.004)
        database.execute("COMMIT")
    done += 1
print(done, flush=True)
"""
_HOLDS = """
import sys, time
from pathlib import Path
from hub.storage.turn import Turn
with Turn(Path(sys.argv[1])).taken():
    print("has it", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "torg.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE line (number INTEGER)")
    return path


def started(program: str, *words: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_three_that_write_without_a_pause_write_alike_often(database: Path) -> None:
    several = [started(_WRITES, database, 3) for _ in range(3)]
    for each in several:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in several:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    done = [int(each.communicate(timeout=PATIENCE)[0]) for each in several]
    assert min(done) > 0.5 * max(done), done
    with sqlite3.connect(database) as there:
        assert there.execute("SELECT count(*) FROM line").fetchone() == (sum(done),)


def test_who_dies_leaves_it(database: Path) -> None:
    other = started(_HOLDS, database)
    assert other.stdout is not None
    assert other.stdout.readline() == "has it\n"
    other.kill()
    other.communicate(timeout=PATIENCE)
    began = time.monotonic()
    with Turn(database).taken():
        assert time.monotonic() - began < turn._PATIENCE


def test_who_never_ends_is_not_waited_for_for_ever(
    database: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turn, "_PATIENCE", 0.2)
    other = started(_HOLDS, database)
    assert other.stdout is not None
    assert other.stdout.readline() == "has it\n"
    mine = Turn(database)
    with mine.taken(), sqlite3.connect(database) as there:
        there.execute("INSERT INTO line VALUES (2)")
    with mine.taken():
        pass
    assert caplog.text.count("another process keeps its turn") == 1
    other.kill()
    other.communicate(timeout=PATIENCE)
    for _ in range(2):
        with mine.taken():
            pass
    assert mine._patience == turn._PATIENCE
    mine.close()


def test_a_folder_that_can_only_be_read_is_for_sqlite_to_say(tmp_path: Path) -> None:
    with Turn(tmp_path / "nowhere" / "torg.db").taken():
        pass


def test_threads_of_one_process_take_it_one_after_the_other(database: Path) -> None:
    mine, inside, most = Turn(database), 0, []

    def work() -> None:
        nonlocal inside
        for _ in range(20):
            with mine.taken():
                inside += 1
                most.append(inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    mine.close()
    assert set(most) == {1}
