"""Connectors: a channel's object for what goes out, kept from one mail to the next, so that one log-in serves many.

As long as the channel's settings stay what they were; put away when nothing has left by it for a while, or when it
failed, for whatever it remembers.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from msgspec import Struct

from hub.channels.channel import Channel
from hub.channels.open import RenewSecret, close_connector, open_channel
from hub.channels.renewing import renewing
from hub.contract import Connector, Deferred, Misconfigured, PluginError, Pulls, Refused
from hub.plugin_host.registry import Registry
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

IDLE = 60.0
"""Seconds after which one that nobody uses is put away."""
_GOODBYE = 3.0
"""Seconds that it has to end its connections."""
CHANNELS = Scope.everything("channel settings")


class _Opened(Struct, frozen=True):
    """`settings`: another value means that it is opened anew."""

    settings: str
    connector: Connector[Any]


class _Held:
    """One that is open. `stays`: it serves whoever comes next, too."""

    def __init__(self, opened: _Opened) -> None:
        self.settings, self.connector = opened.settings, opened.connector
        self.users, self.stays = 0, True
        self.ends: asyncio.TimerHandle | None = None


class Connectors:
    """One for what sends in a process. Many may use a channel's object at once."""

    def __init__(self, storage: Storage, registry: Registry) -> None:
        self._storage, self._registry = storage, registry
        self._held: dict[int, _Held] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def of(self, channel_id: int) -> AsyncIterator[Connector[Any]]:
        """Raises Invalid for its kind, Misconfigured for settings that don't fit."""
        held, serves_on = await self._take(channel_id), False
        try:
            yield held.connector
            serves_on = True
        except (Refused, Deferred):  # the other side's word about one mail
            serves_on = True
            raise
        finally:
            if not serves_on:
                self._retire(channel_id, held)
            self._let_go(channel_id, held)

    async def close(self) -> None:
        """All of them, when nobody uses them any more."""
        for channel_id, held in list(self._held.items()):
            self._retire(channel_id, held)
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _take(self, channel_id: int) -> _Held:
        before, renew = self._held.get(channel_id), renewing(self._storage, channel_id)
        opened = await self._storage.read(
            CHANNELS, _open, channel_id, self._registry, before.settings if before is not None else None, renew
        )
        held = self._held.get(channel_id)  # somebody may have been quicker
        if opened is None and before is not None and before.stays:
            held = before
        elif opened is None:
            return await self._take(channel_id)
        elif held is not None and held.settings == opened.settings:
            self._end(opened.connector)
        else:
            if held is not None:
                self._retire(channel_id, held)
            held = self._held[channel_id] = _Held(opened)
        held.users += 1
        if held.ends is not None:
            held.ends.cancel()
        return held

    def _let_go(self, channel_id: int, held: _Held) -> None:
        held.users -= 1
        if held.users == 0 and held.stays:
            held.ends = asyncio.get_running_loop().call_later(IDLE, self._retire, channel_id, held)
        elif held.users == 0:
            self._end(held.connector)

    def _retire(self, channel_id: int, held: _Held) -> None:
        """It serves nobody new, and ends with the last who uses it."""
        if not held.stays:
            return
        held.stays = False
        if held.ends is not None:
            held.ends.cancel()
        if self._held.get(channel_id) is held:
            del self._held[channel_id]
        if held.users == 0:
            self._end(held.connector)

    def _end(self, connector: Connector[Any]) -> None:
        task = asyncio.create_task(_end(connector), name="a connector ends")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _end(connector: Connector[Any]) -> None:
    try:
        if isinstance(connector, Pulls):  # its mailbox's line is open
            with suppress(PluginError, TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await connector.close()
    finally:
        await close_connector(connector)


def _open(unit: Unit, channel_id: int, registry: Registry, known: str | None, renew: RenewSecret) -> _Opened | None:
    """None: by the settings that are known."""
    channel = unit.get(Channel, channel_id)
    if channel is None:
        raise Misconfigured("kind", "The channel isn't there any more.")
    settings = repr((channel.kind, channel.config, channel.changed_at))
    if settings == known:
        return None
    return _Opened(settings, open_channel(channel, registry, unit.keys, renew))
