"""Live events as a stream of server-sent ones, for the route that the screen mounts.

All are named, so that no page swaps one in; they carry ids, and whoever hears one fetches as themselves.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from litestar import Request
from litestar.response import ServerSentEventMessage

from hub.access.person import Actor
from hub.edge import on_duty
from hub.errors import Unavailable
from hub.live.publish import Live

PING = 10.0
"""Seconds of silence after which a word says that the line is there. Who hears none for 25 s connects anew: a machine
that falls over, or a network that is cut, takes its leave of nobody.
"""
CHECK = 2.0
"""Seconds between looks at whether they are still logged in; the answer may be cached for as long again."""
RETRY = 2_000
"""Milliseconds after which a browser connects again."""
_OPEN = "open"
"""The id of what comes first: a browser that connects again names it, and may have missed something."""


async def stream(
    request: Request[Any, Any, Any],
    actor: Actor,
    still_valid: Callable[[], Awaitable[bool]],
    since: int | None = None,
) -> AsyncIterator[ServerSentEventMessage]:
    """Until the browser goes, `still_valid` says no or storage can't say, or this process ends.

    What they may hear goes by `actor`: `still_valid` is to say no as well when their memberships are others by now
    (`await session_actor(request) == actor`). `since`: when their page was read, microseconds; see `Live.subscribe`.
    """
    live: Live = request.app.state.live
    # Synchronous: an await would be cancelled when the browser goes.
    with live.subscribe(actor, since) as subscription:
        yield ServerSentEventMessage(data=None, id=_OPEN, retry=RETRY)
        if "last-event-id" in request.headers:
            yield ServerSentEventMessage(data="{}", event="resync")
        checked = pinged = time.monotonic()
        beaten = checked - on_duty.BEAT  # a screen that was opened again is there again with the first look
        while not subscription.ended:
            event = await subscription.within(min(checked + CHECK, pinged + PING) - time.monotonic())
            now = time.monotonic()
            if now >= checked + CHECK:
                try:
                    if not await still_valid():
                        return
                    if now >= beaten + on_duty.BEAT:
                        await on_duty.beat(request.app.state.storage, actor)
                        beaten = now
                except Unavailable:
                    return
                checked = now
            if event is not None:
                yield ServerSentEventMessage(data=event.data, event=event.name)
            elif now >= pinged + PING and not subscription.ended:
                yield ServerSentEventMessage(data="{}", event="ping")
            else:
                continue
            pinged = now
