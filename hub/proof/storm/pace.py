"""Pace: as `inbox_ui/static/desk/pace.js`, line by line: what changes is asked for together, more seldom the thicker it
comes. What is proven of the one is the load of the other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct


class Pace(Struct, frozen=True):
    """Seconds: until what changed is asked for, and at most, however thick it comes."""

    soon: float
    longest: float


LIST, RAIL, PHONE, WHOLE = Pace(0.12, 1.0), Pace(1.2, 4.0), Pace(0.06, 2.0), Pace(0.1, 5.0)
AT_ONCE = Pace(0.0, 0.0)
COUNTED = 1.05
RINGS = 0.5
_THICK = 2.0
"""Changes a second, since the last asking."""


class Paced:
    """One for each part of a page. `ask` is given all that came meanwhile."""

    def __init__(self, pace: Pace, ask: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        self._pace, self._ask = pace, ask
        self._gathered: dict[str, None] = {}
        self._came = 0
        self._most, self._pause = pace.longest, pace.soon
        self._over = float("-inf")
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.asking: asyncio.Task[None] | None = None

    def add(self, what: str, within: float | None = None) -> None:
        """It changed; `within`: seconds that it may wait at most, where it is more urgent than others."""
        self._gathered[what] = None
        self._came += 1
        self._most = min(self._most, self._pace.longest if within is None else within)
        if self.asking is None:
            self._plan()

    def _plan(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._due is None and now - self._over > self._pause:
            self._pause = self._pace.soon
        then = now + min(self._pause, self._most)
        if self._due is not None and then >= self._due:
            return
        self._due = then
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(then, self._go)

    def _go(self) -> None:
        self.asking = asyncio.create_task(self._asks())

    async def _asks(self) -> None:
        thick = self._came >= _THICK * (asyncio.get_running_loop().time() - self._over)
        self._pause = min(2 * self._pause, self._pace.longest) if thick else self._pace.soon
        some, self._gathered, self._came = list(self._gathered), {}, 0
        self._most, self._due = self._pace.longest, None
        try:
            await self._ask(some)
        finally:
            self._over = asyncio.get_running_loop().time()
            self.asking = None
            if self._gathered:
                self._plan()
