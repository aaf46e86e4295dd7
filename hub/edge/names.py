"""Names of a centre's municipalities, queues and topics: asked by every page, so read once in two seconds for each.

Whoever asks while they are read waits for the same reading: when many ask at once, that is when it counts.
"""

import asyncio
from itertools import count
from weakref import WeakKeyDictionary

from msgspec import Struct

from hub import clock
from hub.edge import looking
from hub.edge.desk import Desk
from hub.inbox.names import Names
from hub.storage.unit import Storage

KEPT = 2 * clock.SECOND
_SERIALS = count(1)


class _Kept(Struct, eq=False):
    """Of one scope. `reading`: under way; whoever comes meanwhile waits for it."""

    until: int = 0
    serial: int = 0
    names: Names | None = None
    reading: asyncio.Task[tuple[int, Names]] | None = None


_KNOWN: WeakKeyDictionary[Storage, dict[tuple[int, ...], _Kept]] = WeakKeyDictionary()


async def names(desk: Desk) -> tuple[int, Names]:
    """Of the actor's scope, with a number of their own: what was made of them may be kept by it."""
    kept = _KNOWN.setdefault(desk.storage, {}).setdefault(tuple(sorted(desk.actor.municipality_ids)), _Kept())
    if kept.names is not None and clock.now() < kept.until:
        return kept.serial, kept.names
    if kept.reading is None or kept.reading.done():
        kept.reading = asyncio.create_task(_read(desk, kept))
    return await asyncio.shield(kept.reading)


async def _read(desk: Desk, kept: _Kept) -> tuple[int, Names]:
    asked = clock.now()
    found = await desk.read(looking.centre)
    if kept.names is None or kept.names != found:
        kept.serial, kept.names = next(_SERIALS), found
    kept.until = asked + KEPT
    return kept.serial, kept.names
