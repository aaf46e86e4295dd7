"""Raw events: what came, byte for byte: what became of it, reading it again, and breaking glass for its content.

What it says is shown nowhere here. Whoever needs it says why, which is kept, and is given a file.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from msgspec import Meta, Struct

from hub import clock
from hub.edge import running
from hub.edge.desk import Desk
from hub.edge.download import download
from hub.edge.parameters import After, PathId, QueryId
from hub.edge.person import IT
from hub.errors import Invalid
from hub.inbound.overview import RawEventLine, Wanted
from hub.inbound.raw_event import STATES
from hub.watch.health import takes_in
from inbox_ui import amounts
from inbox_ui.administration import administration
from inbox_ui.health import counted
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.showing import Toast
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _
from inbox_ui.words import ngettext, timezone

ROWS = 50
_SHORTEST_REASON = 10
State = Annotated[Literal["new", "read", "quarantined", "erased"] | None, QueryParameter(name="state")]
Find = Annotated[str, QueryParameter(max_length=1000, pattern=r"^[^\x00]*$")]
Day = Annotated[str, QueryParameter(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
TONES = {"new": "info", "read": "plain", "quarantined": "warn", "erased": "closed"}
"""Of the chip that says a state: what went as it should is quiet."""


class Asked(Struct, frozen=True):
    """What the list is narrowed to, as it stands in its address. `since`, `until`: days, both of them in it."""

    state: str | None
    channel_id: int | None
    find: str
    since: str
    until: str

    def query(self) -> dict[str, object]:
        return {
            "state": self.state,
            "channel": self.channel_id,
            "find": self.find,
            "since": self.since,
            "until": self.until,
        }


class Reason(Struct):
    """Why somebody has to see what came."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class Again(Struct):
    """`shown`: as a row of the list, or whole on its own page."""

    shown: Literal["row", "whole"] = "whole"


@get("/raw-events", opt=IT)
async def show_raw_events(
    request: Asking,
    desk: NamedDependency[Desk],
    which: State = None,
    channel: QueryId = None,
    find: Find = "",
    since: Day = "",
    until: Day = "",
    after: After = None,
) -> Response[bytes]:
    """Newest first, by channel and state, by sender or Message-ID, and by day."""
    asked = Asked(which, channel, find.strip(), since, until)
    return await _listed(request, desk, asked, after, "raw_events/page.html")


@get("/raw-events/rows", opt=IT)
async def show_rows(
    request: Asking,
    desk: NamedDependency[Desk],
    which: State = None,
    channel: QueryId = None,
    find: Find = "",
    since: Day = "",
    until: Day = "",
    after: After = None,
) -> Response[bytes]:
    """Those that follow `after`, for the list that is open."""
    asked = Asked(which, channel, find.strip(), since, until)
    return await _listed(request, desk, asked, after, "raw_events/_rows.html")


@get("/raw-events/{raw_event_id:int}", opt=IT)
async def show_raw_event(request: Asking, desk: NamedDependency[Desk], raw_event_id: PathId) -> Response[bytes]:
    """What is known of it besides what it says."""
    shown = await _one(request, desk, await running.raw_event(desk, raw_event_id))
    return page(request, "raw_events/event.html", **shown)


@post("/raw-events/{raw_event_id:int}/replay", opt=IT, status_code=200)
async def read_again(
    request: Asking, desk: NamedDependency[Desk], raw_event_id: PathId, data: URLEncodedBody[Again]
) -> Response[bytes]:
    """By the parser of today. What can be read now leaves quarantine and stands in the inbox."""
    was = await running.raw_event(desk, raw_event_id)
    ended = await running.replay_raw_event(desk, request.app.state.replay, raw_event_id)
    if not is_part(request):
        return onward(f"/raw-events/{raw_event_id}")
    shown = await _one(request, desk, await running.raw_event(desk, raw_event_id))
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
    content = await running.read_raw_event(desk, raw_event_id, reason)
    return download(content, f"{raw_event_id}.bin")


async def _listed(request: Asking, desk: Desk, asked: Asked, after: str | None, template: str) -> Response[bytes]:
    values = await administration(request, desk)
    if asked.find and after is None:
        await desk.write(running.note_search, asked.find)
    since, until = _midnight(asked.since, 0), _midnight(asked.until, 1)
    wanted = Wanted(asked.state, asked.channel_id, after, ROWS, asked.find, since, until)
    lines, further = await running.raw_events(desk, wanted)
    channels, kinds = await _channels(desk), request.app.state.registry.connectors
    shown: dict[str, Any] = {
        "lines": lines,
        "next": further,
        "wanted": asked,
        "channels": channels,
        "sources": [each for each in channels.values() if takes_in(kinds.get(each.kind))],
        "channel": channels.get(str(wanted.channel_id)),
        "address": _address,
        "boxes": await _boxes(request, desk, wanted.channel_id),
        "unseen": await _unseen(request, desk, asked),
    }
    return page(request, template, **values, **_words(), **shown)


async def _boxes(request: Asking, desk: Desk, channel_id: int | None) -> list[str]:
    """Of one channel: what its source holds, and what of it is here, as it was counted last."""
    if channel_id is None or is_part(request):
        return []
    return counted(await running.channel(desk, request.app.state.registry, channel_id))


async def _unseen(request: Asking, desk: Desk, asked: Asked) -> str:
    """That more was set aside in a shared channel than its reader may see: by the list alone all would be well."""
    if asked.state not in {None, "quarantined"} or is_part(request):
        return ""
    number = await running.set_aside_unseen(desk, asked.channel_id)
    words = ngettext(
        "%(num)s more couldn't be read or placed: it is another municipality's, or nobody knows yet whose.",
        "%(num)s more couldn't be read or placed: they are other municipalities', or nobody knows yet whose.",
        number,
    )
    return words % {"num": amounts.number(Decimal(number))} if number else ""


async def _one(request: Asking, desk: Desk, line: RawEventLine) -> dict[str, Any]:
    values = await administration(request, desk)
    return {**values, **_words(), "line": line, "channels": await _channels(desk)}


async def _channels(desk: Desk) -> dict[str, running.Source]:
    return {each.id: each for each in await desk.read(running.sources)}


async def _asked(
    request: Asking, desk: Desk, raw_event_id: int, reason: str = "", *, refused: bool = False
) -> Response[bytes]:
    shown = await _one(request, desk, await running.raw_event(desk, raw_event_id))
    problem = _("Say in a sentence why you have to see it.") if refused else ""
    return page(
        request,
        "raw_events/_content.html" if is_part(request) else "raw_events/content.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        **shown,
        reason=reason,
        problem=problem,
    )


def _midnight(day: str, later: int) -> int | None:
    """When the day begins there where the reader is, or so many days later. Raises Invalid for a day that isn't."""
    if not day:
        return None
    try:
        begins = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(timezone())) + timedelta(days=later)
    except (ValueError, OverflowError) as error:
        raise Invalid("since", _("There is no such day.")) from error
    return clock.from_datetime(begins)


def _address(path: str, asked: Asked, **narrowed: object) -> str:
    """Of a list, by what it is narrowed to but for what is `narrowed` otherwise; None and empty narrow nothing."""
    query = urlencode({name: value for name, value in {**asked.query(), **narrowed}.items() if value})
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
