"""The way in of calls that an exchange's manager tells of to whoever is logged in, and to nobody else.

It repeats nothing and waits for nobody. So of a call that was told in part to nobody no more is asked than that it is
there once at most, and over; those that the last process was told of from end to end must be there, as they were.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from hub import clock
from hub.proof.calls import found_calls
from hub.proof.installation import Installation
from hub.proof.stand_ins.ami_calls import DIALLED, blocks, headers_of, incoming
from hub.proof.stand_ins.ami_dialogue import Dialogue
from hub.proof.stand_ins.ami_server import AmiServer
from hub.proof.way import OF_CALLS, Way, channel, homes
from hub.storage.unit import Unit

_TOLD_TO_NOBODY = 8
"""One call of so many is told whoever listens; the others wait for the hub, or no kill would meet one on its way in."""
_BETWEEN = 0.004
"""Seconds between two blocks."""
_QUIET = 8.0
"""Seconds after the last word, in which what was missed is made up for."""
_AT_ONCE = 4


class _Call(Struct):
    """`logins`: how many there had been when it began to be told, to somebody; 0: to nobody."""

    number: str
    answered: bool
    blocks: deque[tuple[str, str, str]]
    """(what is told, the channel it begins, the one it ends)."""
    logins: int = 0


class Ami(Way):
    """Calls that are answered or only ring, some at the same time."""

    points = OF_CALLS

    def __init__(self, rng: random.Random, count: int, installation: Installation, web: int) -> None:  # noqa: ARG002 - it is called by us
        first = clock.now() // clock.SECOND - 86_400
        self.calls = [_call(rng, first, number) for number in range(count)]
        self.source = self.manager = Manager(self.calls)
        installation.write(self._set_up, installation, self.manager.server.port)

    def findings(self, installation: Installation) -> Sequence[str]:
        rows = [each for several in installation.read(found_calls).values() for each in several]
        last = len(self.manager.server.asked("login"))
        findings = [f"a call of {each.number} came from nowhere" for each in rows if each.number not in self._numbers]
        for call in self.calls:
            there = [each for each in rows if each.number == call.number]
            if len(there) > 1 or any(each.state != "ended" for each in there):
                findings.append(f"call of {call.number}: {[each.state for each in there]}")
            wanted = "completed" if call.answered else "no-answer"
            if call.logins == last and [each.cause for each in there] != [wanted]:
                findings.append(f"call of {call.number}: {[each.cause for each in there]} instead of {wanted}")
        return findings

    @property
    def _numbers(self) -> set[str]:
        return {call.number for call in self.calls}

    @staticmethod
    def _set_up(unit: Unit, installation: Installation, port: int) -> None:
        given: dict[str, object] = {"host": "127.0.0.1", "port": port, "username": "torg", "secret": "hemligt"}
        given["lines"] = {DIALLED: "granvik/Alla"}
        channel(unit, installation, "asterisk_ami", given, homes(unit)[0])


class Manager:
    """Tells a few calls at a time, as many as it was allowed to; most of them only when somebody listens."""

    def __init__(self, calls: Sequence[_Call]) -> None:
        self.server = AmiServer()
        self.acked = 0
        self._calls, self._allowed = calls, 0
        self._said_at = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="manager", daemon=True)
        self._thread.start()

    @property
    def left(self) -> int:
        """Calls that it may not tell of yet."""
        return len(self._calls) - self._allowed

    @property
    def idle(self) -> bool:
        """All that it may tell of is over; of the last ones for a while."""
        quiet = _QUIET if self.left == 0 else 0.0
        return self.acked == self._allowed and time.monotonic() > self._said_at + quiet

    def allow(self, count: int) -> None:
        """That many more."""
        self._allowed = min(len(self._calls), self._allowed + count)

    def stop(self) -> None:
        """Ends its connections."""
        self._ended.set()
        self._thread.join(10)
        self.server.close()

    def _run(self) -> None:
        begun, going = 0, list[_Call]()
        while not self._ended.wait(_BETWEEN):
            unheard = self.left > 0 and begun % _TOLD_TO_NOBODY == 0
            ready = unheard or self.server.clients > 0
            if begun < self._allowed and len(going) < _AT_ONCE and ready:
                call = self._calls[begun]
                call.logins = len(self.server.asked("login")) if self.server.clients else 0
                going.append(call)
                begun += 1
            for call in list(going):
                said, begins, ends = call.blocks.popleft()
                self.server.channels = [each for each in self.server.channels if each["Uniqueid"] != ends]
                if begins:
                    self.server.channels.append({**headers_of(said), "Event": "CoreShowChannel"})
                self.server.say(said)
                self._said_at = time.monotonic()
                if not call.blocks:
                    going.remove(call)
                    self.acked += 1


def _call(rng: random.Random, first: int, number: int) -> _Call:
    caller = f"070{1_000_000 + number}"
    said = Dialogue(first + 10.0 * number, first=2 * number + 1)
    answered = rng.random() < 0.6  # noqa: PLR2004 - more than half
    incoming(said, caller, DIALLED, answered=answered)
    return _Call(f"+46{caller[1:]}", answered, deque(map(_block, blocks(said.text))))


def _block(said: str) -> tuple[str, str, str]:
    headers = headers_of(said)
    event, uid = headers["Event"], headers.get("Uniqueid", "")
    return said, uid if event == "Newchannel" else "", uid if event == "Hangup" else ""
