"""The contract's tests for a letterbox."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from hub.contract import RawEvent
from hub.contract.testing import ListenTests, Manner, SendTests
from tests.connectors.tools import free_port

ANSWERS: dict[Manner, bytes | None] = {"takes": b"yes\n", "refuses": b"no\n", "defers": b"later\n", "silent": None}


class Neighbour:
    """Takes letters, and answers in its manner."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.settings: Mapping[str, Any] = {}
        self.letters: list[str] = []

    def taken(self) -> Sequence[str]:
        return list(self.letters)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            letter = await reader.readexactly(int(await reader.readline() or b"0"))
            if letter and self.answer not in (b"no\n", b"later\n"):
                self.letters.append(letter.decode())
            if self.answer is None:
                await reader.read()  # until the other hangs up
            else:
                writer.write(self.answer)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


class LetterboxTests(SendTests, ListenTests):
    """`connector` is set for each plugin."""

    __test__ = False  # pytest: run by `failures` only
    settings = {"port": 1, "password": "hemligt"}  # noqa: RUF012 - a class of tests
    samples: ClassVar[Sequence[Path]] = sorted(Path(__file__).parent.glob("letters/*"))
    media_type = "text/plain"

    def events(self, sample: Path) -> Sequence[RawEvent]:
        """A letter is two events of one group, so that order and doubling can matter."""
        parts = (("1", sample.read_bytes()), ("2", b"anna|and more"))
        return [RawEvent(key, body, self.media_type, group="letter", origin={}) for key, body in parts]

    def listening(self) -> Mapping[str, Any]:
        return {**self.settings, "port": free_port()}

    def bring(self, settings: Mapping[str, Any], body: bytes) -> bool:
        with socket.create_connection(("127.0.0.1", settings["port"]), timeout=5) as connection:
            connection.sendall(b"%d\n%s" % (len(body), body))
            return connection.recv(100) == b"yes\n"

    @asynccontextmanager
    async def other_side(self, manner: Manner) -> AsyncIterator[Neighbour]:
        neighbour = Neighbour(ANSWERS.get(manner))
        if manner == "away":
            neighbour.settings = {"port": free_port()}
            yield neighbour
            return
        server = await asyncio.start_server(neighbour.converse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        neighbour.settings = {"port": port, "timeout": 0.1} if manner == "silent" else {"port": port}
        try:
            yield neighbour
        finally:
            server.close()
            await asyncio.sleep(0.01)  # the conversations end with their connections
