"""Running: channels, raw events and plugins as IT sees and steers them, for every route and page.

Channels are the centre's, so a change of one runs outside any person's scope, after the policy was asked; so are a
shared one's figures, and what came by it and is nobody's yet: IT of all that it works for reads that. Quarantine holds
what couldn't be read or placed, nobody's suspicion: to release an event from it is to read it again, as `replay` does,
once the parser, its limits or the channel's addresses are better. What can't be read then stays where it is.
"""

import asyncio
import time
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
from hub.channels.trying import try_out
from hub.contract.steps import CheckStep, Steps
from hub.edge import versions
from hub.edge.desk import Desk
from hub.edge.versions import fingerprint
from hub.errors import NotFound
from hub.inbound import overview
from hub.inbound.overview import RawEventLine, Wanted
from hub.inbound.raw_event import RawEvent, sender_key
from hub.inbound.replay import Replayed
from hub.plugin_host.registry import Broken, Loaded, Registry
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from hub.watch import health
from hub.watch.health import ChannelLine
from hub.watch.target import targets

CHANNELS = Scope.everything("channel settings")
_AT_ONCE = 8
"""Channels that are tried at the same time."""
Replay = Callable[[int], Awaitable[Replayed]]
"""Reads a raw event again, in this process's children: `app.state.replay`."""


class Plugins(Struct, frozen=True):
    """What was loaded, what couldn't be and why, what settings turn off."""

    loaded: Sequence[Loaded]
    broken: Sequence[Broken]
    blocked: Sequence[str]


class Source(Struct, frozen=True):
    """A channel, as it is named where raw events are."""

    id: str
    kind: str
    name: str


class Tried(Struct, frozen=True):
    """A channel as it stands. `wrong` null: it works. `milliseconds`: how long that took. `steps`: what was proved, as
    far as its kind tells; what failed last."""

    id: str
    name: str
    wrong: str | None
    milliseconds: int
    steps: Sequence[CheckStep] = ()


async def try_channels(desk: Desk, registry: Registry) -> Sequence[Tried]:
    """All that this person runs, side by side: whether each would work now. Those that are paused, too."""
    line_up = asyncio.Semaphore(_AT_ONCE)

    async def tried(each: Source) -> Tried:
        async with line_up:
            began, steps = time.monotonic(), Steps()
            error = await try_out(desk.storage, registry, int(each.id), steps)
            took = round((time.monotonic() - began) * 1000)
            return Tried(each.id, each.name, str(error) if error else None, took, steps.taken(error))

    return await asyncio.gather(*(tried(each) for each in await desk.read(sources)))


def sources(unit: Unit, actor: Actor) -> Sequence[Source]:
    """All that this person runs, by name alone."""
    rows = unit.rows(select(Channel.id, Channel.kind, Channel.name, Channel.home_id).order_by(Channel.id))
    return [Source(str(row.id), row.kind, row.name) for row in rows if policy.runs_channels(actor, row.home_id)]


async def channels(desk: Desk, registry: Registry) -> Sequence[ChannelLine]:
    """All that this person runs, with their health: of a shared one how much came and waits, whosever it is."""
    return await desk.storage.read(CHANNELS, _lines, desk.actor, registry, None)


async def channel(desk: Desk, registry: Registry, channel_id: int) -> ChannelLine:
    """One of them. Raises NotFound."""
    found = await desk.storage.read(CHANNELS, _lines, desk.actor, registry, channel_id)
    if not found:
        raise NotFound("There is no such channel.")
    return found[0]


def channel_version(line: ChannelLine) -> str:
    """What `if_match` is held against when it is paused or resumed."""
    return fingerprint(line.paused_why)


async def is_anybody_told(desk: Desk) -> bool:
    """Of alarms, somewhere: to whom is for the command line. Raises NotAllowed."""
    policy.require_it(desk.actor)
    return await desk.storage.read(CHANNELS, lambda unit: bool(targets(unit)))


async def channel_to_steer(desk: Desk, registry: Registry, channel_id: int) -> ChannelLine:
    """One that this person may pause or resume, before they say why. Raises NotFound, NotAllowed."""
    await desk.storage.read(CHANNELS, _require_steer, desk.actor, channel_id)
    return await channel(desk, registry, channel_id)


async def pause_channel(desk: Desk, registry: Registry, channel_id: int, why: str, if_match: str | None) -> ChannelLine:
    """It stands still until somebody resumes it. Raises NotFound, NotAllowed, Stale, VersionMissing."""
    await desk.storage.write(CHANNELS, _pause, desk.actor, channel_id, why, if_match)
    return await channel(desk, registry, channel_id)


async def resume_channel(desk: Desk, registry: Registry, channel_id: int, if_match: str | None) -> ChannelLine:
    """It runs again at once. Raises those, and Conflict when another channel has its port by now."""
    await desk.storage.write(CHANNELS, _resume, desk.actor, registry, channel_id, if_match)
    return await channel(desk, registry, channel_id)


async def raw_events(desk: Desk, wanted: Wanted) -> tuple[Sequence[RawEventLine], str | None]:
    """Newest first, without content; and the cursor of the next page or None. Those of nobody yet stand among them."""
    own, further = await desk.read(_raw_events, wanted)
    nobodys = await desk.storage.read(CHANNELS, _raw_events_of_nobody, desk.actor, wanted)
    return overview.together(own, further, nobodys, wanted.limit)


def note_search(unit: Unit, actor: Actor, find: str) -> None:
    """That somebody looked for a sender's or one mail's raw events: whoever knows the address learns when it wrote."""
    subject = ("raw_event_found_by", sender_key(unit.keys, find) or 0)
    for each in sorted(each for each in actor.municipality_ids if policy.runs_channels(actor, each)):
        log_act(unit, "raw_event.find", actor, municipality_id=each, subject=subject)


async def set_aside_unseen(desk: Desk, channel_id: int | None) -> int:
    """How many of a channel's quarantined events, or of all that this person runs, they see the number of alone."""
    return await desk.storage.read(CHANNELS, _set_aside_unseen, desk.actor, channel_id)


async def raw_event(desk: Desk, raw_event_id: int) -> RawEventLine:
    """One of them, without content. Raises NotFound."""
    scope = await _scope_of(desk, raw_event_id)
    return await desk.storage.read(scope, _raw_event, desk.actor, raw_event_id)


async def read_raw_event(desk: Desk, raw_event_id: int, reason: str) -> bytes:
    """What came, byte for byte. Who asked and why is kept in the reading log and the audit."""
    scope = await _scope_of(desk, raw_event_id)
    return await desk.storage.write(scope, _read_raw_event, desk.actor, raw_event_id, reason)


def _raw_event(unit: Unit, actor: Actor, raw_event_id: int) -> RawEventLine:
    return overview.raw_event_line(_found(unit, actor, raw_event_id))


def _read_raw_event(unit: Unit, actor: Actor, raw_event_id: int, reason: str) -> bytes:
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
    scope = await _scope_of(desk, raw_event_id)
    await desk.storage.write(scope, _log_replay, desk.actor, raw_event_id)
    return await replay(raw_event_id)


def plugins(registry: Registry) -> Plugins:
    """For whoever runs channels: a broken one is a red line, and everything else works."""
    return Plugins(registry.loaded, registry.broken, registry.blocked)


def _pause(unit: Unit, actor: Actor, channel_id: int, why: str, if_match: str | None) -> None:
    row = _to_steer(unit, actor, channel_id, if_match)
    pause.pause(unit, channel_id, why, by_person=True)
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


def _lines(unit: Unit, actor: Actor, registry: Registry, channel_id: int | None) -> Sequence[ChannelLine]:
    return health.channels(unit, registry, lambda home: policy.runs_channels(actor, home), channel_id)


def _raw_events(unit: Unit, actor: Actor, wanted: Wanted) -> tuple[Sequence[RawEventLine], str | None]:
    own = [each for each in sorted(actor.municipality_ids) if policy.runs_channels(actor, each)]
    return overview.raw_events(unit, own, wanted)


def _raw_events_of_nobody(unit: Unit, actor: Actor, wanted: Wanted) -> Sequence[RawEventLine]:
    query = select(Channel)
    if wanted.channel_id is not None:
        query = query.where(Channel.id == wanted.channel_id)
    whole = [each.id for each in unit.all(query) if policy.runs_all(actor, area(unit, each))]
    return overview.raw_events_of_nobody(unit, whole, wanted)


def _set_aside_unseen(unit: Unit, actor: Actor, channel_id: int | None) -> int:
    seen = {row.id: row for row in unit.all(select(Channel)) if policy.runs_channels(actor, row.home_id)}
    return sum(
        number
        for (channel, municipality_id), number in overview.set_aside(unit).items()
        if channel in seen and channel_id in {None, channel} and not _may_see(unit, actor, municipality_id, channel)
    )


async def _scope_of(desk: Desk, raw_event_id: int) -> Scope:
    """The person's own, but for what is nobody's yet and theirs to see: no municipality's wall is around that."""
    is_nobodys = await desk.storage.read(CHANNELS, _sees_as_nobodys, desk.actor, raw_event_id)
    return CHANNELS if is_nobodys else Scope.of(desk.actor)


def _sees_as_nobodys(unit: Unit, actor: Actor, raw_event_id: int) -> bool:
    row = unit.get(RawEvent, raw_event_id)
    return row is not None and row.municipality_id is None and _may_see(unit, actor, None, row.channel_id)


def _found(unit: Unit, actor: Actor, raw_event_id: int) -> RawEvent:
    row = unit.get(RawEvent, raw_event_id)
    if row is None or not _may_see(unit, actor, row.municipality_id, row.channel_id):
        raise NotFound("There is no such raw event.")
    return row


def _may_see(unit: Unit, actor: Actor, municipality_id: int | None, channel_id: int) -> bool:
    """What has no municipality yet may be anybody's whom its channel works for; who those are, a unit that sees all
    alone can tell."""
    if municipality_id is not None:
        return policy.runs_channels(actor, municipality_id)
    channel = unit.get(Channel, channel_id)
    return unit.scope == CHANNELS and channel is not None and policy.runs_all(actor, area(unit, channel))


def _log(unit: Unit, actor: Actor, act: str, row: RawEvent, purpose: str | None) -> None:
    log_act(unit, act, actor, municipality_id=row.municipality_id, subject=("raw_event", row.id), purpose=purpose)
