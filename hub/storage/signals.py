"""Signals: how a process learns that another one has committed. SQLite is looked at; PostgreSQL passes words on."""

import sqlite3
from typing import TYPE_CHECKING

from hub.errors import Unavailable
from hub.storage.engine import Engines, libpq_words

if TYPE_CHECKING:
    from hub.storage.postgres_line import PostgresLine


class Watch:
    """Whether a SQLite file was written to, by a connection of its own that reads no row: some 20 µs a look."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._version = -1

    def moved(self) -> bool:
        """Since the last call; the first is True. Raises Unavailable."""
        try:
            self._connection = self._connection or sqlite3.connect(self._path, isolation_level=None)
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            raise Unavailable("The database can't be read just now.") from error
        moved, self._version = version != self._version, version
        return bool(moved)

    def close(self) -> None:
        """In the thread that looked."""
        if self._connection is not None:
            self._connection.close()


def watch(engines: Engines) -> Watch | None:
    """Where the engine has to be looked at."""
    url = engines.reader.url
    return Watch(str(url.database)) if url.get_backend_name() == "sqlite" else None


def line(engines: Engines) -> "PostgresLine | None":
    """Where the engine passes words on."""
    url = engines.reader.url
    if url.get_backend_name() != "postgresql":
        return None
    from hub.storage.postgres_line import PostgresLine  # noqa: PLC0415 - where there is no PostgreSQL, not its driver

    return PostgresLine(libpq_words(url))
