"""A process that is forked is the command: its words, its environment, its folder, its end. So is what it parses in."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlalchemy import select

from hub.app import Hub, create_app, preload
from hub.edge.meter import Meter, shared
from hub.inbound.child import MEMORY, READY
from hub.inbox.municipality import Municipality
from tests import forked_child
from tests.installation import Installation
from tests.line import PATIENCE
from tests.started import Forked


@pytest.fixture
def installation(sqlite_database: str, tmp_path: Path) -> Installation:
    return Installation(tmp_path, sqlite_database, {})


def test_it_does_what_the_command_does(installation: Installation) -> None:
    words = ("municipality", "add", "granvik", "--name", "Granvik kommun", "--country", "SE")
    for status in (0, 1):  # there is one by then
        with installation.process(*words) as process:
            assert process.wait(PATIENCE) == status
    assert installation.log().splitlines()[-1].startswith("torg: ")
    assert installation.one(select(Municipality.code)) == "granvik"
    installation.storage.close()


def test_it_ends_as_it_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    os.mkfifo(log)  # whoever opens it to write waits for somebody who reads
    process = Forked("hub.cli", ["--version"], tmp_path, {}, log)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    assert process.poll() is None
    process.kill()
    assert process.wait(PATIENCE) == process.poll() == -signal.SIGKILL
    process.terminate()  # there is nobody by then


def test_an_application_that_was_built_before_is_over_one_hub_alone(installation: Installation) -> None:
    """As processes take it that part afterwards; it counts in the row of whoever takes it."""
    preload(installation.settings)
    second = Meter(shared(2), row=1)
    hubs = [Hub(installation.settings, serves=True, works=False) for _ in range(2)]
    apps = [create_app(hub, second) for hub in hubs]
    assert apps[0] is not apps[1]
    for hub, app in zip(hubs, apps, strict=True):
        with TestClient(app) as client:
            assert client.get("/health").status_code == 200
            assert app.state.storage is hub.storage
    assert 'torg_requests_total{face="api",status="2xx"} 2' in list(second.lines())
    installation.storage.close()


def test_a_child_has_its_limits_and_ends_when_its_hub_does_or_is_killed() -> None:
    async def run(end: Callable[[forked_child.ForkedChild], None]) -> int:
        child = await forked_child.begin([])
        assert await child.stdout.readexactly(4 + len(READY)) == len(READY).to_bytes(4) + READY
        assert _memory(child.pid) == str(MEMORY)
        assert child.returncode is None
        end(child)
        await child.communicate()
        return await child.wait()

    assert asyncio.run(run(lambda child: child.stdin.close())) == 0
    assert asyncio.run(run(lambda child: child.kill())) == -signal.SIGKILL


def _memory(pid: int) -> str:
    rows = Path(f"/proc/{pid}/limits").read_text().splitlines()
    (found,) = [row.split()[3] for row in rows if row.startswith("Max address space")]
    return found
