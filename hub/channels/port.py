"""Port: of two channels that open the same one, the second hears nothing. So it isn't added."""

import ipaddress
from typing import Any

from sqlalchemy import select

from hub.channels.channel import Channel
from hub.channels.open import ChannelTools, open_channel
from hub.contract import Config, Connector, Listens, Misconfigured
from hub.errors import Invalid
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit


def require_free(unit: Unit, registry: Registry, cls: type[Connector[Any]], config: Config) -> None:
    """Raises Invalid, naming the channel that isn't paused and has the port already."""
    wanted = _opened(cls(config, ChannelTools(0)))
    if wanted is None:
        return
    listening = [kind for kind, each in registry.connectors.items() if issubclass(each, Listens)]
    query = select(Channel).where(Channel.kind.in_(listening), Channel.paused_why.is_(None))
    for channel in unit.all(query.order_by(Channel.id)):
        try:
            other = _opened(open_channel(channel, registry, unit.keys))
        except Misconfigured:  # it can't listen, so it has no port
            continue
        if other is not None and _collide(wanted, other):
            raise Invalid(
                "port",
                "{host} port {port} is that of channel {id} ({name}): choose another, or pause that one first",
                host=wanted[0],
                port=wanted[1],
                id=channel.id,
                name=channel.name,
            )


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
