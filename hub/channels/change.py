"""Change: what a channel is called, by which one answers to what it brings leave, and how they do."""

from hub.channels.channel import Channel
from hub.storage.unit import Happening, Unit


def change(
    unit: Unit,
    channel: Channel,
    name: str | None,
    sends_by_id: int | None,
    *,
    per_minute: int | None = None,
    keeps_sent: bool | None = None,
) -> None:
    """From the next answer on; None leaves it as it is. A delivery keeps the channel that it was written for.

    `per_minute` 0: as many as there are.
    """
    if per_minute is not None:
        channel.per_minute, channel.next_send_at = per_minute or None, None
    if keeps_sent is not None:
        channel.keeps_sent = keeps_sent
    if name is not None:
        channel.name = name
    if sends_by_id is not None:
        channel.sends_by_id = sends_by_id
    unit.note(Happening("channel_changed", channel.id, channel.home_id))
