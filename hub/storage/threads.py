"""Threads of storage's own: what is due first goes first, and everything is due at once that doesn't say otherwise.

SQLite has one thread that reads and one that writes: whoever clicks would stand there behind all that pages fetch again
by themselves. That says how long it may wait, and lets pass what is due before it; then it goes before what comes
later, so that nothing waits for ever.
"""

import contextvars
import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, TypeAlias, TypeVar

from hub.due import due

T = TypeVar("T")
_Waiting: TypeAlias = tuple[float, int, Future[Any], Callable[[], Any]]


class Threads:
    """So `many`, called by `name`. What is asked runs in the context of who asks, and within `turn`: what goes first is
    chosen once it is this process's, for it may wait long for others."""

    def __init__(self, many: int, name: str, turn: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._pool, self._turn = ThreadPoolExecutor(many, name), turn
        self._waiting: list[_Waiting] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count()

    def submit(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> "Future[T]":
        """Of two that are due at once the first goes first. Raises RuntimeError after `shutdown`."""
        done: Future[T] = Future()
        work = partial(contextvars.copy_context().run, call, *args, **kwargs)
        waiting: _Waiting = (due(), next(self._numbers), done, work)
        with self._lock:
            self._pool.submit(self._run_first)
            heapq.heappush(self._waiting, waiting)
        return done

    def shutdown(self) -> None:
        """When all that was asked for has been done."""
        self._pool.shutdown()

    def _run_first(self) -> None:
        """For each that waits once: the one that is due first now."""
        failed: BaseException | None = None
        with self._turn():
            with self._lock:
                _, _, done, work = heapq.heappop(self._waiting)
            if not done.set_running_or_notify_cancel():
                return
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is told to who asked
                failed = error
        if failed is None:
            done.set_result(result)
        else:
            done.set_exception(failed)
            del done, work, failed  # which its traceback names: a ring that waits for the collector
