"""A manager that is played, and a connector that listens to it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.asterisk_ami import AsteriskAmi
from connectors.asterisk_ami.settings import AmiConfig
from hub.contract import RawEvent
from hub.contract.config import read_config
from hub.contract.testing.listen import Keeping
from hub.contract.testing.stage import PATIENCE, InThread
from hub.proof.stand_ins.ami_server import AmiServer
from tests.connectors.tools import TestTools


@pytest.fixture
def exchange() -> Iterator[AmiServer]:
    server = AmiServer()
    yield server
    server.close()


def settings(port: int, **more: object) -> AmiConfig:
    given = {"host": "127.0.0.1", "port": port, "username": "torg", "secret": "hemligt", "ping_seconds": 30, **more}
    return read_config(AmiConfig, given)


def connector(config: AmiConfig) -> AsteriskAmi:
    tools: Any = TestTools()
    return AsteriskAmi(config, tools)


class Listener:
    """What it has kept, and how it ended."""

    def __init__(self, config: AmiConfig) -> None:
        self.keeping = Keeping()
        self._config = config
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.thread = InThread(lambda: asyncio.run(self._listen()))

    @property
    def kept(self) -> list[RawEvent]:
        return self.keeping.kept

    def end(self) -> None:
        self.keeping.may_go_on.set()
        if self._loop is not None and self._task is not None and not self.thread.ended.is_set():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self.thread.result()

    async def _listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(connector(self._config).listen(self.keeping.keep))
        await asyncio.wait([self._task])
        if not self._task.cancelled() and (error := self._task.exception()) is not None:
            raise error


@contextmanager
def listening(exchange: AmiServer, **more: object) -> Iterator[Listener]:
    """Logged in when it begins; when it ends, the exchange knows it gone: the next one isn't taken for it."""
    others = exchange.clients
    listener = Listener(settings(exchange.port, **more))
    try:
        assert exchange.wait_for(lambda server: server.clients > others)
        yield listener
    finally:
        listener.end()
        assert exchange.wait_for(lambda server: server.clients == others)


def soon(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether it comes true."""
    waiting = InThread(lambda: _until(condition, seconds))
    return bool(waiting.result())


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
