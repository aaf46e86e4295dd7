"""The supervisor's hand: starts the hub as a process, waits until it stands at a crash point, kills it."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from hub.proof import processes

START_SECONDS = 240
STOP_SECONDS = 60
_POLL = 0.004
"""Seconds between two looks."""


class Process(Protocol):
    """What a proof does with one, whichever way it was begun; as of subprocess.Popen."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


def begin(program: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> Process:
    """A module run as a program, from nothing. What it says is added to `log`."""
    with log.open("ab") as told:
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", program, *arguments], cwd=folder, env=environment, stdout=told, stderr=told
        )


class Victim:
    """`torg serve` of one installation. `port`: what it answers on."""

    def __init__(self, folder: Path, environment: Mapping[str, str], port: int) -> None:
        self.folder, self.port = folder, port
        self.kills = 0
        self._environment = dict(environment)
        self._mark = folder / "standing"
        self._process: Process | None = None

    def start(self, point: str | None = None, after: int = 0) -> None:
        """With a crash point armed: it stands still there, once it was passed `after` times."""
        self._mark.unlink(missing_ok=True)
        environment = dict(self._environment)
        if point is not None:
            environment |= {
                "TORG_CRASH_POINT": point,
                "TORG_CRASH_AFTER": str(after),
                "TORG_CRASH_FILE": str(self._mark),
            }
        self._process = begin("hub.cli", ["serve"], self.folder, environment, self.folder / "hub.log")

    @property
    def lives(self) -> bool:
        """Whether it was started and neither killed nor stopped since."""
        return self._process is not None

    @property
    def standing(self) -> bool:
        """Whether it stands at the point that was armed."""
        return self._mark.exists() and self._mark.stat().st_size > 0

    def stands_within(self, seconds: float) -> bool:
        """Wait for that."""
        until = time.monotonic() + seconds
        while not self.standing:
            if time.monotonic() > until:
                return False
            self.require_life()
            time.sleep(_POLL)
        return True

    def wait_until_open(self, port: int) -> None:
        """Until it takes connections there. Raises RuntimeError when it doesn't come up."""
        until = time.monotonic() + START_SECONDS
        while not _answers(port):
            self.require_life()
            if time.monotonic() > until:
                raise RuntimeError(f"the hub didn't open port {port}:\n{self.last_words()}")
            time.sleep(_POLL)

    def kill(self) -> float:
        """SIGKILL; returns when it was dead, by the monotonic clock. Its children end with their pipes."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self.kills += 1
        return time.monotonic()

    def kill_a_child(self, rng: random.Random) -> bool:
        """SIGKILL to one of the processes it parses in; False when there is none, or the system doesn't tell."""
        children = [] if self._process is None else processes.children(self._process.pid)
        if not children:
            return False
        try:
            os.kill(rng.choice(children), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def stop(self) -> None:
        """SIGTERM, as an administrator would; SIGKILL when it takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def require_life(self) -> None:
        """Raises RuntimeError with the end of its log when it ended by itself."""
        if self._process is not None and (code := self._process.poll()) is not None:
            raise RuntimeError(f"the hub ended by itself ({code}):\n{self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        log = self.folder / "hub.log"
        return log.read_text(encoding="utf-8", errors="replace")[-4000:] if log.exists() else ""

    def used(self) -> float:
        """Seconds of processor time that it and its children took so far."""
        return 0.0 if self._process is None else processes.used(self._process.pid)

    def memory(self) -> float:
        """MB that it and its children hold now, what they share counted once."""
        return 0.0 if self._process is None else processes.memory(self._process.pid)


def plan_kills(rng: random.Random, kills: int, points: Sequence[str]) -> list[str | None]:
    """Half of them at the points, each equally often and five times if there are enough; None: at a random moment."""
    if not points:
        return [None] * kills
    each = max(min(5, kills // len(points)), kills // (2 * len(points)))
    plan: list[str | None] = [*points] * each
    plan += [None] * (kills - len(plan))
    rng.shuffle(plan)
    return plan


def _answers(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0
