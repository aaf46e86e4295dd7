"""Catching up: `python -m tests.bench.catch_up --mails 20000 --engine sqlite postgresql`.

So many mails wait in a mailbox while agents ask for the list page: how long it takes to fetch them all, and what the
page's p99 is meanwhile beside its quiet one. An agent asks for a page every quarter of a second.
"""

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.bench.__main__ import database
from tests.bench.fill import fill
from tests.bench.ingest import fetch
from tests.bench.installation import Installation, serving, set_up

AGENTS = 4
PAUSE = 0.25
QUIET = 20.0
"""Seconds of each agent's before the mails come."""
RECIPIENT = "post@m30.example"


def main() -> None:
    """Prints as it goes."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.catch_up")
    asked.add_argument("--mails", type=int, default=20_000)
    asked.add_argument("--engine", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    said = asked.parse_args()
    for engine in said.engine:
        with tempfile.TemporaryDirectory() as folder, database(engine, Path(folder)) as url:
            installation = set_up(Path(folder), url, 30)
            fill(installation, 1000, 0)
            with serving(installation):
                _report(engine, installation, said.mails)


def _report(engine: str, installation: Installation, mails: int) -> None:
    fetch(installation, 200, 3, RECIPIENT)  # the first mails pay for imports
    agents = Agents(f"http://127.0.0.1:{installation.web}", installation.cookie)
    quiet = agents.ask(lambda: time.sleep(QUIET))
    took: list[float] = []
    busy = agents.ask(lambda: took.append(fetch(installation, mails, 4, RECIPIENT).seconds))
    for when, (p50, p99, count) in (("quiet", quiet), (f"while {mails:,} mails come", busy)):
        _say(f"{engine}: list page {when}: p50 {p50:.1f} ms, p99 {p99:.1f} ms of {count}")
    _say(f"{engine}: {mails / took[0]:.0f} mails/s, all in {took[0]:.0f} s; p99 {busy[1] / quiet[1]:.2f} of the quiet")


class Agents:
    """Of one log-in, in a thread of their own beside what is measured."""

    def __init__(self, base: str, cookie: str) -> None:
        self._base, self._cookie = base, cookie

    def ask(self, meanwhile: Callable[[], object]) -> tuple[float, float, int]:
        """p50 and p99 in ms, and of how many pages."""
        taken: list[float] = []
        ended = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._all(taken, ended)))
        thread.start()
        try:
            meanwhile()
        finally:
            ended.set()
            thread.join()
        centiles = statistics.quantiles(taken, n=100)
        return 1000 * centiles[49], 1000 * centiles[98], len(taken)

    async def _all(self, taken: list[float], ended: threading.Event) -> None:
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


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its result


if __name__ == "__main__":
    main()
