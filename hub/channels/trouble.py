"""Trouble: why a channel can't listen, though nobody paused it, as the process says that tries.

Of several processes on one port one listens, and the channel works. So whoever listens says so in `lease_until`, again
and again, and takes that back when it ends; while it holds, what the others run into is no trouble of the channel's.
"""

from hub import clock
from hub.channels.channel import Channel
from hub.storage.unit import Happening, Unit

SAY_AGAIN = 10.0
"""Seconds between two words of who listens."""
HOLDS = 25 * clock.SECOND
"""How long a word is believed of a process that died without another."""


def is_listening(channel: Channel) -> bool:
    """Some process said so lately."""
    return (channel.lease_until or 0) >= clock.now()


def says_it_listens(unit: Unit, channel_id: int, until: int) -> None:
    """Until the next word. What was in the way isn't any more."""
    channel = unit.lock(Channel, channel_id)
    if channel is not None:
        channel.lease_until = until
        _set(unit, channel, None)


def says_it_ended(unit: Unit, channel_id: int, until: int) -> None:
    """Takes its own last word back, named by its time: another process may listen by now."""
    channel = unit.lock(Channel, channel_id)
    if channel is not None and channel.lease_until == until:
        channel.lease_until = None
        unit.note(Happening("channel_changed", channel.id, channel.home_id))


def note_trouble(unit: Unit, channel_id: int, why: str) -> None:
    """`why` is for a person of IT. Nothing, while another process listens."""
    channel = unit.lock(Channel, channel_id)
    if channel is not None and not is_listening(channel):
        _set(unit, channel, why)


def _set(unit: Unit, channel: Channel, why: str | None) -> None:
    if channel.trouble != why:
        channel.trouble = why
        unit.note(Happening("channel_changed", channel.id, channel.home_id))
