"""Counts of the rail: asked by every page and every listener, so counted once a second for each person."""

from collections import OrderedDict
from weakref import WeakKeyDictionary

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.edge.desk import Desk
from hub.inbox import desk_list
from hub.inbox.desk_list import Counts
from hub.storage.unit import Storage, Unit

KEPT = clock.SECOND
_MOST_KEPT = 1_000
_KNOWN: WeakKeyDictionary[Storage, OrderedDict[Actor, tuple[int, Counts]]] = WeakKeyDictionary()


async def counts(desk: Desk) -> Counts:
    """What this person may open of what is open, at most a second old."""
    known = _KNOWN.setdefault(desk.storage, OrderedDict())
    until, found = known.get(desk.actor, (0, None))
    if found is not None and clock.now() < until:
        return found
    found = await desk.read(count)
    known[desk.actor] = (clock.now() + KEPT, found)
    known.move_to_end(desk.actor)
    if len(known) > _MOST_KEPT:
        known.popitem(last=False)
    return found


def count(unit: Unit, actor: Actor) -> Counts:
    """The same, counted now."""
    return desk_list.counts(unit, policy.within(actor), actor.id)
