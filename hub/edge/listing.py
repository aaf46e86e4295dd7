"""Listing: a page of a list as the desk shows it. Lines of conversations that didn't change are remembered.

What a list costs is its lines, and most of them are as they were a moment ago: of those only what may differ without a
new version is read again. Whose ids these are the list itself decides, anew each time.
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from weakref import WeakKeyDictionary

from msgspec import Struct
from msgspec.structs import replace

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.edge.desk import Desk
from hub.inbox import chat, desk_list, queries
from hub.inbox.desk_list import DeskLine, MaskedLine, Stamp
from hub.inbox.queries import Filter
from hub.storage.unit import Storage, Unit

KEPT = 30 * clock.SECOND
"""A citizen, colleague or topic with a new name, a mail that was read again: so long their lines may say the old."""
_MOST = 5_000
_UNKNOWN = (0, 0, None)


class Lines:
    """Of one storage, by conversation and version, with when its citizen had the last word; the oldest are dropped."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], tuple[int, int, DeskLine]] = OrderedDict()

    def get(self, stamp: Stamp, now: int) -> DeskLine | None:
        """As its reader sees it now."""
        until, wrote, line = self._known.get((stamp.id, stamp.version), _UNKNOWN)
        if line is None or until < now:
            return None
        unread = (stamp.opened_at or 0) < wrote
        return (
            line
            if (line.unread, line.draft) == (unread, stamp.draft)
            else replace(line, unread=unread, draft=stamp.draft)
        )

    def put(self, lines: Sequence[DeskLine]) -> None:
        """From now on."""
        until = clock.now() + KEPT
        for line in lines:
            newest = line.newest
            wrote = clock.from_datetime(newest.recorded_at) if newest and newest.by == "citizen" else 0
            self._known[int(line.conversation.id), line.conversation.version] = (until, wrote, line)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)


_KNOWN: WeakKeyDictionary[Storage, Lines] = WeakKeyDictionary()


async def page_of(
    desk: Desk, filtered: Filter, after: str | None, limit: int
) -> tuple[Sequence[DeskLine | MaskedLine], str | None]:
    """`whole_list` with what this process remembers."""
    return await desk.read(whole_list, filtered, after, limit, _KNOWN.setdefault(desk.storage, Lines()))


async def changed(
    desk: Desk, filtered: Filter | None, shown: Sequence[int], ids: Sequence[int], said: Sequence[int]
) -> "News":
    """`news` with what this process remembers."""
    return await desk.read(news, filtered, shown, ids, said, _KNOWN.setdefault(desk.storage, Lines()))


async def belonging(desk: Desk, filtered: Filter, ids: Sequence[int]) -> Sequence[int]:
    """Which of these conversations the list shows, on whatever page of it."""
    return await desk.read(_belonging, filtered, ids)


def _belonging(unit: Unit, actor: Actor, filtered: Filter, ids: Sequence[int]) -> Sequence[int]:
    return queries.those_in(unit, policy.visible(actor), filtered, ids)


class News(Struct, frozen=True):
    """What changed, for a page to put where it belongs.

    `inside`: what its list shows, in the list's order; `outside`: rows that it has, that its list wouldn't show by now
    and that their reader may still know of. `said`: conversations whose chat is the reader's, each with the newest turn
    of the citizen's that the reader hasn't seen.
    """

    inside: Sequence[DeskLine | MaskedLine]
    outside: Sequence[DeskLine | MaskedLine]
    said: Sequence[tuple[DeskLine, int, str]]


def news(
    unit: Unit,
    actor: Actor,
    filtered: Filter | None,
    shown: Sequence[int],
    ids: Sequence[int],
    said: Sequence[int],
    known: Lines | None = None,
) -> News:
    """`filtered` None: a search, which says of no row where it belongs. Six statements at most, whatever their number.

    No reading: a list shows as much. In a storm all screens ask for the same: what one was told the others are, too.
    """
    there = (*shown, *ids)
    inside = queries.those_in(unit, policy.visible(actor), filtered, there) if there and filtered is not None else ()
    unseen = chat.unseen(unit, actor.id, said)
    wanted = list(dict.fromkeys((*shown, *inside, *unseen)))
    by_id = {
        _id(each): each
        for each in desk_list.mixed_lines_of(unit, partial(policy.shown_as, actor), actor.id, wanted, known)
    }
    told = [(by_id.get(each), *turn) for each, turn in unseen.items()]
    return News(
        inside=[by_id[each] for each in inside if each in by_id],
        outside=[by_id[each] for each in shown if each in by_id and each not in inside],
        said=[(line, entry_id, text) for line, entry_id, text in told if isinstance(line, DeskLine)],
    )


def _id(line: DeskLine | MaskedLine) -> int:
    return int(line.id if isinstance(line, MaskedLine) else line.conversation.id)


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
