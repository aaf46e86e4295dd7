"""The line between the processes of one `torg serve`: a mailbox for each, made before they part (`hub.cli.forking`).

For SQLite without Redis, where nothing else carries words. Nothing of it lies on the disk, and nobody else can speak.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence

from hub.errors import Unavailable

_LONGEST = 2**17
"""Bytes of a word; the bridge's are far shorter."""
_AGAIN = 0.5
"""Seconds between two tries to tell those whose mailbox was full."""
_MISSED = b"\0"
"""Something for this mailbox was dropped, for it was full: as if it had only begun to listen."""


class Siblings:
    """The mailboxes of so many processes. Whoever dies leaves its own to the process that is started in its place."""

    def __init__(self, count: int) -> None:
        """Raises OSError where the system has no such sockets."""
        # Whole words, in order; and unlike datagrams as many of them as the buffer holds.
        self.boxes = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
        for each in (end for box in self.boxes for end in box):
            each.setblocking(False)

    def close(self) -> None:
        """For whoever made them and goes on without; a process's end does it otherwise."""
        for each in (end for box in self.boxes for end in box):
            each.close()

    def line(self, number: int) -> "SiblingLine":
        """Of the process with this number, from 0 on."""
        others = [into for each, (into, _) in enumerate(self.boxes) if each != number]
        return SiblingLine(others, self.boxes[number][1])


class SiblingLine:
    """What is said is heard by the others alone, which the bridge doesn't mind."""

    def __init__(self, others: Sequence[socket.socket], own: socket.socket) -> None:
        self._others, self._own = others, own
        self._behind: set[socket.socket] = set()
        self._again: asyncio.TimerHandle | None = None

    async def hear(self) -> AsyncIterator[str | None]:
        """None at first, and whenever words for this process were dropped; then words. Raises Unavailable."""
        yield None
        loop = asyncio.get_running_loop()
        try:
            while True:
                word = await loop.sock_recv(self._own, _LONGEST)
                if not word:
                    raise Unavailable("The other processes of this hub have ended.")
                yield None if word == _MISSED else word.decode("utf-8", "replace")
        except OSError as error:
            raise Unavailable("The other processes of this hub can't be heard just now.") from error

    async def say(self, words: Sequence[str]) -> None:
        """Waits for nobody: whose mailbox is full, because it stands still or is being started, hears later that it
        missed something, as soon as there is room for a word."""
        for other in self._others:
            behind = other in self._behind
            try:
                for word in [_MISSED] if behind else [each.encode() for each in words]:
                    other.send(word)
                self._behind.discard(other)
            except BlockingIOError:
                self._behind.add(other)
            except OSError as error:
                raise Unavailable("The other processes of this hub can't be told just now.") from error

        if self._behind and self._again is None:
            self._again = asyncio.get_running_loop().call_later(_AGAIN, self._catch_up)

    async def close(self) -> None:
        """The mailboxes stay for as long as the processes do."""
        if self._again is not None:
            self._again.cancel()

    def _catch_up(self) -> None:
        self._again = None
        for other in list(self._behind):
            try:
                other.send(_MISSED)
                self._behind.discard(other)
            except OSError:
                self._again = self._again or asyncio.get_running_loop().call_later(_AGAIN, self._catch_up)
