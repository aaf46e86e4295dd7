"""What the tests stand on: tools without a hub, and a blocking call beside the test."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

R = TypeVar("R")

PATIENCE = 10.0
"""Seconds until something that should happen counts as never happening."""


class InThread:
    """A blocking call, beside the test."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.ended = threading.Event()
        self._outcome: Any = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, args=(call,), daemon=True).start()

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            self._outcome = call()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            self._error = error
        self.ended.set()

    def result(self) -> Any:
        assert self.ended.wait(2 * PATIENCE), "it never ended"
        if self._error is not None:
            raise self._error
        return self._outcome


class TestTools:
    """The tools of a connector without a hub."""

    __test__ = False  # pytest: no test, whatever the name

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def block(self, call: Callable[[], R]) -> R:
        return await asyncio.to_thread(call)
