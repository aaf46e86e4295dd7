"""Follow: a task for each channel of one ability that isn't paused, as they are added, changed, paused and resumed."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct
from sqlalchemy import select

from hub.channels.channel import Channel
from hub.channels.open import Here, RenewSecret, open_channel
from hub.channels.renewing import renewing
from hub.contract import Connector
from hub.errors import TorgError
from hub.inbound.given_up import open_names
from hub.inbound.receive import keys_here
from hub.plugin_host.registry import Registry
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

LOOK_AGAIN = 2.0
"""Seconds after which a channel added or paused elsewhere is noticed."""
CHANNELS = Scope.everything("channel settings")
CALLS = Scope.everything("calls of a channel")

log = logging.getLogger(__name__)


class Followed(Struct, frozen=True):
    """A channel's settings as they were read: another value means that it starts anew."""

    id: int
    kind: str
    settings: str


class _Here:
    def __init__(self, storage: Storage, channel_id: int) -> None:
        self._storage, self._channel_id = storage, channel_id

    async def known(self, keys: Sequence[str]) -> frozenset[str]:
        return await self._storage.read(CHANNELS, keys_here, self._channel_id, keys)

    async def open_calls(self) -> Sequence[str]:
        return await self._storage.read(CALLS, open_names, self._channel_id)


class Followers(ABC):
    """One of each ability for a process."""

    ability: ClassVar[type[Connector[Any]]]

    def __init__(self, storage: Storage, registry: Registry) -> None:
        self._storage, self._registry = storage, registry
        self._running: dict[Followed, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled; then every connector ends what it has in hand first."""
        try:
            while True:
                try:
                    await self._follow(await self._storage.read(CHANNELS, self._wanted))
                except TorgError as error:
                    log.warning("channels can't be read: %s", error)
                await asyncio.sleep(LOOK_AGAIN)
        finally:
            await self._stop(list(self._running))

    @abstractmethod
    async def keep_running(self, channel: Followed) -> None:
        """Until cancelled, whatever happens; or until the channel is paused."""

    async def open(self, channel: Followed) -> Connector[Any]:
        """Its connector. Raises TorgError when the channel is gone, Misconfigured."""
        here = _Here(self._storage, channel.id)
        return await self._storage.read(
            CHANNELS, _open, channel.id, self._registry, renewing(self._storage, channel.id), here
        )

    def _wanted(self, unit: Unit) -> Sequence[Followed]:
        kinds = [kind for kind, cls in self._registry.connectors.items() if issubclass(cls, self.ability)]
        rows = unit.all(
            select(Channel).where(Channel.kind.in_(kinds), Channel.paused_why.is_(None)).order_by(Channel.id)
        )
        return [Followed(row.id, row.kind, repr((row.config, row.changed_at))) for row in rows]

    async def _follow(self, wanted: Sequence[Followed]) -> None:
        await self._stop([each for each in self._running if each not in wanted])
        for each in wanted:
            if each not in self._running:
                self._running[each] = asyncio.create_task(self.keep_running(each), name=f"channel-{each.id}")

    async def _stop(self, ended: Sequence[Followed]) -> None:
        tasks = [self._running.pop(each) for each in ended]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _open(unit: Unit, channel_id: int, registry: Registry, renew: RenewSecret, here: Here) -> Connector[Any]:
    channel = unit.get(Channel, channel_id)
    if channel is None:
        raise TorgError(f"there is no channel {channel_id} any more")
    return open_channel(channel, registry, unit.keys, renew, here)
