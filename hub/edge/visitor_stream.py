"""A visitor's stream: turns and how the chat stands, as server-sent events, read anew by their secret each time.

One asynchronous generator a chat, no thread and no connection to the database while nothing happens.
"""

import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial

import msgspec
from litestar.datastructures import State
from litestar.response import ServerSentEventMessage
from msgspec.structs import replace

from hub import clock
from hub.channels.chat_place import ChatPlace
from hub.edge import visiting, visitor_view
from hub.edge.kept import Kept
from hub.edge.visitor_view import ChatState, Shown
from hub.edge.visits import visits
from hub.errors import NotFound, Unavailable
from hub.live.publish import Live
from hub.storage.unit import Storage

PING = 15.0
"""Seconds of silence after which something is sent all the same: a connection that is gone shows by it."""
PLACE_IN_QUEUE = 5.0
"""Seconds between looks at how many are ahead, while it waits. Those who wait in a municipality look together."""
_WAITING: Kept[int, Mapping[int, Sequence[int]]] = Kept(2 * clock.SECOND)
"""By municipality; of each of its queues who waits there."""
RETRY = 1_000


async def stream(
    state: State, place: ChatPlace, secret: str, after: int, known: tuple[int, int]
) -> AsyncIterator[ServerSentEventMessage]:
    """Until the chat is over, the page goes, or the process ends. `known`: the chat's id and its conversation's."""
    storage: Storage = state.storage
    live: Live = state.live
    there = visits(state)
    chat_id, conversation_id = known
    said: ChatState | None = None
    there.open_stream(chat_id)
    there.come(chat_id)
    try:
        with live.attend(conversation_id) as subscription:
            yield ServerSentEventMessage(data="{}", event="open", retry=RETRY)
            pinged = time.monotonic()
            looked, news = 0.0, True
            while not subscription.ended:
                there.hear(chat_id)
                news = subscription.forget() or news  # a turn is two or three events, and one look
                try:
                    if said is not None and said.state == "waiting" and not news and time.monotonic() - looked < PING:
                        shown = Shown((), replace(said, ahead=await _ahead(storage, place, chat_id)))
                    else:
                        looked = time.monotonic()
                        shown = await read(storage, live, place, secret, after, known)
                except (NotFound, Unavailable):
                    return
                for turn in shown.turns:
                    after = int(turn.id)
                    yield ServerSentEventMessage(data=msgspec.json.encode(turn).decode(), event="turn", id=turn.id)
                if shown.state != said:
                    said = shown.state
                    yield ServerSentEventMessage(data=msgspec.json.encode(said).decode(), event="state")
                elif not shown.turns and time.monotonic() - pinged >= PING:
                    yield ServerSentEventMessage(data=None, comment="ping")
                    pinged = time.monotonic()
                if said.state == "ended":
                    return
                event = await subscription.within(PLACE_IN_QUEUE if said.state == "waiting" else PING)
                news = event is not None
    finally:
        there.close_stream(chat_id)


async def read(
    storage: Storage, live: Live, place: ChatPlace, secret: str, after: int, known: tuple[int, int]
) -> Shown:
    """What there is after that turn, how many are ahead while it waits, and whether one of ours types."""
    chat_id, conversation_id = known
    shown = await storage.read(visiting.scope_of(place), visitor_view.shown, place.channel_id, secret, after)
    types = any(who > 0 and doing == "typing" for who, _, doing in live.present(conversation_id))
    ahead = await _ahead(storage, place, chat_id) if shown.state.state == "waiting" else None
    return replace(shown, state=replace(shown.state, ahead=ahead, typing=types and shown.state.state == "taken"))


async def _ahead(storage: Storage, place: ChatPlace, chat_id: int) -> int:
    """In whichever queue it waits. Each of five hundred counted those before it by itself: now one look is all's."""
    reckoning = partial(storage.read, visiting.scope_of(place), visitor_view.waiting)
    for changed in (0, clock.now()):  # one who has only just come wasn't there yet
        by_queue = await _WAITING.ask(storage, place.municipality_id, reckoning, changed)
        for ids in by_queue.values():
            ahead = bisect_left(ids, chat_id)
            if ahead < len(ids) and ids[ahead] == chat_id:
                return ahead
    return 0  # somebody has taken it meanwhile, as its state will tell
