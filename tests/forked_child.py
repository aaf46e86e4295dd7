"""A parsing child forked from the process that `torg` is forked from: to import what it parses with takes each of them
four tenths of a second of a processor, and a hub has two.

It is the child as it is, with its own limits and end; only its modules are there before it.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.context import ForkServerProcess

from tests.started import FORKED, ended, start

_LIMIT = 2**20
"""Bytes that are read ahead of whoever waits for them."""


class ForkedChild:
    """What `hub.inbound.children` does with a process; as of asyncio.subprocess.Process."""

    def __init__(self, process: ForkServerProcess, stdin: asyncio.StreamWriter, stdout: asyncio.StreamReader) -> None:
        assert process.pid is not None
        self.pid, self.stdin, self.stdout = process.pid, stdin, stdout
        self.returncode: int | None = None
        self._process, self._loop = process, asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._loop.add_reader(process.sentinel, self._note_end)

    def _note_end(self) -> None:
        self._loop.remove_reader(self._process.sentinel)
        self.returncode = ended(self._process)
        self._ended.set()

    def kill(self) -> None:
        with suppress(ProcessLookupError):  # it has ended, and isn't known to have yet
            os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def communicate(self) -> None:
        """To the end of what it says."""
        with suppress(ConnectionError):
            await self.stdout.read()
        await self.wait()


class _Talk(asyncio.StreamReaderProtocol):
    """Closed when the other side is."""

    def eof_received(self) -> bool:
        super().eof_received()
        return False


async def begin(blocked: Sequence[str]) -> ForkedChild:
    """In place of `hub.inbound.children.begin`."""
    ours, theirs = socket.socketpair()
    process = FORKED.Process(target=_parse, args=(theirs, ",".join(blocked)), daemon=True)
    with theirs:
        start(process)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(_LIMIT, loop)
    transport, protocol = await loop.create_connection(lambda: _Talk(reader, loop=loop), sock=ours)
    return ForkedChild(process, asyncio.StreamWriter(transport, protocol, reader, loop), reader)


def _parse(talk: socket.socket, blocked: str) -> None:
    from hub.inbound import child  # noqa: PLC0415 - there, by now, in this process alone

    for number in (0, 1):
        os.dup2(talk.fileno(), number)
    talk.close()
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    sys.argv = ["hub.inbound.child", blocked]
    child.main()
