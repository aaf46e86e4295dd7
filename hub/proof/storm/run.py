"""The run: an installation of its own, the load beside it, quiet, storm, quiet, mails that waited; then the ledgers."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select

from hub.inbox.delivery import Delivery
from hub.proof import ledgers, speed
from hub.proof.faults import Victim
from hub.proof.installation import Installation, Where, fresh
from hub.proof.ledgers import Report
from hub.proof.mailbox_source import MailboxSource
from hub.proof.misdeeds import SinkProcess
from hub.proof.ports import free_ports
from hub.proof.source import Mail, mails
from hub.proof.storm import measures, outcome, plan, world
from hub.proof.storm.plan import WARM, Part, Plan, Size
from hub.storage.unit import Unit

_DRAIN_SECONDS = 600.0
_QUIET_SECONDS = 3.0
"""After the last thing happened, until everybody has heard of it."""
_LATE = 1.0
"""Seconds that the load may be late by: more, and it is the load that is measured."""
_ON_ITS_WAY = select(Delivery.id).where(Delivery.state.not_in(["sent", "failed", "uncertain"]))


class Asked(Struct, frozen=True):
    """What of a size is otherwise in this run. `pace`: 1 is people's."""

    minutes: float
    rate: float
    agents: int
    waiting: int
    processes: int
    pace: float = 1.0


def of_size(size: Size) -> Asked:
    """All of it."""
    return Asked(size.minutes, size.rate, size.agents, size.waiting, size.processes)


def prove(where: Where, size: Size, asked: Asked, seed: int, say: Callable[[str], None]) -> Report:
    """Runs it, in a temporary folder and on an empty database."""
    rng = random.Random(seed)  # noqa: S311 - a run can be repeated by its seed
    web, smtp = free_ports(2)
    settings = {"port": web, "undo_seconds": 0, "web_processes": asked.processes}
    with fresh(where, settings) as installation, ExitStack() as stack:
        sink = SinkProcess(installation.folder, installation.environment)
        stack.callback(sink.stop)
        secret = world.signing_secret()
        counts = (size.municipalities, asked.agents)
        places, desks = installation.write(world.set_up, installation, counts, (smtp, sink.port), secret)
        waiting = size.limits.waiting if asked.waiting else 0.0
        found = plan.parts(60 * asked.minutes, asked.rate, len(places), waiting)
        contacts = plan.contacts(rng, found, places)
        victim = Victim(installation.folder, installation.environment, web)
        stack.callback(victim.stop)
        victim.start()
        for port in (web, smtp):
            victim.wait_until_open(port)
        whole = Plan(seed, web, smtp, secret, asked.pace, found, places, desks, contacts)
        load = Load(installation, whole)
        stack.callback(load.stop)
        waited = mails(rng, asked.waiting, [places[0].address.replace("post@", "arkiv@")])
        run = Run(installation, victim, load, whole, say)
        caught = run.parts(waited)
        run.drain()
        return run.report(size, waited, caught, sink)


class Load:
    """The load's process. Raises RuntimeError when it ended by itself."""

    def __init__(self, installation: Installation, whole: Plan) -> None:
        self.book = installation.folder / "book.jsonl"
        written = installation.folder / "plan"
        written.write_bytes(msgspec.msgpack.encode(whole))
        self._log = installation.folder / "load.log"
        command = [sys.executable, "-m", "hub.proof.storm.load", str(written), str(self.book)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own
                command, cwd=installation.folder, env=installation.environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self.begun = float(self._told().split()[1])

    def require_life(self) -> None:
        if self._process.poll() is not None:
            raise RuntimeError(f"the load ended by itself:\n{self._log.read_text(errors='replace')[-4000:]}")

    def still(self) -> None:
        """Nobody begins anything any more; returns when all that had begun has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"still\n")
        self._process.stdin.flush()
        self._told()

    def end(self) -> float:
        """The pages close; returns the seconds of processor time that it took."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return float(json.loads(self._told())["seconds"])

    def stop(self) -> None:
        """At once, if it still runs."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _told(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        if not line:
            self._process.wait()
            self.require_life()
        return line


class Run:
    """The parts, one after the other. `used`, `busy`: seconds of processor time in each, the hub's and all; `speed`: of
    the machine, as it was probed in each."""

    def __init__(
        self, installation: Installation, victim: Victim, load: Load, whole: Plan, say: Callable[[str], None]
    ) -> None:
        self.used: dict[str, float] = {}
        self.busy: dict[str, float] = {}
        self.speed: dict[str, list[float]] = {}
        self.memory = 0.0
        self._installation, self._victim, self._load, self._plan, self._say = installation, victim, load, whole, say
        self._parts = [
            replace(each, begins=each.begins + load.begun, ends=each.ends + load.begun) for each in whole.parts
        ]

    def parts(self, waited: Sequence[Mail]) -> float | None:
        """Each until its end; the last until the mails that waited are here. Returns how long that took."""
        caught = None
        for number, part in enumerate(self._parts):
            before, all_before = self._victim.used(), _busy()
            if part.name == "catching up":
                caught = self._catch_up(waited, part)
                self._parts[number] = replace(part, ends=time.monotonic())
            else:
                while time.monotonic() < part.ends:
                    self._require_life()
                    self._probe(part.name)
                    time.sleep(min(1.0, max(0.0, part.ends - time.monotonic())))
            self.used[part.name] = self._victim.used() - before
            self.busy[part.name] = _busy() - all_before
            self.memory = max(self.memory, self._victim.memory())
            self._say(f"{part.name}: over")
        return caught

    def drain(self) -> None:
        """What has begun ends, what came is read, what was answered leaves, and everybody hears of it."""
        self._load.still()
        until = time.monotonic() + _DRAIN_SECONDS
        while ledgers.waiting(self._installation.storage) or not self._installation.read(_all_left):
            self._require_life()
            if time.monotonic() > until:
                self._say(f"it didn't drain in {_DRAIN_SECONDS:.0f} s:\n{self._victim.last_words()}")
                break
            time.sleep(0.5)
        time.sleep(_QUIET_SECONDS)

    def report(self, size: Size, waited: Sequence[Mail], caught: float | None, sink: SinkProcess) -> Report:
        """The ledgers compared, the book reckoned up."""
        took = self._load.end()
        lines = _read(self._load.book)
        words = {mail.word for mail in waited}
        found = outcome.compare(self._installation, lines, words, sink.copies())
        desks = [each.place for each in self._plan.desks]
        samples, untold = measures.samples(lines, found.entries, desks, self._parts)
        asked, bad = measures.refusals(lines)
        slow = measures.findings(samples, len(self._plan.places), self._parts, size.limits)
        late = max((line["late"] for line in lines if line["does"] in {"sent", "tick"}), default=0.0)
        if late > _LATE:
            slow.append(f"slow: the load itself was late by {late:.1f} s: what it measured is partly its own")
        if waited and (caught is None or caught > size.limits.waiting):
            slow.append(f"slow: {len(waited)} waiting mails weren't here in {size.limits.waiting:.0f} s")
        faults = [line["sentence"] for line in lines if line["does"] == "fault"]
        figures = {
            **measures.table(samples, [each.code for each in self._plan.places], self._parts),
            **measures.ratios(samples, len(self._plan.places)),
            **({"waiting mails caught up": "not" if caught is None else f"{caught:.0f} s"} if waited else {}),
            **found.figures,
            **asked,
            **self._processor(lines, took),
            "memory of the hub": f"{self.memory:.0f} MB",
            "load late by at most": f"{late:.2f} s",
            "agents untold": len(untold),
            "lost": len(found.lost),
            "doubled": len(found.doubled),
        }
        return Report("storm", figures, [*found.lost, *found.doubled, *found.other, *slow, *bad, *faults, *untold])

    def _processor(self, lines: Sequence[dict[str, Any]], took: float) -> dict[str, object]:
        """The hub's by part, the load's beside it, and what others took away from both."""
        shown: dict[str, object] = {}
        for part in self._parts:
            if part.name == WARM:
                continue
            length = part.ends - part.begins
            own = [each["used"] for each in lines if each["does"] == "tick" and part.begins <= each["at"] < part.ends]
            load = (own[-1] - own[0]) / length if len(own) > 1 else 0.0
            hub = self.used[part.name] / length
            rest = max(0.0, self.busy[part.name] / length - hub - load)
            shown[f"processor, {part.name}"] = (
                f"hub {hub:.2f}, load {load:.2f}, rest of the machine {rest:.2f} of a core"
            )
            shown[f"speed of the machine, {part.name}"] = speed.said(self.speed[part.name])
        shown["processor of the load, all of it"] = f"{took:.0f} s"
        return shown

    def _probe(self, part: str) -> None:
        """Once a second: a hundredth of a core."""
        self.speed.setdefault(part, []).append(speed.probe())

    def _catch_up(self, waited: Sequence[Mail], part: Part) -> float | None:
        source = MailboxSource(self._installation.folder / "mailbox.jsonl", waited)
        try:
            source.allow(len(waited))
            began = time.monotonic()
            self._installation.write(world.add_mailbox, self._installation, source.port, self._plan.places[0])
            while not (source.idle and ledgers.waiting(self._installation.storage) == 0):
                self._require_life()
                if time.monotonic() > part.ends:
                    return None
                self._probe(part.name)
                time.sleep(1)
            return time.monotonic() - began
        finally:
            source.stop()

    def _require_life(self) -> None:
        self._victim.require_life()
        self._load.require_life()


def _busy() -> float:
    """Seconds of processor time that the machine has spent; 0 where it doesn't tell. The hub shares it with others."""
    try:
        times = [int(each) for each in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]]
    except OSError:
        return 0.0
    return (sum(times[:3]) + sum(times[5:8])) / os.sysconf("SC_CLK_TCK")


def _all_left(unit: Unit) -> bool:
    """No answer is on its way any more."""
    return unit.first(_ON_ITS_WAY) is None


def _read(book: Path) -> list[dict[str, Any]]:
    with book.open("rb") as file:
        return [msgspec.json.decode(line) for line in file]
