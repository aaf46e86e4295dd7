"""Turns: what pages fetch again by themselves, because something has changed, lets pass what somebody has asked for.

When much happens each open page asks again and again, and for what comes meanwhile together. So the longer those wait,
the fewer they are, and what is clicked finds the hub free. A route says what it is by its `opt`; one that says nothing
is somebody's click.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from weakref import WeakKeyDictionary

from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from hub.due import due_in

ROWS, FIGURES, STREAM = {"turn": "rows"}, {"turn": "figures"}, {"turn": "stream"}
"""New rows of a list; counts and the telephone's strip; what stays open and is nobody's turn."""
_YIELDS = 0.05
"""Seconds that one of them waits for clicks at most, so that those who click all the time see news, too."""


class _Kind(Struct, frozen=True):
    """`side_by_side`: so many are made at once. `waits`: seconds that what comes later may pass it in storage."""

    side_by_side: int
    waits: float


_KINDS: Mapping[str, _Kind] = {"rows": _Kind(4, 0.2), "figures": _Kind(1, 0.4)}
"""New rows don't wait for figures. While some wait for a click, which may be writing, others are made into pages: with
two of them lists came later the fewer processors were busy."""


class _Turns:
    """Of one event loop."""

    def __init__(self) -> None:
        self.lanes = {name: asyncio.Semaphore(kind.side_by_side) for name, kind in _KINDS.items()}
        self._clicks = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    def click(self) -> None:
        self._clicks += 1
        self._quiet.clear()

    def answered(self) -> None:
        self._clicks -= 1
        if not self._clicks:
            self._quiet.set()

    async def after_clicks(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_YIELDS):
                await self._quiet.wait()


_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()


def in_turn(app: ASGIApp) -> ASGIApp:
    """Middleware of what a page is and fetches."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        turns = _TURNS.setdefault(asyncio.get_running_loop(), _Turns())
        name = scope["route_handler"].opt.get("turn", "click")
        if name == "click":
            turns.click()
            try:
                with due_in(0):
                    await app(scope, receive, send)
            finally:
                turns.answered()
        elif name in turns.lanes:
            with due_in(_KINDS[name].waits):
                async with turns.lanes[name]:
                    await turns.after_clicks()
                    await app(scope, receive, send)
        else:
            await app(scope, receive, send)

    return call
