"""What everyone keeps who listens: nothing is acknowledged that isn't kept."""

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hub.contract.config import read_config
from hub.contract.errors import NotKept
from hub.contract.messages import RawEvent
from hub.contract.testing.connector import ConnectorTests
from hub.contract.testing.inspection import assert_text
from hub.contract.testing.plugin import secrets_of
from hub.contract.testing.stage import PATIENCE, InThread

A_WHILE = 0.2
"""Seconds in which something that must not happen would have happened."""


class ListenTests(ConnectorTests):
    """Nothing is acknowledged that isn't kept."""

    def bring(self, settings: Mapping[str, Any], body: bytes) -> bool:
        """As the other side: connect, bring one message, say whether it was acknowledged. Blocks; runs in a thread.

        Raise ConnectionRefusedError when nobody listens yet: it is tried again.
        """
        raise NotImplementedError

    def listening(self) -> Mapping[str, Any]:
        """Settings, with a port that is free now."""
        return self.settings

    def test_it_is_acknowledged_after_it_was_kept(self) -> None:
        keeping = Keeping()
        with self._listener(keeping) as settings:
            keeping.may_go_on.clear()
            bringing = InThread(lambda: self._bring(settings))
            bringing.ended.wait(A_WHILE)
            assert not bringing.ended.is_set(), "it was answered before `keep` returned"
            keeping.may_go_on.set()
            assert bringing.result() is True
        assert keeping.kept, "what was acknowledged was given to `keep`"

    def test_what_is_not_kept_is_not_acknowledged_and_it_goes_on(self) -> None:
        keeping = Keeping()
        with self._listener(keeping) as settings:
            for error in (NotKept("a full disk"), RuntimeError("a bug")):
                keeping.error = error
                assert InThread(lambda: self._bring(settings)).result() is False
            keeping.error = None
            assert InThread(lambda: self._bring(settings)).result() is True

    def test_it_ends_when_it_is_cancelled(self) -> None:
        keeping = Keeping()
        with self._listener(keeping) as settings:
            assert InThread(lambda: self._bring(settings)).result() is True
        assert keeping.cancelled, "`listen` ends by its cancellation, and lets nobody stop it"

    def test_what_came_can_be_parsed(self) -> None:
        keeping = Keeping()
        with self._listener(keeping) as settings:
            self._bring(settings)
            config = read_config(self.connector.Config, dict(settings))
        secrets = secrets_of(config)
        for event in keeping.kept:
            assert event.key
            assert self._parse([event])
            assert_text([*event.origin.keys(), *event.origin.values()])
            assert not any(secret in text for secret in secrets for text in event.origin.values())

    def _bring(self, settings: Mapping[str, Any]) -> bool:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.bring(settings, self.samples[0].read_bytes())
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    @contextmanager
    def _listener(self, keeping: "Keeping") -> Iterator[Mapping[str, Any]]:
        settings = self.listening()
        started: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = []
        ready = threading.Event()

        async def listen() -> None:
            task = asyncio.create_task(self._connector(settings).listen(keeping.keep))
            started.append((asyncio.get_running_loop(), task))
            ready.set()
            await asyncio.wait([task])

        thread = InThread(lambda: asyncio.run(listen()))
        assert ready.wait(PATIENCE)
        loop, task = started[0]
        try:
            yield settings
        finally:
            keeping.may_go_on.set()
            loop.call_soon_threadsafe(task.cancel)
            thread.result()
        keeping.cancelled = task.cancelled()


class Keeping:
    """A `keep` that can be held up or fail."""

    def __init__(self) -> None:
        self.kept: list[RawEvent] = []
        self.cancelled = False
        self.error: Exception | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    async def keep(self, events: Sequence[RawEvent]) -> Sequence[str]:
        while not self.may_go_on.is_set():  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(0.005)
        if self.error is not None:
            raise self.error
        self.kept.extend(events)
        return [event.key for event in events]
