"""The line through Redis. Imported only where there is one: its client takes long to load."""

from collections.abc import AsyncIterator, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hub.errors import Unavailable

_IDLE = 3.0
"""Seconds of silence after which Redis is asked for a word; after as many more without one it is lost: a machine
that falls over takes its leave of nobody.
"""


class RedisLine:
    """Publish and subscribe. Redis keeps nothing of it. `name`: the installation's own; databases don't part names."""

    def __init__(self, url: str, name: str) -> None:
        self._client = Redis.from_url(url, socket_connect_timeout=5, socket_timeout=10, health_check_interval=10)
        self._name = name

    async def hear(self) -> AsyncIterator[str | None]:
        """None whenever it has subscribed, then what is said, by this process too. Raises Unavailable when lost."""
        try:
            async with self._client.pubsub() as hearing:
                await hearing.subscribe(self._name)
                owes_a_word = True
                while True:
                    said = await hearing.get_message(timeout=_IDLE)
                    if said is None:
                        if owes_a_word:
                            raise Unavailable("Redis has fallen silent.")
                        await hearing.ping()
                    owes_a_word = said is None
                    if said is not None and said["type"] == "subscribe":
                        yield None
                    elif said is not None and said["type"] == "message":
                        yield said["data"].decode("utf-8", "replace")
        except (RedisError, OSError) as error:
            raise Unavailable("Redis can't be listened to just now.") from error

    async def say(self, words: Sequence[str]) -> None:
        """Raises Unavailable when they may not have been heard."""
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for word in words:
                    pipeline.publish(self._name, word)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            raise Unavailable("Redis can't be told just now.") from error

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()
