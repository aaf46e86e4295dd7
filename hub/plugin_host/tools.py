"""What every plugin is given instead of a clock and threads of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from hub import clock
from hub.contract.steps import Steps, TellStep, untold

R = TypeVar("R")


class PluginTools:
    """The hub's clock, and one thread of the channel's or lookup's own, called `name`. `steps`: of a check."""

    def __init__(self, name: str, steps: Steps | None = None) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self.step: TellStep = steps.step if steps else untold

    def now(self) -> datetime:
        """Aware, UTC."""
        return clock.to_datetime(clock.now())

    async def block(self, call: Callable[[], R]) -> R:
        """A blocking library's call, in that thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def end_thread(self) -> None:
        """After the call under way."""
        self._thread.shutdown(wait=False, cancel_futures=True)
