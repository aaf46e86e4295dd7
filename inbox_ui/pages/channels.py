"""Channels: how each does, and letting one stand still."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta

from hub.edge import running
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import IT
from hub.errors import Invalid
from hub.watch.health import ChannelLine
from inbox_ui import health, source_health, times
from inbox_ui.administration import administration
from inbox_ui.forms import Decided
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.showing import Toast
from inbox_ui.words import gettext as _
from inbox_ui.words import ngettext

_SHORTEST_WHY = 3


class Pause(Decided):
    """`why`: for whoever wonders why nothing comes."""

    why: Annotated[str, Meta(max_length=500)] = ""


@get("/channels", opt=IT)
async def show_channels(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """All that this person runs; for a page that is open, the part that shows them."""
    return await _shown(request, desk)


@get("/channels/{channel_id:int}/pause", opt=IT)
async def ask_why(request: Asking, desk: NamedDependency[Desk], channel_id: PathId) -> Response[bytes]:
    """The reason that it shall be paused for."""
    return await _asked(request, desk, await running.channel_to_steer(desk, request.app.state.registry, channel_id))


@post("/channels/{channel_id:int}/pause", opt=IT, status_code=200)
async def pause(
    request: Asking, desk: NamedDependency[Desk], channel_id: PathId, data: URLEncodedBody[Pause]
) -> Response[bytes]:
    """It stands still until somebody resumes it."""
    await administration(request, desk)
    registry, why = request.app.state.registry, data.why.strip()
    if len(why) < _SHORTEST_WHY or "\x00" in why:
        problem = _("Say why, for whoever wonders that nothing comes.")
        if is_part(request):
            raise Invalid("why", problem)
        return await _asked(request, desk, await running.channel(desk, registry, channel_id), data.why, problem)
    line = await running.pause_channel(desk, registry, channel_id, why, data.if_match)
    return await _changed(request, desk, line, _("%(name)s is paused") % {"name": line.name}, "pause/end")


@post("/channels/{channel_id:int}/pause/end", opt=IT, status_code=200)
async def resume(
    request: Asking, desk: NamedDependency[Desk], channel_id: PathId, data: URLEncodedBody[Decided]
) -> Response[bytes]:
    """It runs again at once."""
    await administration(request, desk)
    was = await running.channel(desk, request.app.state.registry, channel_id)
    line = await running.resume_channel(desk, request.app.state.registry, channel_id, data.if_match)
    words = _("%(name)s runs again") % {"name": line.name}
    return await _changed(request, desk, line, words, "pause", {"why": was.paused_why or ""})


@post("/channels/try", opt=IT, status_code=200)
async def try_all(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """Whether each would work now, as it stands."""
    values = await administration(request, desk)
    tried = await running.try_channels(desk, request.app.state.registry)
    tried = sorted(tried, key=lambda each: (each.wrong is None, each.name.casefold()))
    wrong = sum(each.wrong is not None for each in tried)
    summary = ngettext("%(num)s channel doesn't work", "%(num)s channels don't work", wrong) % {"num": wrong}
    shown: dict[str, Any] = {"tried": tried, "summary": summary if wrong else _("All channels work")}
    template = "channels/_tried.html" if is_part(request) else "channels/tried.html"
    return page(request, template, **values, **shown, at=times.clock_time(times.now()))


async def _changed(
    request: Asking, desk: Desk, line: ChannelLine, words: str, back: str, fields: dict[str, str] | None = None
) -> Response[bytes]:
    """The channels as they are now, and words with a way `back`; for a page without a script, the page."""
    if not is_part(request):
        return onward("/channels")
    fields = {**(fields or {}), "version": running.channel_version(line)}
    return await _shown(request, desk, Toast(words, f"/channels/{line.id}/{back}", fields))


async def _shown(request: Asking, desk: Desk, toast: Toast | None = None) -> Response[bytes]:
    values = await administration(request, desk)
    shown = await health.listed(desk, request.app.state.registry) | {"toast": toast}
    if not is_part(request):
        shown["sources"] = await source_health.listed(desk, request.app.state.registry)
    template = "channels/_channels.html" if is_part(request) else "channels/page.html"
    return page(request, template, headers={"HX-Retarget": "#channels"} if toast else None, **values, **shown)


async def _asked(request: Asking, desk: Desk, line: ChannelLine, why: str = "", problem: str = "") -> Response[bytes]:
    shown: dict[str, Any] = {"line": line, "version": running.channel_version(line), "why": why, "problem": problem}
    return page(
        request,
        "channels/_pause.html" if is_part(request) else "channels/pause.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        **await administration(request, desk),
        **shown,
    )


ROUTES = (show_channels, ask_why, pause, resume, try_all)
