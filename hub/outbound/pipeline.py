"""The way out, told once: lease what is due -> deliver -> settle; and when to look again."""

import asyncio
import logging
from collections import Counter

from hub import clock
from hub.doorbell import DELIVER, Doorbell
from hub.errors import Unavailable
from hub.outbound import settle
from hub.outbound.connectors import Connectors
from hub.outbound.deliver import OUTBOX, Leased, deliver, lease, next_due
from hub.plugin_host.registry import Registry
from hub.storage.unit import Storage

TOGETHER = 40
"""Attempts under way in a process, about."""
SIDE_BY_SIDE = 10
"""Attempts under way on one channel, about: leased at once, so each must be tried before its lease ends."""
GRACE = 5.0
"""Seconds that an attempt may still take when the process ends."""

log = logging.getLogger(__name__)


class Outbox:
    """One for a process that sends. A mail server that hangs keeps its own channel waiting, not the others."""

    def __init__(
        self, storage: Storage, registry: Registry, bell: Doorbell, lease_seconds: int, sweep_seconds: float
    ) -> None:
        self._storage, self._bell = storage, bell
        self._connectors = Connectors(storage, registry)
        self._lease_seconds, self._sweep_seconds = lease_seconds, sweep_seconds
        self._under_way: dict[asyncio.Task[None], int] = {}

    async def run(self) -> None:
        """Until cancelled: starts what is due, then waits for the bell, an attempt's end, or the time."""
        try:
            while True:
                try:
                    while await self._start_due():
                        pass
                    wait = await self._until_next()
                except Unavailable as error:
                    log.warning("the outbox waits: %s", error)
                    wait = self._sweep_seconds
                await self._bell.heard(DELIVER, wait)
        finally:
            await self._end()

    async def deliver_due(self) -> int:
        """Makes the deliveries that are due now, side by side; returns how many it tried."""
        started = await self._start_due()
        if started:
            await asyncio.wait(started)
        return len(started)

    async def sweep(self) -> int:
        """Leases that ran out."""
        return await self._storage.write(OUTBOX, settle.sweep)

    async def _start_due(self) -> list[asyncio.Task[None]]:
        if len(self._under_way) >= TOGETHER:
            return []
        leased = await self._storage.write(OUTBOX, lease, self._lease_seconds, SIDE_BY_SIDE, self._busy())
        started = []
        for each in leased:
            task = asyncio.create_task(self._attempt(each), name=f"delivery-{each.id}")
            self._under_way[task] = each.channel_id
            task.add_done_callback(self._ended)
            started.append(task)
        return started

    async def _attempt(self, leased: Leased) -> None:
        try:
            await deliver(self._storage, self._connectors, leased, self._lease_seconds)
        except Unavailable as error:  # its end couldn't be written: the lease runs out, and the sweep decides
            log.warning("delivery %d couldn't be settled: %s", leased.id, error)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """There is room for another."""
        self._under_way.pop(task, None)
        if not task.cancelled() and (error := task.exception()):
            log.error("a delivery couldn't be settled", exc_info=error)
        self._bell.ring_here(DELIVER)

    async def _end(self) -> None:
        """What is being sent may finish; what doesn't is settled by the sweep of whoever runs next."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=GRACE)
        if left := list(self._under_way):
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=GRACE)
        await self._connectors.close()

    async def _until_next(self) -> float:
        """Seconds. What waits only because its channel is busy is started by an attempt's end."""
        due = await self._storage.read(OUTBOX, next_due, self._busy())
        if due is None or len(self._under_way) >= TOGETHER:
            return self._sweep_seconds
        return min(self._sweep_seconds, max(0.05, (due - clock.now()) / clock.SECOND))

    def _busy(self) -> list[int]:
        """Channels with as many attempts under way as they may have."""
        on_channel = Counter(self._under_way.values())
        return [channel_id for channel_id, count in on_channel.items() if count >= SIDE_BY_SIDE]
