"""Asked: who looked what up, for auditors; how lookups are used, for departments; a citizen's report."""

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import Struct
from msgspec.structs import replace

from hub.edge import auditing, looked_sheets, sheet
from hub.edge.auditing import Whom
from hub.edge.desk import Desk
from hub.edge.looked_sheets import Wording
from hub.edge.parameters import After, IdText, Limit, QueryId, id_of, instant_of
from hub.edge.person import AUDIT, USE
from hub.lookups.looked import Filter, Line, Wanted
from hub.lookups.use import LookupUse
from hub.web.page import Page

Name = Annotated[str | None, QueryParameter(name="lookup", pattern="^[a-z][a-z0-9_]{1,39}$")]
Since = Annotated[datetime | None, QueryParameter(name="from", description="Asked then or later.")]
Until = Annotated[datetime | None, QueryParameter(name="to", description="Asked before.")]
Ended = Annotated[
    Filter | None, QueryParameter(name="ended", description="What came of it; `alarm`: another's, protected, stopped.")
]
Words = Annotated[
    str, QueryParameter(name="purpose", max_length=200, pattern=r"^[^\x00]*$", description="Words of the purpose.")
]
Why = Annotated[str, QueryParameter(name="reason", max_length=500, description="A sentence; kept in the audit.")]
Days = Annotated[Literal[7, 28], QueryParameter(description="The last so many, with today.")]


class Ask(Struct, forbid_unknown_fields=True):
    """`citizen`: an id; or `municipality` and an identity `number`. `reason`: a sentence; kept in the audit."""

    reason: str
    citizen: IdText | None = None
    municipality: IdText | None = None
    number: str = ""
    form: Literal["json", "csv"] = "json"


@get("/lookups/asked", opt=AUDIT)
async def list_asked(
    desk: NamedDependency[Desk],
    municipality: QueryId = None,
    person: QueryId = None,
    name: Name = None,
    since: Since = None,
    until: Until = None,
    ended: Ended = None,
    conversation: QueryId = None,
    words: Words = "",
    after: After = None,
    limit: Limit = 50,
) -> Page[Line]:
    """Who asked other systems what, when, why, and what came of it; newest first."""
    wanted = _wanted(municipality, person, name, since, until, ended, conversation, words)
    return Page(*await desk.read(auditing.asked, replace(wanted, after=after, limit=limit)))


@get("/lookups/asked/export", opt=AUDIT, media_type=sheet.MEDIA_TYPE)
async def export_asked(
    desk: NamedDependency[Desk],
    reason: Why,
    municipality: QueryId = None,
    person: QueryId = None,
    name: Name = None,
    since: Since = None,
    until: Until = None,
    ended: Ended = None,
    conversation: QueryId = None,
    words: Words = "",
) -> Stream:
    """The whole of such a list as CSV: UTF-8 with a byte order mark, semicolons. That it left is in the audit."""
    wanted = _wanted(municipality, person, name, since, until, ended, conversation, words)
    parts = await auditing.exported(desk, wanted, reason, "api")
    wording = await _wording(desk)
    cells = (looked_sheets.line_cells(part, wording) async for part in parts)
    content = sheet.streamed(looked_sheets.LINE_TITLES, cells)
    return Stream(content, media_type=sheet.MEDIA_TYPE, headers=sheet.headers("lookups-asked.csv"))


@post("/lookups/reports", opt=AUDIT, status_code=200)
async def report_citizen(desk: NamedDependency[Desk], data: JSONBody[Ask]) -> Response[Any]:
    """Who looked a citizen up, when, why and where, by role and unit: to be handed to whoever is shown to be them."""
    whom = Whom(_id("citizen", data.citizen), _id("municipality", data.municipality), data.number)
    found = await desk.write(auditing.report, whom, data.reason, "api")
    if data.form == "json":
        return Response(found)
    content = sheet.begun(looked_sheets.REPORT_TITLES)
    content += sheet.rows(looked_sheets.report_cells(found, await _wording(desk)))
    return Response(content, media_type=sheet.MEDIA_TYPE, headers=sheet.headers("who-looked.csv"))


@get("/lookups/use", opt=USE)
async def show_use(desk: NamedDependency[Desk], days: Days = 7) -> Page[LookupUse]:
    """How often each lookup of one's municipalities is asked, for what, how well it answers, and who asks."""
    return Page(await desk.read(auditing.used, days), None)


def _wanted(
    municipality: int | None,
    person: int | None,
    name: str | None,
    since: datetime | None,
    until: datetime | None,
    ended: Filter | None,
    conversation: int | None,
    words: str,
) -> Wanted:
    return Wanted(
        municipality_id=municipality,
        person_id=person,
        lookup=name,
        since=None if since is None else instant_of("from", since),
        until=None if until is None else instant_of("to", until),
        ended=ended,
        conversation_id=conversation,
        words=words,
    )


def _id(field: str, text: str | None) -> int | None:
    return None if text is None else id_of(field, text)


async def _wording(desk: Desk) -> Wording:
    """In the words that JSON has, and the names of the person's language."""
    titles, places = await desk.read(auditing.names), await desk.read(auditing.places)
    language = desk.actor.language
    return Wording(
        lambda word: word, lambda names: names.get(language) or next(iter(names.values()), ""), titles, places
    )


ROUTES = (list_asked, export_asked, report_citizen, show_use)
