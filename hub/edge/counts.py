"""Counts of the rail: asked by every page and every listener, so counted once a second for each person.

What a person has just done themselves shows at once: `forget` drops what was kept for them, in this process.
"""

from functools import partial

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.edge.kept import Kept
from hub.inbox import desk_list
from hub.inbox.desk_list import Counts
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

KEPT = clock.SECOND
_COUNTS: Kept[Actor, Counts] = Kept(KEPT)


async def counts(storage: Storage, actor: Actor) -> Counts:
    """What this person may open of what is open, as it was counted at most a second ago or later."""
    return await _COUNTS.ask(storage, actor, partial(storage.read, Scope.of(actor), count, actor))


def forget(storage: Storage, actor: Actor) -> None:
    """Of this person, who has changed something: counted anew when they are asked for next."""
    _COUNTS.forget(storage, actor)


def count(unit: Unit, actor: Actor) -> Counts:
    """The same, counted now."""
    return desk_list.counts(unit, policy.within(actor), actor.id)
