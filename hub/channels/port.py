"""Port: of two channels that open the same one, the second hears nothing. So it isn't added, nor resumed."""

import ipaddress
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from hub.channels.channel import Channel
from hub.channels.open import ChannelTools, open_channel
from hub.contract import Config, Connector, Listens, Misconfigured
from hub.errors import Conflict, Invalid
from hub.plugin_host.registry import Registry
from hub.storage.keys import Keys
from hub.storage.unit import Unit


def opens_as_before(channel: Channel, registry: Registry, keys: Keys, config: Config) -> bool:
    """With these settings the channel would open the same port as with its present ones."""
    try:
        before = _opened(open_channel(channel, registry, keys))
    except (Invalid, Misconfigured):
        return False
    return before is not None and before == _opened(registry.connector(channel.kind)(config, ChannelTools(0)))


def require_free(
    unit: Unit, registry: Registry, cls: type[Connector[Any]], config: Config, but: int | None = None
) -> None:
    """Raises Invalid, naming the channel that isn't paused and has the port already; `but` is the one itself."""
    wanted = _opened(cls(config, ChannelTools(0)))
    other = None if wanted is None else _taken_by(unit, registry, wanted, but=but)
    if wanted is not None and other is not None:
        raise Invalid(
            "port",
            "{host} port {port} is that of channel {id} ({name}): choose another, or pause that one first",
            host=wanted[0],
            port=wanted[1],
            id=other.id,
            name=other.name,
        )


def require_still_free(
    unit: Unit, registry: Registry, channel: Channel, may_know: Callable[[int | None], bool]
) -> None:
    """Raises Conflict when another channel has taken the port of this one, which was paused.

    `may_know`: of which homes channels are named to whoever asks; None is a channel that several share.
    """
    try:
        wanted = _opened(open_channel(channel, registry, unit.keys))
    except (Invalid, Misconfigured):  # its plugin or its settings are wrong: that becomes its trouble, as ever
        return
    other = None if wanted is None else _taken_by(unit, registry, wanted, but=channel.id)
    if wanted is None or other is None:
        return
    host, port = wanted
    if may_know(other.home_id):
        raise Conflict(
            "{host} port {port} is that of channel {id} ({name}) by now: pause that one first",
            host=host,
            port=port,
            id=other.id,
            name=other.name,
        )
    raise Conflict(
        "{host} port {port} is another channel's by now, which you don't run: it has to be paused first",
        host=host,
        port=port,
    )


def _taken_by(unit: Unit, registry: Registry, wanted: tuple[str, int], but: int | None = None) -> Channel | None:
    """The first that isn't paused and opens the same; those that can't be opened have no port."""
    listening = [kind for kind, each in registry.connectors.items() if issubclass(each, Listens)]
    query = select(Channel).where(Channel.kind.in_(listening), Channel.paused_why.is_(None))
    for channel in unit.all(query.order_by(Channel.id)):
        try:
            other = _opened(open_channel(channel, registry, unit.keys))
        except Misconfigured:  # it can't listen, so it has no port
            continue
        if other is not None and channel.id != but and _collide(wanted, other):
            return channel
    return None


def _opened(connector: Connector[Any]) -> tuple[str, int] | None:
    if isinstance(connector.tools, ChannelTools):
        connector.tools.close()
    return connector.opens() if isinstance(connector, Listens) else None


def _collide(one: tuple[str, int], other: tuple[str, int]) -> bool:
    hosts = {_address(one[0]), _address(other[0])}
    return one[1] == other[1] and (len(hosts) == 1 or "" in hosts)


def _address(host: str) -> str:
    """Empty: every address of the machine."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return "127.0.0.1" if host == "localhost" else host.lower()
    return "" if found.is_unspecified else str(found)
