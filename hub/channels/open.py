"""A channel's settings, and the connector object that runs by them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, get_type_hints

import msgspec

from hub.allowed import problem, words
from hub.channels.channel import Channel
from hub.channels.way_out import way_out
from hub.contract import Config, Connector, Http, Misconfigured, Outside, Plugin, Secret
from hub.contract.config import convert, is_secret, read_config
from hub.contract.steps import Steps
from hub.errors import Invalid
from hub.plugin_host.registry import Registry
from hub.plugin_host.request import Forbidden
from hub.plugin_host.tools import PluginTools
from hub.storage.keys import Keys
from hub.storage.unit import Unit

_PURPOSE = "channel-secrets"
Renew: TypeAlias = Callable[[Secret | None], Awaitable[Secret | None]]
RenewSecret: TypeAlias = Callable[[str, Renew], Awaitable[None]]


class Here(Protocol):
    """What the hub has of a channel, as ConnectorTools has it."""

    async def known(self, keys: Sequence[str]) -> frozenset[str]: ...

    async def open_calls(self) -> Sequence[str]: ...


class ChannelTools(PluginTools):
    """The contract's ConnectorTools: the hub's clock, one thread of its channel's own, a way out to its places.

    `renew` sees to secrets that the other side gives anew; without it they wait in `new_secrets` to be saved.
    `here` tells which keys the channel has events of, and which of its calls go on; without it, none.
    """

    def __init__(
        self,
        channel_id: int,
        places: Mapping[str, Outside] = MappingProxyType({}),
        renew: RenewSecret | None = None,
        here: Here | None = None,
        steps: Steps | None = None,
    ) -> None:
        """Raises Misconfigured for a place that can't be gone to."""
        super().__init__(f"channel-{channel_id}", steps)
        self.called_at = f"/calls/{channel_id}"
        self._ways = {name: way_out(place, steps) for name, place in places.items()}
        self._renew, self._here = renew, here
        self.new_secrets: dict[str, Secret] = {}

    def elsewhere(self, name: str) -> Http:
        """Raises Forbidden for a name that its `places` don't have."""
        if name not in self._ways:
            raise Forbidden("A connector goes to places that it names.")
        return self._ways[name]

    async def renew_secret(self, field: str, renew: Renew) -> None:
        """Stored when it returns, or as above."""
        if self._renew is not None:
            await self._renew(field, renew)
        elif (new := await renew(self.new_secrets.get(field))) is not None:
            self.new_secrets[field] = new

    async def known(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of them that the channel has events of."""
        return await self._here.known(keys) if self._here is not None and keys else frozenset()

    async def open_calls(self) -> Sequence[str]:
        """The exchange's names of its calls that go on."""
        return await self._here.open_calls() if self._here is not None else ()

    def close(self) -> None:
        """Ends the thread after the call under way. Who has gone out by it hangs up, too."""
        self.end_thread()

    async def hang_up(self) -> None:
        """Ends the connections."""
        for way in self._ways.values():
            await way.close()


async def close_connector(connector: Connector[Any]) -> None:
    """It isn't used again."""
    if isinstance(connector.tools, ChannelTools):
        connector.tools.close()
        await connector.tools.hang_up()


def open_channel(
    channel: Channel,
    registry: Registry,
    keys: Keys,
    renew: RenewSecret | None = None,
    here: Here | None = None,
    steps: Steps | None = None,
) -> Connector[Any]:
    """The connector for a channel's row. Raises Invalid for its kind, Misconfigured for settings that don't fit."""
    cls = registry.connector(channel.kind)
    values = dict(channel.config) | secrets_of(channel, keys)
    try:
        config = read_config(cls.Config, values)
    except msgspec.ValidationError as error:
        raise Misconfigured(*_field_and_sentence(cls, values, error)) from error
    return cls(config, ChannelTools(channel.id, cls.places(config), renew, here, steps))


def read_settings(cls: type[Plugin[Any]], values: object) -> Config:
    """Settings as the plugin wants them. Raises Invalid, naming the field."""
    try:
        return read_config(cls.Config, values)
    except msgspec.ValidationError as error:
        raise Invalid(*_field_and_sentence(cls, values, error)) from error


def store_settings(channel: Channel, config: Config, keys: Keys) -> None:
    """Plain fields into `config`, secrets encrypted into `secrets`, bound to this row."""
    plain: dict[str, Any] = {}
    secret: dict[str, str] = {}
    for name in config.__struct_fields__:
        value = getattr(config, name)
        if isinstance(value, Secret):
            secret[name] = value.reveal()
        else:
            plain[name] = msgspec.to_builtins(value)
    channel.config = plain
    _store_secrets(channel, secret, keys)


def replace_secrets(unit: Unit, channel_id: int, new: Mapping[str, Secret]) -> None:
    """Those that the other side gave anew; its other settings stay."""
    channel = unit.lock(Channel, channel_id)
    if channel is not None:
        plain = {name: value.reveal() for name, value in new.items()}
        _store_secrets(channel, secrets_of(channel, unit.keys) | plain, unit.keys)


def values_of(channel: Channel, keys: Keys) -> dict[str, Any]:
    """All its settings as plain values, secrets in the open: for nothing but to read them anew."""
    return dict(channel.config) | secrets_of(channel, keys)


def secrets_of(channel: Channel, keys: Keys) -> dict[str, str]:
    """In the open. Raises Corrupt."""
    if channel.secrets is None:
        return {}
    found: dict[str, str] = msgspec.json.decode(keys.decrypt(_PURPOSE, f"channel:{channel.id}", channel.secrets))
    return found


def _store_secrets(channel: Channel, secret: Mapping[str, str], keys: Keys) -> None:
    channel.secrets = keys.encrypt(_PURPOSE, f"channel:{channel.id}", msgspec.json.encode(secret)) if secret else None


def _field_and_sentence(cls: type[Plugin[Any]], values: object, error: msgspec.ValidationError) -> tuple[str, str]:
    """The first field that doesn't fit, with its value, unless it is secret, and what is allowed."""
    hints = get_type_hints(cls.Config, include_extras=True)
    given = values if isinstance(values, Mapping) else {}
    for name in given.keys() - hints:
        return name, f"{cls.kind} has no setting {name}; it has: {', '.join(hints) or 'none'}"
    for field in msgspec.structs.fields(cls.Config):
        name, hint = field.name, hints[field.name]
        if name not in given:
            if field.required:
                said = words(hint)
                return name, f"{name} is missing; it is {said}" if said else f"{name} is missing"
            continue
        found = problem(name, hint, given[name], convert)
        if found:
            return name, f"{name} can't be used: {error}" if is_secret(hint) else found
    return "", str(error)
