"""The caller: somebody outside who brings things over HTTP, in several threads, each until it is taken.

What was not answered 2xx is brought again with the identical bytes, as exchanges and providers do. The ledger has a
JSON line for each attempt and its answer.
"""

import http.client
import json
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

_CONNECTIONS = 4
_AGAIN = 0.05


class Named(Protocol):
    """`name`: of what is brought, the same each time."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class Caller(Generic[T]):
    """Brings only as many as it was allowed to. `bring`: once; the answer's status, 0 for none."""

    def __init__(self, ledger: Path, things: Sequence[T], bring: Callable[[T], int]) -> None:
        self.attempts = self.acked = 0
        self._ledger, self._things, self._bring = ledger, things, bring
        self._allowed = 0
        self._ended = False
        self._lock = threading.Lock()
        self._queue: queue.Queue[T] = queue.Queue()
        self._threads = [threading.Thread(target=self._run, name="caller", daemon=True) for _ in range(_CONNECTIONS)]
        for thread in self._threads:
            thread.start()

    @property
    def left(self) -> int:
        """Things it may not bring yet."""
        return len(self._things) - self._allowed

    @property
    def idle(self) -> bool:
        """All that it may bring was taken."""
        return self.acked == self._allowed

    def allow(self, count: int) -> None:
        """That many more."""
        more = self._things[self._allowed : self._allowed + count]
        self._allowed += len(more)
        for thing in more:
            self._queue.put(thing)

    def stop(self) -> None:
        """Ends its threads."""
        self._ended = True
        for thread in self._threads:
            thread.join(10)

    def _run(self) -> None:
        while not self._ended:
            try:
                thing = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            while not self._taken(thing):
                time.sleep(_AGAIN)
                if self._ended:
                    return

    def _taken(self, thing: T) -> bool:
        status = self._bring(thing)
        with self._lock:
            self.attempts += 1
            self.acked += status // 100 == 2  # noqa: PLR2004 - 2xx is success
            with self._ledger.open("a", encoding="ascii") as file:
                file.write(json.dumps({"name": thing.name, "answer": status}) + "\n")
        return status // 100 == 2  # noqa: PLR2004 - 2xx again


def post(
    port: int, path: str, body: bytes | None, headers: Mapping[str, str], host: str = "127.0.0.1"
) -> tuple[int, bytes]:
    """Status and content; (0, b"") when there is no answer. `host`: who calls, of 127/8. Without a body it is a GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(host, 0))
    try:
        connection.request("GET" if body is None else "POST", path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
