"""Letterheads: what stands below a municipality's mails, by queue, and whether answers quote; with a preview."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from hub.edge import managing
from hub.edge.desk import Desk
from hub.edge.managing import Heading, LetterheadLine
from hub.edge.parameters import InQueue, PathId
from hub.edge.person import ADMIN
from hub.edge.problems import Stale
from hub.edge.versions import etag
from hub.errors import Invalid, NotFound
from hub.inbox import placeholders
from inbox_ui.administered import place_of, placeholder_words, places, problem_of, queue_id, texts
from inbox_ui.administration import administration
from inbox_ui.rendering import Asking, onward, page
from inbox_ui.words import told

_QUOTES: Mapping[str, bool | None] = {"yes": True, "no": False}
"""As a form says it; else: as the municipality's own."""


@get("/letterheads", opt=ADMIN)
async def show_letterheads(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """Of all queues of the municipalities that this person administers."""
    values = await administration(request, desk)
    lines = {(each.municipality_id, each.queue_id): each for each in await desk.read(managing.letterheads)}
    shown: dict[str, Any] = {"lines": lines, "places": places(values["names"], desk.actor)}
    return page(request, "letterheads/page.html", **values, **shown)


@get("/letterheads/{municipality_id:int}", opt=ADMIN)
async def show_letterhead(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, queue: InQueue = None
) -> Response[bytes]:
    """One of them, to be changed."""
    return await _shown(request, desk, await desk.read(managing.letterhead_of, municipality_id, queue_id(queue)), {})


@post("/letterheads/{municipality_id:int}", opt=ADMIN, status_code=200)
async def put_letterhead(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, queue: InQueue = None
) -> Response[bytes]:
    """From the next mail on. What somebody else wrote meanwhile is shown beside what was written here."""
    said, of = texts(await request.form()), queue_id(queue)
    await administration(request, desk)
    quotes, version = _QUOTES.get(said.get("quotes", "")), etag(said.get("version", ""))
    try:
        heading = Heading(of, said.get("signature", ""), quotes, said.get("greeting", ""))
        await desk.write(managing.put_letterhead, municipality_id, heading, version)
    except (Invalid, Stale) as error:
        line = await desk.read(managing.letterhead_of, municipality_id, of, also_retired=True)
        return await _shown(request, desk, line, said, error)
    return onward("/letterheads")


@post("/letterheads/{municipality_id:int}/preview", opt=ADMIN, status_code=200)
async def preview(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, queue: InQueue = None
) -> Response[bytes]:
    """As it would stand below the reader's own mail."""
    said = texts(await request.form())
    await administration(request, desk)
    return page(request, "letterheads/_preview.html", **await _previewed(desk, municipality_id, queue_id(queue), said))


async def _previewed(desk: Desk, municipality_id: int, of: int | None, said: Mapping[str, str]) -> dict[str, Any]:
    signature, quotes = said.get("signature", ""), _QUOTES.get(said.get("quotes", ""))
    try:
        below = await desk.read(managing.preview_letterhead, municipality_id, of, signature, quotes)
    except Invalid as error:
        return {"below": None, "cannot": told(error)}
    except NotFound as error:  # its queue was retired meanwhile; or it is no municipality of theirs, and that goes up
        await desk.read(managing.preview_letterhead, municipality_id, None, "", None)
        return {"below": None, "cannot": told(error)}
    return {"below": below, "cannot": ""}


async def _shown(
    request: Asking,
    desk: Desk,
    line: LetterheadLine,
    said: Mapping[str, str],
    error: Invalid | Stale | None = None,
) -> Response[bytes]:
    values = await administration(request, desk)
    quotes = {True: "yes", False: "no", None: ""}[line.quotes]
    as_is = {"signature": line.signature, "quotes": quotes, "greeting": line.greeting}
    typed = {**as_is, **said}
    shown: dict[str, Any] = {
        "line": line,
        "place": place_of(values["names"], desk.actor, line.municipality_id),
        "typed": typed,
        "as_is": as_is,
        "is_stale": isinstance(error, Stale),
        "problem": problem_of(error) if isinstance(error, Invalid) and error.field != "greeting" else "",
        "greeting_problem": told(error) if isinstance(error, Invalid) and error.field == "greeting" else "",
        "names_of": {each: placeholder_words()[each] for each in placeholders.OURS},
        **await _previewed(desk, int(line.municipality_id), queue_id(line.queue_id), typed),
    }
    status = HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY
    status = HTTPStatus.PRECONDITION_FAILED if shown["is_stale"] else status
    return page(request, "letterheads/edit.html", status=status, **values, **shown)


ROUTES = (show_letterheads, show_letterhead, put_letterhead, preview)
