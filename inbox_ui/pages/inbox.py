"""Inbox: the lists, the rail with its counts, and searching."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from hub import clock
from hub.edge import changing, glances, listing, searching
from hub.edge.desk import Desk
from hub.edge.parameters import id_of
from hub.edge.person import PERSON, READ, WORK
from hub.inbox.desk_list import DeskLine, MaskedLine
from hub.inbox.names import Names
from inbox_ui import showing
from inbox_ui.administration import start_of
from inbox_ui.context import fragment, whole
from inbox_ui.rendering import Asking, Kept, page, part
from inbox_ui.view import View
from inbox_ui.words import language, timezone

ROWS = 50
After = Annotated[str | None, QueryParameter(max_length=100)]
Group = Annotated[str, QueryParameter(max_length=20)]
Ids = Annotated[str, QueryParameter(max_length=2_000, pattern=r"^[0-9]+(,[0-9]+)*$")]

_ROWS = Kept(5_000)
"""Rendered rows. One is a thousand letters or so."""


@get("/", opt=PERSON)
async def start(desk: NamedDependency[Desk]) -> Redirect:
    """Where work begins."""
    return Redirect(start_of(desk.actor))


@get("/inbox", opt=READ)
async def show_inbox(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], after: After = None
) -> Response[bytes]:
    """A list, and room for a conversation beside it."""
    values = await whole(request, desk, view)
    listed = await rows(desk, view, values["names"], after)
    return page(request, "inbox/page.html", **values, **listed, pane="conversations/_none.html")


@get("/inbox/rows", opt=READ)
async def show_rows(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    after: After = None,
    group: Group = "",
) -> Response[bytes]:
    """The rows that follow `after`; without it, the list anew."""
    values = await whole(request, desk, view)
    listed = await rows(desk, view, values["names"], after, group)
    return page(request, "conversations/_rows.html", **values, **listed)


@get("/inbox/news", opt=READ)
async def show_news(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], ids: Ids
) -> Response[bytes]:
    """Those of the conversations that belong into the list, each in its group, for the page to place."""
    values = await fragment(request, desk, view)
    wanted = [id_of("ids", each) for each in ids.split(",")][:ROWS]
    lines = await desk.read(glances.lines_in, view.filtered(desk.actor), wanted)
    groups = showing.groups(_dated(lines, values["names"]), more=False)
    return page(request, "conversations/_news.html", **values, groups=groups)


@get("/inbox/rail", opt=READ)
async def show_rail(request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """The rail, counted anew."""
    return page(request, "inbox/_rail.html", **await whole(request, desk, view))


@post("/next", opt=WORK)
async def take_next(desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """The most urgent conversation that is nobody's becomes the reader's, and opens."""
    found = await desk.write(changing.take_next)
    address = f"/conversations/{found.id}?{view.query}" if found else f"/inbox?{view.query}&nothing=next"
    return Response(b"", status_code=303, headers={"Location": address})


@get("/inbox/search", opt=READ)
async def search(request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """The list of what the words find, as they are typed; without words, the list there was."""
    values = await whole(request, desk, view)
    return page(request, "conversations/_list.html", **values, **await rows(desk, view, values["names"]))


async def rows(desk: Desk, view: View, names: Names, after: str | None = None, group: str = "") -> dict[str, Any]:
    """What the list's templates are given."""
    if view.q:
        return await _found(desk, view, names, after)
    lines, further = await listing.page_of(desk, view.filtered(desk.actor), after, ROWS)
    if view.is_newest_first:
        rendered = [row(each, names) for each in lines]
        groups = [showing.Group("", "", rendered, whole=False)] if rendered else []
    else:
        groups = showing.groups(_dated(lines, names), more=further is not None, after_group=group)
    return {"groups": groups, "next": further, "continued": after is not None, "understood": None}


async def _found(desk: Desk, view: View, names: Names, after: str | None) -> dict[str, Any]:
    answer = await desk.read(searching.search_desk, view.q, after, ROWS)
    rendered = [part("conversations/_row.html", row=each.line, found=each, names=names) for each in answer.found]
    groups = [showing.Group("", "", rendered, whole=False)] if rendered else []
    return {"groups": groups, "next": answer.next, "continued": after is not None, "understood": answer}


def row(line: DeskLine | MaskedLine, names: Names) -> str:
    """Kept by all that it is made of, and by the minute: it says how long is left. A version tells of all entries."""
    said = (id(names), language(), timezone(), clock.now() // clock.MINUTE)
    if isinstance(line, MaskedLine):
        return _ROWS.get((line, *said), lambda: part("conversations/_masked.html", row=line, names=names))
    one = line.conversation
    key = (one.id, one.version, one.citizen_name, line.unread, line.draft, line.attachments, *said)
    return _ROWS.get(key, lambda: part("conversations/_row.html", row=line, names=names))


def _dated(lines: Sequence[DeskLine | MaskedLine], names: Names) -> list[tuple[Any, str]]:
    return [
        (each.due_at if isinstance(each, MaskedLine) else each.conversation.due_at, row(each, names)) for each in lines
    ]


ROUTES = (start, show_inbox, show_rows, show_news, show_rail, search, take_next)
