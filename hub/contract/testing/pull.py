"""What everyone keeps who pulls: what was committed comes no more, all else again, and the source stays as it is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from hub.contract.config import read_config
from hub.contract.errors import AuthFailed, Unreachable
from hub.contract.messages import RawEvent
from hub.contract.plugin import Pulls
from hub.contract.testing.connector import ConnectorTests
from hub.contract.testing.inspection import assert_text
from hub.contract.testing.plugin import secrets_of
from hub.contract.testing.stage import PATIENCE

T = TypeVar("T")

MOST_BATCHES = 50
"""Until whoever says that there is more, again and again, counts as never ending."""


class PulledSide(Protocol):
    """What a connector pulls from, played by its author. Blocking calls; they run in a thread."""

    settings: Mapping[str, Any]
    """That make a Config for it."""

    def bring(self, body: bytes) -> None:
        """One message more lies there."""
        ...

    def state(self) -> object:
        """All that is to be seen of the messages there, marks as well: compared before a pull and after it."""
        ...


class PullTests(ConnectorTests):
    """Nothing is lost or comes twice, whatever becomes of a batch."""

    def source(self) -> AbstractAsyncContextManager[PulledSide]:
        """Empty, and ready."""
        raise NotImplementedError

    def away(self) -> Mapping[str, Any]:
        """Settings of a source where nobody is."""
        raise NotImplementedError

    def refused(self, settings: Mapping[str, Any]) -> Mapping[str, Any] | None:  # noqa: ARG002 - for who logs in
        """The settings of a source, changed so that it doesn't accept our log-in. None: it wants none."""
        return None

    def message(self, number: int) -> bytes:
        """One that the source can be brought, another for each number: the first sample with a line more.

        Whose messages bear no line below makes them here: of JSON, say, with the number in it.
        """
        return self.samples[0].read_bytes() + b"%d\r\n" % number

    def test_check_proves_a_source_that_is_there(self) -> None:
        async def story(side: PulledSide) -> None:
            before = await asyncio.to_thread(side.state)
            connector = self._connector(side.settings)
            await _soon(connector.check())
            assert await asyncio.to_thread(side.state) == before, "a check changes nothing"

        self._play(story)

    def test_check_tells_of_a_source_that_is_away(self) -> None:
        asyncio.run(self._unreachable(_check))

    def test_a_log_in_that_is_refused_has_its_name(self) -> None:
        async def story(side: PulledSide) -> None:
            settings = self.refused(side.settings)
            if settings is None:
                assert not secrets_of(read_config(self.connector.Config, dict(side.settings))), (
                    "it has a secret, so the source can refuse it: say in `refused` by which settings it does"
                )
                return
            secrets = secrets_of(read_config(self.connector.Config, dict(settings)))
            for call in (_check, _pull):
                said = None
                try:
                    await _soon(call(self._connector(settings)))
                except AuthFailed as error:
                    said = str(error)
                assert said is not None, "AuthFailed, for the hub to pause it and tell IT: by `check` and by `pull`"
                assert not any(secret in said for secret in secrets), "its sentence tells the secret"

        self._play(story)

    def test_what_is_there_is_pulled_byte_for_byte(self) -> None:
        async def story(side: PulledSide) -> None:
            bodies = await self._bring(side, 3)
            events, _ = await self._all(self._connector(side.settings), None)
            assert sorted(event.body for event in events) == sorted(bodies), "all that is there, as it is"
            assert len({event.key for event in events}) == len(bodies), "each has a key of its own"

        self._play(story)

    def test_what_was_committed_comes_no_more(self) -> None:
        async def story(side: PulledSide) -> None:
            await self._bring(side, 2)
            _, cursor = await self._all(self._connector(side.settings), None)
            (new,) = await self._bring(side, 1)
            again, _ = await self._all(self._connector(side.settings), cursor)  # another process, later
            assert [event.body for event in again] == [new], "after its cursor only what is new"

        self._play(story)

    def test_what_was_not_committed_comes_again(self) -> None:
        async def story(side: PulledSide) -> None:
            connector = self._connector(side.settings)
            await self._bring(side, 2)
            first, _ = await self._all(connector, None)
            again, _ = await self._all(connector, None)  # the commit failed
            assert _known(again) == _known(first), "with the old cursor the same, by the same keys"

        self._play(story)

    def test_a_pull_leaves_the_source_as_it_was(self) -> None:
        async def story(side: PulledSide) -> None:
            await self._bring(side, 2)
            before = await asyncio.to_thread(side.state)
            await self._all(self._connector(side.settings), None)
            assert await asyncio.to_thread(side.state) == before, "nothing is marked or moved before the commit"

        self._play(story)

    def test_it_may_be_told_of_a_commit_twice(self) -> None:
        async def story(side: PulledSide) -> None:
            connector = self._connector(side.settings)
            await self._bring(side, 2)
            events, cursor = await self._all(connector, None)
            keys = [event.key for event in events]
            for _ in range(2):
                await _soon(connector.committed(keys))
            (new,) = await self._bring(side, 1)
            again, _ = await self._all(connector, cursor)
            assert [event.body for event in again] == [new]

        self._play(story)

    def test_waiting_ends_in_time(self) -> None:
        async def story(side: PulledSide) -> None:
            connector = self._connector(side.settings)
            await self._all(connector, None)
            await _soon(connector.wait(0.1))

        self._play(story)

    def test_a_source_that_is_away_is_unreachable(self) -> None:
        asyncio.run(self._unreachable(_pull))

    def test_what_was_pulled_can_be_parsed(self) -> None:
        async def story(side: PulledSide) -> None:
            await self._bring(side, 1)
            events, _ = await self._all(self._connector(side.settings), None)
            secrets = secrets_of(read_config(self.connector.Config, dict(side.settings)))
            for event in events:
                assert event.key
                assert self._parse([event])
                assert_text([*event.origin.keys(), *event.origin.values()])
                assert not any(secret in text for secret in secrets for text in event.origin.values())

        self._play(story)

    async def _bring(self, side: PulledSide, count: int) -> Sequence[bytes]:
        self._brought = getattr(self, "_brought", 0)
        bodies = []
        for _ in range(count):
            self._brought += 1
            bodies.append(self.message(self._brought))
            await asyncio.to_thread(side.bring, bodies[-1])
        return bodies

    async def _unreachable(self, call: Callable[[Any], Awaitable[object]]) -> None:
        connector = self._connector(self.away())
        try:
            await _soon(call(connector))
        except Unreachable as error:
            steps = connector.tools.steps.taken(error)
            assert not steps or steps[-1].failed, "who tells steps tells in which one it failed"
            return
        finally:
            await connector.close()
        raise AssertionError("Unreachable, for the hub to try again")

    async def _all(self, connector: Pulls[Any], cursor: bytes | None) -> tuple[Sequence[RawEvent], bytes]:
        """Batch after batch, as the hub does; and the last one's cursor."""
        events: list[RawEvent] = []
        for _ in range(MOST_BATCHES):
            batch = await _soon(connector.pull(cursor))
            events += batch.events
            cursor = batch.cursor
            if not batch.more:
                return events, cursor
        raise AssertionError("it says that there is more, and never ends")

    def _play(self, story: Callable[[PulledSide], Awaitable[None]]) -> None:
        async def play() -> None:
            async with self.source() as side:
                self._opened: list[Pulls[Any]] = []
                try:
                    await story(side)
                finally:
                    for connector in self._opened:
                        await _soon(connector.close())

        asyncio.run(play())

    def _connector(self, settings: Mapping[str, Any]) -> Any:
        made = super()._connector(settings)
        if hasattr(self, "_opened"):
            self._opened.append(made)
        return made


def _check(connector: Pulls[Any]) -> Awaitable[object]:
    return connector.check()


def _pull(connector: Pulls[Any]) -> Awaitable[object]:
    return connector.pull(None)


def _known(events: Sequence[RawEvent]) -> Sequence[tuple[str, bytes]]:
    return sorted((event.key, event.body) for event in events)


async def _soon(what: Awaitable[T]) -> T:
    async with asyncio.timeout(PATIENCE):
        return await what
