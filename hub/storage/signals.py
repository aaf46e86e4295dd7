"""Signals: how a process learns that another one has committed. SQLite is looked at; PostgreSQL passes words on."""

import sqlite3
from collections.abc import AsyncIterator, Sequence

from psycopg import AsyncConnection, Error

from hub.errors import Unavailable
from hub.storage.engine import Engines

_CHANNEL = "torg_live"
_IDLE = 30.0
"""Seconds of silence after which the listening connection is tried."""


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


class PostgresLine:
    """LISTEN and NOTIFY, each on a connection of its own: no unit's commit waits for the lock that NOTIFY takes."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._saying: AsyncConnection | None = None

    async def hear(self) -> AsyncIterator[str | None]:
        """None once it listens, then what is said, by this process too. Raises Unavailable when the line is lost."""
        try:
            async with await self._connect() as connection:
                await connection.execute(f"LISTEN {_CHANNEL}")
                yield None
                while True:
                    async for said in connection.notifies(timeout=_IDLE):
                        yield said.payload
                    await connection.execute("SELECT 1")
        except (Error, OSError) as error:
            raise Unavailable("PostgreSQL can't be listened to just now.") from error

    async def say(self, words: Sequence[str]) -> None:
        """Each shorter than 8,000 bytes. Raises Unavailable when they may not have been heard."""
        try:
            self._saying = self._saying or await self._connect()
            await self._saying.execute(
                "SELECT pg_notify(%s, word) FROM unnest(%s::text[]) AS word", (_CHANNEL, list(words))
            )
        except (Error, OSError) as error:
            await self.close()
            raise Unavailable("PostgreSQL can't be told just now.") from error

    async def close(self) -> None:
        """Ends the saying connection; the hearing one ends with whoever listens."""
        saying, self._saying = self._saying, None
        if saying is not None:
            await saying.close()

    async def _connect(self) -> AsyncConnection:
        return await AsyncConnection.connect(
            self._address, autocommit=True, connect_timeout=5, keepalives_idle=10, keepalives_interval=5,
            application_name="torg live",
        )  # fmt: skip


def watch(engines: Engines) -> Watch | None:
    """Where the engine has to be looked at."""
    url = engines.reader.url
    return Watch(str(url.database)) if url.get_backend_name() == "sqlite" else None


def line(engines: Engines) -> PostgresLine | None:
    """Where the engine passes words on."""
    url = engines.reader.url
    if url.get_backend_name() != "postgresql":
        return None
    return PostgresLine(url.set(drivername="postgresql").render_as_string(hide_password=False))
