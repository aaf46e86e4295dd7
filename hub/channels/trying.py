"""Trying: whether a channel that is there would work now, as it stands. Nothing is fetched, sent or marked."""

import asyncio
from typing import Any

from hub.channels.add import resolve_destinations
from hub.channels.channel import Channel
from hub.channels.open import close_connector, open_channel
from hub.channels.renewing import renewing
from hub.channels.trouble import is_listening
from hub.contract import Connector, Listens, PluginError, Unreachable
from hub.contract.steps import Steps
from hub.errors import Invalid, NotFound
from hub.plugin_host.registry import Registry
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

LONGEST = 20
"""Seconds: whoever asks waits for it."""
_TRYING = Scope.everything("channel settings")


async def try_out(
    storage: Storage, registry: Registry, channel_id: int, steps: Steps | None = None
) -> PluginError | Invalid | None:
    """What is wrong, or None: a queue that isn't there any more, too. One that listens works: its own port would seem
    to be in use. `steps`: is told what was proved."""
    try:
        if await storage.read(_TRYING, _listens, registry, channel_id):
            return None
        connector = await storage.read(_TRYING, _open, registry, channel_id, storage, steps)
        try:
            async with asyncio.timeout(LONGEST):
                await connector.check()
        finally:
            await close_connector(connector)
    except TimeoutError as late:
        error = Unreachable(f"It didn't answer within {LONGEST} seconds.")
        error.__cause__ = late
        return error
    except (PluginError, Invalid) as error:
        return error
    return None


def _channel(unit: Unit, channel_id: int) -> Channel:
    channel = unit.get(Channel, channel_id)
    if channel is None:
        raise NotFound(f"There is no channel {channel_id}.")
    return channel


def _listens(unit: Unit, registry: Registry, channel_id: int) -> bool:
    channel = _channel(unit, channel_id)
    return issubclass(registry.connector(channel.kind), Listens) and is_listening(channel)


def _open(unit: Unit, registry: Registry, channel_id: int, storage: Storage, steps: Steps | None) -> Connector[Any]:
    renew = renewing(storage, channel_id)
    connector = open_channel(_channel(unit, channel_id), registry, unit.keys, renew, steps=steps)
    resolve_destinations(unit, connector.config)
    return connector
