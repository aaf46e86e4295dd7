"""Add: a channel is configured. Settings are read, destinations resolved, the connector checked; then it is saved."""

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import msgspec

from hub.channels import port
from hub.channels.channel import Channel
from hub.channels.open import ChannelTools, read_settings, store_settings
from hub.contract import Config, Connector, Destination, Listens, Misconfigured, Sends
from hub.errors import Invalid
from hub.inbox.municipality import Municipality
from hub.inbox.queue import resolve
from hub.plugin_host.registry import Registry
from hub.storage.ids import new_id
from hub.storage.unit import Happening, Unit


def prepare(
    unit: Unit, registry: Registry, kind: str, values: Mapping[str, object]
) -> tuple[type[Connector[Any]], Config]:
    """The kind's settings, read and with destinations resolved. Raises Invalid, naming the field.

    A port that another channel has is refused: both would be there, and one of them deaf.
    """
    cls = registry.connector(kind)
    if not issubclass(cls, Listens | Sends):
        raise Invalid("kind", f"{kind} only reads files: it neither listens nor sends, so no channel can be made of it")
    config = resolve_destinations(unit, read_settings(cls, values))
    port.require_free(unit, registry, cls, config)
    return cls, config


async def check(cls: type[Connector[Any]], config: Config) -> None:
    """The connector's own check, before anything is saved. Raises Invalid with the field, or the contract's errors."""
    tools = ChannelTools(0)
    try:
        await cls(config, tools).check()
    except Misconfigured as error:
        raise Invalid(error.field, str(error)) from error
    finally:
        tools.close()


def add(
    unit: Unit, kind: str, name: str, config: Config, home: Municipality | None = None, sends_by_id: int | None = None
) -> Channel:
    """A new channel, running from now on."""
    if sends_by_id is not None and unit.get(Channel, sends_by_id) is None:
        raise Invalid("sends_by", f"there is no channel {sends_by_id} to send by")
    channel = Channel(
        id=new_id(), kind=kind, name=name, home_id=home.id if home else None, sends_by_id=sends_by_id, config={}
    )
    store_settings(channel, config, unit.keys)
    unit.add(channel)
    unit.note(Happening("channel_changed", channel.id, channel.home_id))
    return channel


def resolve_destinations(unit: Unit, config: Config) -> Config:
    """Every `Destination` in it as `code/queue id`. Raises Invalid, naming the field and what there is."""
    changed: dict[str, Any] = {}
    for name, hint in get_type_hints(type(config), include_extras=True).items():
        value = getattr(config, name, None)
        if _holds_destinations(hint) and value:
            try:
                changed[name] = _resolved(unit, value)
            except Invalid as error:
                raise Invalid(name, f"{name}: {error}") from error
    return msgspec.structs.replace(config, **changed)


def _resolved(unit: Unit, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _resolved(unit, each) for key, each in value.items()}
    municipality, queue = resolve(unit, value)
    return f"{municipality.code}/{queue.id}"


def _holds_destinations(hint: Any) -> bool:
    return hint == Destination or any(_holds_destinations(each) for each in get_args(hint))
