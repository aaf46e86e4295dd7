"""The door: one hook at start-up, in which a plugin offers its classes and routers."""

from typing import Protocol, TypeVar

import pluggy

from hub.contract.config import Config
from hub.contract.lookup import Lookup
from hub.contract.messages import Router
from hub.contract.plugin import Connector

C = TypeVar("C", bound=Config)

ENTRY_POINT_GROUP = "torg"
hook_spec = pluggy.HookspecMarker(ENTRY_POINT_GROUP)
hook_impl = pluggy.HookimplMarker(ENTRY_POINT_GROUP)


class Register(Protocol):
    """Handed to `register_plugins`."""

    def connector(self, cls: type[Connector[C]]) -> None:
        """Offer a kind of channel."""
        ...

    def lookup(self, cls: type[Lookup[C]]) -> None:
        """Offer a kind of source for questions."""
        ...

    def router(self, name: str, router: Router) -> None:
        """Offer a router; the setting `routers` says which are asked, and in what order."""
        ...


@hook_spec
def register_plugins(register: Register) -> None:
    """The one hook. Called once at start-up: register classes and routers, do nothing else."""
