"""What the plugins brought: kinds of connectors and lookups, routers, who brought them, and what is broken."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from hub.contract import Connector, Lookup, Router
from hub.contract.rules import broken_rules, broken_rules_of_lookup
from hub.errors import Invalid

ConnectorClass: TypeAlias = type[Connector[Any]]
LookupClass: TypeAlias = type[Lookup[Any]]


class BrokenRule(Exception):
    """A plugin registered something that the contract forbids. The message says which rule."""


class Broken(Struct, frozen=True):
    """A plugin that couldn't be loaded: a red line on the admin page, and everything else works."""

    name: str
    version: str
    sentence: str


class Loaded(Struct, frozen=True):
    """A plugin that works, and what it brought."""

    name: str
    version: str
    built_in: bool
    connectors: Sequence[str]
    lookups: Sequence[str]
    routers: Sequence[str]


class Offer:
    """The `register` of one plugin. Collected first and taken as a whole: of a broken plugin nothing stays behind."""

    def __init__(self) -> None:
        self.classes: list[ConnectorClass] = []
        self.lookups: list[LookupClass] = []
        self.functions: list[tuple[str, Router]] = []

    def connector(self, cls: ConnectorClass) -> None:
        sentences = list(broken_rules(cls))
        if sentences:
            raise BrokenRule(" ".join(sentences))
        self.classes.append(cls)

    def lookup(self, cls: LookupClass) -> None:
        sentences = list(broken_rules_of_lookup(cls))
        if sentences:
            raise BrokenRule(" ".join(sentences))
        self.lookups.append(cls)

    def router(self, name: str, router: Router) -> None:
        if not name or not callable(router):
            raise BrokenRule(f"A router has a name and is a function; this is {name!r}, {type(router).__name__}.")
        self.functions.append((name, router))


class Registry:
    """Filled once by the manager, then only read."""

    def __init__(self) -> None:
        self._connectors: dict[str, ConnectorClass] = {}
        self._lookups: dict[str, LookupClass] = {}
        self._routers: dict[str, Router] = {}
        self._loaded: list[Loaded] = []
        self._broken: list[Broken] = []
        self._blocked: list[str] = []

    @property
    def connectors(self) -> Mapping[str, ConnectorClass]:
        """By kind."""
        return self._connectors

    @property
    def lookups(self) -> Mapping[str, LookupClass]:
        """By kind."""
        return self._lookups

    @property
    def routers(self) -> Mapping[str, Router]:
        """By name."""
        return self._routers

    @property
    def loaded(self) -> Sequence[Loaded]:
        """Who brought what, in the order of loading."""
        return self._loaded

    @property
    def broken(self) -> Sequence[Broken]:
        """What couldn't be loaded, and why."""
        return self._broken

    @property
    def blocked(self) -> Sequence[str]:
        """What settings turn off."""
        return self._blocked

    def connector(self, kind: str) -> ConnectorClass:
        """Raises Invalid("kind", …), which lists the kinds there are."""
        try:
            return self._connectors[kind]
        except KeyError:
            raise Invalid("kind", _unknown("kind of channel", kind, self._connectors)) from None

    def lookup(self, kind: str) -> LookupClass:
        """Raises Invalid("kind", …), which lists the kinds there are."""
        try:
            return self._lookups[kind]
        except KeyError:
            raise Invalid("kind", _unknown("kind of lookup", kind, self._lookups)) from None

    def router(self, name: str) -> Router:
        """Raises Invalid("routers", …), which lists the routers there are."""
        try:
            return self._routers[name]
        except KeyError:
            raise Invalid("routers", _unknown("router", name, self._routers)) from None

    def brought_by(self, kind: str) -> Loaded:
        """The plugin that brought this kind of channel. Raises Invalid."""
        self.connector(kind)
        return next(plugin for plugin in self._loaded if kind in plugin.connectors)

    def take(self, name: str, version: str, offer: Offer, *, built_in: bool) -> None:
        """Add all that a plugin offers. Raises BrokenRule and adds nothing when a name of it is taken."""
        kinds = [cls.kind for cls in offer.classes]
        lookups = [cls.kind for cls in offer.lookups]
        routers = [router for router, _ in offer.functions]
        for what, wanted, there in (
            ("kind", kinds, self._connectors),
            ("kind of lookup", lookups, self._lookups),
            ("router", routers, self._routers),
        ):
            taken = {one for one in wanted if one in there or wanted.count(one) > 1}
            if taken:
                raise BrokenRule(
                    f"The {what} {', '.join(sorted(taken))} is there already: rename it, or block one plugin."
                )
        self._connectors.update({cls.kind: cls for cls in offer.classes})
        self._lookups.update({cls.kind: cls for cls in offer.lookups})
        self._routers.update(offer.functions)
        self._loaded.append(Loaded(name, version, built_in, tuple(kinds), tuple(lookups), tuple(routers)))

    def set_aside(self, broken: Broken) -> None:
        """Note a plugin that couldn't be loaded."""
        self._broken.append(broken)

    def leave_out(self, name: str) -> None:
        """Note a plugin that settings turn off."""
        self._blocked.append(name)


def _unknown(what: str, name: str, there: Mapping[str, object]) -> str:
    return f"There is no {what} {name!r}. There are: {', '.join(sorted(there)) or 'none'}."
