"""A lookup's definition, and the plugin's object that asks by it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from ssl import SSLContext
from typing import Any

from hub.channels.open import read_settings
from hub.contract import Config, Http, Lookup, Misconfigured, Place, Rows, Secret, Unreachable
from hub.contract.rules import broken_bounds
from hub.errors import Invalid
from hub.lookups.databases.database import Limits
from hub.lookups.definition import Published
from hub.lookups.question import slow
from hub.lookups.request import Allowed
from hub.lookups.rows import Reader
from hub.lookups.tls import own_tls
from hub.plugin_host.http import Forbidden, Gate
from hub.plugin_host.registry import Registry
from hub.plugin_host.tools import PluginTools

CHECK_SECONDS = 10.0
"""For settings that are tried before they are saved."""
MOST_BYTES = 8_000_000
"""Of one answer: a hundred invoices are a tenth of it."""


class SourceTools(PluginTools):
    """The contract's LookupTools. `gate`: to the lookup's source, when that is one by HTTP; `others`: elsewhere.

    `reader`: of its database, when it is one.
    """

    def __init__(
        self,
        name: str,
        gate: Gate | None = None,
        others: Mapping[str, Gate] | None = None,
        reader: Reader | None = None,
    ) -> None:
        super().__init__(f"lookup-{name}")
        self._gate, self._others, self._reader = gate, others or {}, reader

    @property
    def http(self) -> Http:
        if self._gate is None:
            raise Forbidden("A lookup without base_url has no way out by HTTP.")
        return self._gate

    def elsewhere(self, name: str) -> Http:
        """Raises Forbidden for a name that its bounds don't have."""
        if name not in self._others:
            raise Forbidden("A lookup goes to addresses that its bounds name.")
        return self._others[name]

    async def rows(self, sql: str, values: Mapping[str, object]) -> Rows:
        if self._reader is None:
            raise Forbidden("A lookup without url has no database to read.")
        return await self._reader.rows(sql, values)

    async def prove(self) -> None:
        """Raises Misconfigured for a database that this lookup may write to."""
        if self._reader is not None:
            await self._reader.refuse_writer()

    async def close(self) -> None:
        """Ends the thread after the call under way, and hangs up."""
        if self._reader is not None:
            self._reader.close()
        self.end_thread()
        for gate in (self._gate, *self._others.values()):
            if gate is not None:
                await gate.close()


def open_lookup(definition: Published, registry: Registry) -> Lookup[Any]:
    """As it was published. Raises Invalid for its kind, Misconfigured for settings that don't fit (any more)."""
    cls = registry.lookup(definition.declared.kind)
    try:
        config = read_settings(cls, definition.values)
    except Invalid as error:
        raise Misconfigured(error.field, str(error)) from error
    return opened(cls, config, definition.declared.seconds)


def opened(cls: type[Lookup[Any]], config: Config, seconds: float = CHECK_SECONDS) -> Lookup[Any]:
    """Made with these settings. Raises Misconfigured for what they let it ask, and for its base_url or url."""
    bounds = cls.bounds(config)
    for broken in broken_bounds(cls.kind, bounds):
        raise Misconfigured("settings", broken)
    base_url, in_the_open = getattr(config, "base_url", None), getattr(config, "in_the_open", False)
    tls = own_tls(config)
    gate = (
        _gate(Place(base_url, bounds.allowed_paths, bounds.allowed_posts), seconds, in_the_open, tls)
        if base_url
        else None
    )
    others = {
        name: _elsewhere(
            name, place, seconds, in_the_open, tls if _host(place.base_url) == _host(base_url or "") else None
        )
        for name, place in bounds.elsewhere.items()
    }
    url = getattr(config, "url", None)
    limits = Limits(seconds, bytes=MOST_BYTES)
    reader = Reader(url.reveal(), limits, in_the_open=in_the_open) if isinstance(url, Secret) else None
    return cls(config, SourceTools(cls.kind, gate, others, reader))


async def check_lookup(lookup: Lookup[Any]) -> None:
    """Before its settings are saved: it can do nothing but read, and its source answers. Raises PluginError."""
    if isinstance(lookup.tools, SourceTools):
        await lookup.tools.prove()
    await lookup.check()


async def tried(cls: type[Lookup[Any]], config: Config) -> None:
    """A lookup that is opened, checked and closed again. Raises PluginError, Forbidden."""
    lookup = opened(cls, config)
    try:
        await check_lookup(lookup)
    finally:
        await close_lookup(lookup)


async def columns(
    cls: type[Lookup[Any]], values: Mapping[str, Any], within: str, codes: Collection[str]
) -> Mapping[str, Sequence[str]]:
    """What a source has to choose from, by settings that may be unfinished yet. Raises PluginError."""
    url = values.get("url")
    limits = Limits(CHECK_SECONDS, bytes=MOST_BYTES)
    reader = Reader(str(url), limits, in_the_open=bool(values.get("in_the_open"))) if url else None
    tools = SourceTools(cls.kind, reader=reader)
    try:
        if reader is not None:
            await reader.refuse_writer()
        return await asyncio.wait_for(cls.columns(values, tools, within, codes), CHECK_SECONDS)
    except TimeoutError:
        raise Unreachable(slow(CHECK_SECONDS)) from None
    finally:
        await tools.close()


def _elsewhere(name: str, place: Place, seconds: float, in_the_open: bool, tls: SSLContext | None) -> Gate:
    try:
        return _gate(place, seconds, in_the_open, tls)
    except Misconfigured as error:
        raise Misconfigured(f"elsewhere.{name}", str(error).replace("base_url", f"elsewhere.{name}")) from error


def _gate(place: Place, seconds: float, in_the_open: bool, tls: SSLContext | None = None) -> Gate:
    return Gate(
        place.base_url,
        Allowed(place.allowed_paths, place.allowed_posts),
        seconds=seconds,
        most_bytes=MOST_BYTES,
        in_the_open=in_the_open,
        tls=tls,
    )


def _host(url: str) -> str:
    """With its port, as written: the certificate that we show is for one host only."""
    return url.partition("//")[2].partition("/")[0].casefold()


async def close_lookup(lookup: Lookup[Any]) -> None:
    """It isn't asked again."""
    if isinstance(lookup.tools, SourceTools):
        await lookup.tools.close()
