"""Calls: how long after an exchange told of a step an agent's screen hears of it.

`python -m tests.bench.calls --seconds 60 --rate 50 --engine sqlite postgresql`. The hub runs in this process, with its
own parsing children; from the call to its address to the live event, without HTTP at either end.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import func, select

from hub.access import person
from hub.app import Hub
from hub.contract import WebCall
from hub.inbox.call import Call
from hub.inbox.entry import Entry
from hub.proof.installation import bring_up
from tests.bench.__main__ import database
from tests.bench.meter import Meter
from tests.exchange import SWITCHBOARD, TOKEN, Exchange

_STEPS = ("newCall", "answer", "hangup")
_WARM = 20
"""Seconds that the children may take to start, on a machine that has a lot to do."""
_SPREAD = 40
"""Calls that go on at the same time."""


def main() -> None:
    """Prints a line for each engine."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.calls")
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--rate", type=int, default=50)
    asked.add_argument("--engine", nargs="+", default=["sqlite"], choices=["sqlite", "postgresql"])
    options = asked.parse_args()
    for engine in options.engine:
        with tempfile.TemporaryDirectory() as folder, database(engine, Path(folder)) as url:
            bring_up(url)
            exchange = Exchange(Path(folder), url, "eml_folder", {"folder": folder}, parse_children=2).set_up_calls()
            print(engine, asyncio.run(_measure(exchange, options.seconds * options.rate, options.rate)), flush=True)  # noqa: T201 - what it is for
            exchange.storage.close()


async def _measure(exchange: Exchange, count: int, rate: int) -> str:
    hub = Hub(exchange.settings, serves=True, works=True)
    told: list[tuple[str, float]] = []
    heard: list[tuple[int, float]] = []
    anew: list[float] = []
    """When all that is shown was to be fetched again: many changed at once."""
    async with hub.running():
        actor = exchange.read(lambda unit: person.actor(unit, exchange.ids["sara"], frozenset({"read", "write"})))
        assert actor is not None
        ear = hub.live.subscribe(actor)

        async def listen() -> None:
            while True:
                event = await ear.within(60)
                if event is not None and event.name == "resync":
                    anew.append(time.monotonic())
                elif event is not None and event.name == "call" and event.entry_id is not None:
                    heard.append((event.entry_id, time.monotonic()))

        listening = asyncio.create_task(listen())
        for number in range(100):  # until each of the children has started
            await _call(hub, exchange, f"warm{number}", "newCall", number)
        await asyncio.sleep(_WARM)
        meter, began = Meter(os.getpid(), exchange.settings.database_url), time.monotonic()
        sending: set[asyncio.Task[None]] = set()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            step, call = number // _SPREAD % len(_STEPS), number % _SPREAD + number // (_SPREAD * len(_STEPS)) * _SPREAD
            told.append((f"c{call}", time.monotonic()))
            task = asyncio.create_task(_call(hub, exchange, f"c{call}", _STEPS[step], call))
            sending.add(task)
            task.add_done_callback(sending.discard)
        await asyncio.sleep(20)
        taken = meter.each(count)
        taken["hub"] -= taken.get("database", 0.0)  # a child of this process, which is the hub here
        listening.cancel()
    names: dict[int, str | None] = dict(exchange.read(lambda unit: unit.rows(select(Entry.id, Entry.item_key))))
    calls = exchange.all(select(func.count(Call.id)))[0]
    by_call: dict[str, list[float]] = {}
    for entry_id, at in heard:
        by_call.setdefault(names[entry_id] or "", []).append(at)
    late = [
        min((each for each in (*by_call.get(name, ()), *anew) if each >= at), default=at + 99) - at for name, at in told
    ]
    centiles = statistics.quantiles(late, n=100)
    there = len({name for name, _ in told}) + 100
    return (
        f"{count} events at {rate}/s: p50 {centiles[49] * 1000:.0f} ms, p99 {centiles[98] * 1000:.0f} ms,"
        f" slowest {max(late) * 1000:.0f} ms; {calls} calls of {there};"
        f" processor ms an event: {', '.join(f'{who} {ms:.1f}' for who, ms in taken.items())}"
    )


async def _call(hub: Hub, exchange: Exchange, call: str, what: str, number: int) -> None:
    said = {
        "event": what, "callId": call, "from": f"+46701{number:06d}", "to": SWITCHBOARD, "direction": "in",
        "answeringNumber": "5101", "cause": "normalClearing",
    }  # fmt: skip
    headers = {"content-type": "application/json"}
    await hub.called(exchange.ids["calls"], WebCall({"token": TOKEN}, headers, json.dumps(said).encode()))


if __name__ == "__main__":
    main()
