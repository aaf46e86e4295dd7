"""Durable: what a unit has committed to SQLite is on the disk before anybody is told that it is done.

SQLite would flush its log in every commit (`synchronous=FULL`), some milliseconds in which nobody else can write. Here
a commit only writes, and the log is flushed behind it while the next units run: one flush for all that had committed
when it began. Whoever wrote is answered after one that began after their commit.
"""

import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from hub.errors import Unavailable

Done = Callable[[Unavailable | None], None]


class Durable:
    """Of one file. Its thread begins with the first that waits."""

    def __init__(self, database: str) -> None:
        self._log = f"{database}-wal"
        self._waiting: SimpleQueue[Done | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def now(self) -> None:
        """Returns when all that was committed is on the disk. Raises Unavailable: whether it is, nobody knows."""
        try:
            file = os.open(self._log, os.O_RDONLY)
        except FileNotFoundError:  # whoever closed the last connection has copied all of it
            return
        except OSError as error:
            raise _unknown() from error
        try:
            os.fsync(file)
        except OSError as error:
            raise _unknown() from error
        finally:
            os.close(file)

    def soon(self, done: Done) -> None:
        """Tells `done` when it is, or the error, in a thread of its own. Called by the thread that has committed."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="storage-durable", daemon=True)
            self._thread.start()
        self._waiting.put(done)

    def close(self) -> None:
        """After all that waits."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

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
                done(trouble)
            if ended:
                return


def _unknown() -> Unavailable:
    return Unavailable("The disk didn't say that it has kept this. Try again; if it was a change, look first.")
