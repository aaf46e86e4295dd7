"""Subscription: what one listener has still to hear. Bounded; what doesn't fit becomes one resync."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from hub.access.person import Actor
from hub.live.topics import RESYNC, Event

MOST = 500
"""Events that a slow listener may have waiting: a burst of a hundred calls is four of each, and an event is two ids.
To fetch all that is shown again, on every screen at the same time, costs more.
"""


class Subscription:
    """Of one event loop. An event that waits already isn't put a second time. A `with` block closes it, at once."""

    def __init__(self, actor: Actor, closed: Callable[["Subscription"], None]) -> None:
        self.actor = actor
        self._closed = closed
        self._waiting: dict[Event, None] = {}
        self._something = asyncio.Event()
        self.ended = False

    def put(self, event: Event) -> None:
        """Doesn't wait."""
        if RESYNC in self._waiting:
            return
        if event == RESYNC or len(self._waiting) >= MOST:
            self._waiting.clear()
            event = RESYNC
        self._waiting[event] = None
        self._something.set()

    def forget(self) -> bool:
        """What waits: whoever looks at all of it next needs to be told of none. Returns whether there was any."""
        there = bool(self._waiting)
        self._waiting.clear()
        if not self.ended:
            self._something.clear()
        return there

    def end(self) -> None:
        """Whoever listens is let go at once; what waits is not told any more."""
        self.ended = True
        self._something.set()

    def close(self) -> None:
        """Nothing is put into it any more. May be called again."""
        self.end()
        self._closed(self)

    async def within(self, seconds: float) -> Event | None:
        """The next event; None when there was none in that time, or it has ended."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._something.wait()
        except TimeoutError:
            return None
        if self.ended:
            return None
        event = next(iter(self._waiting))
        del self._waiting[event]
        if not self._waiting:
            self._something.clear()
        return event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self.ended:
            event = await self.within(3600)
            if event is not None:
                return event
        raise StopAsyncIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
