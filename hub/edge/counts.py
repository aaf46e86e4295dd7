"""Counts of the rail: asked by every page and every listener, so counted once a second for each person.

What a person has just done themselves shows at once: `forget` drops what was kept for them, in this process.
"""

from collections import OrderedDict
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
    """Of one person, as this actor. `counts` None: being counted."""

    actor: Actor
    until: int = 0
    counts: Counts | None = None


_KNOWN: WeakKeyDictionary[Storage, OrderedDict[int, _Kept]] = WeakKeyDictionary()


async def counts(storage: Storage, actor: Actor) -> Counts:
    """What this person may open of what is open, at most a second old."""
    known = _KNOWN.setdefault(storage, OrderedDict())
    there = known.get(actor.id)
    if there is not None and there.counts is not None and there.actor == actor and clock.now() < there.until:
        return there.counts
    mine = known[actor.id] = _Kept(actor)
    known.move_to_end(actor.id)
    if len(known) > _MOST_KEPT:
        known.popitem(last=False)
    found = await storage.read(Scope.of(actor), count, actor)
    # Forgotten meanwhile, it isn't found again: it may have been counted before what its person did.
    mine.until, mine.counts = clock.now() + KEPT, found
    return found


def forget(storage: Storage, person_id: int) -> None:
    """Of this person, who has changed something: counted anew when they are asked for next."""
    _KNOWN.get(storage, OrderedDict()).pop(person_id, None)


def count(unit: Unit, actor: Actor) -> Counts:
    """The same, counted now."""
    return desk_list.counts(unit, policy.within(actor), actor.id)
