"""Names of a centre's municipalities, queues and topics: asked by every page, so read once in two seconds for each."""

from functools import partial
from itertools import count
from weakref import WeakKeyDictionary

from hub import clock
from hub.edge import looking
from hub.edge.desk import Desk
from hub.edge.kept import Kept
from hub.inbox.names import Names
from hub.storage.unit import Storage

KEPT = 2 * clock.SECOND
_SERIALS = count(1)
_READ: Kept[tuple[int, ...], Names] = Kept(KEPT)
_NUMBERED: WeakKeyDictionary[Storage, dict[tuple[int, ...], tuple[int, Names]]] = WeakKeyDictionary()


async def names(desk: Desk) -> tuple[int, Names]:
    """Of the actor's scope, with a number of their own: what was made of them may be kept by it."""
    scope = tuple(sorted(desk.actor.municipality_ids))
    found = await _READ.ask(desk.storage, scope, partial(desk.read, looking.centre))
    numbered = _NUMBERED.setdefault(desk.storage, {})
    serial, known = numbered.get(scope, (0, None))
    if known is found:
        return serial, found
    numbered[scope] = (serial, found) if known == found else (next(_SERIALS), found)
    return numbered[scope]
