"""Changes of a conversation's state: each is a form that posts, and a way back that posts, too."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta
from msgspec.structs import replace

from hub.edge import changing, colleagues, glances, looking
from hub.edge.desk import Desk
from hub.edge.parameters import PathId, id_of
from hub.edge.person import READ, WORK
from hub.errors import NotFound
from hub.inbox.queries import ConversationLine
from inbox_ui import thread, times
from inbox_ui.context import fragment
from inbox_ui.forms import Decided, Id, instant
from inbox_ui.rendering import Asking, is_part, onward, page, shows_another
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import gettext as _
from inbox_ui.words import word


class Assignment(Decided):
    """`person`: me, none or an id."""

    person: Annotated[str, Meta(pattern="^(me|none|[1-9][0-9]{0,18})$")] = "me"


class InQueue(Decided, kw_only=True):
    """`queue`: an id."""

    queue: Id


class Waiting(Decided):
    """`until`: ISO 8601 with an offset, or `date`: then the morning of `date`."""

    until: Annotated[str, Meta(max_length=40)] = "date"
    date: Annotated[str, Meta(max_length=10)] = ""


class Resumed(Decided):
    """`until`: as long as it had waited before, ISO 8601 with an offset; empty: it hadn't."""

    until: Annotated[str, Meta(max_length=40)] = ""


@get("/conversations/{conversation_id:int}/colleagues", opt=READ)
async def show_colleagues(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Whom it can be given to."""
    values = await fragment(request, desk, view)
    found = await desk.read(colleagues.colleagues, conversation_id)
    return page(request, "conversations/_colleagues.html", **values, colleagues=found)


@get("/conversations/{conversation_id:int}/actions", opt=WORK)
async def show_actions(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """What can be done with it from its row in a list. No reading: it says no more than the row."""
    values = await fragment(request, desk, view)
    shown: dict[str, Any] = {
        "one": await _line(desk, conversation_id),
        "waits": times.waits(),
        "tomorrow": times.tomorrow(),
    }
    return page(request, "conversations/_actions.html", **values, **shown)


@post("/conversations/{conversation_id:int}/assignment", opt=WORK, status_code=200)
async def assign(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Assignment],
) -> Response[bytes]:
    """To a colleague, to oneself, to nobody."""
    was = await _line(desk, conversation_id)
    if data.person == "none":
        line = await desk.write(changing.unassign, conversation_id, data.if_match)
    else:
        person_id = desk.actor.id if data.person == "me" else id_of("person", data.person)
        line = await desk.write(changing.assign, conversation_id, data.if_match, person_id)
    words = _("Assigned to %(name)s") % {"name": line.assignee.name} if line.assignee else _("Assigned to nobody")
    fields = {"person": was.assignee.id if was.assignee else "none"}
    return await changed(request, desk, view, line, words, "assignment", fields)


@post("/conversations/{conversation_id:int}/queue", opt=WORK, status_code=200)
async def move(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[InQueue],
) -> Response[bytes]:
    """Handed over to another queue."""
    was = await _line(desk, conversation_id)
    line = await desk.write(changing.move, conversation_id, data.if_match, id_of("queue", data.queue))
    names = (await fragment(request, desk, view))["names"]
    words = _("Handed over to %(queue)s") % {"queue": word(names.queues[line.queue_id].words)}
    return await changed(request, desk, view, line, words, "queue", {"queue": was.queue_id})


@post("/conversations/{conversation_id:int}/closure", opt=WORK, status_code=200)
async def close(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Decided],
) -> Response[bytes]:
    """Nothing is owed any more."""
    line = await desk.write(changing.close, conversation_id, data.if_match)
    return await changed(request, desk, view, line, _("Closed"), "closure/end")


@post("/conversations/{conversation_id:int}/closure/end", opt=WORK, status_code=200)
async def reopen(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Decided],
) -> Response[bytes]:
    """Open again."""
    line = await desk.write(changing.reopen, conversation_id, data.if_match)
    return await changed(request, desk, view, line, _("Open again"), "closure")


@post("/conversations/{conversation_id:int}/spam", opt=WORK, status_code=200)
async def close_as_spam(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Decided],
) -> Response[bytes]:
    """Closed, and no contact to be counted."""
    line = await desk.write(changing.mark_spam, conversation_id, data.if_match)
    return await changed(request, desk, view, line, _("Closed as spam"), "spam/end")


@post("/conversations/{conversation_id:int}/spam/end", opt=WORK, status_code=200)
async def take_back_spam(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Decided],
) -> Response[bytes]:
    """It was none."""
    line = await desk.write(changing.unmark_spam, conversation_id, data.if_match)
    return await changed(request, desk, view, line, _("Open again"), "spam")


@post("/conversations/{conversation_id:int}/waiting", opt=WORK, status_code=200)
async def wait(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Waiting],
) -> Response[bytes]:
    """Until a time: then it is due."""
    until = instant(data.until, data.date)
    was = await _line(desk, conversation_id)
    line = await desk.write(changing.wait, conversation_id, data.if_match, until)
    words = _("Waits until %(day)s") % {"day": times.day_within(until)}
    fields = {"until": was.wait_until.isoformat()} if was.wait_until else {}
    return await changed(request, desk, view, line, words, "waiting/end", fields)


@post("/conversations/{conversation_id:int}/waiting/end", opt=WORK, status_code=200)
async def resume(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Resumed],
) -> Response[bytes]:
    """It waits no longer, or till then again."""
    was = await _line(desk, conversation_id)
    until = instant(data.until, "") if data.until else None
    line = await desk.write(changing.resume, conversation_id, data.if_match, until)
    if until is not None:
        return await changed(request, desk, view, line, _("Waits until %(day)s") % {"day": times.day_within(until)})
    fields = {"until": was.wait_until.isoformat()} if was.wait_until and was.wait_until > times.now() else None
    back = "waiting" if fields else ""
    return await changed(request, desk, view, line, _("Waits no longer"), back, fields)


async def changed(
    request: Asking,
    desk: Desk,
    view: View,
    line: ConversationLine,
    words: str,
    back: str = "",
    fields: dict[str, str] | None = None,
) -> Response[bytes]:
    """The conversation's head as it is now, and words with a way `back`; for a page without a script, the page."""
    at = f"/conversations/{line.id}"
    if not is_part(request):
        return onward(view.opens(line.id))
    undo = f"{at}/{back}" if back else ""
    toast = Toast(words, undo, {**(fields or {}), "version": str(line.version)})
    if shows_another(request, line.id):
        return await told_elsewhere(request, desk, view, line, toast)
    values = await fragment(request, desk, view)
    try:
        looked = await desk.look(looking.look_at, int(line.id))
    except NotFound:  # handed over to where its reader can't follow
        headers = {"HX-Retarget": "#thread", "HX-Reswap": "outerHTML", "HX-Push-Url": view.href}
        return page(request, "conversations/_gone.html", headers=headers, **values, toast=Toast(words))
    shown = {**values, **thread.head(looked), **thread.others(request, desk, line.id), "toast": toast}
    headers = {"HX-Retarget": "#thread-head", "HX-Trigger": f"changed-{line.id}"}
    return page(request, "conversations/_changed.html", headers=headers, **shown)


async def whole(request: Asking, desk: Desk, view: View, line: ConversationLine, toast: Toast) -> Response[bytes]:
    """The whole conversation: what stands in it isn't what stood there, before what was shown as well."""
    address = view.opens(line.id)
    if not is_part(request):
        return onward(address)
    looked = await desk.look(looking.look_at, int(line.id))
    shown = {**await thread.thread(request, desk, view, looked), "beside": True}
    headers = {
        "HX-Retarget": "#thread",
        "HX-Reswap": "outerHTML",
        "HX-Push-Url": address,
        "HX-Trigger": f"changed-{line.id}",
    }
    return page(request, "conversations/_opened.html", headers=headers, **shown, toast=toast)


async def told_elsewhere(
    request: Asking, desk: Desk, view: View, line: ConversationLine, toast: Toast
) -> Response[bytes]:
    """For a page that shows something else by now: words, and a way to the conversation, in the toast's place."""
    values = await fragment(request, desk, view)
    toast = replace(toast, opens=toast.opens or view.opens(line.id))
    headers = {"HX-Retarget": "#toast", "HX-Reswap": "innerHTML", "HX-Trigger": f"changed-{line.id}"}
    return page(request, "toasts/_toast.html", headers=headers, **values, toast=toast)


async def _line(desk: Desk, conversation_id: int) -> ConversationLine:
    return await desk.read(glances.line, conversation_id)


ROUTES = (show_colleagues, show_actions, assign, move, close, reopen, close_as_spam, take_back_spam, wait, resume)
