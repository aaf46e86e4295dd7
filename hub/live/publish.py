"""Publish: from what units of work noted as happened, here and elsewhere, to every listener who may hear of it."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from hub import clock
from hub.access.person import Actor
from hub.due import due_in
from hub.errors import Unavailable
from hub.live.batch import Batch
from hub.live.bridge import TOGETHER, Bridge, Line, Message, Sign, open_line
from hub.live.poll import EVERY, Poll, Standing
from hub.live.presence import Presence
from hub.live.ringing import RingingChat, Rung, find_calls, find_chats
from hub.live.subscription import Subscription
from hub.live.topics import LIVE, RESYNC, Event, Found, Name, Place, Told, find, may_hear
from hub.storage import signals
from hub.storage.unit import Happening, Storage, Unit

_KINDS = frozenset(
    {
        "entry_added", "conversation_changed", "delivery_queued", "delivery_changed", "channel_changed", "chat_changed",
        "call_changed", "entry_changed",
    }
)  # fmt: skip
_MOST_TOGETHER = 500
"""Ids of one batch: more is an import, and everybody fetches again."""
_AHEAD = 0.2
"""Seconds by which what is asked for events goes before what one page asks for: all that listen wait for it."""
_MOST_PLACES = 20_000
NOBODY = Actor(0, "", "", "en", (), frozenset())
"""Whoever listens without being one of ours."""
_STILL_LOOKING = 60.0
"""Seconds that other processes are looked at after the last listener left: the next page is about to open."""

log = logging.getLogger(__name__)


class Live:
    """One in each process. Belongs to the event loop that runs it; only storage's threads call in from outside.

    Who reads or types is known in every process where there is a push between them (PostgreSQL, Redis, siblings); else
    it stays within the process.
    """

    def __init__(
        self,
        storage: Storage,
        redis_url: str | None,
        channels: Callable[[Unit], Standing],
        *,
        serves: bool,
        ours: bool = True,
        siblings: Line | None = None,
        also: frozenset[str] = frozenset(),
    ) -> None:
        """Not `ours`: only visitors listen, who are told that something may have happened; nothing is read for that.

        `also`: kinds of happenings that other processes are told of though no listener is, for `on_heard`.
        """
        self._storage, self._ours = storage, ours
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listening: set[Subscription] = set()
        self._visits: dict[int, set[Subscription]] = {}
        self._batch = Batch()
        self._wake = asyncio.Event()
        self._places: OrderedDict[int, Place] = OrderedDict()
        self._names: dict[int, str] = {}
        self._presence = Presence()
        self._rung = Rung()
        self._ended = False
        self._newest = 0
        """When something was last known to have happened, microseconds."""
        self._calls: dict[int | None, int] = {}
        """Municipality -> the same of its calls; None: of all."""
        self._kinds = _KINDS | also
        self.on_heard: Callable[[Message], None] = lambda _: None
        """Told in the loop what other processes say."""
        line = open_line(storage, redis_url, siblings)
        self.bridge = Bridge(line, self._heard) if line else None
        # Where the engine has to be looked at, it is, Redis or not: a command on this machine has no line.
        self._watch = signals.watch(storage.engines) if serves else None
        self._poll = Poll(channels) if self._watch else None
        storage.on_commit(self._committed)

    def subscribe(self, actor: Actor, since: int | None = None) -> Subscription:
        """From now on, until it is closed. After the end of the process's work it has ended already.

        `since`: microseconds, before what they see was read. Should anything have happened meanwhile, a resync comes.
        """
        subscription = Subscription(actor, self._left)
        if since is not None and self._newest >= since:
            subscription.put(RESYNC)
        if self._ended:
            subscription.end()
        else:
            self._listening.add(subscription)
        return subscription

    def attend(self, conversation_id: int) -> Subscription:
        """For the visitor of its chat, whose secret the caller has asked for: events of this one conversation alone.

        Each says only that something may have changed: what of it is theirs, whoever hears it reads anew.
        """

        def left(subscription: Subscription) -> None:
            those = self._visits.get(conversation_id, set())
            those.discard(subscription)
            if not those:
                self._visits.pop(conversation_id, None)

        subscription = Subscription(NOBODY, left)
        if self._ended:
            subscription.end()
        else:
            self._visits.setdefault(conversation_id, set()).add(subscription)
        return subscription

    def visitor_types(self, conversation_id: int) -> None:
        """In its chat, for 8 s. They are no person of ours: the number is their conversation's, below zero."""
        self._sign(replace(NOBODY, id=-conversation_id), conversation_id, "typing")

    def visitor_sent(self, conversation_id: int) -> None:
        """What they typed is there."""
        self._sign(replace(NOBODY, id=-conversation_id), conversation_id, "sent")

    def reading(self, actor: Actor, conversation_id: int) -> None:
        """A sign of life, for 30 s. Whether they may open it, the caller has asked."""
        self._sign(actor, conversation_id, "reading")

    def typing(self, actor: Actor, conversation_id: int) -> None:
        """The same, and for 8 s that they type."""
        self._sign(actor, conversation_id, "typing")

    def sent(self, actor: Actor, conversation_id: int) -> None:
        """What they typed is there: they type no more."""
        self._sign(actor, conversation_id, "sent")

    def present(self, conversation_id: int) -> list[tuple[int, str, str]]:
        """(person id, name, reading | typing) in the order they came. Whoever asks may open the conversation."""
        return [(each, self._names.get(each, ""), state) for each, state in self._presence.at(conversation_id)]

    def calls_changed(self, municipality_ids: Iterable[int]) -> int:
        """When a call of these was last known to have changed, microseconds; 0: it isn't known that any has."""
        return max(self._calls.get(each, 0) for each in (None, *municipality_ids))

    @property
    def ended(self) -> bool:
        """Whether the process is about to end."""
        return self._ended

    def end(self) -> None:
        """Lets every listener go at once. From the loop."""
        self._ended = True
        for subscription in (*self._listening, *self._attending()):
            subscription.end()

    async def run(self) -> None:
        """Until cancelled; then the listeners are let go, and other processes still told what happened here."""
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._spread(), name="live spreads")
                tasks.create_task(self._expire(), name="live presence")
                if self.bridge is not None:
                    tasks.create_task(self.bridge.run(), name="live bridge")
                if self._watch is not None and self._poll is not None:
                    tasks.create_task(self._look(self._watch, self._poll), name="live looks")
        finally:
            self._loop = None
            self.end()
            if self._watch is not None:
                self._watch.close()

    def _committed(self, happened: Sequence[Happening]) -> None:
        """In storage's thread."""
        loop, told = self._loop, [each for each in happened if each.kind in self._kinds]
        self._newest = clock.now() if any(each.kind in _KINDS for each in told) else self._newest
        self._note_calls(told)
        if loop is not None and told and (self._listening or self._visits or self.bridge):
            try:
                loop.call_soon_threadsafe(self._happened_here, told)
            except RuntimeError:
                log.debug("the loop has closed: nobody listens any more")

    def _happened_here(self, happened: Sequence[Happening]) -> None:
        self._take(self._poll.mine(happened) if self._poll else happened)
        if self.bridge is not None:
            self.bridge.put(happened)

    def _heard(self, message: Message) -> None:
        """From another process; or the line says that something may have been lost."""
        if message.resync:
            self._resync()
        self._take(self._poll.mine(message.happened) if self._poll else message.happened)
        self.on_heard(message)
        for sign in message.signs:
            self._note(sign)

    def _take(self, happened: Iterable[Happening]) -> None:
        those = [each for each in happened if each.kind in _KINDS]
        self._note_calls(those)
        for each in those:
            self._batch.add(each)
            self._newest = clock.now()
        self._wake.set()

    def _note_calls(self, happened: Iterable[Happening]) -> None:
        for each in happened:
            if each.kind == "call_changed":
                self._calls[each.municipality_id] = clock.now()

    def _resync(self) -> None:
        self._newest = self._calls[None] = clock.now()
        for subscription in (*self._listening, *self._attending()):
            subscription.put(RESYNC)

    def _attending(self) -> list[Subscription]:
        return [each for those in self._visits.values() for each in those]

    async def _spread(self) -> None:
        """What comes close together is asked about once and told once."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(TOGETHER)
            self._wake.clear()
            batch, self._batch = self._batch, Batch()
            if not batch:
                continue
            if not self._listening and not self._visits:
                if self._poll is not None:
                    self._poll.forget()
                continue
            if not self._ours:
                self._tell_visitors(Event("row", each) for each in batch.conversations)
                continue
            try:
                if len(batch) > _MOST_TOGETHER:
                    raise _TooMany
                named = {each for each in batch.people if each not in self._names}
                with due_in(-_AHEAD):
                    found = await self._storage.read(
                        LIVE, find, batch.conversations, batch.entries, batch.deliveries, named
                    )
                    calls = await self._storage.read(LIVE, find_calls, batch.calls) if batch.calls else {}
                    chats = await self._storage.read(LIVE, find_chats, batch.chats) if batch.chats else {}
            except (Unavailable, _TooMany):
                self._resync()
                if self._poll is not None:
                    self._poll.forget()
                continue
            self._names |= found.names
            self._tell([*self._news(batch, found, chats), *self._rung.news(calls, found.places)])

    def _news(self, batch: Batch, found: Found, chats: Mapping[int, RingingChat]) -> Iterator[Told]:
        """Events with their topics, each once."""
        after: dict[Event, tuple[Place, ...]] = {}
        around: dict[int, tuple[Place, ...]] = {}
        changed = batch.changed | set(batch.entries.values())
        for conversation_id in batch.conversations:
            place = found.places.get(conversation_id)
            was = self._places.pop(conversation_id, None)
            if place is None:
                continue
            self._places[conversation_id] = place
            around[conversation_id] = (place, *([was] if was else ()), *found.left.get(conversation_id, ()))
            if conversation_id in changed:
                after[Event("row", conversation_id)] = around[conversation_id]
        while len(self._places) > _MOST_PLACES:
            self._places.popitem(last=False)
        for event, conversation_id in batch.of_entries():
            if conversation_id in found.places:
                after[event] = (found.places[conversation_id],)
        for delivery_id, sent in found.deliveries.items():
            news = self._poll is None or self._poll.stands(delivery_id, sent.stand)
            if news and sent.conversation_id in found.places:
                after[Event("delivery", sent.conversation_id, sent.entry_id)] = (found.places[sent.conversation_id],)
        for conversation_id in found.broken:
            after[Event("glass", conversation_id)] = (found.places[conversation_id],)
        presence: set[tuple[Name, int]] = batch.presence | {("chat", each) for each in batch.chats}
        for name, conversation_id in presence:
            if conversation_id in found.places:
                after[Event(name, conversation_id)] = (found.places[conversation_id],)
        yield from (Told(event, places) for event, places in after.items())
        yield from _turns(batch, found)
        yield from self._rung.chat_news(chats, around)
        yield from (Told(Event("channel", each), home_id=home) for each, home in batch.channels.items())

    def _tell(self, news: Sequence[Told]) -> None:
        """Listeners who may do the same are asked about once."""
        alike: dict[tuple[object, ...], list[Subscription]] = {}
        for each in self._listening:
            alike.setdefault((each.actor.memberships, each.actor.grants), []).append(each)
        for subscriptions in alike.values():
            actor = subscriptions[0].actor
            for event in [told.event for told in news if told.people is None and may_hear(actor, told)]:
                for subscription in subscriptions:
                    subscription.put(event)
        for told in news:
            for subscription in self._listening if told.people else ():
                if may_hear(subscription.actor, told):
                    subscription.put(told.event)
        self._tell_visitors(told.event for told in news if told.places and _is_theirs(told))

    def _tell_visitors(self, events: Iterable[Event]) -> None:
        for event in events:
            for subscription in self._visits.get(event.id or 0, ()):
                subscription.put(event)

    async def _look(self, watch: signals.Watch, poll: Poll) -> None:
        """At what other processes did to the same file, while anybody listens."""
        listened = time.monotonic()
        while True:
            if self._listening or self._visits:
                listened = time.monotonic()
            asleep = time.monotonic() - listened > _STILL_LOOKING
            try:
                if asleep:
                    poll.forget()
                elif watch.moved() or not poll.primed:
                    with due_in(-_AHEAD):
                        seen = await self._storage.read(LIVE, poll.look)
                    primed = poll.primed
                    self._take(poll.news(seen))
                    if not primed:
                        self._resync()
            except Unavailable as error:
                log.warning("other processes can't be looked at: %s", error)
                poll.forget()
            await asyncio.sleep(EVERY)

    def _sign(self, actor: Actor, conversation_id: int, state: str) -> None:
        if actor.id > 0:  # a visitor is no person of ours
            self._names[actor.id] = actor.name
        sign = Sign(conversation_id, actor.id, state)
        self._note(sign)
        if self.bridge is not None:
            self.bridge.put(signs=[sign])

    def _note(self, sign: Sign) -> None:
        if sign.state != "gone":
            if sign.person_id > 0 and sign.person_id not in self._names:
                self._batch.people.add(sign.person_id)
                self._wake.set()
            self._show(self._presence.sign(sign.conversation_id, sign.person_id, sign.state))
        elif not self._has(sign.person_id):
            self._show(self._presence.leave(sign.person_id))

    def _left(self, subscription: Subscription) -> None:
        if subscription not in self._listening:
            return
        self._listening.remove(subscription)
        person_id = subscription.actor.id
        if not self._has(person_id):
            self._show(self._presence.leave(person_id))
            if self.bridge is not None:
                self.bridge.put(signs=[Sign(0, person_id, "gone")])

    def _has(self, person_id: int) -> bool:
        return any(each.actor.id == person_id for each in self._listening)

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._show(self._presence.expire())

    def _show(self, changed: set[tuple[Name, int]]) -> None:
        if changed:
            self._batch.presence |= changed
            self._wake.set()


def _turns(batch: Batch, found: Found) -> Iterator[Told]:
    """What citizens said, to whoever has taken their chat."""
    for entry_id, person_id in found.taken.items():
        place = found.places.get(batch.entries[entry_id])
        if place is not None:
            yield Told(Event("turn", batch.entries[entry_id], entry_id), (place,), people=frozenset({person_id}))


def _is_theirs(told: Told) -> bool:
    """Whether a visitor may see anything of it: who of ours reads or is rung they don't."""
    return told.people is None and told.event.name not in {"presence", "ringing", "delivery"}


class _TooMany(Exception):
    """To ask about one by one."""
