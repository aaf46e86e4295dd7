"""Whoever wrote to SQLite is answered after a flush that began after their commit; what came together has one."""

import asyncio
import errno
import os
import sqlite3
import threading
from collections.abc import Iterator

import pytest

from hub.errors import Unavailable
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


def test_a_disk_that_fails_is_said_and_who_listens_looks(sqlite_centre: Centre, disk: Disk) -> None:
    disk.may.release(100)
    conversation_id = sqlite_centre.mail()
    disk.fails = True
    told: list[Happening] = []
    sqlite_centre.storage.on_commit(told.extend)

    async def story() -> None:
        with pytest.raises(Unavailable, match="look first"):
            await sqlite_centre.storage.write(EVERYTHING, change, conversation_id)

    asyncio.run(story())
    assert [each.conversation_id for each in told if each.kind == "entry_added"] == [conversation_id]
    told.clear()
    with pytest.raises(Unavailable, match="look first"):
        sqlite_centre.storage.write_now(EVERYTHING, change, conversation_id)
    assert told
