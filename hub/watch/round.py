"""Round: now and then all channels are looked after, and what has to be told is told. In each process that works."""

import asyncio
import logging

from hub import clock
from hub.channels import hourly
from hub.errors import TorgError
from hub.plugin_host.registry import Registry
from hub.storage.unit import Storage
from hub.watch import alarm, tell
from hub.watch.tell import WATCH, Say

log = logging.getLogger(__name__)


class Round:
    """One for a process. `say`: a sentence in a language."""

    def __init__(self, storage: Storage, registry: Registry, say: Say) -> None:
        self._storage, self._registry, self._say = storage, registry, say
        self._cleared_at = 0

    async def run(self, seconds: float) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.go()
            except TorgError as error:
                log.warning("the watch waits: %s", error)
            except Exception:  # a bug here must not end what it watches over
                log.exception("the watch failed")

    async def go(self) -> int:
        """Once; returns how many notices were tried."""
        if await self._storage.read(WATCH, alarm.any_to_look_after, self._registry):
            await self._storage.write(WATCH, alarm.look_after, self._registry)
        if clock.now() - self._cleared_at > clock.DAY:
            await self._storage.write(WATCH, hourly.forget_old)
            self._cleared_at = clock.now()
        if not await self._storage.read(WATCH, tell.any_due):
            return 0
        return await tell.tell(self._storage, self._registry, self._say)
