"""Milliseconds of the API over loopback, as an agent of all thirty municipalities asks it: list, open, search, reply.

Pages are as long as the smallest installation fills them, so that sizes compare: 2 % open of a thousand are twenty.
"""

import json
import statistics
import time
from http.client import HTTPConnection
from itertools import cycle
from typing import Any
from urllib.parse import quote

from tests.bench.gen_mail import COMMON, RARE
from tests.bench.installation import Installation

SECONDS = 4.0
"""For each question, after a warm-up of ten."""
API = "/api/v1"


def measure(installation: Installation) -> dict[str, float]:
    """Medians in ms, by what was asked."""
    connection = HTTPConnection("127.0.0.1", installation.web)

    def ask(method: str, path: str, body: object = None) -> Any:
        content = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {installation.token}", "Content-Type": "application/json"}
        connection.request(method, API + path, content, headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status < 300, (path, answer.status, said[:300])
        return json.loads(said)

    ids = cycle([each["id"] for each in ask("GET", "/conversations?limit=20")["items"]])
    return {
        "list": _median(lambda: ask("GET", "/conversations?limit=20")),
        "open": _median(lambda: _open(ask, next(ids))),
        "search rare": _median(lambda: ask("GET", f"/search?q={quote(RARE)}%20&limit=10")),
        "search common": _median(lambda: ask("GET", f"/search?q={quote(COMMON)}%20&limit=10")),
        "reply": _median(lambda: ask("POST", f"/conversations/{next(ids)}/replies", {"text": "Hej, det ordnar vi."})),
    }


def _open(ask: Any, conversation: str) -> None:
    ask("GET", f"/conversations/{conversation}")
    ask("GET", f"/conversations/{conversation}/timeline")


def _median(ask: Any) -> float:
    for _ in range(10):
        ask()
    taken = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        before = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - before))
    return statistics.median(taken)
