"""Forking: `torg serve` in several processes that answer on one port, and the one that started them, which watches.

The first of them listens, reads and sends, too: when it ends, all do. Another that ends is started again. They end with
whoever watches them, however that ended.
"""

import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType

from msgspec import Struct

_AGAIN = 1.0
"""Seconds before one that has ended is started again: one that can't live must not take the machine."""

_ENDS = 30
"""Seconds that they have for what is in hand, requests and mail."""
_ASKS = (signal.SIGTERM, signal.SIGINT)
"""Signals that ask for the end."""

log = logging.getLogger(__name__)


class Forked(Struct, frozen=True):
    """A process that was started. `number` from 0 on; `watched`: a descriptor that ends when its watcher does."""

    number: int
    watched: int


def fork(count: int) -> Forked:
    """Returns in each of so many new processes. The one that called it watches them and leaves by SystemExit, with 1
    unless a signal asked for the end. Call it before there are threads, loops or connections."""
    if threading.active_count() > 1:
        raise RuntimeError("a process with threads can't part")
    return _Watcher().run(count)


class _Watcher:
    def __init__(self) -> None:
        self._pids: dict[int, int] = {}
        self._asked = 0
        """The signal that asked for the end."""
        self._life, self._held = os.pipe()

    def run(self, count: int) -> Forked:
        for each in _ASKS:
            signal.signal(each, self._end)
        for number in range(count):
            if self._start(number):
                return Forked(number, self._life)
        failed = False
        while self._pids:
            pid, status = os.waitpid(-1, 0)
            ended = self._pids.pop(pid, None)
            if ended is None or self._asked or failed:
                continue
            if ended == 0:
                failed = True
                log.critical("the process that listens and reads has ended (%s): all end", _how(status))
                self._tell(signal.SIGTERM)
                continue
            log.error("web process %d has ended (%s), and is started again", ended + 1, _how(status))
            time.sleep(_AGAIN)
            if self._start(ended):
                return Forked(ended, self._life)
        if not self._asked:
            sys.exit(1)
        signal.signal(self._asked, signal.SIG_DFL)
        signal.raise_signal(self._asked)  # whoever started us sees that it was done as they asked
        raise SystemExit(1)

    def _start(self, number: int) -> bool:
        """Whether this is the new process. None is started once the end was asked for."""
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _ASKS)  # a signal from here on would miss the new one
        pid = -1 if self._asked else os.fork()
        if pid > 0:
            self._pids[pid] = number
        elif pid == 0:
            for each in _ASKS:
                signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKS)
        if pid:
            return False
        os.setpgid(0, 0)  # Ctrl-C is for whoever watches, who passes it on once
        os.close(self._held)
        return True

    def _end(self, number: int, _: FrameType | None) -> None:
        self._asked = number
        self._tell(signal.SIGTERM)

    def _tell(self, number: int) -> None:
        """All; who stands still is killed when the others have had their time."""
        signal.signal(signal.SIGALRM, lambda *_: self._tell(signal.SIGKILL))
        signal.alarm(_ENDS)
        for pid in list(self._pids):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"by signal {-code}" if code < 0 else f"with {code}"
