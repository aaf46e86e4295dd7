"""Visits: what one process remembers of those who chat: signs of their pages, how often each knocks, open streams.

Signs are written down together every few seconds: five hundred open chats are one small unit, not five hundred.
"""

from collections import Counter, OrderedDict, deque
from typing import Any

from sqlalchemy import update

from hub import clock
from hub.access import knock
from hub.access.knock import Limit
from hub.channels import chat_place
from hub.channels.channel import Channel
from hub.channels.chat_place import ChatPlace
from hub.edge import visiting
from hub.edge.visiting import too_many
from hub.errors import NotFound, Unavailable
from hub.inbox import chat
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

PLACES = Scope.of_visitors()
"""Channels and municipalities belong to no municipality: nothing else is seen."""
HEARD = Scope.everything("chats")
STREAMS_EACH = 4
"""Of one chat: a page that is loaded again opens another before the old one is known to be gone."""
_FRESH = 2 * clock.SECOND
"""Microseconds for which a channel is as it was read."""
_MOST = 20_000


def _seconds(left: int) -> int:
    """Whole ones, after which it is over."""
    return -(-left // clock.SECOND)


class Rate:
    """So many in so many seconds, of each of whatever is counted, in this process."""

    def __init__(self, most: int, seconds: int) -> None:
        self._most, self._window = most, seconds * clock.SECOND
        self._times: OrderedDict[object, deque[int]] = OrderedDict()

    def require(self, who: object) -> None:
        """Raises TooManyRequests, with the seconds to wait, when there are that many already. Counts nothing."""
        now = clock.now()
        times = self._times.get(who, deque())
        while times and times[0] <= now - self._window:
            times.popleft()
        if len(times) >= self._most:
            raise too_many(_seconds(times[0] + self._window - now))

    def count(self, who: object) -> None:
        """One more. Raises as `require` does."""
        self.require(who)
        self._times.setdefault(who, deque()).append(clock.now())
        self._times.move_to_end(who)
        if len(self._times) > _MOST:
            self._times.popitem(last=False)


class SharedRate:
    """So many in so many seconds, of each of whatever is counted, in all processes at once: the database counts.

    Whom it refused this process remembers until the time is over: a flood isn't written down. `step`: what costs little
    is counted so many at once: the first of them is written down for all, the others this process lets by.
    """

    def __init__(self, name: str, most: int, seconds: int, step: int = 1) -> None:
        self._name, self._most, self._seconds, self._step = name, most // step, seconds, step
        self._refused: OrderedDict[object, int] = OrderedDict()
        self._left: OrderedDict[object, tuple[int, int]] = OrderedDict()

    def require(self, who: object) -> None:
        """Raises TooManyRequests while the last refusal holds. Counts nothing."""
        left = self._refused.get(who, 0) - clock.now()
        if left > 0:
            raise too_many(_seconds(left))

    async def count(self, storage: Storage, who: object) -> None:
        """One more. Raises TooManyRequests."""
        self.require(who)
        part = clock.now() // (self._seconds * clock.SECOND)
        counted_in, left = self._left.get(who, (part, 0))
        if counted_in == part and left:
            self._left[who] = part, left - 1
            return
        limit = Limit(f"{self._name} {who}", self._most, self._seconds)
        refused = await storage.write(HEARD, knock.knock, "chat", [limit])
        if refused is not None:
            self._refused[who] = clock.now() + refused.seconds * clock.SECOND
            self._refused.move_to_end(who)
            if len(self._refused) > _MOST:
                self._refused.popitem(last=False)
            raise too_many(refused.seconds)
        if self._step > 1:
            self._left[who] = part, self._step - 1
            self._left.move_to_end(who)
            if len(self._left) > _MOST:
                self._left.popitem(last=False)


class Visits:
    """One in each process that serves chats."""

    def __init__(self) -> None:
        self.looks = SharedRate("look", 600, 60)
        """Of a network: a library is one, a script that looks for chats another."""
        self.guesses = SharedRate("guess", 60, 60)
        """Of a network: secrets that are none."""
        self.mails = SharedRate("mail", 20, 60)
        """Of a chat: addresses for its answers."""
        self.turns = Rate(visiting.TURNS_A_MINUTE, 60)
        self.files = Rate(visiting.FILES_A_MINUTE, 60)
        """What is there already counts besides, whichever process took it: see `visiting`."""
        self.small = SharedRate("sign", 240, 60, step=20)
        """Of a chat: signs that cost little: typing, what was seen."""
        self._heard: dict[int, int] = {}
        self._reached: dict[int, int] = {}
        self.is_news = False
        """A page has come, perhaps again: that is written down with the next look, before its chat counts as left."""
        self._places: dict[int, tuple[int, ChatPlace]] = {}
        self._streams: Counter[int] = Counter()

    async def place(self, storage: Storage, channel_id: int) -> ChatPlace:
        """Raises NotFound, for what isn't a chat as for what isn't there."""
        until, found = self._places.get(channel_id, (0, None))
        if found is None or clock.now() >= until:
            found = await storage.read(PLACES, chat_place.find, channel_id)
            if found is None:
                raise NotFound("There is no such chat.")
            if len(self._places) > _MOST:
                self._places.clear()
            self._places[channel_id] = (clock.now() + _FRESH, found)
        return found

    def hear(self, chat_id: int) -> None:
        """A sign of its visitor's page."""
        self._heard[chat_id] = clock.now()

    def come(self, chat_id: int) -> None:
        """Its visitor's page opens, or opens again."""
        self.hear(chat_id)
        self.is_news = True

    def reach(self, channel_id: int) -> None:
        """Something was said by that channel."""
        self._reached[channel_id] = clock.now()

    async def write_down(self, storage: Storage) -> None:
        """What was heard since the last time. What can't be written now is the next time: who came again is there."""
        heard, self._heard, self.is_news = self._heard, {}, False
        reached, self._reached = self._reached, {}
        if not (heard or reached):
            return
        try:
            await storage.write(HEARD, _written, heard, reached)
        except Unavailable:
            self._heard, self._reached = heard | self._heard, reached | self._reached
            raise

    def open_stream(self, chat_id: int) -> None:
        """Raises TooManyRequests."""
        if self._streams[chat_id] >= STREAMS_EACH:
            raise too_many(5)
        self._streams[chat_id] += 1

    def close_stream(self, chat_id: int) -> None:
        self._streams[chat_id] -= 1
        if self._streams[chat_id] <= 0:
            del self._streams[chat_id]


def _written(unit: Unit, heard: dict[int, int], reached: dict[int, int]) -> None:
    chat.hear(unit, heard)
    for channel_id, at in sorted(reached.items()):
        unit.change(update(Channel).where(Channel.id == channel_id).values(last_contact_at=at))


def visits(state: Any) -> Visits:
    """Those of the process."""
    if "visits" not in state:
        state.visits = Visits()
    found: Visits = state.visits
    return found
