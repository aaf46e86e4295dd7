"""The doorbell: tells a waiting loop that there is work in the database.

The row is the job; what a lost ring would have told, the sweep finds.

Between processes arq carries the ring, as JSON with a word and an id, never pickle.
"""

import asyncio
from collections.abc import Callable

READ, DELIVER, KEEP, SCAN = "read", "deliver", "keep", "scan"
"""What is rung for: a raw event is to be read, a delivery is to be made, a copy of what was sent is to be kept,
files are to be shown to the virus scanner."""


class Doorbell:
    """Rung from any thread, listened to in one event loop. `elsewhere` passes a ring on to other processes."""

    def __init__(self, elsewhere: Callable[[str, int], None] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._events: dict[str, asyncio.Event] = {what: asyncio.Event() for what in (READ, DELIVER, KEEP, SCAN)}
        self._elsewhere = elsewhere

    def ring(self, what: str, row_id: int) -> None:
        """Doesn't wait and doesn't raise."""
        self.ring_here(what)
        if self._elsewhere is not None:
            self._elsewhere(what, row_id)

    def ring_here(self, what: str) -> None:
        """In this process only."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._events[what].set)

    async def heard(self, what: str, seconds: float) -> bool:
        """True when it was rung within `seconds`; rings that come close together are one."""
        event = self._events[what]
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await event.wait()
        except TimeoutError:
            return False
        event.clear()
        return True
