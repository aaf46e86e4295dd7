"""The words that PostgreSQL passes on: LISTEN and NOTIFY. Imported where there is one, for its driver is large."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection, Error

from hub.errors import Unavailable

_CHANNEL = "torg_live"
_IDLE = 30.0
"""Seconds of silence after which the listening connection is tried."""


class PostgresLine:
    """LISTEN and NOTIFY, each on a connection of its own: no unit's commit waits for the lock that NOTIFY takes."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        """`words`: libpq's, for the database."""
        self._words = words
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
        return await AsyncConnection.connect(**{**self._words, "application_name": "torg live"}, autocommit=True)
