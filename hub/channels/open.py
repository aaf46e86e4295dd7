"""A channel's settings, and the connector object that runs by them."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from hub import clock
from hub.allowed import problem, words
from hub.channels.channel import Channel
from hub.contract import Config, Connector, Misconfigured, Secret
from hub.contract.config import convert, read_config
from hub.errors import Invalid
from hub.plugin_host.registry import Registry
from hub.storage.keys import Keys

R = TypeVar("R")
_PURPOSE = "channel-secrets"


class ChannelTools:
    """What a connector is given: the hub's clock, and one thread of its channel's own."""

    def __init__(self, channel_id: int) -> None:
        self._thread = ThreadPoolExecutor(1, f"channel-{channel_id}")

    def now(self) -> datetime:
        """Aware, UTC."""
        return clock.to_datetime(clock.now())

    async def block(self, call: Callable[[], R]) -> R:
        """A blocking library's call, in the channel's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def close(self) -> None:
        """Ends the thread after the call under way."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def open_channel(channel: Channel, registry: Registry, keys: Keys) -> Connector[Any]:
    """The connector for a channel's row. Raises Invalid for its kind, Misconfigured for settings that don't fit."""
    cls = registry.connector(channel.kind)
    values = dict(channel.config)
    if channel.secrets is not None:
        values |= msgspec.json.decode(keys.decrypt(_PURPOSE, f"channel:{channel.id}", channel.secrets))
    try:
        return cls(read_config(cls.Config, values), ChannelTools(channel.id))
    except msgspec.ValidationError as error:
        raise Misconfigured(*_field_and_sentence(cls, values, error)) from error


def read_settings(cls: type[Connector[Any]], values: object) -> Config:
    """Settings as the connector wants them. Raises Invalid, naming the field."""
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
    channel.secrets = keys.encrypt(_PURPOSE, f"channel:{channel.id}", msgspec.json.encode(secret)) if secret else None


def _field_and_sentence(cls: type[Connector[Any]], values: object, error: msgspec.ValidationError) -> tuple[str, str]:
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
            return name, f"{name} can't be used: {error}" if _is_secret(hint) else found
    return "", str(error)


def _is_secret(hint: Any) -> bool:
    return hint is Secret or any(_is_secret(part) for part in get_args(hint))
