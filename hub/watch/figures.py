"""Figures: what is counted of channels: what waits, what went wrong, what came by the hour.

Of what waits or went wrong, through partial indexes: of what went well there is no end, so that is counted as it comes.
A shared channel's are those of all whom it works for, and of what is nobody's yet: asked in the scope of all of them,
for whoever sees the channel. Else what was set aside before it was known whose it is would be told to nobody.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Integer, and_, func, literal_column, or_, select

from hub import clock
from hub.channels.hourly import ChannelHour, hour_of
from hub.inbound.raw_event import RawEvent
from hub.inbox.delivery import UNSETTLED, WENT_WRONG, Delivery, is_one_of
from hub.inbox.entry import FOUND, WAITS, Attachment, Entry
from hub.storage.unit import Unit
from hub.watch.trouble import FOUND_LATELY, TRIES, UNSCANNED_AFTER, UNSENT_AFTER, Facts

_WAITING = ("new", "quarantined")


class Hours(Struct, frozen=True):
    """By hour since 1970. `lag`: microseconds, of what was read last."""

    came: Mapping[int, int]
    gone: Mapping[int, int]
    lag: int | None


def facts(unit: Unit) -> Callable[[int], Facts]:
    """Of a channel, by its id."""
    raw, since = _raw_events(unit)
    deliveries, unsent, stubborn = _deliveries(unit)
    files = _files(unit)

    def of(channel_id: int) -> Facts:
        return Facts(
            raw_events={state: raw[channel_id, state] for state in _WAITING},
            deliveries={state: deliveries[channel_id, state] for state in (*UNSETTLED, *WENT_WRONG)},
            unread_since=since.get(channel_id),
            unsent=unsent[channel_id],
            stubborn=stubborn[channel_id],
            unscanned=files[channel_id, WAITS],
            found=files[channel_id, FOUND],
        )

    return of


def brought(unit: Unit, channel_ids: Sequence[int]) -> Mapping[int, int]:
    """How many came by each of these channels in the last weeks: while one is joined, what of it is done."""
    query = select(ChannelHour.channel_id, func.sum(ChannelHour.came)).group_by(ChannelHour.channel_id)
    return dict(unit.rows(query.where(ChannelHour.channel_id.in_(channel_ids)))) if channel_ids else {}


def hours(unit: Unit, channel_ids: Sequence[int], first: int) -> Mapping[int, Hours]:
    """Of each of these channels since the hour `first`, as far as there was anything."""
    came: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    gone: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    lags: dict[int, tuple[int, int]] = {}
    query = select(
        ChannelHour.channel_id, ChannelHour.hour, ChannelHour.came, ChannelHour.gone, ChannelHour.lag
    ).where(ChannelHour.channel_id.in_(channel_ids), ChannelHour.hour >= first)  # fmt: skip
    for channel_id, hour, arrived, left, lag in unit.rows(query) if channel_ids else ():
        came[channel_id][hour] += arrived
        gone[channel_id][hour] += left
        if lag is not None:
            lags[channel_id] = max(lags.get(channel_id, (0, 0)), (hour, lag))
    return {each: Hours(dict(came[each]), dict(gone[each]), lags.get(each, (0, None))[1]) for each in channel_ids}


def last_hours(unit: Unit, channel_ids: Sequence[int]) -> Mapping[int, int]:
    """The newest hour in which anything came by each."""
    query = (
        select(ChannelHour.channel_id, func.max(ChannelHour.hour))
        .where(ChannelHour.channel_id.in_(channel_ids), ChannelHour.came > 0)
        .group_by(ChannelHour.channel_id)
    )
    return dict(unit.rows(query)) if channel_ids else {}


def present_hour() -> int:
    return hour_of(clock.now())


def _said(state: str) -> ColumnElement[str]:
    """Written into the statement: a partial index isn't used for a value that is only known later."""
    return literal_column(f"'{state}'")


def _raw_events(unit: Unit) -> tuple[Mapping[tuple[int, str], int], Mapping[int, int]]:
    """By channel and state; and when the oldest unread one of each channel came."""
    found: dict[tuple[int, str], int] = defaultdict(int)
    oldest: dict[int, int] = {}
    for state in _WAITING:
        query = (
            select(RawEvent.channel_id, func.count(), func.min(RawEvent.received_at))
            .where(RawEvent.state == _said(state))
            .group_by(RawEvent.channel_id)
        )
        for channel_id, count, since in unit.rows(query):
            found[channel_id, state] = count
            if state == "new":
                oldest[channel_id] = since
    return found, oldest


def _files(unit: Unit) -> Mapping[tuple[int, str], int]:
    """By channel and state: those that have waited for the virus scanner too long, and what it found lately."""
    now = clock.now()
    waits = and_(Attachment.scan == WAITS, Entry.recorded_at < now - UNSCANNED_AFTER)
    lately = and_(Attachment.scan == FOUND, Attachment.scan_at >= now - FOUND_LATELY)
    query = (
        select(Entry.channel_id, Attachment.scan, func.count())
        .join(Entry, (Entry.municipality_id == Attachment.municipality_id) & (Entry.id == Attachment.entry_id))
        .where(Attachment.scan.is_not(None), or_(waits, lately))
        .group_by(Entry.channel_id, Attachment.scan)
    )
    found: dict[tuple[int, str], int] = defaultdict(int)
    for channel_id, state, number in unit.rows(query):
        found[channel_id, state] = number
    return found


def _deliveries(unit: Unit) -> tuple[Mapping[tuple[int, str], int], dict[int, int], dict[int, int]]:
    """By channel and state; of each channel, how many nobody tries, and how many a server refuses for now.

    An answer that was undone failed at nothing.
    """
    found: dict[tuple[int, str], int] = defaultdict(int)
    unsent: dict[int, int] = defaultdict(int)
    stubborn: dict[int, int] = defaultdict(int)
    overdue = clock.now() - UNSENT_AFTER
    for states in (UNSETTLED, WENT_WRONG):
        of: tuple[Any, ...] = (Delivery.channel_id, Delivery.state)
        query = (
            select(
                *of,
                func.count(),
                func.sum((Delivery.not_before < overdue).cast(Integer)),
                func.sum((Delivery.attempt >= TRIES).cast(Integer)),
            )
            .where(is_one_of(states), Delivery.reason.is_distinct_from("undone"))
            .group_by(*of)
        )
        for channel_id, state, count, late, tried in unit.rows(query):
            found[channel_id, state] = count
            unsent[channel_id] += late if state in {"queued", "deferred"} else 0
            stubborn[channel_id] += tried if state == "deferred" else 0
    return found, unsent, stubborn
