"""Meter: how many requests this process has answered, how, and in what time. No address of any: paths hold ids."""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
HELP = {
    "torg_requests_total": "Requests answered by this process, by how.",
    "torg_request_seconds": "Time to the first byte of the answer, by whom it is for: api, page, public.",
}


class Meter:
    """One for an application."""

    def __init__(self) -> None:
        self.answered: Counter[tuple[str, str]] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._sums: Counter[str] = Counter()

    def note(self, face: str, status: int, seconds: float) -> None:
        self.answered[face, f"{status // 100}xx"] += 1
        self._buckets.setdefault(face, [0] * (len(BUCKETS) + 1))[bisect_left(BUCKETS, seconds)] += 1
        self._sums[face] += seconds  # type: ignore[assignment]  # a Counter adds fractions, too

    def lines(self) -> Iterator[str]:
        """As Prometheus reads them."""
        yield from heading("torg_requests_total", HELP["torg_requests_total"], "counter")
        for (face, status), number in sorted(self.answered.items()):
            yield line("torg_requests_total", {"face": face, "status": status}, number)
        yield from heading("torg_request_seconds", HELP["torg_request_seconds"], "histogram")
        for face, counts in sorted(self._buckets.items()):
            below = 0
            for most, number in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
                below += number
                yield line("torg_request_seconds_bucket", {"face": face, "le": most}, below)
            yield line("torg_request_seconds_sum", {"face": face}, round(self._sums[face], 6))
            yield line("torg_request_seconds_count", {"face": face}, below)


def metered(meter: Meter) -> Any:
    """Middleware that sees when an answer begins, whatever becomes of it."""

    def around(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            begun = time.perf_counter()
            scope["state"]["meter"] = meter  # for the route that shows it

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    meter.note(face_of(scope["path"]), int(message["status"]), time.perf_counter() - begun)
                await send(message)

            await app(scope, receive, sending)

        return call

    return around


def face_of(path: str) -> str:
    """Whom an address is for."""
    if path.startswith(("/chat/", "/forms/", "/calls/", "/api/v1/forms/", "/api/v1/cti/")):
        return "public"
    return "api" if path.startswith(("/api/", "/health", "/metrics")) else "page"


def heading(name: str, said: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {said}"
    yield f"# TYPE {name} {kind}"


def line(name: str, labels: Mapping[str, str], number: float) -> str:
    said = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return f"{name}{{{said}}} {number:g}" if said else f"{name} {number:g}"


def gauges(samples: Sequence[tuple[str, Mapping[str, str], float]], helps: Mapping[str, str]) -> Iterator[str]:
    """Each name once, with what it means."""
    by_name: dict[str, list[str]] = {name: [] for name in helps}
    for name, labels, number in samples:
        by_name[name].append(line(name, labels, number))
    for name, lines in by_name.items():
        if lines:
            yield from heading(name, helps[name], "gauge")
            yield from lines


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
