"""Given up: a call of which nothing more is told is ended by the hub, as such, until somebody tells of it again.

Its end was lost on the way, or its exchange was. Who waited in it without an answer is owed a call-back.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.inbound.call_rows import take_calls
from hub.inbound.telling import Telling
from hub.inbox.call import GIVEN_UP, Call, given_up, newest_at
from hub.inbox.entry import Entry
from hub.storage.unit import Unit

SILENT = clock.DAY // 2
"""Nobody talks for so long without anything happening to the call."""
UNANSWERED = clock.DAY // 24
"""Nor rings or waits in a queue for so long, without a word of it."""
_MOST = 200


class Silent(Struct, frozen=True):
    """A call, and when the last thing was told of it."""

    channel_id: int
    name: str
    at: int


def silent(unit: Unit) -> Sequence[Silent]:
    """Those that go on for all we were told; not those that only people tell of."""
    before, waits_before = clock.now() - SILENT, clock.now() - UNANSWERED
    rows = unit.rows(
        select(Entry.channel_id, Entry.item_key, Call.steps, Call.answered_at)
        .join(Entry, (Entry.municipality_id == Call.municipality_id) & (Entry.id == Call.entry_id))
        .where(
            Call.ended_at.is_(None),
            (Call.offered_at < before) | (Call.answered_at.is_(None) & (Call.offered_at < waits_before)),
            Entry.channel_id.is_not(None),
            Entry.item_key.is_not(None),
        )
        .order_by(Call.offered_at)
        .limit(_MOST)
    )
    return [
        Silent(channel_id, name, at)
        for channel_id, name, steps, answered_at in rows
        if (at := newest_at(steps)) < (waits_before if answered_at is None else before)
    ]


def open_names(unit: Unit, channel_id: int) -> Sequence[str]:
    """The exchange's names of a channel's calls that go on, for all it told; the newest."""
    names = unit.all(
        select(Entry.item_key)
        .join(Call, (Entry.municipality_id == Call.municipality_id) & (Entry.id == Call.entry_id))
        .where(Call.ended_at.is_(None), Entry.channel_id == channel_id)
        .order_by(Call.offered_at.desc())
        .limit(_MOST)
    )
    return [name for name in names if name is not None]


def give_up(unit: Unit) -> int:
    """Ends them; how many."""
    return take_calls(
        unit,
        [
            Telling(
                raw_ids=frozenset(),
                channel_id=each.channel_id,
                exchange_id=each.channel_id,
                name=each.name,
                source=GIVEN_UP,
                seen=1,
                steps=[given_up(each.name, each.at)],
                place=None,
                routed=False,
            )
            for each in silent(unit)
        ],
        None,
    )
