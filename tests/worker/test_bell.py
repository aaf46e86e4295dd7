"""Two processes, one database: what one keeps the other reads and sends, woken through Redis or by the sweep."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.architecture.source import ROOT
from tests.connectors.tools import free_port
from tests.line import Line, letter, reachable, until


@contextmanager
def torg(line: Line, command: str, **settings: Any) -> Iterator[None]:
    """`torg serve` or `torg worker` on the line's database."""
    given = {
        "TORG_CONFIG": "/dev/null",
        "TORG_DATABASE_URL": line.settings.database_url,
        "TORG_KEY_FILE": line.settings.key_file,
        "TORG_BLOB_FOLDER": line.settings.blob_folder,
        "TORG_UNDO_SECONDS": "0",
        "TORG_PORT": str(free_port()),
        "TORG_LOG_LEVEL": "warning",
        **{f"TORG_{name.upper()}": str(value) for name, value in settings.items()},
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TORG_")}
    with subprocess.Popen(
        [sys.executable, "-m", "hub.cli", command],
        cwd=line.folder,
        env={**environment, **given, "PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) in {0, -signal.SIGTERM}


@pytest.fixture
def apart(postgres_database: str, tmp_path: Path) -> Iterator[Line]:
    """On PostgreSQL, set up and not running."""
    line = Line(tmp_path, postgres_database)
    yield line
    line.storage.close()


def test_a_ring_wakes_the_worker_long_before_its_sweep(apart: Line, redis_database: str) -> None:
    shared = {"worker": "separate", "redis_url": redis_database, "sweep_seconds": 60}
    with torg(apart, "serve", **shared), torg(apart, "worker", **shared):
        until(lambda: reachable(apart.port))
        time.sleep(2)  # the worker's first sweep is behind it
        began = time.monotonic()
        apart.send(letter())
        (entry,) = apart.entries(1)
        assert time.monotonic() - began < 8
        assert entry.text == "Hej, när töms min brunn?"


def test_without_redis_the_sweep_finds_everything(apart: Line) -> None:
    shared = {"worker": "separate", "redis_url": f"redis://127.0.0.1:{free_port()}/0", "sweep_seconds": 0.5}
    with torg(apart, "serve", **shared), torg(apart, "worker", **shared):
        until(lambda: reachable(apart.port))
        apart.send(letter())
        (entry,) = apart.entries(1)
        apart.answer(entry.conversation_id)
        until(lambda: [row.state for row in apart.deliveries()] == ["sent"])
        assert len(list((apart.folder / "outgoing").glob("*.eml"))) == 1


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_pickle_in_redis_is_not_executed(apart: Line, redis_database: str, tmp_path: Path) -> None:
    bomb = tmp_path / "exploded"
    with redis.Redis.from_url(redis_database) as client:
        client.set("arq:job:bomb", pickle.dumps({"f": "ring", "a": (_Bomb(bomb),), "k": {}, "t": None, "et": 0}))
        client.zadd("arq:queue", {"bomb": int(time.time() * 1000)})
        shared = {"worker": "separate", "redis_url": redis_database, "sweep_seconds": 0.5}
        with torg(apart, "serve", **shared), torg(apart, "worker", **shared):
            until(lambda: reachable(apart.port))
            apart.send(letter())
            apart.entries(1)
            until(lambda: client.zcard("arq:queue") == 0)
    assert not bomb.exists()


def test_two_workers_read_and_send_each_thing_once(apart: Line) -> None:
    mails = [letter(f"nummer {number}", Subject=str(number)) for number in range(60)]
    with (
        torg(apart, "serve", sweep_seconds=0.2),
        torg(apart, "worker", sweep_seconds=0.2),
        torg(apart, "worker", sweep_seconds=0.2),
    ):
        until(lambda: reachable(apart.port))
        apart.send(*mails)
        entries = apart.entries(60)
        for entry in entries[:20]:
            apart.answer(entry.conversation_id)
        until(lambda: {row.state for row in apart.deliveries()} == {"sent"})
    assert sorted(entry.text for entry in entries) == sorted(f"nummer {number}" for number in range(60))
    assert len(apart.deliveries()) == 20
    assert {row.attempt for row in apart.deliveries()} == {1}
    assert len(list((apart.folder / "outgoing").glob("*.eml"))) == 20
