"""Pull: asks every pulling channel's source for what has come, and keeps it together with how far that was.

One process at a time has a channel, by a lease whose fence stands in the commit: who lost it commits nothing. Nothing
is flagged or moved at the source before that commit; what a crash leaves between the two is fetched or flagged again.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from hub import clock, faults
from hub.channels import lease
from hub.channels.lease import LostLease
from hub.channels.open import close_connector
from hub.channels.pause import pause
from hub.contract import AuthFailed, Batch, PluginError, Pulls, RawEvent
from hub.errors import TorgError
from hub.inbound.follow import CHANNELS, LOOK_AGAIN, Followed, Followers
from hub.inbound.raw_event import RawEvent as Row
from hub.inbound.receive import Mark, Receiver, content_key, digests_of
from hub.inbound.reconcile import cursor_of, nightly
from hub.plugin_host.registry import Registry
from hub.storage.unit import Storage, Unit

AT_THE_LATEST = 60.0
"""Seconds after which a source is asked again, whether or not it has told of anything."""
STUCK = 300.0
"""Seconds after which a pull counts as never ending, whatever its connector waits for."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_GOODBYE = 3.0
"""Seconds that a connector has to end its connections."""
_NO_LUCK = random.Random()  # noqa: S311 - so that many channels don't come back together, for nothing secret

log = logging.getLogger(__name__)


class Pullers(Followers):
    """One for a process that pulls. `room`: returns when more may be brought."""

    ability = Pulls

    def __init__(
        self, storage: Storage, registry: Registry, receiver: Receiver, room: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(storage, registry)
        self._receiver, self._room = receiver, room
        self._news: dict[int, asyncio.Event] = {}
        self._pulled: dict[int, Pulls[Any]] = {}

    def ring(self, channel_id: int, word: str = "") -> None:
        """A channel's source has news: asked at once, if this process pulls it. `word`: what it said of them."""
        if channel_id in self._news:
            self._pulled[channel_id].rung(word)
            self._news[channel_id].set()

    async def keep_running(self, channel: Followed) -> None:
        while True:
            try:
                fence = await self._storage.write(CHANNELS, lease.take, channel.id)
                if fence is not None:
                    await self._hold(channel, fence)
            except LostLease:
                log.warning("channel %d (%s): another process has it now", channel.id, channel.kind)
            except (PluginError, TorgError) as error:
                log.warning("channel %d (%s): %s", channel.id, channel.kind, error)
            await asyncio.sleep(LOOK_AGAIN)

    async def _hold(self, channel: Followed, fence: int) -> None:
        """Pull while the lease is ours, which a task beside it renews."""
        tasks = [
            asyncio.create_task(self._renew(channel.id, fence), name=f"channel-{channel.id} lease"),
            asyncio.create_task(self._open_and_pull(channel, fence), name=f"channel-{channel.id} pulls"),
        ]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for each in ended:
                each.result()
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._storage.write(CHANNELS, lease.give_back, channel.id, fence)

    async def _renew(self, channel_id: int, fence: int) -> None:
        while True:
            await asyncio.sleep(lease.RENEW)
            try:
                await self._storage.write(CHANNELS, lease.renew, channel_id, fence)
            except TorgError as error:  # the fence decides, not the time
                log.warning("the lease of channel %d can't be renewed: %s", channel_id, error)

    async def _open_and_pull(self, channel: Followed, fence: int) -> None:
        """Until it is paused, or hangs: then its thread is left behind with its connector."""
        try:
            connector = await self.open(channel)
            cursor = await self._storage.read(CHANNELS, cursor_of, channel.id)
        except (PluginError, TorgError) as error:  # settings that don't fit any more
            await self._storage.write(CHANNELS, lease.tell, channel.id, fence, str(error), None)
            raise
        assert isinstance(connector, Pulls)  # by its kind
        self._news[channel.id], self._pulled[channel.id] = asyncio.Event(), connector
        try:
            await self._pull(Source(channel, fence, connector, cursor))
        finally:
            self._news.pop(channel.id, None)
            self._pulled.pop(channel.id, None)
            try:
                async with asyncio.timeout(_GOODBYE):
                    await connector.close()
            except (PluginError, TimeoutError):
                log.info("channel %d: its connection didn't end well", channel.id)
            finally:
                await close_connector(connector)

    async def _pull(self, source: "Source") -> None:
        pause_for = _FIRST_PAUSE
        while True:
            asked = 0.0
            try:
                if not await self.once(source):
                    await nightly(self._storage, source.connector, source.channel.id)
                    await self._wait_for_news(source)
                pause_for = _FIRST_PAUSE
                continue
            except LostLease:
                raise
            except AuthFailed as error:
                await self._storage.write(CHANNELS, _lock_out, source.channel.id, source.fence, str(error))
                return
            except TimeoutError:
                await self._trouble(source, "The source began to answer and never ended.", LOOK_AGAIN)
                return
            except (PluginError, TorgError) as error:
                trouble, asked = str(error), getattr(error, "wait", None) or 0.0
            except Exception as error:  # a connector's bug must not end the others
                log.exception("channel %d (%s) failed", source.channel.id, source.channel.kind)
                trouble = f"A bug of the program ({type(error).__name__}); see the log."
            seconds = pause_for * _NO_LUCK.uniform(0.5, 1.5)
            await self._trouble(source, trouble, asked + seconds)
            await asyncio.sleep(asked)  # who asks us to stay away isn't rung for either
            await self._rung_within(source, seconds)
            pause_for = min(2 * pause_for, _LONGEST_PAUSE)

    async def _trouble(self, source: "Source", why: str, seconds: float) -> None:
        log.warning("channel %d (%s): %s", source.channel.id, source.channel.kind, why)
        again = clock.now() + int(seconds * clock.SECOND)
        try:
            await self._storage.write(CHANNELS, lease.tell, source.channel.id, source.fence, why, again)
        except TorgError as error:
            log.warning("how channel %d does can't be written: %s", source.channel.id, error)

    async def once(self, source: "Source") -> bool:
        """One batch, from the source to the commit and back; whether there is more."""
        await self._room()
        async with asyncio.timeout(STUCK):
            batch = await source.connector.pull(source.cursor)
        faults.point("pulled")
        await self.keep(source, batch)
        source.cursor = batch.cursor
        if batch.events:
            async with asyncio.timeout(STUCK):
                await source.connector.committed([event.key for event in batch.events])
        faults.point("told_source")
        return batch.more

    async def keep(self, source: "Source", batch: Batch) -> None:
        digests = digests_of(batch.events)
        mark = Mark(
            fence=source.fence,
            cursor=batch.cursor,
            behind=batch.behind,
            vanished=batch.vanished,
            warning=batch.warning,
            renamed=await self._renamed(source, batch.events, digests),
        )
        await self._receiver.keep(source.channel.id, batch.events, mark, digests)

    async def _renamed(
        self, source: "Source", events: Sequence[RawEvent], contents: Sequence[str]
    ) -> Mapping[str, int]:
        """Events that are here already by a key that their source no longer has: each of those once."""
        if not events:
            return {}
        digests = {event.key: digest for event, digest in zip(events, contents, strict=True)}
        alike = await self._storage.read(CHANNELS, _alike, source.channel.id, digests)
        if not alike:
            return {}
        renamed: dict[str, int] = {}
        for event in events:
            rows = alike.get(digests[event.key], ())
            left = {
                row.source_key: row for row in rows if row.source_key not in digests and row.id not in renamed.values()
            }
            if left and all(row.source_key != event.key for row in rows):
                async with asyncio.timeout(STUCK):
                    gone = await source.connector.gone(event, {key: row.origin for key, row in left.items()})
                if gone:
                    renamed[event.key] = left[gone[0]].id
        return renamed

    async def _wait_for_news(self, source: "Source") -> None:
        waiting = asyncio.create_task(source.connector.wait(AT_THE_LATEST))
        rung = asyncio.create_task(self._news[source.channel.id].wait())
        try:
            await asyncio.wait([waiting, rung], timeout=2 * AT_THE_LATEST, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (waiting, rung):
                each.cancel()
            await asyncio.gather(waiting, rung, return_exceptions=True)
        self._news[source.channel.id].clear()
        if not waiting.cancelled():
            waiting.result()

    async def _rung_within(self, source: "Source", seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._news[source.channel.id].wait()
        except TimeoutError:
            return
        self._news[source.channel.id].clear()


class Source:
    """A channel while this process pulls it. `cursor`: as it was committed last."""

    def __init__(self, channel: Followed, fence: int, connector: Pulls[Any], cursor: bytes | None) -> None:
        self.channel, self.fence, self.connector, self.cursor = channel, fence, connector, cursor


def _lock_out(unit: Unit, channel_id: int, fence: int, why: str) -> None:
    """Whoever lost the lease pauses nothing: it was refused by settings that may be others by now. Raises LostLease."""
    lease.require(unit, channel_id, fence, retry_at=None)
    pause(unit, channel_id, why)


def _alike(unit: Unit, channel_id: int, digests: Mapping[str, str]) -> dict[str, list[Any]]:
    """By digest, what the channel has with the same bytes, oldest first."""
    contents = {content_key(digest) for digest in digests.values()}
    rows = unit.rows(
        select(Row.id, Row.source_key, Row.sha256, Row.origin)
        .where(Row.channel_id == channel_id, Row.content_key.is_not(None), Row.content_key.in_(contents))
        .order_by(Row.id)
    )
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.sha256, []).append(row)
    return found
