"""The stream of a real server: what is on the wire, how many it serves, how it ends."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from hub.access import login, person
from hub.access.person import Person
from hub.edge.live import PING
from hub.inbox.municipality import Municipality
from hub.proof.ports import free_ports
from hub.storage.unit import Unit
from tests.architecture.source import ROOT
from tests.line import PATIENCE, until
from tests.live.ears import change
from tests.storage.centre import Centre, must

LISTENERS = 200
SILENCE = 3.0
"""Seconds until a word, in place of the default."""


class Serving:
    """A process, and how to reach it."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", port: int, token: str, valid: Path, mails: Sequence[int]
    ) -> None:
        self.process, self.port, self.token, self.valid, self.mails = process, port, token, valid, mails

    async def listen(self, **headers: str) -> "Wire":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        sent = {"Host": "x", "Connection": "close", "Authorization": self.token, **headers}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in sent.items())
        writer.write(f"GET /events HTTP/1.1\r\n{lines}\r\n".encode())
        wire = Wire(reader, writer)
        assert await wire.line("retry:")
        return wire

    async def change(self, row_id: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"POST /change/{row_id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert b" 201 " in await reader.readline()
        writer.close()


class Wire:
    """One open stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def line(self, beginning: str) -> str:
        """The next one that begins so; empty at the end of the stream."""
        async with asyncio.timeout(PATIENCE):
            while raw := await self.reader.readline():
                if raw.decode().startswith(beginning):
                    return raw.decode().strip()
        return ""

    async def ends(self) -> bool:
        return await self.line("never") == ""


@pytest.fixture
def serving(
    request: pytest.FixtureRequest, sqlite_centre: Centre, sqlite_database: str, tmp_path: Path
) -> Iterator[Serving]:
    """Its parameter: seconds of silence after which it says a word, if others than by default."""

    def prepare(unit: Unit) -> str:
        sara = must(unit.get(Person, sqlite_centre.ids["sara"]))
        person.join(unit, sara, must(unit.get(Municipality, sqlite_centre.ids["granvik"])), "agent")
        return login.add_token(unit, sara, "test")

    token = sqlite_centre.do(prepare)
    mails = [sqlite_centre.mail(sender=f"{number}@example.com") for number in range(5)]
    (port,) = free_ports(1)
    valid = tmp_path / "valid"
    valid.touch()
    settings = {
        "TORG_DATABASE_URL": sqlite_database, "TORG_KEY_FILE": str(tmp_path / "key"),
        "TORG_BLOB_FOLDER": str(tmp_path / "blobs"), "TORG_PARSE_CHILDREN": "1", "TORG_CONFIG": os.devnull,
    }  # fmt: skip
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TORG_")}
    ping = getattr(request, "param", PING)
    command = [sys.executable, "-m", "tests.live.server", str(port), str(valid), str(ping)]
    with subprocess.Popen(command, cwd=ROOT, env=plain | settings) as process:
        try:
            until(lambda: process.poll() is not None or has_looked(port))
            assert process.poll() is None, "it has ended"
            yield Serving(process, port, token, valid, mails)
        finally:
            process.kill()


def has_looked(port: int) -> bool:
    """Whether it serves, and knows how things stood: the mails are no news any more."""
    with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/looked", timeout=5) as answer:
        return bool(answer.read() == b"true")
    return False


def test_what_is_on_the_wire(serving: Serving, sqlite_centre: Centre) -> None:
    row_id = serving.mails[0]

    async def listen() -> None:
        wire = await serving.listen()
        entry_id = await asyncio.to_thread(sqlite_centre.do, change, row_id)  # from this process
        assert await wire.line("event:") == "event: row"
        assert await wire.line("data:") == f'data: {{"id":"{row_id}"}}'
        assert await wire.line("event:") == "event: entry"
        assert await wire.line("data:") == f'data: {{"id":"{row_id}","entry":"{entry_id}"}}'
        again = await serving.listen(Last_Event_ID="open")
        assert await again.line("event:") == "event: resync"
        for each in (wire, again):
            each.writer.close()

    asyncio.run(listen())


@pytest.mark.parametrize("serving", [SILENCE], indirect=True)
def test_a_line_on_which_nothing_happens_says_that_it_is_there(serving: Serving) -> None:
    async def listen() -> None:
        wire = await serving.listen()
        began = time.monotonic()
        assert await wire.line("event:") == "event: ping"
        assert time.monotonic() - began >= SILENCE - 1
        assert await wire.line("data:") == "data: {}"
        wire.writer.close()

    asyncio.run(listen())


def test_it_ends_with_the_session(serving: Serving) -> None:
    async def listen() -> None:
        wire = await serving.listen()
        serving.valid.unlink()
        assert await wire.ends()
        wire.writer.close()

    asyncio.run(listen())


def test_many_listen_and_all_hear_and_the_end_is_quick(serving: Serving) -> None:
    async def listen() -> None:
        wires = [await serving.listen() for _ in range(LISTENERS)]
        took: list[float] = []
        for row_id in serving.mails:
            await asyncio.sleep(0.6)  # the look at other processes lies between
            began = time.monotonic()

            async def hear(wire: Wire, wanted: str = f'data: {{"id":"{row_id}"}}', began: float = began) -> float:
                assert await wire.line(wanted)
                return time.monotonic() - began

            listening = [asyncio.create_task(hear(wire)) for wire in wires]
            await serving.change(row_id)
            took += await asyncio.gather(*listening)
        assert len(took) == LISTENERS * len(serving.mails)
        print(f"p99 {1000 * sorted(took)[int(0.99 * len(took))]:.0f} ms")  # noqa: T201 - a figure, not a gate: pytest -s

        serving.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(serving.process.wait, PATIENCE) == -signal.SIGTERM  # uvicorn ends as told to
        for wire in wires:
            assert await wire.ends()
            wire.writer.close()

    asyncio.run(listen())
