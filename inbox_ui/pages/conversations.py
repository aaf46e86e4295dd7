"""Conversations: one of them beside the list, and the parts of it that a page fetches anew."""

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from msgspec import Struct

from hub.edge import glances, looking
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import READ
from hub.errors import NotFound
from inbox_ui import showing, thread
from inbox_ui.context import fragment
from inbox_ui.pages import confidential
from inbox_ui.pages.inbox import whole_page
from inbox_ui.rendering import Asking, is_part, page
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import gettext as _

Cursor = Annotated[str | None, QueryParameter(max_length=100)]


@get("/conversations/{conversation_id:int}", opt=READ)
async def show_conversation(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    before: Cursor = None,
) -> Response[bytes]:
    """A whole page, or the conversation alone for a page that is open. Reading it is logged."""
    try:
        looked = await desk.look(looking.look_at, conversation_id)
    except NotFound:
        return await confidential.gate(request, desk, view, conversation_id)
    values = await thread.thread(request, desk, view, looked)
    if before is not None:  # without a script: older entries instead of the newest
        older = await desk.look(looking.older_entries, conversation_id, before)
        values |= {"days": showing.days(older.entries, values["names"], older.citizen), "before": older.before}
    if is_part(request):
        return page(request, "conversations/_thread.html", **{**values, "beside": True})
    return await whole_page(request, desk, view, "conversations/_thread.html", values)


@get("/conversations/{conversation_id:int}/head", opt=READ)
async def show_head(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Its head, menus, outcome and identity, as they are now."""
    values = await fragment(request, desk, view)
    try:
        looked = await desk.look(looking.look_at, conversation_id)
    except NotFound:
        return await _taken_away(request, desk, view, conversation_id)
    shown = {**values, **thread.head(looked), **thread.others(request, desk, conversation_id)}
    return page(request, "conversations/_changed.html", **shown, toast=None)


async def _taken_away(request: Asking, desk: Desk, view: View, conversation_id: int) -> Response[bytes]:
    """Its reader may not open it any more: nothing of it stays on their screen."""
    try:
        answer = await confidential.gate(request, desk, view, conversation_id)
    except NotFound:
        values = await fragment(request, desk, view)
        toast = Toast(_("That conversation lies now where you can't open it"))
        answer = page(request, "conversations/_gone.html", **values, toast=toast)
    answer.headers.update({"HX-Retarget": "#thread", "HX-Reswap": "outerHTML"})
    return answer


@get("/conversations/{conversation_id:int}/newer", opt=READ)
async def show_newer(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    after: Cursor = None,
) -> Response[bytes]:
    """Entries that came after the newest shown."""
    values = await fragment(request, desk, view)
    try:
        newer = await desk.look(looking.newer_entries, conversation_id, after or None)
    except NotFound:
        return Response(b"", status_code=204)  # whoever asks for the head is told
    days = showing.days(newer.entries, values["names"], newer.citizen)
    newest = looking.cursor(newer.entries, after or "")
    return page(request, "entries/_newer.html", **values, days=days, newest=newest)


@get("/conversations/{conversation_id:int}/older", opt=READ)
async def show_older(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId, before: Cursor
) -> Response[bytes]:
    """Entries that came before the oldest shown."""
    values = await fragment(request, desk, view)
    older = await desk.look(looking.older_entries, conversation_id, before)
    days = showing.days(older.entries, values["names"], older.citizen)
    return page(request, "entries/_older.html", **values, id=conversation_id, days=days, before=older.before)


@get("/conversations/{conversation_id:int}/entries/{entry_id:int}", opt=READ)
async def show_entry(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    entry_id: PathId,
) -> Response[bytes]:
    """One that is shown, as it is now: how far it is on its way, or that it was taken back."""
    values = await fragment(request, desk, view)
    found = await desk.look(looking.entry, conversation_id, entry_id)
    (day,) = showing.days(found.entries, values["names"], found.citizen)
    return page(request, "entries/_entry.html", **values, entry=day.entries[0])


class Sign(Struct):
    """What its reader does: `reading` or `typing`."""

    state: str


@post("/conversations/{conversation_id:int}/presence", opt=READ, status_code=204)
async def give_sign(
    request: Asking, desk: NamedDependency[Desk], conversation_id: PathId, data: URLEncodedBody[Sign]
) -> None:
    """That somebody reads it, for half a minute, or types."""
    await desk.read(glances.require_readable, conversation_id)
    live = request.app.state.live
    (live.typing if data.state == "typing" else live.reading)(desk.actor, conversation_id)


@get("/conversations/{conversation_id:int}/present", opt=READ)
async def show_present(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Who else reads or types."""
    await desk.read(glances.require_readable, conversation_id)
    values = await fragment(request, desk, view)
    there = thread.others(request, desk, conversation_id)
    return page(request, "conversations/_present_people.html", **values, **there)


ROUTES = (
    show_conversation,
    show_head,
    show_newer,
    show_older,
    show_entry,
    give_sign,
    show_present,
)
