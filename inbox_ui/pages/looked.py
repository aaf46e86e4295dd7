"""Who looked: an auditor's search of the questions to other systems and of what was shown in clear, taken along as a
file, and a citizen's report."""

import re
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, URLEncodedBody
from litestar.response import Stream
from msgspec import Meta, Struct
from msgspec.structs import asdict

from hub import clock
from hub.edge import auditing, looked_sheets, sheet
from hub.edge.auditing import Whom
from hub.edge.desk import Desk
from hub.edge.parameters import After, id_of
from hub.edge.person import AUDIT
from hub.errors import Invalid, NotFound
from hub.lookups.looked import Wanted
from inbox_ui import looked, times
from inbox_ui.administration import administration
from inbox_ui.lookups import panel
from inbox_ui.rendering import Asking, is_part, page
from inbox_ui.words import gettext as _
from inbox_ui.words import timezone, told

ROWS = 50
DAYS = 30
"""So far back a search goes that says nothing of it."""
_ID = "^([1-9][0-9]{0,18})?$"
_MOST_DIGITS = 12
"""A longer number is a row's."""
_DAY = r"^(\d{4}-\d{2}-\d{2})?$"
Since = Annotated[str | None, QueryParameter(name="from", pattern=_DAY)]
Until = Annotated[str | None, QueryParameter(name="to", pattern=_DAY)]
IdOrNothing = Annotated[str, QueryParameter(pattern=_ID)]
FILTERS = (
    "found", "none", "several", "failed", "alarm", "another's", "not_theirs", "protected", "stopped", "revealed",
)  # fmt: skip


class Search(Struct, frozen=True):
    """As the form has it: all of it text, and nothing where it narrows nothing."""

    since: str = ""
    until: str = ""
    person: str = ""
    lookup: str = ""
    ended: str = ""
    purpose: str = ""
    conversation: str = ""
    municipality: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """For an address or a form. That it goes back without end is said, too."""
        given = {name: value for name, value in asdict(self).items() if value}
        return {"from" if name == "since" else "to" if name == "until" else name: each for name, each in given.items()}

    @property
    def is_narrowed(self) -> bool:
        """By more than time."""
        return any(value for name, value in asdict(self).items() if name not in {"since", "until"})

    def wanted(self, after: str | None = None) -> Wanted:
        """Raises Invalid for what there can't be."""
        return Wanted(
            municipality_id=_number("municipality", self.municipality),
            person_id=_number("person", self.person),
            lookup=self.lookup or None,
            since=_midnight("from", self.since),
            until=_midnight("to", self.until, days=1),
            ended=self.ended or None,  # type: ignore[arg-type]  # one of FILTERS
            conversation_id=_number("conversation", self.conversation),
            words=self.purpose,
            after=after,
            limit=ROWS,
        )


class Taking(Struct):
    """Why the list is taken along; what it is narrowed to stands in the address."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class Reporting(Struct):
    """`who`: an identity number, or the number of a citizen's row; `form`: csv, to be kept."""

    who: Annotated[str, Meta(max_length=40)] = ""
    municipality: Annotated[str, Meta(pattern=_ID)] = ""
    reason: Annotated[str, Meta(max_length=500)] = ""
    form: Annotated[str, Meta(max_length=10)] = ""


def search_of(
    since: Since = None,
    until: Until = None,
    person: IdOrNothing = "",
    lookup: Annotated[str, QueryParameter(pattern="^([a-z][a-z0-9_]{1,39})?$")] = "",
    ended: Annotated[str, QueryParameter(max_length=20)] = "",
    purpose: Annotated[str, QueryParameter(max_length=200, pattern=r"^[^\x00]*$")] = "",
    conversation: Annotated[str, QueryParameter(max_length=40)] = "",
    municipality: IdOrNothing = "",
) -> Search:
    """From the address. Raises Invalid."""
    if ended and ended not in FILTERS:
        raise Invalid("ended", _("Choose what came of it from the list."))
    if not re.fullmatch(_ID, conversation.strip()):
        raise Invalid("conversation", _("A conversation’s number has digits alone: it stands in its address."))
    begin = since if since is not None else (times.local(times.now()).date() - timedelta(days=DAYS)).isoformat()
    return Search(begin, until or "", person, lookup, ended, purpose.strip(), conversation.strip(), municipality)


_SEARCH = {"search": Provide(search_of, sync_to_thread=False)}


@get("/who-looked", opt=AUDIT, dependencies=_SEARCH)
async def show_looked(
    request: Asking, desk: NamedDependency[Desk], search: NamedDependency[Search], after: After = None
) -> Response[bytes]:
    """Questions and reveals, newest first, with what has to be seen to above them."""
    return await _listed(request, desk, search, after, "looked/page.html")


@get("/who-looked/rows", opt=AUDIT, dependencies=_SEARCH)
async def show_rows(
    request: Asking, desk: NamedDependency[Desk], search: NamedDependency[Search], after: After = None
) -> Response[bytes]:
    """Those that follow `after`, for the list that is open."""
    return await _listed(request, desk, search, after, "looked/_rows.html")


@get("/who-looked/export", opt=AUDIT, dependencies=_SEARCH)
async def ask_why_taken(
    request: Asking, desk: NamedDependency[Desk], search: NamedDependency[Search]
) -> Response[bytes]:
    """Why the list is taken along."""
    return await _asked(request, desk, "export", {"search": search, "reason": ""})


@post("/who-looked/export", opt=AUDIT, dependencies=_SEARCH, status_code=200)
async def take_along(
    request: Asking, desk: NamedDependency[Desk], search: NamedDependency[Search], data: URLEncodedBody[Taking]
) -> Response[bytes] | Stream:
    """The whole list, as a file. That it left, and why, is in the audit first."""
    await administration(request, desk)
    try:
        parts = await auditing.exported(desk, search.wanted(), data.reason, "screen")
    except Invalid as error:
        return await _asked(request, desk, "export", {"search": search, "reason": data.reason}, error)
    words = looked.sheet_words(await desk.read(auditing.names), await desk.read(auditing.places))
    cells = (looked_sheets.line_cells(part, words) async for part in parts)
    content = sheet.streamed([_(each) for each in looked_sheets.LINE_TITLES], cells)
    return Stream(content, media_type=sheet.MEDIA_TYPE, headers=sheet.headers("who-looked.csv"))


@get("/who-looked/report", opt=AUDIT)
async def ask_whose(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """Whose report, and why."""
    return await _asked(request, desk, "report", {"asked": Reporting()})


@post("/who-looked/report", opt=AUDIT, status_code=200)
async def show_report(request: Asking, desk: NamedDependency[Desk], data: URLEncodedBody[Reporting]) -> Response[bytes]:
    """Who looked a citizen up, for that citizen: to read through, to print, or as a file."""
    values = await administration(request, desk)
    try:
        found = await desk.write(auditing.report, _whom(data), data.reason, "screen")
    except (Invalid, NotFound) as error:
        return await _asked(request, desk, "report", {"asked": data}, error)
    places = await desk.read(auditing.places)
    words = looked.sheet_words({}, places)
    if data.form == "csv":
        content = sheet.begun([_(each) for each in looked_sheets.REPORT_TITLES])
        content += sheet.rows(looked_sheets.report_cells(found, words))
        return Response(content, media_type=sheet.MEDIA_TYPE, headers=sheet.headers("who-looked-me-up.csv"))
    shown: dict[str, Any] = {
        "report": found,
        "asked": data,
        "place": places[found.municipality_id][0],
        "made_at": times.now(),
    }
    return page(request, "looked/report.html", **values, **_words(), **shown, because=looked.because())


async def _listed(request: Asking, desk: Desk, search: Search, after: str | None, template: str) -> Response[bytes]:
    values = await administration(request, desk)
    lines, further = await desk.read(auditing.asked, search.wanted(after))
    shown: dict[str, Any] = {"lines": lines, "next": further, "search": search, "address": _address}
    if template.endswith("page.html"):
        shown |= {"alarms": await desk.read(auditing.alarms), "people": await desk.read(auditing.people)}
    titles = await desk.read(auditing.names)
    return page(request, template, **values, **_words(), **shown, titles=titles, filters=FILTERS)


async def _asked(
    request: Asking, desk: Desk, what: str, shown: dict[str, Any], error: Invalid | NotFound | None = None
) -> Response[bytes]:
    values = await administration(request, desk)
    problem = {} if error is None else {getattr(error, "field", "number") or "number": told(error)}
    places = await desk.read(auditing.places)
    own = {str(each): places[str(each)][0] for each in auditing.audited(desk.actor)}
    return page(
        request,
        f"looked/_{what}.html" if is_part(request) else f"looked/{what}_ask.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        **values,
        **shown,
        own=own,
        problem=problem,
        address=_address,
    )


def _whom(data: Reporting) -> Whom:
    who = data.who.strip()
    if who.isdecimal() and len(who) > _MOST_DIGITS:
        return Whom(citizen_id=id_of("number", who))
    return Whom(municipality_id=_number("municipality", data.municipality), number=who)


def _number(field: str, text: str) -> int | None:
    return id_of(field, text) if text else None


def _midnight(field: str, day: str, days: int = 0) -> int | None:
    """When that day begins for the reader; of the last one wanted, when it ends."""
    if not day:
        return None
    try:
        begins = date.fromisoformat(day) + timedelta(days=days)
        return clock.from_datetime(datetime(begins.year, begins.month, begins.day, tzinfo=ZoneInfo(timezone())))
    except (ValueError, OverflowError) as error:
        raise Invalid(field, _("There is no such day.")) from error


def _address(path: str, search: Search, **more: str) -> str:
    """Of a list that is narrowed so."""
    return f"{path}?{urlencode({'from': '', **search.fields, **more})}"


def _words() -> dict[str, Any]:
    return {
        "ends": looked.ends(),
        "tones": looked.TONES,
        "offices": looked.offices,
        "place_of": looked.place,
        "purpose_of": looked.purpose,
        "alarm_words": looked.alarm,
        "error_words": looked.error,
        "field_words": panel.field_words,
    }


ROUTES = (show_looked, show_rows, ask_why_taken, take_along, ask_whose, show_report)
