"""Hourly: how much came and went by a channel, an hour each; what is usual is read off it (hub/watch/usual.py).

Counted in the transaction that keeps what came, so it says neither more nor less than the raw events, and stays when
those are erased.
"""

from collections.abc import Mapping

from sqlalchemy import ForeignKey, UniqueConstraint, delete, update
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.storage.base import Row
from hub.storage.ids import new_id
from hub.storage.unit import Unit

HOUR = 3600 * clock.SECOND
KEPT = 10 * 7 * 24
"""Hours that rows stay."""


class ChannelHour(Row):
    """`hour`: since 1970, UTC; `municipality_id` null: not known when it came. `gone`: deliveries that were taken.

    `lag`: microseconds from coming to standing in the inbox, of what was read last of that hour.
    """

    __tablename__ = "channel_hour"
    __table_args__ = (UniqueConstraint("channel_id", "hour", "municipality_id", postgresql_nulls_not_distinct=True),)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipality.id"))
    hour: Mapped[int]
    came: Mapped[int] = mapped_column(default=0)
    gone: Mapped[int] = mapped_column(default=0)
    lag: Mapped[int | None]


def hour_of(at: int) -> int:
    return at // HOUR


def count_came(unit: Unit, numbers: Mapping[tuple[int, int | None], int]) -> None:
    """Of channels and municipalities, in this hour."""
    for (channel_id, municipality_id), number in sorted(
        numbers.items(), key=lambda each: (each[0][0], each[0][1] or 0)
    ):
        _add(unit, channel_id, municipality_id, came=number)


def count_gone(unit: Unit, channel_id: int, municipality_id: int) -> None:
    """One delivery that the other side took."""
    _add(unit, channel_id, municipality_id, gone=1)


def note_read(unit: Unit, oldest: Mapping[tuple[int, int], int]) -> None:
    """What stands in the inbox now: channel and hour that it came in -> when the oldest of it came."""
    for (channel_id, hour), received_at in sorted(oldest.items()):
        unit.change(
            update(ChannelHour)
            .where(ChannelHour.channel_id == channel_id, ChannelHour.hour == hour)
            .values(lag=max(0, clock.now() - received_at))
        )


def forget_old(unit: Unit) -> None:
    """What is older than is ever looked at."""
    unit.change(delete(ChannelHour).where(ChannelHour.hour < hour_of(clock.now()) - KEPT))


def _add(unit: Unit, channel_id: int, municipality_id: int | None, came: int = 0, gone: int = 0) -> None:
    hour = hour_of(clock.now())
    of = (
        ChannelHour.channel_id == channel_id,
        ChannelHour.hour == hour,
        ChannelHour.municipality_id.is_not_distinct_from(municipality_id),
    )
    more = update(ChannelHour).where(*of).values(came=ChannelHour.came + came, gone=ChannelHour.gone + gone)
    if unit.change(more):
        return
    row = {
        "id": new_id(), "channel_id": channel_id, "municipality_id": municipality_id, "hour": hour,
        "came": came, "gone": gone, "lag": None,
    }  # fmt: skip
    if not unit.insert_new(ChannelHour, [row], ("channel_id", "hour", "municipality_id")):
        unit.change(more)  # another process was quicker
