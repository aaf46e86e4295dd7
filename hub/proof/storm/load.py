"""The load, a process of its own: `python -m hub.proof.storm.load PLAN BOOK`, told what to do on its standard input.

It prints `begun` and the machine's clock, `still` when nobody begins anything any more after it was told `still`, and,
when its input ends, what processor time it took, as JSON.
"""

import asyncio
import gc
import json
import resource
import sys
import time
from pathlib import Path

import msgspec

from hub.proof.storm.book import Book
from hub.proof.storm.citizens import Citizens
from hub.proof.storm.client import Client
from hub.proof.storm.desks import Worker
from hub.proof.storm.plan import Plan

_TICK = 1.0


def main() -> None:
    """Until its input ends."""
    plan = msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    gc.freeze()
    asyncio.run(_run(plan, Book(Path(sys.argv[2]))))
    used = resource.getrusage(resource.RUSAGE_SELF)
    _say(json.dumps({"seconds": used.ru_utime + used.ru_stime}))


async def _run(plan: Plan, book: Book) -> None:
    client = Client(plan.web)
    begun = time.monotonic()
    _say(f"begun {begun}")
    workers = [Worker(plan, number, desk, client, book) for number, desk in enumerate(plan.desks)]
    citizens = Citizens(plan, client, book, begun)
    pages = [asyncio.create_task(each.listen()) for each in workers]
    clock = asyncio.create_task(_tick(book))
    works = [asyncio.create_task(each.work()) for each in workers]
    calls = asyncio.create_task(citizens.run())
    told = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    await told.readline()  # still
    citizens.stopped = True
    await calls
    for each in workers:
        each.stopped = True
    await asyncio.gather(*works)
    book.flush()
    _say("still")
    await told.read()
    for task in (clock, *pages):
        task.cancel()
    await asyncio.gather(clock, *pages, return_exceptions=True)
    client.close()
    book.close()


async def _tick(book: Book) -> None:
    """How late this process itself is, and what it has used: what it is late by isn't the hub's."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(_TICK)
        used = resource.getrusage(resource.RUSAGE_SELF)
        late = time.monotonic() - before - _TICK
        book.write(does="tick", at=before, late=late, used=used.ru_utime + used.ru_stime)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
