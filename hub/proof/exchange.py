"""The exchange: calls with their truth, told as signed events and as rows of a log; some events are never told.

Events go out shuffled and some twice, by `caller.py`, as exchanges do.
"""

import hashlib
import hmac
import json
import random
import time
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from hub.proof.caller import post

KEY = b"a secret that this proof and its hub share"
SECRET = "whsec_" + b64encode(KEY).decode()
LINES = {"+46191234500": "granvik/Alla", "+4722345678": "nesoy/Alla"}
COLUMNS = ("id", "start", "number", "called", "queue", "agent", "result", "wait", "talk")
APART = 900
"""Seconds between two calls of one number: nobody's telephone has two at once."""
_NEAR = 40
"""Events that are shuffled among each other."""


class Call(Struct, frozen=True):
    """What happened. Times in whole seconds since 1970; `answered` None: nobody took it."""

    name: str
    number: str
    called: str
    queue: str
    menu: Sequence[str]
    offered: int
    answered: int | None
    ended: int
    agent: str
    named: bool
    """Whether the log has the exchange's name for it."""

    @property
    def wait(self) -> int:
        return (self.answered or self.ended) - self.offered


class Event(Struct, frozen=True):
    """One that is told. `name`: of it, the same each time."""

    name: str
    call: str
    body: bytes


def calls(rng: random.Random, count: int, now: int) -> list[Call]:
    """A fifth of them by somebody who has called before; a third isn't answered."""
    run, made, newest = f"{rng.randrange(16**6):06x}", list[Call](), dict[str, int]()
    for number in range(count):
        again = bool(newest) and rng.random() < 0.2  # noqa: PLR2004 - as said above
        caller = rng.choice(sorted(newest)) if again else f"+46701{number:06d}"
        offered = newest[caller] + APART if again else now - 3 * 86_400 + rng.randrange(3600)
        answered = None if rng.random() < 1 / 3 else offered + rng.randrange(1, 90)
        ended = (answered or offered) + rng.randrange(1, 300)
        newest[caller] = ended
        waits, menu = rng.random() < 0.7, [str(rng.randrange(1, 6)) for _ in range(rng.randrange(3))]  # noqa: PLR2004 - the most
        made.append(
            Call(
                f"{run}-{number}", caller, rng.choice(list(LINES)), "Vatten" if waits else "", menu, offered, answered,
                ended, f"51{rng.randrange(10):02d}", rng.random() < 0.5,  # noqa: PLR2004 - half of them
            )
        )  # fmt: skip
    return made


def events(rng: random.Random, truth: Sequence[Call], lost: float) -> list[Event]:
    """Those that are told, in the order they are."""
    told = [event for call in truth for event in _told(call) if rng.random() >= lost]
    told += rng.sample(told, len(told) // 10)
    places = sorted((place + rng.uniform(0, _NEAR), place) for place in range(len(told)))
    return [told[place] for _, place in places]


def _told(call: Call) -> list[Event]:
    common = {"call_id": call.name, "direction": "in", "from_e164": call.number, "to": call.called}
    steps: list[tuple[str, int, dict[str, object]]] = [("offered", call.offered, {})]
    steps += [("menu", call.offered, {"menu_path": call.menu[: n + 1]}) for n in range(len(call.menu))]
    after: dict[str, object] = {"menu_path": call.menu}
    if call.queue:
        steps.append(("queued", call.offered, {**after, "queue": call.queue}))
    if call.answered is not None:
        steps.append(("answered", call.answered, {**after, "agent": call.agent}))
    reason = "completed" if call.answered is not None else "no-answer"
    steps.append(("ended", call.ended, {**after, "reason": reason}))
    return [
        Event(
            f"{call.name}/{number}",
            call.name,
            json.dumps({**common, "event_id": f"{call.name}/{number}", "kind": kind, "at": _iso(at), **more}).encode(),
        )
        for number, (kind, at, more) in enumerate(steps)
    ]


def row(call: Call) -> str:
    """Of the log."""
    start = datetime.fromtimestamp(call.offered, UTC).strftime("%Y-%m-%d %H:%M:%S")
    result, talk = ("answered", call.ended - call.answered) if call.answered is not None else ("lost", "")
    name, agent = call.name if call.named else "", call.agent if call.answered is not None else ""
    cells = (name, start, call.number, call.called, call.queue, agent, result, call.wait, talk)
    return ";".join(map(str, cells)) + "\n"


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def tell(port: int, channel_id: int, event: Event) -> int:
    """Once; the answer's status, 0 for none."""
    return post(port, f"/calls/{channel_id}", event.body, signed(event))[0]


def signed(event: Event) -> dict[str, str]:
    """By the headers of Standard Webhooks."""
    now = str(int(time.time()))
    proof = hmac.new(KEY, b".".join((event.name.encode(), now.encode(), event.body)), hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": event.name,
        "webhook-timestamp": now,
        "webhook-signature": "v1," + b64encode(proof).decode(),
    }
