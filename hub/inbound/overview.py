"""Overview: channels with their health, and raw events without their content, as IT sees them.

Figures are of what waits or went wrong, counted through partial indexes: of what went well there is no end.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, bindparam, func, literal_column, select

from hub import clock
from hub.channels.channel import Channel
from hub.inbound.raw_event import RawEvent
from hub.inbox.delivery import UNSETTLED, WENT_WRONG, Delivery, is_one_of
from hub.inbox.queries import shown, shown_id
from hub.storage import keyset
from hub.storage.unit import Unit

_NEWEST_FIRST = keyset.Order((RawEvent.id,), newest_first=True)


def _said(state: str) -> ColumnElement[str]:
    """Written into the statement: a partial index isn't used for a value that is only known later."""
    return literal_column(f"'{state}'")


_OF_STATE = {state: RawEvent.state == _said(state) for state in ("new", "read", "quarantined", "erased")}
_OF_CHANNEL = RawEvent.channel_id == bindparam("channel_id")


class ChannelLine(Struct, frozen=True):
    """A channel's health. Figures by state, of this person's municipalities; `paused_why` null: it runs.

    `trouble`: why it can't, though it should.
    """

    id: str
    kind: str
    name: str
    municipality_id: str | None
    sends_by_id: str | None
    paused_why: str | None
    trouble: str | None
    last_contact_at: datetime | None
    raw_events: Mapping[str, int]
    deliveries: Mapping[str, int]


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


MayRun = Callable[[int | None], bool]
"""Whether somebody runs the channels of a municipality; None: those that are shared."""


class Wanted(Struct, frozen=True):
    """A list of raw events as it was asked for."""

    state: str | None
    channel_id: int | None
    after: str | None
    limit: int


def channels(unit: Unit, may_run: MayRun, channel_id: int | None = None) -> list[ChannelLine]:
    """Those that `may_run` says yes to, by the municipality they belong to; or the one asked for.

    Of a shared one what it has of the municipalities that `may_run` says yes to.
    """
    query = select(Channel).order_by(Channel.id)
    rows = unit.all(query if channel_id is None else query.where(Channel.id == channel_id))
    raw_events, deliveries = _raw_events_by_channel(unit, may_run), _deliveries_by_channel(unit, may_run)
    return [
        ChannelLine(
            id=str(row.id),
            kind=row.kind,
            name=row.name,
            municipality_id=shown_id(row.home_id),
            sends_by_id=shown_id(row.sends_by_id),
            paused_why=row.paused_why,
            trouble=row.trouble,
            last_contact_at=shown(row.last_contact_at),
            raw_events={state: raw_events[row.id, state] for state in ("new", "quarantined")},
            deliveries={state: deliveries[row.id, state] for state in (*UNSETTLED, *WENT_WRONG)},
        )
        for row in rows
        if may_run(row.home_id)
    ]


def raw_events(unit: Unit, municipalities: Sequence[int], wanted: Wanted) -> tuple[Sequence[RawEventLine], str | None]:
    """Newest first, of these municipalities. What nobody's municipality is known of yet, the command line shows."""
    where = (
        *((_OF_STATE[wanted.state],) if wanted.state else ()),
        *((_OF_CHANNEL,) if wanted.channel_id is not None else ()),
    )
    values = {} if wanted.channel_id is None else {"channel_id": wanted.channel_id}
    narrowed = keyset.Wanted(where, _anything, values, municipalities)
    keys, further = keyset.page(unit, _NEWEST_FIRST, narrowed, wanted.after, wanted.limit)
    ids = [each for (each,) in keys]
    found = unit.all(select(RawEvent).where(RawEvent.id.in_(ids)).order_by(RawEvent.id.desc())) if ids else ()
    return [raw_event_line(row) for row in found], further


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


def _raw_events_by_channel(unit: Unit, may_run: MayRun) -> Mapping[tuple[int, str], int]:
    """The table isn't filtered by the ORM, so its municipalities are sorted out here: as a condition they would draw
    SQLite to the index over all of a municipality's."""
    found: dict[tuple[int, str], int] = defaultdict(int)
    for state in ("new", "quarantined"):
        query = (
            select(RawEvent.channel_id, RawEvent.municipality_id, func.count())
            .where(_OF_STATE[state])
            .group_by(RawEvent.channel_id, RawEvent.municipality_id)
        )
        for channel_id, municipality_id, count in unit.rows(query):
            if municipality_id is not None and may_run(municipality_id):
                found[channel_id, state] += count
    return found


def _deliveries_by_channel(unit: Unit, may_run: MayRun) -> Mapping[tuple[int, str], int]:
    """An answer that was undone failed at nothing. Municipalities are sorted out here, as above."""
    found: dict[tuple[int, str], int] = defaultdict(int)
    for states in (UNSETTLED, WENT_WRONG):
        query = (
            select(Delivery.channel_id, Delivery.state, Delivery.municipality_id, func.count())
            .where(is_one_of(states), Delivery.reason.is_distinct_from("undone"))
            .group_by(Delivery.channel_id, Delivery.state, Delivery.municipality_id)
            .execution_options(in_scope_already=True)
        )
        for channel_id, state, municipality_id, count in unit.rows(query):
            if may_run(municipality_id):
                found[channel_id, state] += count
    return found
