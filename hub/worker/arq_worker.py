"""The doorbell between processes: arq on Redis, as JSON. Redis may forget or be away: the sweep finds everything."""

import asyncio
import json
import logging
from typing import Any

from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func

from hub.doorbell import Doorbell
from hub.worker.tasks import ring

_AGAIN = 5.0
"""Seconds before Redis is tried again."""
_SILENT = 5.0
"""Seconds that a ring waits for Redis: one that is cut off says nothing, and rings would gather."""

log = logging.getLogger(__name__)


def _dump(job: dict[str, Any]) -> bytes:
    # A result may be an exception: its name is enough, nobody reads it.
    return json.dumps(job, default=lambda value: type(value).__name__).encode()


class Bellrope:
    """Rings other processes' bells. `pull` may be called from any thread; `run` keeps the connection."""

    def __init__(self, redis_url: str) -> None:
        self._settings = _redis(redis_url)
        self._loop = asyncio.get_running_loop()
        self._pool: ArqRedis | None = None

    def pull(self, what: str, row_id: int) -> None:
        """Without Redis nothing happens: the sweep comes later."""
        if not self._loop.is_closed():
            asyncio.run_coroutine_threadsafe(self._pull(what, row_id), self._loop)

    async def close(self) -> None:
        """Ends the connection."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _pull(self, what: str, row_id: int) -> None:
        try:
            async with asyncio.timeout(_SILENT):
                self._pool = self._pool or await create_pool(
                    self._settings, job_serializer=_dump, job_deserializer=json.loads
                )
                # One ring of a kind at a time: a second one would say the same.
                await self._pool.enqueue_job(ring.__name__, what, row_id, _job_id=f"ring:{what}")
        except Exception as error:  # noqa: BLE001 - the redis client raises many; none of them may reach the unit that rang
            log.warning("the doorbell is silent (%s); the sweep finds what it would have told", type(error).__name__)


async def answer_the_door(redis_url: str, bell: Doorbell) -> None:
    """Rings this process's bell when another pulls; until cancelled, whatever Redis does."""
    while True:
        worker = Worker(
            functions=[func(ring)],  # type: ignore[arg-type]  # its protocol wants *args, though arq passes what was given
            redis_settings=_redis(redis_url),
            handle_signals=False,
            job_serializer=_dump,
            job_deserializer=json.loads,
            ctx={"bell": bell},
            poll_delay=0.1,
            keep_result=0,
            max_tries=1,
        )
        try:
            await worker.async_run()
        except asyncio.CancelledError:
            await worker.close()
            raise
        except Exception as error:  # noqa: BLE001 - as above: Redis away is no reason to stop working
            log.warning("no ring can be heard (%s); the sweep goes on", type(error).__name__)
        await asyncio.sleep(_AGAIN)


def _redis(url: str) -> RedisSettings:
    settings = RedisSettings.from_dsn(url)
    settings.conn_retries = 0
    return settings
