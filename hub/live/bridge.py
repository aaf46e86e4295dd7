"""Bridge: what one process has to tell the others, by ids only: through Redis when there is one, else PostgreSQL.

On SQLite the processes of one `torg serve` have a line (`hub.live.sibling_line`). To others there is none: they look
(`hub.live.poll`), and who is reading or typing stays within each of them.
"""

import asyncio
import importlib
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import msgspec
from msgspec import Struct

from hub.errors import Unavailable
from hub.storage import signals
from hub.storage.unit import Happening, Storage

TOGETHER = 0.02
"""Seconds in which what happens is told as one."""
_MOST_WAITING = 2_000
_IN_A_WORD = 40
"""Happenings in one message: PostgreSQL takes 8,000 bytes."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
"""Seconds before a lost line is tried again."""
_DEAF = 15.0
"""Seconds between looks at everything while nobody can be heard: something happens all the same."""
_LAST_WORDS = 5.0
"""Seconds that the end of the process, or of a command, waits for what is still to be told. It takes hundredths, but on
a machine that has a lot to do connecting alone takes more than one."""

log = logging.getLogger(__name__)


class Line(Protocol):
    """What carries words between processes: heard by all, perhaps by the one who says them, too."""

    def hear(self) -> AsyncIterator[str | None]:
        """None whenever it has begun to listen, then words. Raises Unavailable when it is lost."""
        ...

    async def say(self, words: Sequence[str]) -> None:
        """Raises Unavailable when they may not have been heard."""
        ...

    async def close(self) -> None:
        """Ends its connections."""
        ...


class Sign(Struct, frozen=True, array_like=True):
    """Of somebody's presence. `state`: reading | typing | sent | gone, which is from everywhere."""

    conversation_id: int
    person_id: int
    state: str


class Message(Struct, frozen=True, omit_defaults=True):
    """`by`: the process. `resync`: something may have been lost on the way."""

    by: str
    resync: bool = False
    happened: tuple[Happening, ...] = ()
    signs: tuple[Sign, ...] = ()


def open_line(storage: Storage, redis_url: str | None, siblings: Line | None = None) -> Line | None:
    """By the settings; `siblings` where nothing else carries words; None where processes look for themselves."""
    if redis_url is None:
        return signals.line(storage.engines) or siblings
    name = f"torg:live:{storage.keys.mac('live', b'line').hex()[:16]}"
    made: Line = importlib.import_module("hub.live.redis_line").RedisLine(redis_url, name)
    return made


@contextmanager
def told_at_the_end(storage: Storage, redis_url: str | None) -> Iterator[None]:
    """What a command does is told to the processes that serve when it has done it. Not within an event loop."""
    happened: list[Happening] = []
    storage.on_commit(lambda more: happened.extend(more[: _MOST_WAITING + 1 - len(happened)]))
    try:
        yield
    finally:
        line = open_line(storage, redis_url) if happened else None
        if line is not None:
            bridge = Bridge(line, owes_resync=len(happened) > _MOST_WAITING)
            bridge.put(happened[:_MOST_WAITING])
            asyncio.run(bridge.close())


class Bridge:
    """Supervised: a lost line is tried again, and all who may have missed something are told so, meanwhile as well."""

    def __init__(
        self, line: Line, heard: Callable[[Message], None] = lambda _: None, *, owes_resync: bool = True
    ) -> None:
        self._line, self._heard = line, heard
        self._name = secrets.token_hex(8)
        self._happened: list[Happening] = []
        self._signs: list[Sign] = []
        self._wake = asyncio.Event()
        # What runs on begins owing one: perhaps it died before it told its last.
        self._owes_resync = owes_resync
        self.hears = asyncio.Event()
        """Set while what others say is heard."""
        self.tells = asyncio.Event()
        """Set while what happens here is told."""

    def put(self, happened: Sequence[Happening] = (), signs: Sequence[Sign] = ()) -> None:
        """To be told soon. Doesn't wait: while the line is lost it is dropped, and made good by a resync."""
        self._happened += happened
        self._signs += signs
        if len(self._happened) + len(self._signs) > _MOST_WAITING:
            self._owes_resync = True
            self._happened.clear()
            self._signs.clear()
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; what was put before is still told."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear(), name="live hears")
                tasks.create_task(self._tell(), name="live tells")
                tasks.create_task(self._look_while_deaf(), name="live looks while deaf")
        finally:
            await self.close()

    async def close(self) -> None:
        """Tells what waits, if that takes no time, and ends the line."""
        try:
            async with asyncio.timeout(_LAST_WORDS):
                if self._happened:
                    await self._line.say(list(self._words()))
        except (TimeoutError, Unavailable) as error:
            log.warning("the last that happened here wasn't told to other processes: %s", error)
        await self._line.close()

    async def _hear(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                async for word in self._line.hear():
                    pause = _FIRST_PAUSE
                    self._take(word)
            except Unavailable as error:
                if self.hears.is_set() or pause == _FIRST_PAUSE:
                    log.warning("other processes can't be heard: %s", error)
            self.hears.clear()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _look_while_deaf(self) -> None:
        while True:
            await asyncio.sleep(_DEAF)
            if not self.hears.is_set():
                self._heard(Message("", resync=True))

    def _take(self, word: str | None) -> None:
        if word is None:
            self.hears.set()
            self._heard(Message("", resync=True))
            return
        try:
            message = msgspec.json.decode(word, type=Message)
        except msgspec.DecodeError:
            log.warning("a word on the line that isn't ours")
            return
        if message.by != self._name:
            self._heard(message)

    async def _tell(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            if not self._owes_resync:
                await self._wake.wait()
                await asyncio.sleep(TOGETHER)
            self._wake.clear()
            try:
                await self._line.say(list(self._words()))
                pause = _FIRST_PAUSE
                self.tells.set()
            except Unavailable as error:
                if self.tells.is_set() or pause == _FIRST_PAUSE:
                    log.warning("other processes can't be told: %s", error)
                self.tells.clear()
                self._owes_resync = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _words(self) -> Iterator[str]:
        """What waits, and it waits no more. A resync says it all."""
        happened, signs = tuple(self._happened), tuple(self._signs)
        self._happened, self._signs = [], []
        if self._owes_resync:
            self._owes_resync, happened = False, ()
            yield self._word(Message(self._name, resync=True))
        for start in range(0, len(happened), _IN_A_WORD):
            yield self._word(Message(self._name, happened=happened[start : start + _IN_A_WORD]))
        for start in range(0, len(signs), _IN_A_WORD):
            yield self._word(Message(self._name, signs=signs[start : start + _IN_A_WORD]))

    @staticmethod
    def _word(message: Message) -> str:
        return msgspec.json.encode(message).decode()
