"""Held open: events are kept in the order they come, the connection is made anew, and what was missed is made up.

The manager repeats nothing and waits for nobody. So what couldn't be kept is tried until it is, and after a break the
exchange is asked which channels there are: those that we know of and that are gone have hung up, whenever it was.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

from connectors.asterisk_ami import wire
from connectors.asterisk_ami.events import MENU_NAMES, is_noise
from connectors.asterisk_ami.following import Follower
from connectors.asterisk_ami.session import Session
from connectors.asterisk_ami.settings import AmiConfig
from connectors.asterisk_ami.wire import Block
from hub.contract import ConnectorTools, Keep, RawEvent, Unreachable

BATCH = 200
"""Raw events that are kept together."""
_MOST = 4_000
"""That wait to be kept: then the exchange isn't read until there is room."""
_LINGER = 0.03
"""Seconds that a batch waits for more."""
_LOOK = 60.0
"""Seconds between two looks at what channels there are."""
_SURE = 3.0
"""Seconds that a channel must be gone: its end may be on the way."""
_GIVES_UP = 45.0
"""Seconds without a connection, until the hub is told."""
_LONGEST_PAUSE = 8.0
_GRACE = 3.0
"""Seconds for what is in hand when it ends."""


class Listening:
    """Of one exchange, with what is known of its calls."""

    def __init__(self, config: AmiConfig, follower: Follower, keep: Keep, tools: ConnectorTools) -> None:
        self._config, self._follower, self._keep, self._tools = config, follower, keep, tools
        self._waiting: list[RawEvent] = []
        self._more, self._room = asyncio.Event(), asyncio.Event()
        self._missing: dict[str, float] = {}
        self._known: frozenset[str] = frozenset()
        self._believed: frozenset[str] = frozenset()
        """Calls that the hub has, and whose channels nobody here has followed: a process before this one did."""
        self._listed: set[str] = set()
        self._asked = ""
        self._menu = frozenset(name.lower() for name in config.menu_names) or frozenset(MENU_NAMES)

    async def run(self) -> None:
        """Until cancelled. Raises AuthFailed, Misconfigured at once, and Unreachable when it stays away."""
        followed = set(self._follower.open_channels().values())
        self._believed = frozenset(await self._tools.open_calls()) - followed
        for call in self._believed:
            self._follower.adopt(call)
        keeping = asyncio.create_task(self._keep_all(), name="asterisk_ami keeps")
        try:
            await self._stay()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    while self._waiting:  # noqa: ASYNC110 - the other task empties it
                        await asyncio.sleep(0.01)
            keeping.cancel()

    async def _stay(self) -> None:
        pause, away = 0.3, asyncio.get_running_loop().time()
        while True:
            try:
                session = await Session.open(self._config)
                try:
                    pause = 0.3
                    await self._read(session)
                finally:
                    session.close()
                    away = asyncio.get_running_loop().time()
            except Unreachable:
                if asyncio.get_running_loop().time() - away > _GIVES_UP:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - so that not all come back at once
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _read(self, session: Session) -> None:
        """Until it breaks off. Silence is asked about; silence after that is the end."""
        loop = asyncio.get_running_loop()
        await self._look(session)
        looked = heard = loop.time()
        asked = False
        reading = asyncio.ensure_future(session.bodies())
        try:
            while True:
                done, _ = await asyncio.wait([reading], timeout=min(1.0, self._config.ping_seconds / 2))
                now = loop.time()
                if done:
                    for body in reading.result():
                        if not is_noise(body, self._menu):
                            self._take(wire.read(body))
                    heard, asked = now, False
                    while len(self._waiting) > _MOST:
                        self._room.clear()
                        await self._room.wait()
                    reading = asyncio.ensure_future(session.bodies())
                self._give_up_missing(now)
                if now - heard > self._config.ping_seconds and not asked and not self._waiting:
                    await session.send({"Action": "Ping"})
                    asked = True
                elif now - heard > 3 * self._config.ping_seconds and asked:
                    raise Unreachable(f"{self._config.host} says nothing any more.")
                if now - looked > _LOOK:
                    await self._look(session)
                    looked = now
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError, Unreachable):
                await reading

    async def _look(self, session: Session) -> None:
        """Which channels are there: the answer comes among the events. And who waits in the queues."""
        self._known = frozenset(self._follower.open_channels())
        self._listed.clear()
        self._asked = await session.send({"Action": "CoreShowChannels"})
        await session.send({"Action": "QueueStatus"})

    def _take(self, block: Block) -> None:
        name, uid = block.event, block.values.get("uniqueid", "")
        if name == "coreshowchannel":
            for name in (uid, block.values.get("linkedid", "")):
                self._listed.add(name)
                self._missing.pop(name, None)
            if uid in self._known or uid in self._follower.open_channels():
                return
        elif name == "coreshowchannelscomplete" and block.values.get("actionid") == self._asked:
            now = asyncio.get_running_loop().time()
            self._missing = dict.fromkeys((self._known | self._believed) - self._listed, now)
        elif name == "queueentry" and uid in self._known:
            return
        self._put(self._follower.take(block))

    def _give_up_missing(self, now: float) -> None:
        gone = [uid for uid, since in self._missing.items() if now - since > _SURE]
        known = self._follower.open_channels() if gone else {}
        for uid in gone:
            del self._missing[uid]
            if uid in known or uid in self._believed:
                self._believed -= {uid}
                said = {"Event": "Hangup", "Uniqueid": uid, "Cause": "0", "Cause-txt": "Gone when it was looked for"}
                self._put(self._follower.take(wire.read(wire.write({**said, "Torg": "missed"}))))

    def _put(self, events: Sequence[RawEvent]) -> None:
        if events:
            self._waiting.extend(events)
            self._more.set()

    async def _keep_all(self) -> None:
        pause = 0.1
        while True:
            await self._more.wait()
            if len(self._waiting) < BATCH:
                await asyncio.sleep(_LINGER)
            batch = self._waiting[:BATCH]
            try:
                await self._keep(batch)
            except Exception:  # noqa: BLE001 - whatever it is: nobody tells these events again
                await asyncio.sleep(pause)
                pause = min(2 * pause, 1.0)
                continue
            pause = 0.1
            del self._waiting[: len(batch)]
            self._room.set()
            if not self._waiting:
                self._more.clear()
