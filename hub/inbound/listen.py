"""Listen: keeps every listening channel's connector running, and follows what is added, changed, paused and resumed.

A port in use or a broken setting is no end: it is logged, shown as the channel's trouble, and tried again until
somebody has seen to it. So of two processes on one port the second takes over when the first ends.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hub import clock
from hub.channels.open import close_connector
from hub.channels.pause import pause
from hub.channels.trouble import HOLDS, SAY_AGAIN, note_trouble, says_it_ended, says_it_listens
from hub.contract import AuthFailed, Connector, Listens, PluginError, RawEvent
from hub.errors import TorgError
from hub.inbound.follow import CHANNELS, Followed, Followers
from hub.inbound.receive import Receiver
from hub.plugin_host.registry import Registry
from hub.storage.unit import Storage

_LONGEST_PAUSE = 30.0
_OPENED = 0.3
"""Seconds in which a port opens or doesn't."""

log = logging.getLogger(__name__)


class Listeners(Followers):
    """One for a process that listens."""

    ability = Listens

    def __init__(self, storage: Storage, registry: Registry, receiver: Receiver) -> None:
        super().__init__(storage, registry)
        self._receiver = receiver
        self._words: dict[int, int] = {}
        """Until when this process has said that a channel listens."""

    async def keep_running(self, channel: Followed) -> None:
        wait = 0.5
        while True:
            try:
                if not await self._listen_once(channel):
                    return
                log.warning("channel %d (%s) ended by itself", channel.id, channel.kind)
                await self._say(note_trouble, channel.id, "It stopped listening by itself, and is started again.")
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

    async def _listen_once(self, channel: Followed) -> bool:
        """Until the connector ends, which it shouldn't; False when the channel was paused for it."""
        connector = await self.open(channel)
        word = asyncio.create_task(self._keep_saying(channel.id), name=f"channel-{channel.id} listens")
        try:
            await _run(connector, partial(self._keep, channel.id))
        except AuthFailed as error:
            await self._storage.write(CHANNELS, pause, channel.id, str(error))
            return False
        finally:
            word.cancel()
            until = self._words.pop(channel.id, None)
            if until is not None:
                await self._say(says_it_ended, channel.id, until)
        return True

    async def _keep_saying(self, channel_id: int) -> None:
        """That it listens: for all we are told, it does, unless it has ended by now."""
        await asyncio.sleep(_OPENED)
        while True:
            until = self._words[channel_id] = clock.now() + HOLDS
            await self._say(says_it_listens, channel_id, until)
            await asyncio.sleep(SAY_AGAIN)

    async def _say(self, what: Callable[..., None], channel_id: int, *words: str | int) -> None:
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
        await close_connector(connector)
