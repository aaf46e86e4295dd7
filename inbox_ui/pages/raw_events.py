"""Raw events: what came, byte for byte: what became of it, reading it again, and breaking glass for its content.

What it says is shown nowhere here. Whoever needs it says why, which is kept, and is given a file.
"""

from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from msgspec import Meta, Struct

from hub.edge import running
from hub.edge.desk import Desk
from hub.edge.download import download
from hub.edge.parameters import After, PathId, QueryId
from hub.edge.person import IT
from hub.inbound.overview import ChannelLine, RawEventLine, Wanted
from hub.inbound.raw_event import STATES
from inbox_ui.administration import administration
from inbox_ui.health import takes_in
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.showing import Toast
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _

ROWS = 50
_SHORTEST_REASON = 10
State = Annotated[Literal["new", "read", "quarantined", "erased"] | None, QueryParameter(name="state")]
TONES = {"new": "info", "read": "plain", "quarantined": "warn", "erased": "closed"}
"""Of the chip that says a state: what went as it should is quiet."""


class Reason(Struct):
    """Why somebody has to see what came."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class Again(Struct):
    """`shown`: as a row of the list, or whole on its own page."""

    shown: Literal["row", "whole"] = "whole"


@get("/raw-events", opt=IT)
async def show_raw_events(
    request: Asking, desk: NamedDependency[Desk], which: State = None, channel: QueryId = None, after: After = None
) -> Response[bytes]:
    """Newest first, by channel and state."""
    return await _listed(request, desk, Wanted(which, channel, after, ROWS), "raw_events/page.html")


@get("/raw-events/rows", opt=IT)
async def show_rows(
    request: Asking, desk: NamedDependency[Desk], which: State = None, channel: QueryId = None, after: After = None
) -> Response[bytes]:
    """Those that follow `after`, for the list that is open."""
    return await _listed(request, desk, Wanted(which, channel, after, ROWS), "raw_events/_rows.html")


@get("/raw-events/{raw_event_id:int}", opt=IT)
async def show_raw_event(request: Asking, desk: NamedDependency[Desk], raw_event_id: PathId) -> Response[bytes]:
    """What is known of it besides what it says."""
    shown = await _one(request, desk, await desk.read(running.raw_event, raw_event_id))
    return page(request, "raw_events/event.html", **shown)


@post("/raw-events/{raw_event_id:int}/replay", opt=IT, status_code=200)
async def read_again(
    request: Asking, desk: NamedDependency[Desk], raw_event_id: PathId, data: URLEncodedBody[Again]
) -> Response[bytes]:
    """By the parser of today. What can be read now leaves quarantine and stands in the inbox."""
    was = await desk.read(running.raw_event, raw_event_id)
    ended = await running.replay_raw_event(desk, request.app.state.replay, raw_event_id)
    if not is_part(request):
        return onward(f"/raw-events/{raw_event_id}")
    shown = await _one(request, desk, await desk.read(running.raw_event, raw_event_id))
    toast = Toast(_ended(was, ended.state, ended.reason))
    return page(request, f"raw_events/_again_{data.shown}.html", **shown, toast=toast)


@get("/raw-events/{raw_event_id:int}/content", opt=IT)
async def ask_reason(request: Asking, desk: NamedDependency[Desk], raw_event_id: PathId) -> Response[bytes]:
    """Why its content is needed."""
    return await _asked(request, desk, raw_event_id)


@post("/raw-events/{raw_event_id:int}/content", opt=IT, status_code=200)
async def fetch_content(
    request: Asking, desk: NamedDependency[Desk], raw_event_id: PathId, data: URLEncodedBody[Reason]
) -> Response[bytes]:
    """What came, as a file. Who asked and why is kept in the reading log and the audit."""
    reason = data.reason.strip()
    if len(reason) < _SHORTEST_REASON or " " not in reason or "\x00" in reason:
        return await _asked(request, desk, raw_event_id, data.reason, refused=True)
    content = await desk.write(running.read_raw_event, raw_event_id, reason)
    return download(content, f"{raw_event_id}.bin")


async def _listed(request: Asking, desk: Desk, wanted: Wanted, template: str) -> Response[bytes]:
    values = await administration(request, desk)
    lines, further = await desk.read(running.raw_events, wanted)
    channels, kinds = await _channels(desk), request.app.state.registry.connectors
    shown: dict[str, Any] = {
        "lines": lines,
        "next": further,
        "wanted": wanted,
        "channels": channels,
        "sources": [each for each in channels.values() if takes_in(kinds.get(each.kind))],
        "channel": channels.get(str(wanted.channel_id)),
        "address": _address,
    }
    return page(request, template, **values, **_words(), **shown)


async def _one(request: Asking, desk: Desk, line: RawEventLine) -> dict[str, Any]:
    values = await administration(request, desk)
    return {**values, **_words(), "line": line, "channels": await _channels(desk)}


async def _channels(desk: Desk) -> dict[str, ChannelLine]:
    return {each.id: each for each in await desk.read(running.channels)}


async def _asked(
    request: Asking, desk: Desk, raw_event_id: int, reason: str = "", *, refused: bool = False
) -> Response[bytes]:
    shown = await _one(request, desk, await desk.read(running.raw_event, raw_event_id))
    problem = _("Say in a sentence why you have to see it.") if refused else ""
    return page(
        request,
        "raw_events/_content.html" if is_part(request) else "raw_events/content.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        **shown,
        reason=reason,
        problem=problem,
    )


def _address(path: str, **narrowed: object) -> str:
    """Of a list, by what it is narrowed to; what is None or empty narrows nothing."""
    query = urlencode({name: value for name, value in narrowed.items() if value})
    return f"{path}?{query}" if query else path


def _ended(was: RawEventLine, state: str, reason: str | None) -> str:
    """How a second reading went, for a toast."""
    why = {"why": stored(reason or "")}
    if state == "quarantined":
        return _("It still can't be read: %(why)s") % why
    if state == "read" and reason:
        return _("What was made of it stays as it was: %(why)s") % why
    if state == "read":
        return _("Read again") if was.state == "read" else _("Read: it is in the inbox now")
    return _("It waits to be read") if state == "new" else _("It was erased: only that it came is still known")


def _words() -> dict[str, Any]:
    said = {
        "new": _("Not read yet"),
        "read": _("Read"),
        "quarantined": _("Quarantined"),
        "erased": _("Erased"),
    }
    return {"states": STATES, "state_words": said, "tones": TONES}


ROUTES = (show_raw_events, show_rows, show_raw_event, read_again, ask_reason, fetch_content)
