"""Channels: their health, and pausing one; and what the plugins brought that run them."""

from typing import Any

from litestar import Request, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from hub.access.person import Actor
from hub.edge import configuring, running
from hub.edge.configuring import Form
from hub.edge.desk import Desk
from hub.edge.parameters import PathId, Reason
from hub.edge.person import IT
from hub.edge.running import Plugins
from hub.edge.versions import IfMatch, etag
from hub.watch.health import ChannelLine
from hub.web.page import Page


class Pause(Struct, forbid_unknown_fields=True):
    """`why`: for whoever wonders why nothing comes."""

    why: Reason


@get("/channels", opt=IT)
async def list_channels(request: Request[Actor, Any, Any], desk: NamedDependency[Desk]) -> Page[ChannelLine]:
    """All that this person runs, with their health."""
    return Page(await running.channels(desk, request.app.state.registry), None)


@get("/channels/{channel_id:int}", opt=IT)
async def show_channel(
    request: Request[Actor, Any, Any], desk: NamedDependency[Desk], channel_id: PathId
) -> Response[ChannelLine]:
    """One of them. Its ETag is for pausing it."""
    return _answered(await running.channel(desk, request.app.state.registry, channel_id))


@put("/channels/{channel_id:int}/pause", opt=IT)
async def pause_channel(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    channel_id: PathId,
    data: JSONBody[Pause],
    if_match: IfMatch = None,
) -> Response[ChannelLine]:
    """It stands still until somebody resumes it."""
    return _answered(await running.pause_channel(desk, request.app.state.registry, channel_id, data.why, if_match))


@delete("/channels/{channel_id:int}/pause", opt=IT, status_code=200)
async def resume_channel(
    request: Request[Actor, Any, Any], desk: NamedDependency[Desk], channel_id: PathId, if_match: IfMatch = None
) -> Response[ChannelLine]:
    """It runs again at once; 409 when another channel has taken its port meanwhile."""
    return _answered(await running.resume_channel(desk, request.app.state.registry, channel_id, if_match))


class Changed(Struct, forbid_unknown_fields=True):
    """`settings`: those that change, by name; the others stay, secrets too."""

    settings: dict[str, Any]


@get("/channels/{channel_id:int}/settings", opt=IT)
async def show_settings(
    request: Request[Actor, Any, Any], desk: NamedDependency[Desk], channel_id: PathId
) -> Response[Form]:
    """As its form has them, without secrets. The ETag is for changing them."""
    form = await configuring.form(desk, request.app.state.registry, channel_id)
    return Response(form, headers={"ETag": etag(form.version)})


@put("/channels/{channel_id:int}/settings", opt=IT)
async def change_settings(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    channel_id: PathId,
    data: JSONBody[Changed],
    if_match: IfMatch = None,
) -> Response[Form]:
    """Tried first, and saved only when they work: 400 with the field otherwise."""
    registry = request.app.state.registry
    await configuring.change(desk, registry, channel_id, data.settings, if_match)
    form = await configuring.form(desk, registry, channel_id)
    return Response(form, headers={"ETag": etag(form.version)})


@get("/plugins", opt=IT)
async def list_plugins(request: Request[Actor, Any, Any]) -> Plugins:
    """What this process has loaded, what it couldn't, and why."""
    return running.plugins(request.app.state.registry)


def _answered(line: ChannelLine) -> Response[Any]:
    return Response(line, headers={"ETag": etag(running.channel_version(line))})


ROUTES = (
    list_channels,
    show_channel,
    pause_channel,
    resume_channel,
    show_settings,
    change_settings,
    list_plugins,
)
