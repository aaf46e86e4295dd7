"""Proof of calls: told shuffled, doubled and with events lost, while the hub is killed, each is one, as it was.

The supervisor runs the real `torg serve`, an exchange that signs what it tells, and that exchange's log, which makes up
for what was lost; in the end every call is compared with what happened, and what is owed with who was never reached.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import select

from hub import clock
from hub.channels import add
from hub.faults import CALL_POINTS, INGEST_POINTS
from hub.inbox import municipality, queue
from hub.inbox.call import Call as Row
from hub.inbox.entry import Entry
from hub.inbox.promise import Promise, is_open
from hub.proof import ledgers
from hub.proof.caller import Caller
from hub.proof.exchange import COLUMNS, LINES, SECRET, Call, Event, calls, events, row, tell
from hub.proof.faults import Victim, plan_kills
from hub.proof.ingest import DRAIN_SECONDS, SETTINGS, Lives
from hub.proof.installation import Installation, Where, fresh
from hub.proof.ledgers import Report
from hub.proof.ports import free_ports
from hub.storage.unit import Unit

POINTS = tuple(point for point in (*INGEST_POINTS, *CALL_POINTS) if point not in {"normalised"})
LOST = 0.1
"""How many of the events are never told."""


def prove(where: Where, kills: int, count: int, seed: int, say: Callable[[str], None]) -> Report:
    """Runs it, in a temporary folder and on an empty database."""
    rng = random.Random(seed)  # noqa: S311 - a run can be repeated by its seed
    (web,) = free_ports(1)
    truth = calls(rng, count, clock.now() // clock.SECOND)
    told = events(rng, truth, LOST)
    with fresh(where, {**SETTINGS, "port": web}) as installation:
        log = installation.folder / "log"
        log.mkdir()
        rows = [row(each) for each in truth]
        half = len(rows) // 2
        header = ";".join(COLUMNS) + "\n"
        (log / "a.csv").write_text(header + "".join(rows[:half]), "utf-8")
        channel_id = installation.write(_set_up, installation)
        victim = Victim(installation.folder, installation.environment, web)
        exchange = Caller(installation.folder / "exchange.jsonl", told, partial(tell, web, channel_id))
        lives = Lives(installation, rng, victim, exchange, web, max(1, len(told) // (kills + kills // 8 + 2)), say)
        try:
            lives.lives(plan_kills(rng, kills, POINTS))
            (log / "b.csv").write_text(header + "".join(rows[half - half // 5 :]), "utf-8")  # some of them again
            _drain(installation, victim, exchange, len(truth), say)
        finally:
            exchange.stop()
            victim.stop()
        found = installation.read(found_calls)
        owed = installation.read(owed_to)
        quarantined = ledgers.quarantined(installation.storage)
    sent = {event.name for event in told}
    findings = [*differing(truth, found, sent), *wrongly_owed(truth, owed)]
    findings += [f"{quarantined} raw events are quarantined"] if quarantined else []
    findings += [f"the point {point} was never reached" for point in POINTS if not lives.hits[point]]
    figures = {
        "calls": len(truth),
        "events told": len(told),
        "attempts": exchange.attempts,
        "taken": exchange.acked,
        "calls in the database": sum(map(len, found.values())),
        "owed": sum(owed.values()),
        "kills": victim.kills,
        "kills of children": lives.children,
        **{f"  at {point}": lives.hits[point] for point in (*POINTS, "random")},
    }
    return Report("calls", figures, findings)


def _drain(
    installation: Installation, victim: Victim, exchange: Caller[Event], count: int, say: Callable[[str], None]
) -> None:
    """All of it, without a kill, until everything that came has been read, and all of the log was fetched."""
    victim.start()
    exchange.allow(exchange.left)
    until = time.monotonic() + DRAIN_SECONDS
    while not (exchange.idle and _logged(installation) >= count and ledgers.waiting(installation.storage) == 0):
        victim.require_life()
        if time.monotonic() > until:
            say(f"it didn't drain in {DRAIN_SECONDS} s:\n{victim.last_words()}")
            return
        time.sleep(0.2)


def _logged(installation: Installation) -> int:
    return len(installation.read(ledgers.keys_of, "phone_log"))


def _set_up(unit: Unit, installation: Installation) -> int:
    homes = []
    for code, name, country in (("granvik", "Granvik", "SE"), ("nesoy", "Nesøy", "NO")):
        homes.append(municipality.add(unit, code, name, country))
        queue.add(unit, {"sv": "Alla"}, [homes[-1]])
    given: dict[str, Any] = {"secret": SECRET, "lines": LINES}
    _, config = add.prepare(unit, installation.registry, "phone_webhook", given)
    live = add.add(unit, "phone_webhook", "Exchange", config, homes[0])
    folder = str(installation.folder / "log")
    given = {"folder": folder, "columns": {name: name for name in COLUMNS}, "lines": LINES, "exchange": str(live.id)}
    _, config = add.prepare(unit, installation.registry, "phone_log", {**given, "timezone": "UTC", "settled": 0})
    add.add(unit, "phone_log", "Log", config, homes[0])
    return live.id


def found_calls(unit: Unit) -> Mapping[tuple[str, int], Sequence[Row]]:
    """By number and second."""
    found: dict[tuple[str, int], list[Row]] = {}
    query = select(Row).join(Entry, (Entry.municipality_id == Row.municipality_id) & (Entry.id == Row.entry_id))
    for each in unit.all(query):
        found.setdefault((each.number or "", (each.offered_at or 0) // clock.SECOND), []).append(each)
    return found


def owed_to(unit: Unit) -> Mapping[str | None, int]:
    """Open promises, by number."""
    return Counter(unit.all(select(Promise.number).where(is_open())))


def differing(
    truth: Sequence[Call], found: Mapping[tuple[str, int], Sequence[Row]], sent: frozenset[str] | set[str]
) -> list[str]:
    """What of the calls isn't as it was, in words. `sent`: names of the events that were told."""
    findings = []
    for call in truth:
        rows = found.get((call.number, call.offered), ())
        if len(rows) != 1:
            findings.append(f"call {call.name}: {len(rows)} of it are there")
            continue
        wanted, there = _wanted(call, sent), _columns(rows[0])
        wrong = {name: (there[name], said) for name, said in wanted.items() if there[name] != said}
        if wrong:
            findings.append(f"call {call.name}: {wrong}")
    strays = set(found) - {(call.number, call.offered) for call in truth}
    return findings + [f"a call at {at} came from nowhere" for _, at in sorted(strays)]


def _wanted(call: Call, sent: frozenset[str] | set[str]) -> dict[str, object]:
    answered = call.answered is not None
    after_menu = [f"{call.name}/{number}" for number in range(len(call.menu), len(call.menu) + 5)]
    wanted: dict[str, object] = {
        "state": "ended",
        "cause": "completed" if answered else "abandoned" if call.queue else None,
        "answered_at": call.answered,
        "ended_at": call.ended,
        "wait_seconds": call.wait,
        "talk_seconds": call.ended - call.answered if call.answered is not None else None,
        "queue_name": call.queue or None,
        "answered_by": call.agent if answered else None,
    }
    if call.menu and any(name in sent for name in after_menu):
        wanted["menu_path"] = list(call.menu)
    if wanted["cause"] is None:  # gave up in the menu, if its events came through; else it only rang
        del wanted["cause"]
    return wanted


def _columns(each: Row) -> dict[str, object]:
    return {
        "state": each.state,
        "cause": each.cause,
        "answered_at": each.answered_at and each.answered_at // clock.SECOND,
        "ended_at": each.ended_at and each.ended_at // clock.SECOND,
        "wait_seconds": each.wait_seconds,
        "talk_seconds": each.talk_seconds,
        "queue_name": each.queue_name,
        "answered_by": each.answered_by,
        "menu_path": each.menu_path,
    }


def wrongly_owed(truth: Sequence[Call], owed: Mapping[str | None, int]) -> list[str]:
    """One call-back for each number that was not answered after its last lost call, in the same municipality."""
    lost: dict[tuple[str, str], int] = {}
    reached: dict[tuple[str, str], int] = {}
    for call in truth:
        line = (call.number, call.called)
        last = lost if call.answered is None else reached
        last[line] = max(last.get(line, 0), call.offered if call.answered is None else call.answered)
    wanted = Counter(line[0] for line, at in lost.items() if reached.get(line, 0) < at)
    return [
        f"{number}: {owed.get(number, 0)} call-backs, and {wanted[number]} are owed"
        for number in sorted({*wanted, *(each for each in owed if each)})
        if owed.get(number, 0) != wanted[number]
    ]
