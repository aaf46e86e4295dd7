"""Channels: their health, and pausing one; and what the plugins brought that run them."""

from typing import Any

from litestar import Request, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from hub.access.person import Actor
from hub.contract import Secret
from hub.edge import configuring, given_anew, running
from hub.edge.configuring import Form
from hub.edge.desk import Desk
from hub.edge.parameters import PathId, Reason
from hub.edge.person import IT
from hub.edge.problems import problem_of
from hub.edge.running import Plugins
from hub.edge.versions import IfMatch, etag
from hub.errors import TorgError
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
    """`settings`: those that change, by name; the others stay, secrets too.

    `given_anew`: as the problem had it that these settings were answered with before.
    """

    settings: dict[str, Any]
    given_anew: str = ""


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
) -> Response[Any]:
    """Tried first, and saved only when they work: 422 with the field otherwise.

    A token that serves once may have served by then: the problem's `given_anew` has the next, sealed, for an hour.
    Send it along with the settings.
    """
    registry, keys, place = request.app.state.registry, request.app.state.storage.keys, f"channel {channel_id}"
    handed = given_anew.unseal(keys, desk.actor.id, place, data.given_anew)
    settings, renewed = given_anew.put_in(data.settings, handed), dict[str, Secret]()
    try:
        await configuring.change(desk, registry, channel_id, settings, if_match, renewed=renewed)
    except TorgError as error:
        kept = given_anew.seal(keys, desk.actor.id, place, given_anew.with_new(handed, data.settings, renewed))
        return problem_of(request, error, kept)
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
