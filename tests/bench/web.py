"""The screen's figures on a filled database: `python -m tests.bench.web URL KEY_FILE BLOB_FOLDER EMAIL PASSWORD`.

The list page beside a plain Jinja page of fifty rows in the same run; list, open, search and reply one by one; how long
an event takes to two hundred listeners; the first page after the start; memory.
"""

import argparse
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
from pathlib import Path
from typing import Any

import httpx

from hub.proof.faults import free_ports
from tests.bench.gen_mail import COMMON, RARE
from tests.bench.installation import wait_for

CLIENTS, SECONDS, ROUNDS = 8, 5.0, 3
LEAST = 100
"""Answers that a p99 is reckoned from, however slow they are."""
NEVER_MEET = "och og"
"""The worst pair: each in a fifth of the mails, in two languages; to find none takes all of both lists."""
LISTENERS, EVENTS = 200, 20
_HERE = Path(__file__).parent


def main() -> None:
    """Prints as it goes."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.web")
    for name in ("database_url", "key_file", "blob_folder", "email", "password"):
        asked.add_argument(name)
    said = asked.parse_args()
    (port,) = free_ports(1)
    variables = {
        "TORG_CONFIG": os.devnull,
        "TORG_DATABASE_URL": said.database_url,
        "TORG_KEY_FILE": said.key_file,
        "TORG_BLOB_FOLDER": said.blob_folder,
        "TORG_PORT": str(port),
        "TORG_LOG_LEVEL": "warning",
    }
    base = f"http://127.0.0.1:{port}"
    begun = time.perf_counter()
    with _process([sys.executable, "-m", "hub.cli", "serve"], variables) as server:
        wait_for(port)
        httpx.get(f"{base}/login").raise_for_status()
        _say(f"first page {time.perf_counter() - begun:.2f} s after the start")
        cookie = _log_in(base, said.email, said.password)
        with httpx.Client(base_url=base, headers={"Cookie": cookie}, timeout=30) as client:
            client.get("/inbox?view=open").raise_for_status()
            before = _memory(server.pid)
            _lists(base, cookie)
            _one_by_one(client)
            _say(
                "; ".join(
                    f"{what} {kind}: {size:.0f} MB"
                    for kind, sizes in (("before", before), ("after load", _memory(server.pid)))
                    for what, size in sizes.items()
                )
            )
            _first_load(client)
            asyncio.run(_events(base, cookie, client))


def _lists(base: str, cookie: str) -> None:
    (port,) = free_ports(1)
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--app-dir",
        str(_HERE),
        "floor_web:app",
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    with _process(command, {}):
        wait_for(port)
        floors, pages, parts = [], [], []
        for _ in range(ROUNDS):
            floors.append(_load(f"http://127.0.0.1:{port}/page", cookie))
            pages.append(_load(f"{base}/inbox?view=open", cookie))
            parts.append(_load(f"{base}/inbox/rows?view=open", cookie))
    floor = statistics.median(each["per_second"] for each in floors)
    for what, found in (("floor", floors), ("list page", pages), ("its rows alone", parts)):
        speed = statistics.median(each["per_second"] for each in found)
        p50, p99 = (statistics.median(each[name] for each in found) for name in ("p50", "p99"))
        _say(
            f"{what}, {CLIENTS} clients: {speed:.0f}/s, {speed / floor:.2f} of the floor,"
            f" p50 {p50:.1f} ms, p99 {p99:.1f} ms, wrong {sum(each['wrong'] for each in found):.0f}"
        )


def _one_by_one(client: httpx.Client) -> None:
    ids, token = _shown(client)
    turn = iter(range(10_000))

    def opens() -> httpx.Response:
        return client.get(f"/conversations/{ids[next(turn) % len(ids)]}?view=open", headers={"HX-Request": "true"})

    def replies() -> httpx.Response:
        form = {"_csrf_token": token, "text": "Hej, det ordnar vi.", "then": "open"}
        return client.post(
            f"/conversations/{ids[next(turn) % len(ids)]}/replies",
            data=form,
            headers={"Sec-Fetch-Site": "same-origin", "HX-Request": "true"},
        )

    part = {"HX-Request": "true"}
    questions: dict[str, Callable[[], httpx.Response]] = {
        "list": lambda: client.get("/inbox?view=open"),
        "open": opens,
        "search rare": lambda: client.get("/inbox/search", params={"q": RARE}, headers=part),
        "search common": lambda: client.get("/inbox/search", params={"q": COMMON}, headers=part),
        "search two common words": lambda: client.get("/inbox/search", params={"q": f"{COMMON} och"}, headers=part),
        "search two that never meet": lambda: client.get("/inbox/search", params={"q": NEVER_MEET}, headers=part),
        "reply": replies,
    }
    for what, ask in questions.items():
        for _ in range(5):
            ask().raise_for_status()
        taken: list[float] = []
        end = time.perf_counter() + SECONDS
        while time.perf_counter() < end or len(taken) < LEAST:
            before = time.perf_counter()
            ask().raise_for_status()
            taken.append(1000 * (time.perf_counter() - before))
        centiles = statistics.quantiles(taken, n=100)
        _say(f"{what}: p50 {centiles[49]:.1f} ms, p99 {centiles[98]:.1f} ms ({len(taken)} asked)")


def _shown(client: httpx.Client) -> tuple[list[str], str]:
    """The conversations of a list, and the token that its forms send."""
    page = client.get("/inbox?view=open").text
    token = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', page)
    assert token is not None
    return re.findall(r'id="row-(\d+)" data-due', page), token[1]


def _first_load(client: httpx.Client) -> None:
    page = client.get("/inbox?view=open", headers={"Accept-Encoding": "gzip"})
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
    _say(
        f"first load of the inbox: {total / 1000:.1f} kB compressed in {1 + len(seen)} answers,"
        f" the page itself {int(page.headers['content-length']) / 1000:.1f}"
    )


async def _events(base: str, cookie: str, client: httpx.Client) -> None:
    """From a note's answer to each listener's event, on the same clock."""
    ids, token = await asyncio.to_thread(_shown, client)
    heard: list[tuple[float, bytes]] = []
    port = int(base.rpartition(":")[2])
    listeners = [asyncio.create_task(_listen(port, cookie, heard)) for _ in range(LISTENERS)]
    await asyncio.sleep(3)
    late: list[float] = []
    for number in range(EVENTS):
        heard.clear()
        conversation = ids[number % len(ids)]
        form = {"_csrf_token": token, "note": f"Nummer {number}"}
        sent = time.perf_counter()
        answer = await asyncio.to_thread(
            client.post,
            f"/conversations/{conversation}/notes",
            data=form,
            headers={"Sec-Fetch-Site": "same-origin", "HX-Request": "true"},
        )
        answer.raise_for_status()
        await asyncio.sleep(1.5)
        late += [1000 * (at - sent) for at, line in heard if conversation.encode() in line and b'"entry"' in line]
    for each in listeners:
        each.cancel()
    centiles = statistics.quantiles(late, n=100)
    _say(
        f"event to {LISTENERS} listeners, from its request on: p50 {centiles[49]:.0f} ms, p99 {centiles[98]:.0f} ms,"
        f" heard {len(late)} of {LISTENERS * EVENTS}"
    )


async def _listen(port: int, cookie: str, heard: list[tuple[float, bytes]]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n"
        f"Cookie: {cookie}\r\n\r\n".encode()
    )
    while line := await reader.readline():
        if line.startswith(b"data:"):
            heard.append((time.perf_counter(), line))


def _log_in(base: str, email: str, password: str) -> str:
    answer = httpx.post(
        f"{base}/login", data={"email": email, "password": password}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    return str(answer.headers["set-cookie"]).partition(";")[0]


def _load(url: str, cookie: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.load", url, cookie, str(CLIENTS), str(SECONDS)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def _memory(pid: int) -> dict[str, float]:
    """Proportional set size in MB: the web process alone, and with its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = _pss(pid)
    return {"web": own, "with children": own + sum(_pss(int(each)) for each in children)}


def _pss(pid: int) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(found[1]) / 1000 if found else 0.0


@contextmanager
def _process(command: list[str], variables: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join([str(Path.cwd()), str(_HERE)])
        environment: dict[str, Any] = {**os.environ, **variables, "PYTHONPATH": path}
        process = subprocess.Popen(command, env=environment, cwd=folder)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
