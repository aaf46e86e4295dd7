"""Running: channels, raw events and plugins as IT sees and steers them, for every route and page.

Channels are the centre's, so a change of one runs outside any person's scope, after the policy was asked. Quarantine
holds what couldn't be read or placed, nobody's suspicion: to release an event from it is to read it again, as `replay`
does, once the parser, its limits or the channel's addresses are better. What can't be read then stays where it is.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec import Struct
from sqlalchemy import select

from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.channels import pause
from hub.channels.area import area
from hub.channels.channel import Channel
from hub.edge import versions
from hub.edge.desk import Desk
from hub.edge.versions import fingerprint
from hub.errors import NotFound
from hub.inbound import overview
from hub.inbound.overview import ChannelLine, RawEventLine, Wanted
from hub.inbound.raw_event import RawEvent
from hub.inbound.replay import Replayed
from hub.plugin_host.registry import Broken, Loaded, Registry
from hub.storage.scope import Scope
from hub.storage.unit import Unit

CHANNELS = Scope.everything("channel settings")
Replay = Callable[[int], Awaitable[Replayed]]
"""Reads a raw event again, in this process's children: `app.state.replay`."""


class Plugins(Struct, frozen=True):
    """What was loaded, what couldn't be and why, what settings turn off."""

    loaded: Sequence[Loaded]
    broken: Sequence[Broken]
    blocked: Sequence[str]


def channels(unit: Unit, actor: Actor) -> Sequence[ChannelLine]:
    """All that this person runs, with their health."""
    return overview.channels(unit, lambda home: policy.runs_channels(actor, home))


def channel(unit: Unit, actor: Actor, channel_id: int) -> ChannelLine:
    """One of them. Raises NotFound."""
    found = overview.channels(unit, lambda home: policy.runs_channels(actor, home), channel_id)
    if not found:
        raise NotFound("There is no such channel.")
    return found[0]


def channel_version(line: ChannelLine) -> str:
    """What `if_match` is held against when it is paused or resumed."""
    return fingerprint(line.paused_why)


async def channel_to_steer(desk: Desk, channel_id: int) -> ChannelLine:
    """One that this person may pause or resume, before they say why. Raises NotFound, NotAllowed."""
    await desk.storage.read(CHANNELS, _require_steer, desk.actor, channel_id)
    return await desk.read(channel, channel_id)


async def pause_channel(desk: Desk, channel_id: int, why: str, if_match: str | None) -> ChannelLine:
    """It stands still until somebody resumes it. Raises NotFound, NotAllowed, Stale, VersionMissing."""
    await desk.storage.write(CHANNELS, _pause, desk.actor, channel_id, why, if_match)
    return await desk.read(channel, channel_id)


async def resume_channel(desk: Desk, registry: Registry, channel_id: int, if_match: str | None) -> ChannelLine:
    """It runs again at once. Raises those, and Conflict when another channel has its port by now."""
    await desk.storage.write(CHANNELS, _resume, desk.actor, registry, channel_id, if_match)
    return await desk.read(channel, channel_id)


def raw_events(unit: Unit, actor: Actor, wanted: Wanted) -> tuple[Sequence[RawEventLine], str | None]:
    """Newest first, without content; and the cursor of the next page or None."""
    own = [each for each in sorted(actor.municipality_ids) if policy.runs_channels(actor, each)]
    return overview.raw_events(unit, own, wanted)


def raw_event(unit: Unit, actor: Actor, raw_event_id: int) -> RawEventLine:
    """One of them, without content. Raises NotFound."""
    return overview.raw_event_line(_found(unit, actor, raw_event_id))


def read_raw_event(unit: Unit, actor: Actor, raw_event_id: int, reason: str) -> bytes:
    """What came, byte for byte. Who asked and why is kept in the reading log and the audit."""
    row = _found(unit, actor, raw_event_id)
    log_reading(unit, actor, "raw_event", row.id, reason=reason)
    _log(unit, actor, "raw_event.read", row, reason)
    if row.state == "erased":
        raise NotFound("This raw event was erased: only that it came is still known.")
    if row.blob is not None:
        return unit.blobs.get(row.blob)
    return unit.first(select(RawEvent.body).where(RawEvent.id == row.id)) or b""


async def replay_raw_event(desk: Desk, replay: Replay, raw_event_id: int) -> Replayed:
    """Read it again: what parsing decides is replaced, nothing else. What can be read now leaves quarantine."""
    await desk.write(_log_replay, raw_event_id)
    return await replay(raw_event_id)


def plugins(registry: Registry) -> Plugins:
    """For whoever runs channels: a broken one is a red line, and everything else works."""
    return Plugins(registry.loaded, registry.broken, registry.blocked)


def _pause(unit: Unit, actor: Actor, channel_id: int, why: str, if_match: str | None) -> None:
    row = _to_steer(unit, actor, channel_id, if_match)
    pause.pause(unit, channel_id, why)
    log_act(unit, "channel.pause", actor, municipality_id=row.home_id, subject=("channel", channel_id), purpose=why)


def _resume(unit: Unit, actor: Actor, registry: Registry, channel_id: int, if_match: str | None) -> None:
    row = _to_steer(unit, actor, channel_id, if_match)
    pause.resume(unit, registry, channel_id, partial(policy.runs_channels, actor))
    log_act(unit, "channel.resume", actor, municipality_id=row.home_id, subject=("channel", channel_id))


def _to_steer(unit: Unit, actor: Actor, channel_id: int, if_match: str | None) -> Channel:
    """Asks policy first: this unit sees every municipality."""
    row = _may_steer(unit, actor, unit.lock(Channel, channel_id))
    versions.expect(fingerprint(row.paused_why), if_match)
    return row


def _require_steer(unit: Unit, actor: Actor, channel_id: int) -> None:
    _may_steer(unit, actor, unit.get(Channel, channel_id))


def _may_steer(unit: Unit, actor: Actor, row: Channel | None) -> Channel:
    if row is None or not policy.runs_channels(actor, row.home_id):
        raise NotFound("There is no such channel.")
    policy.require_pause(actor, area(unit, row))
    return row


def _log_replay(unit: Unit, actor: Actor, raw_event_id: int) -> None:
    _log(unit, actor, "raw_event.replay", _found(unit, actor, raw_event_id), None)


def _found(unit: Unit, actor: Actor, raw_event_id: int) -> RawEvent:
    """What has no municipality yet is shown by the command line alone: it may be anybody's."""
    row = unit.get(RawEvent, raw_event_id)
    if row is None or row.municipality_id is None or not policy.runs_channels(actor, row.municipality_id):
        raise NotFound("There is no such raw event.")
    return row


def _log(unit: Unit, actor: Actor, act: str, row: RawEvent, purpose: str | None) -> None:
    log_act(unit, act, actor, municipality_id=row.municipality_id, subject=("raw_event", row.id), purpose=purpose)
