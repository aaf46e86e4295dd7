"""Meter: how many requests this hub has answered, how, and in what time. No address of any: paths hold ids."""

import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from mmap import mmap
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
HELP = {
    "torg_requests_total": "Requests answered by this `torg serve`, by how.",
    "torg_request_seconds": "Time to the first byte of the answer, by whom it is for: api, page, public.",
}


_FACES, _STATUSES = ("api", "page", "public"), ("1xx", "2xx", "3xx", "4xx", "5xx")
_WIDTH = len(_STATUSES) + len(BUCKETS) + 2
"""Of each face: answers by status, requests by bucket, and their seconds."""
_CELLS = _WIDTH * len(_FACES)


class Meter:
    """One for an application. Processes that share `cells` count each in its own row, and any of them shows the sum."""

    def __init__(self, cells: "memoryview[float] | None" = None, row: int = 0) -> None:
        """`cells`: of `shared`."""
        self._cells = shared(1) if cells is None else cells
        self._at = row * _CELLS

    def counts_as(self, other: "Meter") -> None:
        """In its cells and row from now on: it was made before it was known which."""
        self._cells, self._at = other._cells, other._at

    def note(self, face: str, status: int, seconds: float) -> None:
        at = self._at + _FACES.index(face) * _WIDTH
        bucket = len(_STATUSES) + bisect_left(BUCKETS, seconds)
        for each, more in ((status // 100 - 1, 1), (bucket, 1), (_WIDTH - 1, seconds)):
            self._cells[at + each] += more

    def lines(self) -> Iterator[str]:
        """As Prometheus reads them."""
        found = {face: self._sums(number) for number, face in enumerate(_FACES)}
        yield from heading("torg_requests_total", HELP["torg_requests_total"], "counter")
        for face, sums in found.items():
            for status, number in zip(_STATUSES, sums, strict=False):
                if number:
                    yield line("torg_requests_total", {"face": face, "status": status}, number)
        yield from heading("torg_request_seconds", HELP["torg_request_seconds"], "histogram")
        for face, sums in found.items():
            below, counts = 0.0, sums[len(_STATUSES) : -1]
            for most, number in zip((*map(str, BUCKETS), "+Inf"), counts if any(counts) else (), strict=False):
                below += number
                yield line("torg_request_seconds_bucket", {"face": face, "le": most}, below)
            if below:
                yield line("torg_request_seconds_sum", {"face": face}, round(sums[-1], 6))
                yield line("torg_request_seconds_count", {"face": face}, below)

    def _sums(self, face: int) -> Sequence[float]:
        rows = range(face * _WIDTH, len(self._cells), _CELLS)
        return [sum(self._cells[at + each] for at in rows) for each in range(_WIDTH)]


def shared(rows: int) -> "memoryview[float]":
    """Cells for so many processes, which begin with them: made before they part."""
    return memoryview(mmap(-1, 8 * _CELLS * rows)).cast("d")


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
    return f"{name}{{{said}}} {number:.15g}" if said else f"{name} {number:.15g}"


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
