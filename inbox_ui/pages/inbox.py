"""Inbox: the lists, the rail with its counts, and searching."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect
from markupsafe import Markup

from hub import clock
from hub.edge import changing, listing, searching
from hub.edge.counts import counts
from hub.edge.desk import Desk
from hub.edge.parameters import id_of
from hub.edge.person import PERSON, READ, WORK
from hub.inbox.desk_list import DeskLine, MaskedLine
from inbox_ui import showing, thread, turns
from inbox_ui.context import fragment, whole
from inbox_ui.places import start_of
from inbox_ui.rendering import Asking, Kept, onward, page, part
from inbox_ui.view import View
from inbox_ui.words import gettext as _
from inbox_ui.words import language, timezone

ROWS = 50
After = Annotated[str | None, QueryParameter(max_length=100)]
Group = Annotated[str, QueryParameter(max_length=20)]
ManyIds = Annotated[str, QueryParameter(max_length=8_000, pattern=r"^([0-9]+(,[0-9]+)*)?$")]
Ids = Annotated[str, QueryParameter(max_length=2_000, pattern=r"^([0-9]+(,[0-9]+)*)?$")]

News = Annotated[str, QueryParameter(max_length=60, pattern=r"^(nothing|registered-[0-9]{1,19}-[0-9]{1,19})?$")]

_ROWS = Kept(5_000)
"""Rendered rows. One is a thousand letters or so."""
_LISTS = Kept(100)
"""Rendered pages of lists, of fifty rows each."""


@get("/", opt=PERSON)
async def start(desk: NamedDependency[Desk]) -> Redirect:
    """Where work begins."""
    return Redirect(start_of(desk.actor))


@get("/inbox", opt=READ)
async def show_inbox(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], after: After = None, told: News = ""
) -> Response[bytes]:
    """A list, and room for a conversation beside it. `told`: what came of what led here, with the way back."""
    return await whole_page(request, desk, view, "conversations/_none.html", {"told": _told(view, told)}, after)


@get("/inbox/rows", opt=READ)
async def show_rows(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    after: After = None,
    group: Group = "",
) -> Response[bytes]:
    """The rows that follow `after`; without it, the list anew."""
    values = await fragment(request, desk, view)
    listed = await rows(desk, view, values, after, group)
    return page(request, "conversations/_listed.html", **{**values, **listed}, waiting=())


@get("/inbox/list", opt={**READ, **turns.ROWS})
async def show_list(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], ids: ManyIds = ""
) -> Response[bytes]:
    """The list anew, for a page that may have missed something. `ids`: of conversations that it was told of: which of
    them are in the list, on whatever page, is said beside the rows.
    """
    values = await fragment(request, desk, view)
    listed = await rows(desk, view, values)
    asked = [id_of("ids", each) for each in ids.split(",") if each]
    waiting = await listing.belonging(desk, view.filtered(desk.actor), asked) if asked and not view.q else ()
    return page(request, "conversations/_listed.html", **{**values, **listed}, waiting=waiting)


@get("/inbox/news", opt={**READ, **turns.ROWS})
async def show_news(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    ids: Ids = "",
    shown: Ids = "",
    said: Ids = "",
) -> Response[bytes]:
    """What has changed. `shown`: whose rows the page has; those come as they are now that its reader may still open.

    `ids`: others; of both, those that belong into the list come each in its group, for the page to place. `said`: of
    whose chats the page was told that the citizen said something there; told of are those that are the reader's.
    """
    values = await fragment(request, desk, view)
    filtered = None if view.q else view.filtered(desk.actor)
    asked = (_named("shown", shown), _named("ids", ids), _named("said", said))
    news = await listing.changed(desk, filtered, *asked)
    placed = [(_due(each), row(each, values)) for each in news.inside]
    return page(
        request,
        "conversations/_news.html",
        **values,
        rows=[row(each, values) for each in news.outside],
        typing={each: thread.others(request, desk, each)["present"] for each in _opened([*news.inside, *news.outside])},
        groups=_by_id(placed) if view.is_newest_first else showing.groups(placed, more=False),
        said=news.said,
    )


def _by_id(rows: Sequence[tuple[datetime | None, Markup]]) -> Sequence[showing.Group]:
    """Of a list that isn't by due time: all in one, without a name."""
    return [showing.Group("", "", [each for _, each in rows], whole=False)] if rows else []


def _opened(lines: Sequence[DeskLine | MaskedLine]) -> list[str]:
    return [each.conversation.id for each in lines if isinstance(each, DeskLine)]


def _named(name: str, ids: str) -> list[int]:
    return [id_of(name, each) for each in ids.split(",") if each][:ROWS]


@get("/inbox/rail", opt={**READ, **turns.FIGURES})
async def show_rail(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    elsewhere: Annotated[str, QueryParameter(pattern="^[a-z]{0,20}$")] = "",
) -> Response[bytes]:
    """The rail, counted anew."""
    return page(request, "inbox/_rail.html", **await whole(request, desk, view, elsewhere))


@post("/next", opt=WORK)
async def take_next(desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """The most urgent conversation that is nobody's becomes the reader's, and opens."""
    found = await desk.write(changing.take_next)
    return onward(view.opens(found.id) if found else f"{view.href}&told=nothing")


@get("/inbox/search", opt=READ)
async def search(request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """The list of what the words find, as they are typed; without words, the list there was."""
    values = await whole(request, desk, view)
    return page(request, "conversations/_list.html", **{**values, **await rows(desk, view, values)})


def _told(view: View, news: str) -> tuple[str, str, str] | None:
    """Words; an address and what it is called, or neither."""
    what, *ids = news.split("-")
    if what == "nothing":
        return _("There is nothing to take: nobody’s conversation waits in your queues."), "", ""
    if what == "registered":
        return _("It is written down."), f"/conversations/{ids[0]}/contacts/{ids[1]}?{view.query}", _("Correct")
    return None


async def whole_page(
    request: Asking, desk: Desk, view: View, pane: str, shown: dict[str, Any], after: str | None = None
) -> Response[bytes]:
    """A list, and beside it what `pane`, a template, shows."""
    values = await whole(request, desk, view)
    listed = await rows(desk, view, values, after)
    return page(request, "inbox/page.html", **{**values, **listed, **shown}, pane=pane)


async def rows(
    desk: Desk, view: View, values: dict[str, Any], after: str | None = None, group: str = ""
) -> dict[str, Any]:
    """What the list's templates are given. `values`: of the page."""
    if view.q:
        return await _found(desk, view, values, after)
    lines, further = await listing.page_of(desk, view.filtered(desk.actor), after, ROWS)
    keys = [_key(each) for each in lines]
    said = _said(values)
    parts = {"next": further, "continued": after is not None}

    def make() -> Markup:
        rendered = [
            (_due(line), _ROWS.get((key, *said), partial(_row, line, values)))
            for key, line in zip(keys, lines, strict=True)
        ]
        groups = (
            _by_id(rendered)
            if view.is_newest_first
            else showing.groups(rendered, more=further is not None, after_group=group)
        )
        return part("conversations/_rows.html", **values, **parts, groups=groups)

    # Most lists are asked for again as they were: then nothing of them is put together anew.
    if not lines:
        values = {**values, "counts": await counts(desk.storage, desk.actor)}  # it says what else there is to do
        return {"rows": part("conversations/_rows.html", **values, **parts, groups=()), "understood": None}
    key = (tuple(keys), view.is_newest_first, further, after, group, *said)
    return {"rows": _LISTS.get(key, make), "understood": None}


async def _found(desk: Desk, view: View, values: dict[str, Any], after: str | None) -> dict[str, Any]:
    answer = await desk.read(searching.search_desk, view.q, after, ROWS)
    names = values["names"]
    rendered = [part("conversations/_row.html", row=each.line, found=each, names=names) for each in answer.found]
    groups = [showing.Group("", "", rendered, whole=False)] if rendered else []
    parts = {"groups": groups, "next": answer.next, "continued": after is not None}
    # All of them are counted only where that costs nothing: when they are on this page.
    total = f"{len(answer.found)}{'+' if answer.next else ''}"
    return {"rows": part("conversations/_rows.html", **values, **parts), "understood": answer, "total": total}


def row(line: DeskLine | MaskedLine, values: dict[str, Any]) -> Markup:
    """One of a list."""
    return _ROWS.get((_key(line), *_said(values)), partial(_row, line, values))


def _row(line: DeskLine | MaskedLine, values: dict[str, Any]) -> Markup:
    template = "conversations/_masked.html" if isinstance(line, MaskedLine) else "conversations/_row.html"
    return part(template, row=line, names=values["names"])


def _key(line: DeskLine | MaskedLine) -> Hashable:
    """All that a row is made of: a version tells of all entries."""
    if isinstance(line, MaskedLine):
        return line
    one = line.conversation
    return one.id, one.version, one.citizen_name, line.unread, line.draft, line.attachments


def _said(values: dict[str, Any]) -> tuple[Hashable, ...]:
    """What else: names, the reader's language, and the minute, for a row says how long is left."""
    return values["called"], language(), timezone(), clock.now() // clock.MINUTE


def _due(line: DeskLine | MaskedLine) -> datetime | None:
    return line.due_at if isinstance(line, MaskedLine) else line.conversation.due_at


ROUTES = (start, show_inbox, show_rows, show_list, show_news, show_rail, search, take_next)
