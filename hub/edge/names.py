"""Names of a centre's municipalities, queues and topics: asked by every page, so read once in two seconds for each."""

from weakref import WeakKeyDictionary

from hub import clock
from hub.edge import looking
from hub.edge.desk import Desk
from hub.inbox.names import Names
from hub.storage.unit import Storage

KEPT = 2 * clock.SECOND
_KNOWN: WeakKeyDictionary[Storage, dict[tuple[int, ...], tuple[int, Names]]] = WeakKeyDictionary()


async def names(desk: Desk) -> Names:
    """Of the actor's scope. The same object for as long as nothing is renamed: what was made of it may be kept by it."""
    known = _KNOWN.setdefault(desk.storage, {})
    scope = tuple(sorted(desk.actor.municipality_ids))
    until, before = known.get(scope, (0, None))
    if before is not None and clock.now() < until:
        return before
    found = await desk.read(looking.centre)
    if before == found:
        found = before
    known[scope] = (clock.now() + KEPT, found)
    return found
