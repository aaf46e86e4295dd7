"""Turn: whose it is to write to a SQLite file, when several processes would.

SQLite lets one at a time, but who waits for it looks again after 1 to 100 ms, and whoever comes at the right moment
goes first: of two that have much to write one starves. Here they go one after the other. Locks of a file beside the
database, which the system lets go when a process dies. It is manners, no wall: that nobody writes over another SQLite
sees to.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEXT, _WRITES = 0, 1
"""Bytes that are locked: who is next, and who writes. Whoever wrote last has to become next first."""
_LOOKS = 0.0005
"""Seconds between two looks."""
_PATIENCE, _LITTLE = 10.0, 0.05
"""Seconds; then SQLite has the word, which waits as long again. Little, after somebody has kept it for that long."""

log = logging.getLogger(__name__)


class Turn:
    """Of one file. Within a process threads take it one after the other."""

    def __init__(self, database: Path) -> None:
        self._database, self._path = database, Path(f"{database}-turn")
        self._file: int | None = None
        self._threads = threading.Lock()
        self._patience = _PATIENCE

    @contextmanager
    def taken(self) -> Iterator[None]:
        """For as long as the block lasts. Without it where somebody keeps it, or the system has no such locks."""
        until = time.monotonic() + self._patience
        alone = self._threads.acquire(timeout=self._patience)
        try:
            if alone:
                self._take_both(until)
            yield
        finally:
            if alone:  # else they are another thread's
                if self._file is not None:
                    fcntl.lockf(self._file, fcntl.LOCK_UN, 2, _NEXT)
                self._threads.release()

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _take_both(self, until: float) -> None:
        try:
            file = self._opened()
            has_it = self._take(file, _NEXT, until) and self._take(file, _WRITES, until)
            fcntl.lockf(file, fcntl.LOCK_UN, 1, _NEXT)
        except OSError as error:
            has_it, why = False, f"{self._path.name} can't be used: {error.strerror}"
        else:
            why = "another process keeps its turn to write"
        if not has_it and self._patience == _PATIENCE:
            log.warning("%s; who writes first is left to chance", why)
        self._patience = _PATIENCE if has_it else _LITTLE

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.geteuid() == 0:  # a command by root must not shut out whoever serves, as SQLite sees to for its own
                owner = self._database.stat()
                os.fchown(self._file, owner.st_uid, owner.st_gid)
        return self._file

    @staticmethod
    def _take(file: int, byte: int, until: float) -> bool:
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except BlockingIOError:
                if time.monotonic() > until:
                    return False
                time.sleep(_LOOKS)
            else:
                return True
