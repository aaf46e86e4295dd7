"""Listing: a page of a list as the desk shows it. Lines of conversations that didn't change are remembered.

What a list costs is its lines, and most of them are as they were a moment ago: of those only what may differ without a
new version is read again. Whose ids these are the list itself decides, anew each time.
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.edge.desk import Desk
from hub.inbox import desk_list, queries
from hub.inbox.desk_list import DeskLine, MaskedLine, Stamp
from hub.inbox.queries import Filter
from hub.storage.unit import Storage, Unit

KEPT = 30 * clock.SECOND
"""A citizen, colleague or topic with a new name, a mail that was read again: so long their lines may say the old."""
_MOST = 5_000


class Lines:
    """Of one storage, by conversation and version; the oldest are dropped first."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], tuple[int, DeskLine]] = OrderedDict()

    def get(self, stamp: Stamp) -> DeskLine | None:
        """As its reader sees it now."""
        until, line = self._known.get((stamp.id, stamp.version), (0, None))
        if line is None or until < clock.now():
            return None
        newest = line.newest
        unread = newest is not None and newest.by == "citizen" and (stamp.opened_at or 0) < _micros(newest.recorded_at)
        return (
            line
            if (line.unread, line.draft) == (unread, stamp.draft)
            else replace(line, unread=unread, draft=stamp.draft)
        )

    def put(self, lines: Sequence[DeskLine]) -> None:
        """From now on."""
        until = clock.now() + KEPT
        for line in lines:
            self._known[int(line.conversation.id), line.conversation.version] = (until, line)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)


_KNOWN: WeakKeyDictionary[Storage, Lines] = WeakKeyDictionary()
_micros = clock.from_datetime


async def page_of(
    desk: Desk, filtered: Filter, after: str | None, limit: int
) -> tuple[Sequence[DeskLine | MaskedLine], str | None]:
    """`whole_list` with what this process remembers."""
    return await desk.read(whole_list, filtered, after, limit, _KNOWN.setdefault(desk.storage, Lines()))


def whole_list(
    unit: Unit, actor: Actor, filtered: Filter, after: str | None, limit: int, known: Lines | None = None
) -> tuple[Sequence[DeskLine | MaskedLine], str | None]:
    """A page, and the cursor of the next one or None; the confidential ones of others masked, in their place.

    They stand only in lists of what may be known of them: in one of a citizen's, or of a channel's, that they are there
    would tell whose or what they are.
    """
    tells_nothing = replace(filtered, municipality_id=None, queue_id=None, overdue=False) == Filter()
    within = policy.known(actor) if tells_nothing else policy.within(actor)
    ids, further = queries.ids_of(unit, within, filtered, after, limit)
    # PostgreSQL's second statement sees what was limited since the first: then it isn't shown.
    return desk_list.mixed_lines_of(unit, partial(policy.shown_as, actor), actor.id, ids, known), further
