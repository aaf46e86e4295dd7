"""Catching up: `python -m tests.bench.catch_up --mails 20000 --engine sqlite postgresql`.

So many mails wait in a mailbox while agents ask for the list page and others chat: how long it takes to fetch them all,
and beside their quiet ones the page's p99 meanwhile, and the p95 of what is said in a chat, from the citizen to the
agent and back. An agent asks for a page every quarter of a second; five things a second are said in the chats.
"""

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

from tests.bench.__main__ import database
from tests.bench.chat import Chats
from tests.bench.fill import fill
from tests.bench.ingest import fetch
from tests.bench.installation import Installation, serving, set_up

AGENTS = 4
PAUSE = 0.25
QUIET = 20.0
"""Seconds of each agent's before the mails come."""
RECIPIENT = "post@m30.example"
WHAT = {"list page": 99, "citizen to agent": 95, "agent to citizen": 95}
"""Whose centile is compared: of a turn there are not enough for the 99th."""


def main() -> None:
    """Prints as it goes."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.catch_up")
    asked.add_argument("--mails", type=int, default=20_000)
    asked.add_argument("--chats", type=int, default=50)
    asked.add_argument("--quiet", type=float, default=QUIET, help="seconds")
    asked.add_argument("--engine", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    said = asked.parse_args()
    for engine in said.engine:
        with tempfile.TemporaryDirectory() as folder, database(engine, Path(folder)) as url:
            installation = set_up(Path(folder), url, 30)
            fill(installation, 1000, 0)
            with serving(installation):
                _report(engine, installation, said.mails, said.chats, said.quiet)


def _report(engine: str, installation: Installation, mails: int, chats: int, seconds: float) -> None:
    fetch(installation, 200, 3, RECIPIENT)  # the first mails pay for imports
    beside = Beside(installation, chats)
    took: list[float] = []
    quiet = beside.at_work(lambda: time.sleep(seconds))
    busy = beside.at_work(lambda: took.append(fetch(installation, mails, 4, RECIPIENT).seconds))
    for what, centile in WHAT.items():
        for when, those in (("quiet", quiet[what]), (f"while {mails:,} mails come", busy[what])):
            figures = f"p50 {_ms(those, 50):.1f} ms, p{centile} {_ms(those, centile):.1f} ms of {len(those)}"
            _say(f"{engine}: {what} {when}: {figures}")
        _say(
            f"{engine}: {what}: p{centile} {_ms(busy[what], centile) / _ms(quiet[what], centile):.2f} of the quiet one"
        )
    _say(f"{engine}: {mails / took[0]:.0f} mails/s, all in {took[0]:.0f} s")


class Beside:
    """Agents of one log-in, and those who chat, in threads of their own beside what is measured."""

    def __init__(self, installation: Installation, chats: int) -> None:
        self._base, self._cookie = f"http://127.0.0.1:{installation.web}", installation.cookie
        self._chats, self._talk = chats, Chats(installation)

    def at_work(self, meanwhile: Callable[[], object]) -> Mapping[str, Sequence[float]]:
        """Seconds of each page and turn, once all chats are there and until `meanwhile` is over."""
        pages: list[float] = []
        ready, ended = threading.Event(), threading.Event()
        talk = threading.Thread(target=lambda: asyncio.run(self._talking(ready, ended)))
        ask = threading.Thread(target=lambda: asyncio.run(self._asking(pages, ended)))
        talk.start()
        try:
            ready.wait()
            ask.start()
            meanwhile()
        finally:
            ended.set()
            for thread in (talk, ask):
                thread.join()
        return dict(zip(WHAT, (pages, list(self._talk.came), list(self._talk.heard)), strict=True))

    async def _talking(self, ready: threading.Event, ended: threading.Event) -> None:
        try:
            await self._talk.talk(self._chats, ready.set, ended.is_set)
        finally:
            ready.set()  # whatever became of it

    async def _asking(self, taken: list[float], ended: threading.Event) -> None:
        async with httpx.AsyncClient(base_url=self._base, headers={"Cookie": self._cookie}, timeout=30) as client:
            await asyncio.gather(*(self._one(client, taken, ended, n * PAUSE / AGENTS) for n in range(AGENTS)))

    @staticmethod
    async def _one(client: httpx.AsyncClient, taken: list[float], ended: threading.Event, first: float) -> None:
        await asyncio.sleep(first)
        while not ended.is_set():
            before = time.perf_counter()
            (await client.get("/inbox?view=open")).raise_for_status()
            taken.append(time.perf_counter() - before)
            await asyncio.sleep(PAUSE)


def _ms(seconds: Sequence[float], centile: int) -> float:
    return 1000 * statistics.quantiles(seconds, n=100)[centile - 1]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its result


if __name__ == "__main__":
    main()
