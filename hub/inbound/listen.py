"""Listen: keeps every listening channel's connector running, and follows what is added, changed, paused and resumed.

A port in use or a broken setting is no end: it is logged, shown as the channel's trouble, and tried again until
somebody has seen to it. So of two processes on one port the second takes over when the first ends.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from hub.channels.channel import Channel
from hub.channels.open import ChannelTools, open_channel
from hub.channels.pause import pause
from hub.channels.trouble import SAY_AGAIN, note_trouble, says_it_listens
from hub.contract import AuthFailed, Connector, Listens, PluginError, RawEvent
from hub.errors import TorgError
from hub.inbound.receive import Receiver
from hub.plugin_host.registry import Registry
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

LOOK_AGAIN = 2.0
"""Seconds after which a channel added or paused elsewhere is noticed."""
_LONGEST_PAUSE = 30.0
_OPENED = 0.3
"""Seconds in which a port opens or doesn't."""
CHANNELS = Scope.everything("channel settings")

log = logging.getLogger(__name__)


class Listening(Struct, frozen=True):
    """A channel's settings as they were read: another value means that it starts anew."""

    id: int
    kind: str
    settings: str


class Listeners:
    """One for a process that listens."""

    def __init__(self, storage: Storage, registry: Registry, receiver: Receiver) -> None:
        self._storage, self._registry, self._receiver = storage, registry, receiver
        self._running: dict[Listening, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled; then every connector ends its open conversations first."""
        try:
            while True:
                try:
                    await self._follow(await self._storage.read(CHANNELS, _listening, self._registry))
                except TorgError as error:
                    log.warning("channels can't be read: %s", error)
                await asyncio.sleep(LOOK_AGAIN)
        finally:
            await self._stop(list(self._running))

    async def _follow(self, wanted: Sequence[Listening]) -> None:
        await self._stop([each for each in self._running if each not in wanted])
        for each in wanted:
            if each not in self._running:
                self._running[each] = asyncio.create_task(self._listen(each), name=f"channel-{each.id}")

    async def _stop(self, ended: Sequence[Listening]) -> None:
        tasks = [self._running.pop(each) for each in ended]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, channel: Listening) -> None:
        wait = 0.5
        while True:
            try:
                if not await self._listen_once(channel):
                    return
            except (PluginError, TorgError) as error:
                log.warning("channel %d (%s): %s", channel.id, channel.kind, error)
                await self._say(note_trouble, channel.id, str(error))
            except Exception as error:  # a connector's bug must not end the others
                log.exception("channel %d (%s) failed", channel.id, channel.kind)
                await self._say(
                    note_trouble, channel.id, f"A bug of the program ({type(error).__name__}); see the log."
                )
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_PAUSE)

    async def _listen_once(self, channel: Listening) -> bool:
        """Until the connector ends; False when the channel was paused for it."""
        connector = await self._storage.read(CHANNELS, _open, channel.id, self._registry)
        word = asyncio.create_task(self._keep_saying(channel.id), name=f"channel-{channel.id} listens")
        try:
            await _run(connector, partial(self._keep, channel.id))
        except AuthFailed as error:
            await self._storage.write(CHANNELS, pause, channel.id, str(error))
            return False
        finally:
            word.cancel()
        return True

    async def _keep_saying(self, channel_id: int) -> None:
        """That it listens: for all we are told, it does, unless it has ended by now."""
        await asyncio.sleep(_OPENED)
        while True:
            await self._say(says_it_listens, channel_id)
            await asyncio.sleep(SAY_AGAIN)

    async def _say(self, what: Callable[..., None], channel_id: int, *words: str) -> None:
        try:
            await self._storage.write(CHANNELS, what, channel_id, *words)
        except TorgError as error:
            log.warning("how channel %d does can't be written: %s", channel_id, error)

    async def _keep(self, channel_id: int, events: Sequence[RawEvent]) -> Sequence[str]:
        return await self._receiver.keep(channel_id, events)


async def _run(connector: Connector[Any], keep: Any) -> None:
    if not isinstance(connector, Listens):
        return
    try:
        await connector.listen(keep)
    finally:
        if isinstance(connector.tools, ChannelTools):
            connector.tools.close()


def _listening(unit: Unit, registry: Registry) -> Sequence[Listening]:
    kinds = [kind for kind, cls in registry.connectors.items() if issubclass(cls, Listens)]
    rows = unit.all(select(Channel).where(Channel.kind.in_(kinds), Channel.paused_why.is_(None)).order_by(Channel.id))
    return [Listening(row.id, row.kind, repr(row.config)) for row in rows]


def _open(unit: Unit, channel_id: int, registry: Registry) -> Connector[Any]:
    channel = unit.get(Channel, channel_id)
    if channel is None:
        raise TorgError(f"there is no channel {channel_id} any more")
    return open_channel(channel, registry, unit.keys)
