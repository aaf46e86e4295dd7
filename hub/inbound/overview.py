"""Overview: raw events without their content, as IT sees them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, bindparam, func, literal_column, or_, select

from hub import clock
from hub.inbound.raw_event import RawEvent, message_key, sender_key
from hub.inbox.queries import shown_id
from hub.storage import ids, keyset
from hub.storage.unit import Unit

_NEWEST_FIRST = keyset.Order((RawEvent.id,), newest_first=True)


def _said(state: str) -> ColumnElement[str]:
    """Written into the statement: a partial index isn't used for a value that is only known later."""
    return literal_column(f"'{state}'")


_OF_STATE = {state: RawEvent.state == _said(state) for state in ("new", "read", "quarantined", "erased")}
_OF_CHANNEL = RawEvent.channel_id == bindparam("channel_id")
_SINCE, _UNTIL = RawEvent.id >= bindparam("first_id"), RawEvent.id < bindparam("last_id")
"""Ids follow time."""
_FOUND = (RawEvent.sender_key == bindparam("sender"), RawEvent.message_key == bindparam("message"))
"""Each goes by an index of its own."""


class RawEventLine(Struct, frozen=True):
    """What came, without what it says. `size` in bytes; `whole_size`: what the source had, where it was cut."""

    id: str
    channel_id: str
    municipality_id: str | None
    state: str
    reason: str | None
    media_type: str
    size: int
    whole_size: int | None
    sha256: str
    received_at: datetime
    arrivals: int
    attempts: int
    parser: str | None


class Wanted(Struct, frozen=True):
    """A list of raw events as it was asked for. `find`: a sender's address or a Message-ID, whole.

    `since`, `until`: microseconds; the second isn't in it any more.
    """

    state: str | None
    channel_id: int | None
    after: str | None
    limit: int
    find: str = ""
    since: int | None = None
    until: int | None = None


def raw_events(unit: Unit, municipalities: Sequence[int], wanted: Wanted) -> tuple[Sequence[RawEventLine], str | None]:
    """Newest first, of these municipalities."""
    where = (
        *((_OF_STATE[wanted.state],) if wanted.state else ()),
        *((_OF_CHANNEL,) if wanted.channel_id is not None else ()),
        *((_SINCE,) if wanted.since is not None else ()),
        *((_UNTIL,) if wanted.until is not None else ()),
    )
    values: dict[str, object] = {} if wanted.channel_id is None else {"channel_id": wanted.channel_id}
    values |= {} if wanted.since is None else {"first_id": ids.first_at(wanted.since)}
    values |= {} if wanted.until is None else {"last_id": ids.first_at(wanted.until)}
    apart = None
    if wanted.find:
        values |= {"sender": sender_key(unit.keys, wanted.find), "message": message_key(unit.keys, wanted.find)}
        apart = dict.fromkeys(municipalities, _FOUND)
    narrowed = keyset.Wanted(where, _anything, values, municipalities, apart)
    keys, further = keyset.page(unit, _NEWEST_FIRST, narrowed, wanted.after, wanted.limit)
    wanted_ids = [each for (each,) in keys]
    rows = select(RawEvent).where(RawEvent.id.in_(wanted_ids)).order_by(RawEvent.id.desc())
    found = unit.all(rows) if wanted_ids else ()
    return [raw_event_line(row) for row in found], further


def raw_events_of_nobody(unit: Unit, channel_ids: Sequence[int], wanted: Wanted) -> Sequence[RawEventLine]:
    """Of these channels, what nobody's municipality is known of yet: one more than `wanted`, so that it shows."""
    if not channel_ids:
        return ()
    query = select(RawEvent).where(RawEvent.municipality_id.is_(None), RawEvent.channel_id.in_(channel_ids))
    if wanted.state:
        query = query.where(_OF_STATE[wanted.state])
    if wanted.find:
        sender, message = sender_key(unit.keys, wanted.find), message_key(unit.keys, wanted.find)
        query = query.where(or_(RawEvent.sender_key == sender, RawEvent.message_key == message))
    if wanted.since is not None:
        query = query.where(RawEvent.id >= ids.first_at(wanted.since))
    if wanted.until is not None:
        query = query.where(RawEvent.id < ids.first_at(wanted.until))
    if (edge := keyset.read_cursor(wanted.after, 1)) is not None:
        query = query.where(RawEvent.id < edge[0])
    return [raw_event_line(row) for row in unit.all(query.order_by(RawEvent.id.desc()).limit(wanted.limit + 1))]


def set_aside(unit: Unit) -> Mapping[tuple[int, int | None], int]:
    """How many are quarantined, by channel and municipality; without one: nobody knows yet whose."""
    of = (RawEvent.channel_id, RawEvent.municipality_id)
    rows = unit.rows(select(*of, func.count()).where(_OF_STATE["quarantined"]).group_by(*of))
    return {(channel_id, municipality_id): number for channel_id, municipality_id, number in rows}


def together(
    own: Sequence[RawEventLine], further: str | None, nobodys: Sequence[RawEventLine], limit: int
) -> tuple[Sequence[RawEventLine], str | None]:
    """A page of both lists in their order, and where the next begins."""
    found = sorted((*own, *nobodys), key=lambda each: int(each.id), reverse=True)
    page = found[:limit]
    more = further is not None or len(found) > limit
    return page, keyset.write_cursor((int(page[-1].id),)) if more else None


def raw_event_line(row: RawEvent) -> RawEventLine:
    """Its envelope stays out as well: it names a citizen."""
    return RawEventLine(
        id=str(row.id),
        channel_id=str(row.channel_id),
        municipality_id=shown_id(row.municipality_id),
        state=row.state,
        reason=row.reason,
        media_type=row.media_type,
        size=row.size,
        whole_size=row.whole_size,
        sha256=row.sha256,
        received_at=clock.to_datetime(row.received_at),
        arrivals=row.arrivals,
        attempts=row.attempts,
        parser=row.parser,
    )


_ALL = RawEvent.id.is_not(None)


def _anything(_: int) -> ColumnElement[bool]:
    return _ALL
