"""Pace: a channel that may send so many mails a minute sends one at a time, evenly, whichever process does it.

Whose turn it is stands in the channel's row, which is locked for the unit that leases: two processes take two turns.
"""

from collections.abc import Sequence

from sqlalchemy import select

from hub import clock
from hub.channels.channel import Channel
from hub.storage.unit import Unit

_MINUTE = 60 * clock.SECOND


def paced(unit: Unit) -> Sequence[tuple[int, int]]:
    """Channels that have a pace, and when the next mail may leave by each."""
    query = select(Channel.id, Channel.next_send_at).where(Channel.per_minute.is_not(None))
    return [(row.id, row.next_send_at or 0) for row in unit.rows(query.order_by(Channel.id))]


def their_turn(unit: Unit, busy: Sequence[int]) -> Sequence[Channel]:
    """Those by which one may leave now, ours until the unit ends."""
    query = select(Channel).where(
        Channel.per_minute.is_not(None),
        (Channel.next_send_at.is_(None)) | (Channel.next_send_at <= clock.now()),
        Channel.paused_why.is_(None),
        Channel.id.not_in(busy),
    )
    return unit.all(query.order_by(Channel.id).with_for_update(skip_locked=True))


def took_a_turn(channel: Channel) -> None:
    """The next one may leave when its part of a minute is over."""
    channel.next_send_at = clock.now() + _MINUTE // max(1, channel.per_minute or 1)
