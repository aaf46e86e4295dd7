"""Source: what two channels fetch comes twice, and is answered twice. So the second isn't added, nor resumed."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import select

from hub.channels.channel import Channel
from hub.channels.open import read_settings, values_of
from hub.contract import Config, Connector, Pulls
from hub.errors import Conflict, Invalid
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit

_FIELDS = ("folders", "folder")
"""The setting that says what is fetched: a mailbox has several, a place for files is one."""


def require_unfetched(
    unit: Unit, registry: Registry, cls: type[Connector[Any]], config: Config, but: int | None = None
) -> None:
    """Raises Invalid, naming the channel that isn't paused and fetches of the same; `but` is the one itself."""
    other = _fetched_by(unit, registry, cls.kind, _fetches(cls, config), but)
    if other is not None:
        raise Invalid(
            next((name for name in _FIELDS if name in cls.Config.__struct_fields__), ""),
            "channel {id} ({name}) fetches this already: what two channels fetch comes twice; pause that one first",
            id=other.id,
            name=other.name,
        )


def require_still_unfetched(
    unit: Unit, registry: Registry, channel: Channel, may_know: Callable[[int | None], bool]
) -> None:
    """Raises Conflict when another channel fetches what this one did, which was paused."""
    cls = registry.connectors.get(channel.kind)
    try:
        wanted = _fetches(cls, read_settings(cls, values_of(channel, unit.keys))) if cls else ()
    except Invalid:  # its settings are wrong: that becomes its trouble, as ever
        return
    other = _fetched_by(unit, registry, channel.kind, wanted, channel.id)
    if other is not None and may_know(other.home_id):
        raise Conflict("channel {id} ({name}) fetches this by now: pause that one first", id=other.id, name=other.name)
    if other is not None:
        raise Conflict("another channel fetches this by now, which you don't run: it has to be paused first")


def _fetched_by(unit: Unit, registry: Registry, kind: str, wanted: Collection[str], but: int | None) -> Channel | None:
    if not wanted:
        return None
    cls = registry.connector(kind)
    query = select(Channel).where(Channel.kind == kind, Channel.paused_why.is_(None)).order_by(Channel.id)
    for channel in unit.all(query):
        if channel.id == but:
            continue
        try:
            config = read_settings(cls, values_of(channel, unit.keys))
        except Invalid:  # it can't fetch
            continue
        if not set(wanted).isdisjoint(_fetches(cls, config)):
            return channel
    return None


def _fetches(cls: type[Connector[Any]], config: Config) -> Collection[str]:
    return cls.fetches(config) if issubclass(cls, Pulls) else ()
