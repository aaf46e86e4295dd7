"""Sources: the lookups that a process has opened. One object for each published version, with its log-in and its line,
for as long as that version is asked."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from hub.channels.open import read_settings
from hub.contract import Bounds, Lookup, Misconfigured
from hub.errors import Invalid
from hub.lookups.breaker import Breaker
from hub.lookups.definition import DRAFT, Published, published_ids, version
from hub.lookups.open import close_lookup, open_lookup
from hub.lookups.together import Together
from hub.plugin_host.registry import Registry
from hub.storage.unit import Storage, Unit

log = logging.getLogger(__name__)


class _Open:
    def __init__(self, definition: Published, lookup: Lookup[Any]) -> None:
        self.place = (definition.municipality_id, definition.declared.name, definition.version == DRAFT)
        self.lookup = lookup
        self.asking = 0
        self.is_left = False


class Sources:
    """One for a process; its methods are called in that process's one event loop."""

    def __init__(self, storage: Storage, registry: Registry) -> None:
        self.storage, self.registry = storage, registry
        self._open: dict[int, _Open] = {}
        self._breakers: dict[int, Breaker] = {}
        self._bounds: dict[int, Bounds] = {}
        self._versions: dict[int, Published] = {}
        self.together = Together(storage)

    def published(self, unit: Unit, municipality_id: int) -> Mapping[str, Published]:
        """By name. A version never changes, so each is read once in a process."""
        found: dict[str, Published] = {}
        for row_id, name in published_ids(unit, municipality_id):
            known = self._versions.get(row_id)
            found[name] = known or self._versions.setdefault(row_id, version(unit, row_id))
        return found

    def breaker(self, definition: Published) -> Breaker:
        """Of this version's source."""
        return self._breakers.setdefault(definition.id, Breaker())

    def bounds(self, definition: Published) -> Bounds:
        """What this version can be asked by. A version never changes, so it is read once. Raises Invalid."""
        found = self._bounds.get(definition.id)
        if found is None:
            found = self._bounds[definition.id] = _bounds(self.registry, definition)
        return found

    @asynccontextmanager
    async def lookup(self, definition: Published) -> AsyncIterator[Lookup[Any]]:
        """To ask by, several at once. Raises Invalid, Misconfigured.

        The object of an earlier version, and one that failed by a fault of its own, is closed when nobody asks by it.
        """
        here = self._open.get(definition.id)
        if here is None:
            here = self._open[definition.id] = _Open(definition, open_lookup(definition, self.registry))
        here.asking += 1  # first: while others are closed, it may be left itself
        try:
            for row_id, other in list(self._open.items()):
                if other.place == here.place and other is not here:
                    await self._leave(row_id)
            yield here.lookup
        finally:
            here.asking -= 1
            if here.is_left and not here.asking:
                await close_lookup(here.lookup)

    async def drop(self, definition: Published) -> None:
        """It isn't asked by this object again."""
        await self._leave(definition.id)

    async def forget(self, definition: Published) -> None:
        """A draft that was tried: nothing of it is kept."""
        await self._leave(definition.id)
        self._breakers.pop(definition.id, None)
        self._bounds.pop(definition.id, None)

    async def close(self) -> None:
        """All of them, at the process's end."""
        for row_id in list(self._open):
            await self._leave(row_id)

    async def _leave(self, row_id: int) -> None:
        left = self._open.pop(row_id, None)
        if left is None:
            return
        left.is_left = True
        if not left.asking:
            await close_lookup(left.lookup)


def _bounds(registry: Registry, definition: Published) -> Bounds:
    cls = registry.lookup(definition.declared.kind)
    config = read_settings(cls, definition.values)
    try:
        return cls.bounds(config)
    except Misconfigured as error:
        raise Invalid(error.field, str(error)) from error
    except Exception as error:  # outside code: what else is asked beside it goes on
        name = type(error).__name__  # not its words: the settings may be in them
        log.error("lookup %s of kind %s can't say what it is asked by: %s", definition.id, cls.kind, name)
        raise Invalid("", "The lookup has a fault of its own: IT finds it in the log.") from error
