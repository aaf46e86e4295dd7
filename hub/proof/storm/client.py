"""A client that costs little: the load shares its machine with what it measures."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlencode

from msgspec import Struct

_KEPT = 3.0
"""Seconds that a connection lies idle and is used again: the hub closes it after five."""
_PATIENCE = 60.0
_LIMIT = 2**22

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answer(Struct, frozen=True):
    """`status` 0: there was none. `took`: seconds from the request on."""

    status: int
    body: bytes
    began: float
    took: float

    @property
    def good(self) -> bool:
        return 200 <= self.status < 400  # noqa: PLR2004 - success, or where it goes on

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Client:
    """As many connections as are asked on at once, each used again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[float, Connection]] = []

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Once. Without an answer within a minute it is one with status 0."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(_PATIENCE):
                status, content = await self._once(_head(self._port, method, path, headers, body) + body)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            status, content = 0, b""
        return Answer(status, content, began, time.monotonic() - began)

    async def post(self, path: str, headers: Mapping[str, str], form: Mapping[str, str]) -> Answer:
        """A form, as a page sends it."""
        own = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        return await self.ask("POST", path, own, urlencode(form).encode())

    def close(self) -> None:
        for _, (_, writer) in self._idle:
            writer.close()

    async def _once(self, request: bytes) -> tuple[int, bytes]:
        connection = await self._connection()
        keeps = False
        try:
            connection[1].write(request)
            status, keeps, content = await _read(connection[0])
        finally:
            if keeps:
                self._idle.append((time.monotonic(), connection))
            else:
                connection[1].close()
        return status, content

    async def _connection(self) -> Connection:
        while self._idle:
            since, connection = self._idle.pop()
            if time.monotonic() - since < _KEPT:
                return connection
            connection[1].close()
        return await asyncio.open_connection("127.0.0.1", self._port, limit=_LIMIT)


async def events(port: int, path: str, headers: Mapping[str, str]) -> AsyncIterator[tuple[str, str]]:
    """Name and data of each, until the hub ends the stream. Raises OSError or EOFError when it breaks."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LIMIT)
    try:
        writer.write(_head(port, "GET", path, {**headers, "Accept": "text/event-stream"}, b""))
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(head[:40].decode("ascii", "replace"))
        name = ""
        while line := await reader.readline():
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                yield name, line[6:].strip().decode()
    finally:
        writer.close()


def _head(port: int, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        *(f"{name}: {said}" for name, said in headers.items()),
    ]
    if method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _read(reader: asyncio.StreamReader) -> tuple[int, bool, bytes]:
    """Status, whether the connection stays, content."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    length = fields.get(b"content-length")
    keeps = fields.get(b"connection") != b"close"
    if length is None:
        return status, keeps and status == 204, b""  # noqa: PLR2004 - no content
    return status, keeps, await reader.readexactly(int(length))
