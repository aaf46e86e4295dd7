"""Upkeep: what SQLite would do in the middle of somebody's commit, done between commits. Nothing is lost without it.

Two things grow with the database: copying the log into it, a page here and a page there and a flush; and merging the
search index, hundreds of pages at a time. A second after a commit a thread sees to both. A kill at any moment leaves
what the commits left: the log is read when the file is opened next, and segments are merged later.
"""

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

from hub.storage.turn import Turn

PAUSE = 1.0
"""Seconds after a commit: what else is committed meanwhile is seen to with it."""
MOST_LOGGED = 16_384
"""Pages, 64 MB: the commit that makes the log as long copies it itself."""
_LONG = 4096
"""Pages of the log, 16 MB."""
_MERGED_AT_ONCE = 64
"""Pages of the search index, about: a unit that comes meanwhile waits a few milliseconds."""
_STEPS = 32
"""Before the log is copied again: a merge of two large segments would fill it."""
_GIVE_WAY = 0.01
"""Seconds: who gives the connection back and takes it at once could have it again before a unit that waits for it."""
_NOTHING_DONE = 2
"""Changes: a merge that finds nothing to do counts as one."""

log = logging.getLogger(__name__)


class Upkeep:
    """Of one file, after the commits of one engine. Other processes have theirs: one at a time gets on."""

    def __init__(self, writer: Engine, turn: Turn) -> None:
        self._turn = turn
        self._file, self._writer = Path(writer.url.database or "").absolute().as_uri(), writer
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._owed, self._ended = False, threading.Event()
        event.listen(writer, "commit", self._later)

    def close(self) -> None:
        """Waits for what is under way, begins nothing more."""
        with self._lock:
            self._ended.set()
            timer = self._timer
        if timer is not None:
            timer.cancel()
            timer.join()

    def catch_up(self) -> None:
        """All that there is to do."""
        while self.merge():
            self.checkpoint()
        self.checkpoint()

    def merge(self) -> bool:
        """In steps on the writer's own connection: whoever waits for it comes between two. Whether there is more."""
        for _ in range(_STEPS):
            if self._ended.wait(_GIVE_WAY):
                return False
            with self._turn.taken(), closing(self._writer.raw_connection()) as connection:
                writer = connection.driver_connection
                assert isinstance(writer, sqlite3.Connection)
                before = writer.total_changes
                writer.execute("INSERT INTO search_entry (search_entry, rank) VALUES ('merge', ?)", (_MERGED_AT_ONCE,))
                if writer.total_changes - before < _NOTHING_DONE:
                    return False
        return True

    def checkpoint(self) -> None:
        """Copy what no reader's snapshot needs from the log into the database; a long log is begun anew.

        It waits for nobody. Nor does anybody for it, but for the little that was written meanwhile, of a long one: only
        a log that is copied to its end is begun anew, which where several processes write without a pause none was.
        """
        with closing(sqlite3.connect(f"{self._file}?mode=rw", uri=True, timeout=0)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            _, logged, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if copied == logged > _LONG:
                with self._turn.taken(), closing(self._writer.raw_connection()):  # nobody writes now
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _later(self, _: Connection) -> None:
        with self._lock:
            self._owed = True
            self._begin()

    def _begin(self) -> None:
        if not self._owed or self._timer is not None or self._ended.is_set():
            return
        timer = threading.Timer(PAUSE, self._run)
        timer.name, timer.daemon = "storage-upkeep", True
        try:
            timer.start()
        except RuntimeError as error:  # no more threads, or the program ends: no commit fails by that
            log.info("the database's upkeep waits: %s", error)
        else:
            self._timer = timer

    def _run(self) -> None:
        with self._lock:
            self._owed = False
        try:
            self.catch_up()
        except (sqlite3.Error, SQLAlchemyError) as error:  # a full disk, another process: after the next commit, then
            log.info("the database's upkeep waits: %s", error)
        finally:
            with self._lock:
                self._timer = None
                self._begin()
