"""Proof of streams of an exchange's manager: shuffled, doubled, cut and with events lost, they end in the same calls.

The kind's own `split` and `parse` read what was damaged; what is cut goes through its real listening, from an exchange
that breaks off in the middle of events, says them again to whoever comes back, and lists the channels it has.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from hub import clock
from hub.contract import RawEvent, Unreadable
from hub.contract.config import read_config
from hub.errors import Invalid
from hub.inbox.call import Told, told
from hub.plugin_host.manager import load
from hub.proof.ledgers import Report
from hub.proof.stand_ins.ami_calls import blocks, headers_of, streams
from hub.proof.stand_ins.ami_server import AmiServer

WINDOW = 4
"""Events that are shuffled among each other, as an exchange tells of several channels at once in no sure order."""
_LEAST, _MOST = 0.01, 0.05
"""Of the events are lost."""
_CUTS = 4
_AT_ONCE = 12
"""Exchanges that are played at the same time."""
_SECONDS = 60.0
"""Until a stream that was told must have ended in its calls: they are looked for when the connection is back."""
_ALWAYS = ("direction", "caller", "state")
"""Of a call, that must be right whatever was lost."""
_FIELDS = (*_ALWAYS, "called", "queue", "menu_path", "answered_by", "cause", "transfers")
_TIMES = ("offered_at", "answered_at", "ended_at")
_OF_CHANNELS = frozenset({"newchannel", "newstate", "dialbegin", "bridgeenter"})
"""Whose channel is there, though a recording that began later has no more of its begin."""

Calls = Mapping[str, Mapping[str, object]]


class Stream(Struct, frozen=True):
    """A recording: its events, and the calls that it is when nothing is damaged.

    `timed`: each event says when it was. `linked`: of which call it is, as from 13 on.
    """

    name: str
    blocks: Sequence[str]
    calls: Calls
    timed: bool
    linked: bool


class _Tally(Struct):
    runs: Counter[str]
    calls: int
    same: Counter[str]
    findings: list[str]


class _Tools:
    """What listening asks of a hub; no call goes on when it begins."""

    def now(self) -> datetime:
        return clock.to_datetime(clock.now())

    async def open_calls(self) -> Sequence[str]:
        return ()


def read(paths: Sequence[Path]) -> list[Stream]:
    """Recordings: event blocks or a JSON list of events; a folder is all files below it. Raises Invalid."""
    found = []
    for path in paths:
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        found += [_stream(str(file), _events(file)) for file in files]
    if not any(stream.calls for stream in found):
        raise Invalid("stream", f"No call is in {', '.join(map(str, paths))}: record while somebody calls.")
    return found


def built_in() -> list[Stream]:
    """Made up, from what the manager's events are documented to say."""
    return [_stream(name, blocks(text)) for name, text in streams().items()]


def prove(
    recorded: Sequence[Stream], times: int, seed: int, say: Callable[[str], None], seconds: float = _SECONDS
) -> Report:
    """Each stream in each way, so many times. `seconds`: how long what was cut has to end in its calls."""
    tally = _Tally(Counter(), 0, Counter(), [])
    for stream in recorded:
        for time in range(times):
            _damage(stream, f"{seed}/{time}", tally)
    say(f"{len(recorded)} streams were shuffled and doubled; now they are cut")
    asyncio.run(_play_all([(stream, f"{seed}/{time}") for stream in recorded for time in range(times)], tally, seconds))
    figures = {
        "streams": len(recorded),
        "calls in them": sum(len(stream.calls) for stream in recorded),
        **{f"  {way}": f"{count} times" for way, count in tally.runs.items()},
        "calls with events lost": tally.calls,
        **{f"  the same {name}": f"{tally.same[name]} of {tally.calls}" for name in _FIELDS},
    }
    return Report("calls", figures, tally.findings)


def _events(file: Path) -> list[str]:
    text = file.read_bytes().decode("utf-8", "replace")
    if not text.lstrip().startswith("["):
        return blocks(text)
    try:
        listed = msgspec.json.decode(text, type=list[dict[str, str | int | float | None]])
    except msgspec.DecodeError as error:
        raise Invalid("stream", f"{file} is no JSON list of events: {error}") from error
    return blocks("".join("\r\n".join(f"{k}: {v}" for k, v in each.items()) + "\r\n\r\n" for each in listed))


def _stream(name: str, events: Sequence[str]) -> Stream:
    if not events:
        raise Invalid("stream", f"{name} has no events in it: give blocks of `Event: …`, or a JSON list of events.")
    try:
        calls = _calls(_kind().split("".join(events).encode()))
    except Unreadable as error:
        raise Invalid("stream", f"{name}: {error}") from error
    named = [frozenset(map(str.lower, headers_of(each))) for each in events]
    return Stream(name, events, calls, all("timestamp" in each for each in named), any("linkedid" in n for n in named))


@cache
def _kind() -> Any:
    return load().connector("asterisk_ami")


def _calls(events: Iterable[RawEvent]) -> Calls:
    """By the exchange's name, as the hub has them in the end."""
    groups: dict[str | None, list[RawEvent]] = {}
    for event in events:
        groups.setdefault(event.group, []).append(event)
    of_call: dict[str, list[Any]] = {}
    for group in groups.values():
        for step in _kind().parse(group):
            of_call.setdefault(step.call, []).append(step)
    return {name: _fields(told(steps)) for name, steps in of_call.items()}


def _fields(call: Told) -> Mapping[str, object]:
    values: dict[str, object] = {name: getattr(call, name) for name in (*_FIELDS, *_TIMES)}
    return values | {"transfers": [(each.by, each.to, each.answered_by) for each in call.transfers]}


def _damage(stream: Stream, seed: str, tally: _Tally) -> None:
    """What needs no connection."""
    rng = random.Random(f"{seed} {stream.name}")  # noqa: S311 - a run can be repeated by its seed
    kept = list(_kind().split("".join(stream.blocks).encode()))
    mixed = [*kept, *rng.choices(kept, k=len(kept) // 4)]
    rng.shuffle(mixed)
    _same(stream, _calls(mixed), "kept in any order, some twice", seed, tally)
    told_twice = [each for block in stream.blocks for each in [block] * rng.choice((1, 1, 2))]
    _same(stream, _split(told_twice), "told twice", seed, tally)
    near = _shuffled(rng, told_twice, WINDOW)
    if stream.timed:
        _same(stream, _split(near), f"told in any order among {WINDOW}", seed, tally)
    else:  # what then came when is known to nobody
        _same(stream, _split(near), f"told in any order among {WINDOW}, without times", seed, tally, _ALWAYS)
    if stream.timed and stream.linked:
        _same(stream, _split(_shuffled(rng, told_twice, len(told_twice))), "told in any order", seed, tally)


def _shuffled(rng: random.Random, events: Sequence[str], window: int) -> list[str]:
    places = sorted((place + rng.uniform(0, window), place) for place in range(len(events)))
    return [events[place] for _, place in places]


def _split(told_now: Sequence[str]) -> Calls:
    return _calls(_kind().split("".join(told_now).encode()))


def _same(stream: Stream, found: Calls, way: str, seed: str, tally: _Tally, fields: Sequence[str] = ()) -> None:
    tally.runs[way] += 1
    where = f"{stream.name}, {way}, seed {seed}"
    if found.keys() != stream.calls.keys():
        tally.findings.append(f"{where}: {len(found)} calls instead of {len(stream.calls)}")
    for name in sorted(found.keys() & stream.calls.keys()):
        wanted, there = stream.calls[name], found[name]
        compared = fields or (*_FIELDS, *(_TIMES if stream.timed else ()))
        wrong = {each: (there[each], wanted[each]) for each in compared if there[each] != wanted[each]}
        if wrong:
            tally.findings.append(f"{where}: call {name}: {wrong}")


async def _play_all(plays: Sequence[tuple[Stream, str]], tally: _Tally, seconds: float) -> None:
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def one(stream: Stream, seed: str, lossy: bool) -> None:
        async with at_once:
            try:
                found = await _Play(stream, seed, seconds, lossy=lossy).calls()
            except Exception as error:  # noqa: BLE001 - whatever listening ended with is what is looked for
                tally.findings.append(f"{stream.name}, cut, seed {seed}: listening ended: {error!r}")
                return
        if not lossy:
            _same(stream, found, "cut", seed, tally)
            return
        _same(stream, found, "cut, with events lost", seed, tally, _ALWAYS)
        for name in found.keys() & stream.calls.keys():
            tally.calls += 1
            tally.same.update(each for each in _FIELDS if found[name][each] == stream.calls[name][each])

    async with asyncio.TaskGroup() as group:
        for stream, seed in plays:
            for lossy in (False, True):
                group.create_task(one(stream, seed, lossy))


class _Play:
    """One exchange that tells a stream to one listener, and breaks off."""

    def __init__(self, stream: Stream, seed: str, seconds: float, *, lossy: bool) -> None:
        self._rng = random.Random(f"{seed} {stream.name} {lossy}")  # noqa: S311 - as above
        lost = self._rng.uniform(_LEAST, _MOST) if lossy else 0.0
        self._stream, self._seconds, self._lossy = stream, seconds, lossy
        self._told = [(each, self._rng.random() < lost) for each in stream.blocks]
        self._cuts = {self._rng.randrange(len(self._told)) for _ in range(_CUTS)}
        self._kept: list[RawEvent] = []
        self._server = AmiServer()
        self._open: dict[str, Mapping[str, str]] = {}
        self._over = set[str]()

    async def calls(self) -> Calls:
        """In the end, when each is over or time is."""
        given = {"host": "127.0.0.1", "port": self._server.port, "username": "torg", "secret": "hemligt"}
        config = read_config(_kind().Config, {**given, "internal_calls": True})
        self._listening = listening = asyncio.create_task(_kind()(config, _Tools()).listen(self._keep))
        try:
            await self._heard(0)
            for place, (block, lost) in enumerate(self._told):
                if place in self._cuts:
                    await self._cut(block)
                self._note(block)
                if not lost:
                    await asyncio.to_thread(self._server.say, block)
            return await self._end()
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            self._server.close()

    async def _end(self) -> Calls:
        """What nobody was told the end of is missed when the exchange is asked anew."""
        await self._cut("")
        until, wanted = asyncio.get_running_loop().time() + self._seconds, self._stream.calls
        while True:
            await asyncio.sleep(0.3)
            found = _calls(self._kept)
            over = found.keys() >= wanted.keys() and all(
                found[name]["state"] == each["state"] for name, each in wanted.items()
            )
            if over or self._listening.done() or asyncio.get_running_loop().time() > until:
                return found

    async def _cut(self, block: str) -> None:
        """In the middle of it; it is said again to whoever comes back."""
        heard = len(self._server.asked("queuestatus"))
        half = block.encode()[: self._rng.randrange(len(block) + 1)]
        await asyncio.to_thread(self._server.say, half)
        self._server.drop()
        await self._heard(heard)

    async def _heard(self, before: int) -> None:
        """Until it is asked, after a log-in, what there is."""
        async with asyncio.timeout(_SECONDS):
            while len(self._server.asked("queuestatus")) <= before and not self._listening.done():  # noqa: ASYNC110 - another thread's ledger
                await asyncio.sleep(0.01)

    def _note(self, block: str) -> None:
        headers = headers_of(block)
        event, uid = headers["Event"].lower(), headers.get("Uniqueid", "")
        if event in _OF_CHANNELS and uid not in self._over:
            self._open.setdefault(uid, {**headers, "Event": "CoreShowChannel"})
        elif event == "hangup":
            self._over.add(uid)
            self._open.pop(uid, None)
        self._server.channels = list(self._open.values())

    async def _keep(self, events: Sequence[RawEvent]) -> None:
        self._kept.extend(events)
