"""Add: a channel is configured. Settings are read, destinations resolved, the connector checked; then it is saved."""

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import msgspec

from hub.channels import port, source
from hub.channels.channel import Channel
from hub.channels.lease import just_ended
from hub.channels.open import ChannelTools, Renew, RenewSecret, read_settings, store_settings
from hub.contract import (
    Config,
    Connector,
    Destination,
    Hosts,
    KeepsSent,
    Listens,
    Misconfigured,
    Pulls,
    Receives,
    Secret,
    Sends,
)
from hub.contract.steps import Steps
from hub.errors import Invalid
from hub.inbox.municipality import Municipality
from hub.inbox.queue import resolve
from hub.plugin_host.registry import Registry
from hub.storage.ids import new_id
from hub.storage.unit import Happening, Unit

MOVES_MESSAGES: tuple[type[Connector[Any]], ...] = (Pulls, Receives, Listens, Sends, KeepsSent, Hosts)
"""What a channel can be made of."""
_, _MARK = get_args(Destination)


def prepare(
    unit: Unit, registry: Registry, kind: str, values: Mapping[str, object]
) -> tuple[type[Connector[Any]], Config]:
    """The kind's settings, read and with destinations resolved. Raises Invalid, naming the field.

    A port that another channel has is refused: both would be there, and one of them deaf. So is a mailbox that another
    fetches: everything would come twice.
    """
    cls = registry.connector(kind)
    if not issubclass(cls, MOVES_MESSAGES):
        raise Invalid(
            "kind", f"{kind} only reads files: it brings nothing in and sends nothing, so no channel can be made of it"
        )
    config = resolve_destinations(unit, read_settings(cls, values))
    port.require_free(unit, registry, cls, config)
    source.require_unfetched(unit, registry, cls, config)
    return cls, config


async def check(
    cls: type[Connector[Any]],
    config: Config,
    renew: RenewSecret | None = None,
    renewed: dict[str, Secret] | None = None,
    steps: Steps | None = None,
) -> Config:
    """The connector's own check, before anything is saved. Raises Invalid with the field, or the contract's errors.

    The settings to save: with the secrets that the other side gave anew for it, unless `renew` sees to them. `renewed`
    is given those, whatever is raised: a token that serves once has served then. `steps`: is told what was proved.
    """
    renewed, tools = {} if renewed is None else renewed, None

    async def keep(field: str, call: Renew) -> None:
        if (new := await call(renewed.get(field))) is not None:
            renewed[field] = new

    try:
        tools = ChannelTools(0, cls.places(config), renew or keep, steps=steps)
        await cls(config, tools).check()
    except Misconfigured as error:
        raise Invalid(error.field, str(error)) from error
    finally:
        if tools is not None:
            tools.close()
            await tools.hang_up()
    return msgspec.structs.replace(config, **renewed)


def add(
    unit: Unit, kind: str, name: str, config: Config, home: Municipality | None = None, sends_by_id: int | None = None
) -> Channel:
    """A new channel, running from now on."""
    if sends_by_id is not None and unit.get(Channel, sends_by_id) is None:
        raise Invalid("sends_by", f"there is no channel {sends_by_id} to send by")
    channel = Channel(
        id=new_id(),
        kind=kind,
        name=name,
        home_id=home.id if home else None,
        sends_by_id=sends_by_id,
        config={},
        lease_until=just_ended(),
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
                raise Invalid(name, error.sentence, **error.said) from error
    return msgspec.structs.replace(config, **changed)


def _resolved(unit: Unit, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _resolved(unit, each) for key, each in value.items()}
    municipality, queue = resolve(unit, value)
    return f"{municipality.code}/{queue.id}"


def _holds_destinations(hint: Any) -> bool:
    """A field with a title of its own is one Annotated with both: what marks a Destination is among what it says."""
    said = getattr(hint, "__metadata__", ())
    return _MARK in said or any(_holds_destinations(each) for each in get_args(hint))
