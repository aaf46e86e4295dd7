"""Channels: their health, and pausing one. They are the centre's, so a change runs outside any person's scope."""

from typing import Any

from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.channels import pause
from hub.channels.channel import Channel
from hub.edge import versions
from hub.edge.desk import Desk
from hub.edge.parameters import PathId, Reason
from hub.edge.person import IT
from hub.edge.versions import IfMatch, etag, fingerprint
from hub.errors import NotFound
from hub.inbound import overview
from hub.inbound.overview import ChannelLine
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from hub.web.page import Page


class Pause(Struct, forbid_unknown_fields=True):
    """`why`: for whoever wonders why nothing comes."""

    why: Reason


@get("/channels", opt=IT)
async def list_channels(desk: NamedDependency[Desk]) -> Page[ChannelLine]:
    """All that this person runs, with their health."""
    return await desk.read(_list)


@get("/channels/{channel_id:int}", opt=IT)
async def show_channel(desk: NamedDependency[Desk], channel_id: PathId) -> Response[ChannelLine]:
    """One of them. Its ETag is for pausing it."""
    return _answered(await desk.read(_show, channel_id))


@put("/channels/{channel_id:int}/pause", opt=IT)
async def pause_channel(
    desk: NamedDependency[Desk], channel_id: PathId, data: JSONBody[Pause], if_match: IfMatch = None
) -> Response[ChannelLine]:
    """It stands still until somebody resumes it."""
    await desk.storage.write(Scope.everything("channel settings"), _pause, desk.actor, channel_id, data.why, if_match)
    return _answered(await desk.read(_show, channel_id))


@delete("/channels/{channel_id:int}/pause", opt=IT, status_code=200)
async def resume_channel(
    desk: NamedDependency[Desk], channel_id: PathId, if_match: IfMatch = None
) -> Response[ChannelLine]:
    """It runs again at once."""
    await desk.storage.write(Scope.everything("channel settings"), _pause, desk.actor, channel_id, None, if_match)
    return _answered(await desk.read(_show, channel_id))


def _list(unit: Unit, actor: Actor) -> Page[ChannelLine]:
    return Page(overview.channels(unit, lambda home: policy.runs_channels(actor, home)), None)


def _show(unit: Unit, actor: Actor, channel_id: int) -> ChannelLine:
    found = overview.channels(unit, lambda home: policy.runs_channels(actor, home), channel_id)
    if not found:
        raise NotFound("There is no such channel.")
    return found[0]


def _pause(unit: Unit, actor: Actor, channel_id: int, why: str | None, if_match: str | None) -> None:
    """Asks policy first: this unit sees every municipality."""
    channel = unit.lock(Channel, channel_id)
    if channel is None or not policy.runs_channels(actor, channel.home_id):
        raise NotFound("There is no such channel.")
    versions.expect(fingerprint(channel.paused_why), if_match)
    if why is None:
        pause.resume(unit, channel_id)
    else:
        pause.pause(unit, channel_id, why)
    act = "channel.resume" if why is None else "channel.pause"
    log_act(unit, act, actor, municipality_id=channel.home_id, subject=("channel", channel_id), purpose=why)


def _answered(line: ChannelLine) -> Response[Any]:
    return Response(line, headers={"ETag": etag(fingerprint(line.paused_why))})


ROUTES = (list_channels, show_channel, pause_channel, resume_channel)
