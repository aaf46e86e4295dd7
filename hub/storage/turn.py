"""Turn: whose it is to write to a SQLite file, when several processes would.

SQLite lets one at a time, but who waits for it looks again after 1 to 100 ms, and whoever comes at the right moment
goes first: of two that have much to write one starves. Here they go one after the other. Locks of a file beside the
database, which the system lets go when a process dies. It is manners, no wall: that nobody writes over another SQLite
sees to.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEXT, _WRITES = 0, 1
"""Bytes that are locked: who is next, and who writes. Whoever wrote last has to become next first."""
_LOOKS = 0.0005
"""Seconds between two looks."""
_PATIENCE = 10.0
"""Seconds; then SQLite has the word, which waits as long again."""


class Turn:
    """Of one engine: its one writing thread takes it."""

    def __init__(self, database: str) -> None:
        self._path = Path(f"{database}-turn")
        self._file: int | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """For as long as the block lasts. Without it after ten seconds, and where the system has no such locks."""
        until = time.monotonic() + _PATIENCE
        try:
            file = self._opened()
            if self._take(file, _NEXT, until):
                self._take(file, _WRITES, until)
                fcntl.lockf(file, fcntl.LOCK_UN, 1, _NEXT)
        except OSError:  # a folder that is full or only read: SQLite says so itself
            yield
            return
        try:
            yield
        finally:
            fcntl.lockf(file, fcntl.LOCK_UN, 1, _WRITES)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
