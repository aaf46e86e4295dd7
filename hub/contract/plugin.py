"""What a plugin is: classes to derive from. One hook at start-up, then typed methods; a class line names abilities."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import ClassVar, Generic, Protocol, TypeVar

import pluggy

from hub.contract.config import Config
from hub.contract.messages import Item, Keep, OutgoingMessage, RawEvent, Receipt, Router

C = TypeVar("C", bound=Config)
R = TypeVar("R")

ENTRY_POINT_GROUP = "torg"
hook_spec = pluggy.HookspecMarker(ENTRY_POINT_GROUP)
hook_impl = pluggy.HookimplMarker(ENTRY_POINT_GROUP)


class Tools(Protocol):
    """What the hub gives a plugin instead of a network, clock or thread of its own."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    async def block(self, call: Callable[[], R]) -> R:
        """Run a blocking library's call in this channel's own thread."""
        ...


class Plugin(Generic[C]):
    """One object per configured channel. `kind` is its name in settings: lower case, underscores."""

    kind: ClassVar[str]
    title: ClassVar[str]
    Config: ClassVar[type[Config]]

    def __init__(self, config: C, tools: Tools) -> None:
        self.config, self.tools = config, tools

    async def check(self) -> None:
        """The cheapest call that proves the settings. Raises Misconfigured(field, why), AuthFailed, Unreachable."""


class Connector(Plugin[C]):
    """A kind of channel. Derive from the abilities it has: Listens, Sends."""

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> Sequence[Item]:
        """Pure: no config, I/O or clock; runs in a child that can be killed, and again on replay.

        Any order, and events doubled, give the same items. Raises Unreadable.
        """
        raise NotImplementedError


class Listens(Connector[C]):
    """Holds a port or a connection open and is told things."""

    def opens(self) -> tuple[str, int] | None:
        """The host and port that it opens, which no other channel may have; None: it opens none."""
        return None

    async def listen(self, keep: Keep) -> None:
        """Runs until cancelled. Acknowledge the source after `await keep(…)` has returned, never before."""
        raise NotImplementedError


class Sends(Connector[C]):
    """Takes messages out."""

    async def send(self, message: OutgoingMessage, handing_over: Callable[[], Awaitable[None]]) -> Receipt:
        """`await handing_over()` just before the first byte that can't be taken back.

        Failed before it: tried again. After it: uncertain and never sent again by itself, unless the other side
        said no: Refused (for good) or Deferred (not now).
        """
        raise NotImplementedError


class Register(Protocol):
    """Handed to `register_plugins`."""

    def connector(self, cls: type[Connector[C]]) -> None:
        """Offer a kind of channel."""
        ...

    def router(self, name: str, router: Router) -> None:
        """Offer a router; the setting `routers` says which are asked, and in what order."""
        ...


@hook_spec
def register_plugins(register: Register) -> None:
    """The one hook. Called once at start-up: register classes and routers, do nothing else."""
