"""Names of a centre's municipalities, queues and topics: asked by every page, so read once in two seconds for each."""

from itertools import count
from weakref import WeakKeyDictionary

from hub import clock
from hub.edge import looking
from hub.edge.desk import Desk
from hub.inbox.names import Names
from hub.storage.unit import Storage

KEPT = 2 * clock.SECOND
_SERIALS = count(1)
_KNOWN: WeakKeyDictionary[Storage, dict[tuple[int, ...], tuple[int, int, Names]]] = WeakKeyDictionary()


async def names(desk: Desk) -> tuple[int, Names]:
    """Of the actor's scope, with a number of their own: what was made of them may be kept by it."""
    known = _KNOWN.setdefault(desk.storage, {})
    scope = tuple(sorted(desk.actor.municipality_ids))
    until, serial, before = known.get(scope, (0, 0, None))
    if before is not None and clock.now() < until:
        return serial, before
    found = await desk.read(looking.centre)
    if before is None or before != found:
        serial, before = next(_SERIALS), found
    known[scope] = (clock.now() + KEPT, serial, before)
    return serial, before
