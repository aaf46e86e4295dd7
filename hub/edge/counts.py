"""Counts of the rail: asked by every page and every listener, so counted once a second for each person.

What a person has just done themselves shows at once: `forget` drops what was kept for them, in this process.
"""

import asyncio
from collections import OrderedDict
from functools import partial
from weakref import WeakKeyDictionary

from msgspec import Struct

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.inbox import desk_list
from hub.inbox.desk_list import Counts
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

KEPT = clock.SECOND
_MOST_KEPT = 1_000


class _Kept(Struct, eq=False):
    """Of one person, as this actor. Whoever asks before `until` waits for the same counting."""

    actor: Actor
    counted: asyncio.Future[Counts]
    until: int


_KNOWN: WeakKeyDictionary[Storage, OrderedDict[int, _Kept]] = WeakKeyDictionary()


async def counts(storage: Storage, actor: Actor) -> Counts:
    """What this person may open of what is open, as it was counted at most a second ago or later."""
    known = _KNOWN.setdefault(storage, OrderedDict())
    there = known.get(actor.id)
    now = clock.now()
    if there is None or there.actor != actor or there.until <= now:
        counting = asyncio.ensure_future(storage.read(Scope.of(actor), count, actor))
        there = known[actor.id] = _Kept(actor, counting, now + KEPT)
        counting.add_done_callback(partial(_counted, there))
        known.move_to_end(actor.id)
        if len(known) > _MOST_KEPT:
            known.popitem(last=False)
    return await asyncio.shield(there.counted)


def _counted(kept: _Kept, counted: asyncio.Future[Counts]) -> None:
    """What went wrong is told to who waits, and tried anew for the next."""
    if counted.cancelled() or counted.exception() is not None:
        kept.until = 0


def forget(storage: Storage, person_id: int) -> None:
    """Of this person, who has changed something: counted anew when they are asked for next."""
    _KNOWN.get(storage, OrderedDict()).pop(person_id, None)


def count(unit: Unit, actor: Actor) -> Counts:
    """The same, counted now."""
    return desk_list.counts(unit, policy.within(actor), actor.id)
