"""Agents: clients of the API that give answers, each again under its idempotency key until it is acknowledged."""

import http.client
import json
import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

AGENTS = 4
AGAIN = 0.05
"""Seconds before an answer that wasn't acknowledged is given again."""
_SECONDS = 30.0
_CREATED = 201


class Reply(Struct, frozen=True):
    """What one of them says. `text` is in this answer alone."""

    number: int
    conversation_id: int
    text: str


class Agents:
    """Threads of their own; they give only as many answers as they may. The ledger has a line an attempt."""

    def __init__(self, ledger: Path, port: int, token: str, replies: Sequence[Reply]) -> None:
        self.acked = 0
        self._ledger, self._port, self._token, self._replies = ledger, port, token, replies
        self._allowed = 0
        self._queue: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._work, name=f"agent-{n}", daemon=True) for n in range(AGENTS)]
        for thread in self._threads:
            thread.start()

    @property
    def idle(self) -> bool:
        """All that they may give was acknowledged."""
        return self.acked == self._allowed

    @property
    def left(self) -> int:
        """Answers they may not give yet."""
        return len(self._replies) - self._allowed

    def allow(self, count: int) -> Sequence[Reply]:
        """That many more; returns which."""
        more = self._replies[self._allowed : self._allowed + count]
        self._allowed += len(more)
        for each in more:
            self._queue.put(each)
        return more

    def stop(self) -> None:
        """Ends them after the request under way."""
        self._ended.set()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(_SECONDS)

    def _work(self) -> None:
        while (reply := self._queue.get()) is not None:
            while not self._ended.is_set():
                status, entry = self._give(reply)
                with self._lock:
                    self._write({"number": reply.number, "status": status, "entry": entry})
                    self.acked += status == _CREATED
                if status == _CREATED:
                    break
                time.sleep(AGAIN)

    def _give(self, reply: Reply) -> tuple[int, str | None]:
        """Status and entry's id; 0: no answer."""
        try:
            status, body = ask(
                self._port,
                "POST",
                f"/api/v1/conversations/{reply.conversation_id}/replies",
                self._token,
                {"text": reply.text},
                {"Idempotency-Key": f"proof-{reply.number}"},
            )
        except (OSError, http.client.HTTPException):
            return 0, None
        return status, json.loads(body)["id"] if status == _CREATED else None

    def _write(self, line: dict[str, Any]) -> None:
        with self._ledger.open("a", encoding="ascii") as file:
            file.write(json.dumps(line) + "\n")


def ask(
    port: int, method: str, path: str, token: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """One request to the hub on this machine, on a connection of its own. Raises OSError or HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        given = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})}
        connection.request(method, path, None if body is None else json.dumps(body), given)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
