"""Listening in tests: a Live that runs, what a subscription hears, and another process that changes things."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import select

from hub.access.person import Actor, Held
from hub.channels.pause import standing
from hub.inbox.delivery import Delivery
from hub.live.poll import EVERY
from hub.live.publish import Live
from hub.live.subscription import Subscription
from hub.live.topics import Event
from hub.storage.unit import Storage, Unit
from tests.architecture.source import ROOT
from tests.storage.centre import Centre, conversation

PATIENCE = 60.0
"""Seconds until what should be heard counts as never told."""
A_WHILE = EVERY + 0.7
"""In which what must not be told would have been: a look at the file lies between."""


@asynccontextmanager
async def living(storage: Storage, redis_url: str | None = None) -> AsyncIterator[Live]:
    """As a serving process has it, once it hears the others and has looked: whoever listens now is told of no start."""
    live = Live(storage, redis_url, standing, serves=True)
    running = asyncio.create_task(live.run())
    try:
        if live.bridge is not None:
            async with asyncio.timeout(PATIENCE):
                await live.bridge.hears.wait()
        await until(lambda: live._poll is None or live._poll.primed)
        yield live
    finally:
        running.cancel()
        await asyncio.wait([running])


async def hears(subscription: Subscription, event: Event) -> list[Event]:
    """Until that event; what came before it."""
    before: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        async for each in subscription:
            if each == event:
                return before
            before.append(each)
    raise AssertionError("it has ended")


async def hears_all(subscription: Subscription, *events: Event) -> list[Event]:
    """Until each of these, and a while longer; all that was heard, in its order."""
    heard: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        while not {*events} <= {*heard}:
            heard.append(await anext(subscription))
    return heard + await everything(subscription, A_WHILE)


async def everything(subscription: Subscription, seconds: float) -> list[Event]:
    """Heard in that time."""
    heard: list[Event] = []
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0 and not subscription.ended:
        event = await subscription.within(left)
        if event is not None:
            heard.append(event)
    return heard


def agent(
    centre: Centre, code: str = "granvik", queue: str | None = None, role: str = "agent", name: str = "sara"
) -> Actor:
    """One of ours, with a single membership."""
    held = Held(centre.ids[code], role, centre.ids[queue] if queue else None)
    return Actor(
        centre.ids[name], name.capitalize(), f"{name}@x.example", "sv", (held,), frozenset({"read", "write", "it"})
    )


def change(unit: Unit, conversation_id: int) -> int:
    """Something small; the id of its entry."""
    return conversation(unit, conversation_id).append_change(unit, None, "touched", {}).id


def queue_delivery(unit: Unit, entry_id: int, municipality_id: int, channel_id: int) -> int:
    """On its way, without a happening: as another process left it."""
    row = Delivery(
        municipality_id=municipality_id, entry_id=entry_id, channel_id=channel_id, recipient="anna@example.com",
        message_id="<1@x>", not_before=0, lease_until=2**62, fence=1, state="handed_over",
    )  # fmt: skip
    unit.add(row)
    return row.id


def fence_of(unit: Unit, delivery_id: int) -> int:
    found = unit.first(select(Delivery.fence).where(Delivery.id == delivery_id))
    assert found is not None
    return found


class Other:
    """Another process on the same database, obeying line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def do(self, *words: object) -> str:
        """Returns what it answered, once it has committed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def other_process(url: str, redis_url: str | None = None) -> Iterator[Other]:
    """With a Live of its own, as `torg worker` has."""
    command: Sequence[str] = [sys.executable, "-m", "tests.live.other", url, *([redis_url] if redis_url else [])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ}
    ) as process:
        other = Other(process)
        assert other.do("ready") == "ready"
        try:
            yield other
        finally:
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(PATIENCE) == 0


async def until(true: Callable[[], bool]) -> None:
    """In the loop."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - what it waits for sets no event
            await asyncio.sleep(0.01)
