"""The screen's figures: pages one by one, lists for eight clients beside a plain page, events to two hundred listeners.

As an agent of all municipalities has them. The plain page is `floor_web.py`, measured in the same run.
"""

import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx

from hub.proof import processes
from hub.proof.ports import free_ports
from tests.bench.gen_mail import COMMON, RARE
from tests.bench.installation import Installation, wait_for
from tests.bench.meter import Meter

CLIENTS, SECONDS = 8, 5.0
LEAST = 100
"""Answers that a p99 is reckoned from, however slow they are."""
CHANGED = 5
"""Rows that an open desk asks for together, after events named them."""
NEVER_MEET = "och og"
"""The worst pair: each in a fifth of the mails, in two languages; to find none takes all of both lists."""
LISTENERS, EVENTS, WITHIN = 200, 20, 1.5
_HERE = Path(__file__).parent
_LIST = "/inbox?view=open"
_PART = {"HX-Request": "true"}


def measure(installation: Installation, meter: Meter, rounds: int) -> dict[str, float]:
    """Milliseconds of each page, `… p99` and, by the processor, `… hub` and `… database`; a second's pages; MB."""
    with desk(installation) as client:
        client.get(_LIST).raise_for_status()
        found = _many(installation, rounds) | _pages(client, installation, meter)
        found["memory after"] = processes.memory(meter.pid)
        found["first load"] = _first_load(client)
        return found | asyncio.run(_events(installation, client))


@contextmanager
def desk(installation: Installation) -> Iterator[httpx.Client]:
    """An agent's browser."""
    base = f"http://127.0.0.1:{installation.web}"
    headers = {"Cookie": installation.cookie, "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=base, headers=headers, timeout=60) as client:
        yield client


def shown(client: httpx.Client) -> tuple[list[str], str]:
    """The conversations of a list, and the token that its forms send."""
    page = client.get(_LIST).text
    token = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', page)
    assert token is not None
    return re.findall(r'id="row-(\d+)" data-due', page), token[1]


def _many(installation: Installation, rounds: int) -> dict[str, float]:
    """The list for eight clients, and the floor's page, by turns."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(_HERE), "floor_web:app", "--port", str(port)]
    with _process([*command, "--no-access-log", "--log-level", "warning"]):
        wait_for(port)
        floors, pages = [], []
        for _ in range(rounds):
            floors.append(_load(f"http://127.0.0.1:{port}/page", ""))
            pages.append(_load(f"http://127.0.0.1:{installation.web}{_LIST}", installation.cookie))
    assert not sum(each["wrong"] for each in pages)
    found = {f"eight {name}": statistics.median(each[name] for each in pages) for name in ("per_second", "p50", "p99")}
    found["page floor"] = statistics.median(each["per_second"] for each in floors)
    return found | {"eight ratio": found["eight per_second"] / found["page floor"]}


def _pages(client: httpx.Client, installation: Installation, meter: Meter) -> dict[str, float]:
    ids = cycle(installation.long_ones)
    some = ",".join(shown(client)[0][:CHANGED])

    def finds(words: str) -> Callable[[], httpx.Response]:
        return lambda: client.get("/inbox/search", params={"q": words}, headers=_PART)

    questions: dict[str, Callable[[], httpx.Response]] = {
        "list": lambda: client.get(_LIST),
        "open": lambda: client.get(f"/conversations/{next(ids)}?view=open", headers=_PART),
        "news": lambda: client.get("/inbox/news", params={"view": "open", "ids": some}, headers=_PART),
        "rail": lambda: client.get("/inbox/rail?view=open", headers=_PART),
        "search rare": finds(RARE),
        "search common": finds(COMMON),
        "search two": finds(f"{COMMON} och"),
        "search never": finds(NEVER_MEET),
    }
    found: dict[str, float] = {}
    for what, ask in questions.items():
        for _ in range(5):
            ask().raise_for_status()
        taken: list[float] = []
        meter.begin()
        end = time.perf_counter() + SECONDS
        while time.perf_counter() < end or len(taken) < LEAST:
            before = time.perf_counter()
            ask().raise_for_status()
            taken.append(1000 * (time.perf_counter() - before))
        found |= figures(what, taken) | {f"{what} {who}": each for who, each in meter.each(len(taken)).items()}
    return found


def figures(what: str, taken: list[float]) -> dict[str, float]:
    """Of milliseconds."""
    centiles = statistics.quantiles(taken, n=100)
    return {what: centiles[49], f"{what} p99": centiles[98]}


def _first_load(client: httpx.Client) -> float:
    """kB, compressed, of the inbox with all that it loads."""
    page = client.get(_LIST, headers={"Accept-Encoding": "gzip"})
    total = int(page.headers["content-length"])
    seen: set[str] = set()
    waiting = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = client.get(address, headers={"Accept-Encoding": "gzip"})
        total += int(answer.headers["content-length"])
        folder = address.rpartition("/")[0]
        waiting += [f"{folder}/{name}" for name in re.findall(r'(?:from|import) "\./([^"]+)"', answer.text)]
    return total / 1000


async def _events(installation: Installation, client: httpx.Client) -> dict[str, float]:
    """From a note's request to each listener's event, on the same clock."""
    ids, token = await asyncio.to_thread(shown, client)
    heard: list[tuple[float, bytes]] = []
    listeners = [asyncio.create_task(_listen(installation, heard)) for _ in range(LISTENERS)]
    await asyncio.sleep(3)
    late: list[float] = []
    for number in range(EVENTS):
        heard.clear()
        conversation = ids[number % len(ids)]
        form = {"_csrf_token": token, "note": f"Nummer {number}"}
        sent = time.perf_counter()
        answer = await asyncio.to_thread(client.post, f"/conversations/{conversation}/notes", data=form, headers=_PART)
        answer.raise_for_status()
        await asyncio.sleep(WITHIN)
        late += [1000 * (at - sent) for at, line in heard if conversation.encode() in line and b'"entry"' in line]
    for each in listeners:
        each.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    return figures("event", late) | {"event told": len(late) / (LISTENERS * EVENTS)}


async def _listen(installation: Installation, heard: list[tuple[float, bytes]]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.web)
    writer.write(
        f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{installation.web}\r\nAccept: text/event-stream\r\n"
        f"Cookie: {installation.cookie}\r\n\r\n".encode()
    )
    try:
        while line := await reader.readline():
            if line.startswith(b"data:"):
                heard.append((time.perf_counter(), line))
    finally:
        writer.close()


def _load(url: str, cookie: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.load", url, cookie, str(CLIENTS), str(SECONDS)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


@contextmanager
def _process(command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join([str(Path.cwd()), str(_HERE)])
        environment: dict[str, Any] = {**os.environ, "PYTHONPATH": path}
        process = subprocess.Popen(command, env=environment, cwd=folder)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
