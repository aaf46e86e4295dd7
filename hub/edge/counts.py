"""Counts of the rail: asked by every page and every listener, so counted once a second for all who may see the same.

What a person has just done themselves shows at once, in this process.
"""

from functools import partial

from msgspec.structs import replace

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.edge.kept import Kept, changed_by
from hub.inbox import desk_list
from hub.inbox.desk_list import Counts
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

KEPT = clock.SECOND
_OPEN: Kept[policy.Sight, Counts] = Kept(KEPT)
_MINE: Kept[int, int] = Kept(KEPT)


async def counts(storage: Storage, actor: Actor) -> Counts:
    """What this person may open of what is open, as it was counted at most a second ago or later."""
    scope, changed = Scope.of(actor), changed_by(storage, actor.id)
    there = await _OPEN.ask(storage, policy.sight(actor), partial(storage.read, scope, _open, actor), changed)
    mine = await _MINE.ask(storage, actor.id, partial(storage.read, scope, _mine, actor), changed)
    return replace(there, mine=mine)


def count(unit: Unit, actor: Actor) -> Counts:
    """The same, counted now."""
    return replace(_open(unit, actor), mine=_mine(unit, actor))


def _open(unit: Unit, actor: Actor) -> Counts:
    return desk_list.counts(unit, policy.within(actor))


def _mine(unit: Unit, actor: Actor) -> int:
    return desk_list.count_mine(unit, policy.within(actor), actor.id)
