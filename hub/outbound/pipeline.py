"""The way out, told once: lease what is due -> deliver -> settle; and when to look again."""

import asyncio
import logging

from hub import clock
from hub.doorbell import DELIVER, Doorbell
from hub.errors import Unavailable
from hub.outbound import settle
from hub.outbound.deliver import OUTBOX, deliver, lease, next_due
from hub.plugin_host.registry import Registry
from hub.storage.unit import Storage

log = logging.getLogger(__name__)


class Outbox:
    """One for a process that sends."""

    def __init__(
        self, storage: Storage, registry: Registry, bell: Doorbell, lease_seconds: int, sweep_seconds: float
    ) -> None:
        self._storage, self._registry, self._bell = storage, registry, bell
        self._lease_seconds, self._sweep_seconds = lease_seconds, sweep_seconds

    async def run(self) -> None:
        """Until cancelled: delivers what is due, then waits for the bell, the next due time or the sweep."""
        while True:
            try:
                while await self.deliver_due():
                    pass
                wait = await self._until_next()
            except Unavailable as error:
                log.warning("the outbox waits: %s", error)
                wait = self._sweep_seconds
            await self._bell.heard(DELIVER, wait)

    async def deliver_due(self) -> int:
        """Makes the deliveries that are due now, side by side; returns how many it tried."""
        leased = await self._storage.write(OUTBOX, lease, self._lease_seconds)
        attempts = (deliver(self._storage, self._registry, each, self._lease_seconds) for each in leased)
        for result in await asyncio.gather(*attempts, return_exceptions=True):
            if isinstance(
                result, BaseException
            ):  # storage failed while settling: the lease runs out, the sweep decides
                log.warning("a delivery couldn't be settled: %s", type(result).__name__)
        return len(leased)

    async def sweep(self) -> int:
        """Leases that ran out."""
        return await self._storage.write(OUTBOX, settle.sweep)

    async def _until_next(self) -> float:
        due = await self._storage.read(OUTBOX, next_due)
        if due is None:
            return self._sweep_seconds
        return min(self._sweep_seconds, max(0.05, (due - clock.now()) / clock.SECOND))
