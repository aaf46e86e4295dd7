"""A listener in a thread of its own, so that tests may speak to it as any mail server would: with blocking sockets."""

import asyncio
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from connectors.smtp_in import SmtpIn, SmtpInConfig
from hub.contract import RawEvent
from hub.contract.config import read_config
from tests.connectors.tools import TestTools, free_port

ADDRESSES = {
    "Kommunen@granvik.example": "granvik/1",
    "bygg@granvik.example": "granvik/2",
    "post@holmo.example": "holmo/7",
}


class Listener:
    """A running `smtp_in`. `kept`: what it had stored; `fail`: what storing raises; `hold`: storing waits for it."""

    def __init__(self, loop: Callable[[], asyncio.AbstractEventLoop] | None = None, **settings: Any) -> None:
        self.port = free_port()
        values = {
            "addresses": ADDRESSES,
            "hostname": "mx.example",
            "port": self.port,
            "size_limit": 200_000,
            **settings,
        }
        self.channel = SmtpIn(read_config(SmtpInConfig, values), TestTools())
        self.kept: list[RawEvent] = []
        self.fail: Exception | None = None
        self.storing = threading.Event()
        self.hold: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live, args=(loop,))
        self._thread.start()
        assert self._ready.wait(60)

    def _live(self, loop: Callable[[], asyncio.AbstractEventLoop] | None) -> None:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.task = asyncio.create_task(self.channel.listen(self._keep))
        await _until_open(self.port)
        self._ready.set()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _keep(self, events: Sequence[RawEvent]) -> Sequence[str]:
        self.storing.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.fail is not None:
            raise self.fail
        self.kept.extend(events)
        return [event.key for event in events]

    def hold_storing(self) -> asyncio.Event:
        self.hold = asyncio.Event()
        return self.hold

    def in_loop(self, call: Callable[[], object]) -> None:
        self.loop.call_soon_threadsafe(call)

    def client(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example", timeout=60)

    def socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def say(self, *lines: str | bytes) -> list[str]:
        """Everything at once, then read to the end of the connection; the answers, a line each."""
        sent = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\r\n" for line in lines)
        with self.socket() as connection:
            connection.sendall(sent)
            return read_to_end(connection)

    def stop(self) -> None:
        if self._thread.is_alive():
            self.in_loop(self.task.cancel)
        self._thread.join(60)
        assert not self._thread.is_alive()


def read_to_end(connection: socket.socket) -> list[str]:
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received.decode().splitlines()


async def _until_open(port: int) -> None:
    for _ in range(6_000):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise AssertionError("the listener never opened its port")


@pytest.fixture
def start() -> Iterator[Callable[..., Listener]]:
    """Start listeners with settings; all are stopped at the end."""
    running: list[Listener] = []

    def start(**settings: Any) -> Listener:
        running.append(Listener(**settings))
        return running[-1]

    yield start
    for listener in running:
        listener.stop()


@pytest.fixture
def listener(start: Callable[..., Listener]) -> Listener:
    return start()
