"""Pause: a channel stands still until somebody resumes it, and says why."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from hub.channels import port, source
from hub.channels.channel import Channel
from hub.channels.lease import just_ended
from hub.errors import NotFound
from hub.plugin_host.registry import Registry
from hub.storage.unit import Happening, Unit


def pause(unit: Unit, channel_id: int, why: str, *, by_person: bool = False) -> Channel:
    """`why` is for a person of IT, who is told when it was nobody's doing. Raises NotFound."""
    channel = _channel(unit, channel_id)
    channel.paused_why, channel.paused_itself, channel.trouble = why, not by_person, None
    unit.note(Happening("channel_changed", channel.id, channel.home_id))
    return channel


def resume(unit: Unit, registry: Registry, channel_id: int, may_know: Callable[[int | None], bool]) -> Channel:
    """Runs again at once. Raises NotFound, and Conflict when another has its port or fetches its mail by now."""
    channel = _channel(unit, channel_id)
    port.require_still_free(unit, registry, channel, may_know)
    source.require_still_unfetched(unit, registry, channel, may_know)
    channel.paused_why, channel.paused_itself, channel.lease_until = None, False, just_ended()
    unit.note(Happening("channel_changed", channel.id, channel.home_id))
    return channel


def standing(unit: Unit) -> dict[int, tuple[int | None, Any]]:
    """Every channel by its id: its home, and what there is to be seen of it change."""
    query = select(Channel.id, Channel.home_id, Channel.name, Channel.paused_why, Channel.trouble, Channel.config)
    return {row_id: (home_id, seen) for row_id, home_id, *seen in unit.rows(query)}


def _channel(unit: Unit, channel_id: int) -> Channel:
    channel = unit.lock(Channel, channel_id)
    if channel is None:
        raise NotFound(f"There is no channel {channel_id}.")
    return channel
