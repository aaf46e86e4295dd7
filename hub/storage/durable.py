"""Durable: what a unit has committed to SQLite is on the disk before anybody is told that it is done.

SQLite would flush its log in every commit (`synchronous=FULL`), some milliseconds in which nobody else can write. Here
a commit only writes, and the log is flushed behind it while the next units run: one flush for all that had committed
when it began. Whoever wrote is answered after one that began after their commit.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import Empty, SimpleQueue

from hub.errors import Unavailable
from hub.storage.flush import flush

Done = Callable[[Unavailable | None], None]

_PATIENCE = 5.0
"""Seconds that the log is tried to be begun anew: for that nobody may write or read at that moment."""

log = logging.getLogger(__name__)


class Durable:
    """Of one file, by its real path: SQLite's log lies beside that. Its thread begins with the first that waits."""

    def __init__(self, database: Path) -> None:
        self._database, self._log = database, Path(f"{database}-wal")
        self._waiting: SimpleQueue[Done | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._lost = False

    def now(self) -> None:
        """Returns when all that was committed is on the disk. Raises Unavailable: whether it is, nobody knows.

        A system that couldn't flush tells it once and then forgets what it didn't write, in the middle of the log. So
        from then on everything is copied into the database itself, until that has succeeded and the log begins anew.
        """
        if not self._lost:
            try:
                flush(self._log)
            except FileNotFoundError:  # whoever closed the last connection has copied all of it
                self._lost = not _flushed(self._database)
            except OSError as error:
                log.critical("the database's log can't be flushed (%s): it is copied instead", error)
                self._lost = True
        if self._lost:
            self._begin_anew()

    def soon(self, done: Done) -> None:
        """Tells `done` when it is, or the error, in a thread of its own. From any thread, after the commit."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="storage-durable", daemon=True)
                self._thread.start()
        self._waiting.put(done)

    def close(self) -> None:
        """After all that waits."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _begin_anew(self) -> None:
        """Copies the log into the database, which SQLite flushes, and empties it."""
        try:
            with closing(sqlite3.connect(self._database, timeout=_PATIENCE)) as connection:
                connection.execute("PRAGMA synchronous=FULL")
                busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise _unknown() from error
        if busy:
            raise _unknown()
        self._lost = False

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            together, ended = [first], False
            try:
                while (another := self._waiting.get_nowait()) is not None:
                    together.append(another)
                ended = True
            except Empty:
                pass
            trouble = None
            try:
                self.now()
            except Unavailable as error:
                trouble = error
            for done in together:
                try:
                    done(trouble)
                except Exception:  # a listener's fault: the others wait for their answer
                    log.exception("what listens to commits failed")
            if ended:
                return


def _flushed(path: Path) -> bool:
    try:
        flush(path)
    except OSError:
        return False
    return True


def _unknown() -> Unavailable:
    return Unavailable("The disk didn't say that it has kept this. Try again; if it was a change, look first.")
