"""A channel's connector as the hub opens it, through the hub's own way out, to the stand-in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from connectors.graph_mail import GraphMail
from hub.channels.open import ChannelTools
from hub.contract import RawEvent
from hub.contract.config import read_config
from tests.stand_ins.graph import Graph

T = TypeVar("T")


class Hub:
    """What the hub does for a channel that is pulled, in memory: keeps events by key, and the cursor with them."""

    def __init__(self, graph: Graph, **settings: Any) -> None:
        self.config: Any = read_config(GraphMail.Config, {**graph.settings, "begin": "all", **settings})
        self.kept: dict[str, RawEvent] = {}
        self.cursor: bytes | None = None
        self.doubled: list[str] = []
        self.vanished = 0
        self.warnings: list[str | None] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[GraphMail]:
        """The connector of one process."""
        tools = ChannelTools(7, GraphMail.places(self.config), None, self)
        try:
            yield GraphMail(self.config, tools)
        finally:
            tools.close()
            await tools.hang_up()

    async def known(self, keys: Sequence[str]) -> frozenset[str]:
        """Of those that were brought."""
        return frozenset(keys) & self.kept.keys()

    async def open_calls(self) -> Sequence[str]:
        """A mailbox has none."""
        return ()

    async def catch_up(self, connector: GraphMail, *, most: int = 1000) -> list[RawEvent]:
        """Pull after pull until there is no more; what was brought now."""
        brought: list[RawEvent] = []
        for _ in range(most):
            batch = await connector.pull(self.cursor)
            self.doubled += [event.key for event in batch.events if event.key in self.kept]
            self.kept |= {event.key: event for event in batch.events}
            self.cursor = batch.cursor
            self.vanished += batch.vanished
            self.warnings.append(batch.warning)
            await connector.committed([event.key for event in batch.events])
            brought += batch.events
            if not batch.more:
                return brought
        raise AssertionError("there is always more")


def run(hub: Hub, story: Callable[[GraphMail], Awaitable[T]]) -> T:
    """In a process of its own, as it were."""

    async def play() -> T:
        async with hub.opened() as connector:
            return await story(connector)

    return asyncio.run(play())


def fetch(hub: Hub) -> list[RawEvent]:
    """What has come."""
    return run(hub, hub.catch_up)
