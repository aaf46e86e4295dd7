"""A source by HTTP that notes every byte that reaches it, and misbehaves by path."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


def _say(content: bytes, fields: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n%s\r\n%s" % (status, len(content), fields, content)


_GZIP = b"content-encoding: gzip\r\n"
_WHOLE = {
    "bomb": _say(gzip.compress(bytes(30_000_000), 1), _GZIP),
    "cut_gzip": _say(gzip.compress(b"answer" * 100)[:-9], _GZIP),
    "no_gzip": _say(b"19121212-1212", _GZIP),
    "two_gzips": _say(gzip.compress(b"answer") * 2, _GZIP),
    "brotli": _say(b"19121212-1212", b"content-encoding: br\r\n"),
    "gzip": _say(gzip.compress(b"answer"), _GZIP),
    "elsewhere": _say(b"", b"location: /read/here?of=19121212-1212\r\n", b"302 Found"),
    "same": _say(b"", b"", b"304 Not Modified"),
    "broken": _say(b"sorry", b"", b"500 Internal Server Error"),
    "cookie": _say(b"", b"set-cookie: session=19121212-1212\r\n"),
}
_BROKEN_OFF = {
    "cut": _say(b"half" * 100)[:-9],
    "no_http": b"19121212-1212 is my number\r\n\r\n",
    "nothing": b"",
}
_FOR_EVER = {
    "hang": (b"", b"", 10.0),
    "slow": (b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", b"x", 0.02),
    "endless": (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 60_000, 0),
    "endless_head": (b"HTTP/1.1 200 OK\r\n", b"x-more: %s\r\n" % (b"x" * 60_000), 0),
    "endless_hints": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, 0),
}
"""First, then again and again, with a pause in seconds."""


class FarSide:
    """`ledger`: heads and contents of requests, as they came; `connections`: how often somebody connected,
    and `hung_up`: went."""

    def __init__(self) -> None:
        self.ledger: list[bytes] = []
        self.connections = self.hung_up = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                while await self.serve(reader, writer):
                    pass
                writer.close()
                await writer.wait_closed()
            except asyncio.IncompleteReadError:
                self.hung_up += 1
                raise
            finally:
                writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request. Whether the connection stays."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.ledger.append(head + await reader.readexactly(int(_field(head, b"content-length") or 0)))
        path = head.split(b" ")[1].partition(b"?")[0].decode()
        return await self.answer(path.rpartition("/")[2], writer)

    async def answer(self, what: str, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays."""
        if what in _WHOLE:
            writer.write(_WHOLE[what])
            return True
        if what in _BROKEN_OFF:
            writer.write(_BROKEN_OFF[what])
            return False
        if what in _FOR_EVER:
            first, again, pause = _FOR_EVER[what]
            writer.write(first)
            while True:
                writer.write(again)
                await writer.drain()
                await asyncio.sleep(pause)
        writer.write(_say(b"answer", b"X-Of: economy\r\n"))
        return True


def _field(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(name + b":"):
            return line.partition(b":")[2].strip()
    return b""


@asynccontextmanager
async def far_side(tls: ssl.SSLContext | None = None) -> AsyncIterator[FarSide]:
    """One that listens on this machine."""
    side, tasks = FarSide(), set[asyncio.Task[None]]()

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(side.meet(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=tls)
    side.port = server.sockets[0].getsockname()[1]
    try:
        yield side
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.001)  # the loop closes connections in its next rounds
