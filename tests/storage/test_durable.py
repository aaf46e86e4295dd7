"""Whoever wrote to SQLite is answered after a flush that began after their commit; what came together has one."""

import asyncio
import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import Unavailable
from hub.storage import durable
from hub.storage.engine import Embedded, open_engines
from hub.storage.scope import Scope
from hub.storage.unit import Happening, Unit
from tests.live.ears import change, until
from tests.storage.centre import Centre

EVERYTHING = Scope.everything("test")
PATIENCE = 60.0


class Disk:
    """Flushes when it is told to, and counts."""

    def __init__(self) -> None:
        self.flushes = 0
        self.asked, self.may = threading.Semaphore(0), threading.Semaphore(0)
        self.fails = False

    def flush(self, file: int) -> None:
        self.flushes += 1
        self.asked.release()
        assert self.may.acquire(timeout=PATIENCE)
        if self.fails:
            raise OSError(errno.EIO, "the disk is broken")
        os.fdatasync(file)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch, sqlite_centre: Centre) -> Iterator[Disk]:
    made = Disk()
    monkeypatch.setattr(os, "fsync", made.flush)
    yield made
    made.fails = False
    made.may.release(100)


def embedded(centre: Centre) -> Embedded:
    assert centre.storage.engines.embedded is not None
    return centre.storage.engines.embedded


def seen(centre: Centre, entry_id: int) -> bool:
    """By another connection."""
    with sqlite3.connect(str(centre.storage.engines.writer.url.database)) as other:
        return bool(other.execute("SELECT 1 FROM entry WHERE id = ?", (entry_id,)).fetchone())


def test_nobody_is_answered_before_it_is_on_the_disk(sqlite_centre: Centre, disk: Disk) -> None:
    disk.may.release(100)
    conversation_id = sqlite_centre.mail()
    while disk.may.acquire(blocking=False):
        pass
    written: list[int] = []
    told: list[Happening] = []

    def work(unit: Unit) -> int:
        written.append(change(unit, conversation_id))
        return written[0]

    async def story() -> None:
        sqlite_centre.storage.on_commit(told.extend)
        answer = asyncio.create_task(sqlite_centre.storage.write(EVERYTHING, work))
        await until(lambda: disk.asked.acquire(blocking=False))
        await asyncio.sleep(0.05)
        assert seen(sqlite_centre, written[0])
        assert not answer.done()
        assert not told
        disk.may.release()
        assert await answer == written[0]
        assert told

    while disk.asked.acquire(blocking=False):
        pass
    asyncio.run(story())


def test_what_came_meanwhile_has_one_flush_together(sqlite_centre: Centre, disk: Disk) -> None:
    disk.may.release(100)
    conversation_id = sqlite_centre.mail()
    while disk.may.acquire(blocking=False):
        pass
    disk.flushes = 0

    async def story() -> None:
        first = asyncio.create_task(sqlite_centre.storage.write(EVERYTHING, change, conversation_id))
        await until(lambda: disk.flushes > 0)
        others = [
            asyncio.create_task(sqlite_centre.storage.write(EVERYTHING, change, conversation_id)) for _ in range(20)
        ]
        await asyncio.sleep(0)  # they are before the writer
        await asyncio.to_thread(lambda: sqlite_centre.storage._writers.submit(lambda: None).result(PATIENCE))
        assert not any(each.done() for each in (first, *others))
        disk.may.release(2)
        assert len(set(await asyncio.gather(first, *others))) == 21

    asyncio.run(story())
    assert disk.flushes == 2


def test_a_disk_that_fails_is_said_until_all_of_it_is_written_again(
    sqlite_centre: Centre, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.may.release(100)
    conversation_id = sqlite_centre.mail()
    told: list[Happening] = []
    sqlite_centre.storage.on_commit(told.extend)
    durably = embedded(sqlite_centre).durable
    log = Path(f"{sqlite_centre.storage.engines.writer.url.database}-wal")

    async def story() -> None:
        with pytest.raises(Unavailable, match="look first"):
            await sqlite_centre.storage.write(EVERYTHING, change, conversation_id)

    disk.fails = True
    with sqlite_centre.storage.engines.reader.connect() as reader:  # a log that is read isn't begun anew
        reader.exec_driver_sql("SELECT count(*) FROM entry").fetchall()
        monkeypatch.setattr(durable, "_PATIENCE", 0.1)
        asyncio.run(story())
        assert [each.conversation_id for each in told if each.kind == "entry_added"] == [conversation_id]
        disk.fails = False  # the system has forgotten what it lost
        with pytest.raises(Unavailable, match="look first"):
            sqlite_centre.storage.write_now(EVERYTHING, change, conversation_id)
        assert log.stat().st_size > 0
    durably.now()
    assert log.stat().st_size == 0  # all of it is in the database
    sqlite_centre.storage.write_now(EVERYTHING, change, conversation_id)


def test_a_listener_that_fails_ends_nothing(sqlite_centre: Centre, caplog: pytest.LogCaptureFixture) -> None:
    conversation_id = sqlite_centre.mail()

    def fails(_: object) -> None:
        raise RuntimeError("a listener")

    async def story() -> None:
        for _ in range(3):
            assert await sqlite_centre.storage.write(EVERYTHING, change, conversation_id)

    sqlite_centre.storage.on_commit(fails)
    asyncio.run(story())
    assert "what listens to commits failed" in caplog.text


def test_a_database_behind_a_link_is_flushed(
    sqlite_centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(str(sqlite_centre.storage.engines.writer.url.database))
    flushed: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda file: flushed.append(Path(f"/proc/self/fd/{file}").readlink().name))
    engines = open_engines(f"sqlite:///{link}")
    with engines.writer.begin() as connection:
        connection.exec_driver_sql("PRAGMA user_version")
    assert engines.embedded is not None
    engines.embedded.durable.now()
    assert flushed == [f"{link.resolve().name}-wal"]
    engines.dispose()
