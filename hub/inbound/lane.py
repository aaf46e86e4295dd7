"""Lane: what this process has in hand on the way in, from its raw row to its entry. For one event loop."""

import asyncio
from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from hub.inbound.child import Answer
from hub.inbound.receive import Kept
from hub.inbound.telling import Telling
from hub.inbound.text_rows import IncomingReport, IncomingText
from hub.inbound.thread import Incoming
from hub.inbound.together import Group

GROUP = 50
"""Mails that are made entries of in one transaction."""
LINGER = 0.1
"""Seconds that a group waits for more: ten statements a group cost the same for one mail as for fifty."""
GLANCE = 0.02
"""Seconds that it waits when nothing more is in hand."""
MOST_IN_HAND = 1000
"""Raw events held in memory; the others wait in their rows."""
MOST_BYTES_IN_HAND = 128 * 1024 * 1024
"""Their bytes: parsing copies each a few times."""


class Parsed(Struct):
    """A raw event with what its parser made of it, and of the group that it is of, if any."""

    kept: Kept
    answer: Answer
    group: Group | None = None


class Placed(Struct):
    """A raw event's messages with whose they are, and calls; none, and the reason, when it is to be quarantined."""

    kept: Kept
    mails: list[Incoming]
    reason: str | None
    tellings: Sequence[Telling] = ()
    texts: Sequence[IncomingText | IncomingReport] = ()


class Lane:
    """What waits to be parsed, to be placed, and to be stored: of each channel in the order that it came in.

    Channels take turns: what comes now by one isn't held up by what another brings by the thousand, after an outage.
    `waits`: seconds that others may pass it at each of its steps in storage.
    """

    def __init__(self, waits: float = 0.0) -> None:
        self.waits = waits
        self.parsed: asyncio.Queue[list[Parsed]] = asyncio.Queue(maxsize=2)
        self.placed: asyncio.Queue[list[Placed]] = asyncio.Queue(maxsize=1)
        self._fresh: dict[int, deque[Kept]] = {}  # by channel, whose turn it is first
        self._some = asyncio.Event()
        self._in_hand: dict[int, int] = {}  # id -> bytes
        self._bytes = 0
        self._coming = 0  # of these, those that no group was gathered with yet

    def __len__(self) -> int:
        return len(self._in_hand)

    def __contains__(self, raw_id: int) -> bool:
        return raw_id in self._in_hand

    def is_full(self, parts: int = 1) -> bool:
        """Or, with 2, half full."""
        return len(self._in_hand) * parts >= MOST_IN_HAND or self._bytes * parts >= MOST_BYTES_IN_HAND

    def take(self, kept: Kept) -> None:
        """In hand, if there is room for it and it isn't there yet: else the sweep finds its row."""
        if not self.is_full() and kept.id not in self._in_hand:
            self._in_hand[kept.id] = len(kept.event.body)
            self._bytes += len(kept.event.body)
            self._coming += 1
            self._fresh.setdefault(kept.channel_id, deque()).append(kept)
            self._some.set()

    def let_go(self, group: Sequence[Kept], *, unparsed: bool = False) -> None:
        """Stored, or left to the sweep. `unparsed`: they get no further than to here."""
        self._bytes -= sum(self._in_hand.pop(kept.id, 0) for kept in group)
        if unparsed:
            self._coming -= len(group)

    async def next_ones(self) -> list[Kept]:
        """To be parsed: what is there, at most a group."""
        await self._some.wait()
        group: list[Kept] = []
        while self._fresh and len(group) < GROUP:
            channel_id = next(iter(self._fresh))
            waiting = self._fresh.pop(channel_id)
            group.append(waiting.popleft())
            if waiting:
                self._fresh[channel_id] = waiting  # behind the others
        if not self._fresh:
            self._some.clear()
        return group

    async def gather(self) -> list[Parsed]:
        """A group to be placed and stored together."""
        group = await self.parsed.get()
        now = asyncio.get_running_loop().time
        end = now() + LINGER
        try:
            while len(group) < GROUP:
                more_comes = self._coming > len(group)
                async with asyncio.timeout_at(end if more_comes else min(end, now() + GLANCE)):
                    group += await self.parsed.get()
        except TimeoutError:
            pass
        self._coming -= len(group)
        return group
