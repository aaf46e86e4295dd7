"""Turns: what pages fetch again by themselves, because something has changed, lets pass what somebody has asked for.

When much happens each open page asks again and again, and for what comes meanwhile together. So the longer those wait,
the fewer they are, and what is clicked finds the hub free.
"""

import asyncio
from collections.abc import Mapping
from typing import Literal
from weakref import WeakKeyDictionary

Kind = Literal["rows", "figures"]

_SIDE_BY_SIDE: Mapping[Kind, int] = {"rows": 2, "figures": 1}
"""New rows don't wait for figures: while one is read for, another is made into a page."""
_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, Mapping[Kind, asyncio.Semaphore]] = WeakKeyDictionary()


def in_turn(kind: Kind) -> asyncio.Semaphore:
    """To be held while such a part is made: `async with in_turn("rows")`."""
    loop = asyncio.get_running_loop()
    if loop not in _TURNS:
        _TURNS[loop] = {each: asyncio.Semaphore(many) for each, many in _SIDE_BY_SIDE.items()}
    return _TURNS[loop][kind]
