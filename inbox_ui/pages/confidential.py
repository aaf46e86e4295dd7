"""Confidential: limiting a conversation to a queue, and the gate that those outside stand before."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta, Struct

from hub.edge import glances, guarding
from hub.edge.desk import Desk
from hub.edge.parameters import PathId, id_of
from hub.edge.person import READ, WORK
from hub.errors import Invalid
from inbox_ui.context import fragment, whole
from inbox_ui.forms import Decided
from inbox_ui.pages.changes import changed
from inbox_ui.pages.inbox import whole_page
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.view import View
from inbox_ui.words import gettext as _
from inbox_ui.words import told


class Limited(Decided):
    """`queue`: its id; empty: its own queue again."""

    queue: Annotated[str, Meta(pattern="^([1-9][0-9]{0,18})?$")] = ""


class Reason(Struct):
    """Why somebody outside has to read it."""

    reason: Annotated[str, Meta(max_length=500)] = ""


async def gate(
    request: Asking, desk: Desk, view: View, conversation_id: int, *, problem: str = "", reason: str = ""
) -> Response[bytes]:
    """In place of a conversation that others' alone. Raises NotFound for one that isn't to be known of."""
    found = await desk.read(guarding.gate, conversation_id)
    values = await fragment(request, desk, view)
    shown: dict[str, Any] = {"gate": found, "problem": problem, "reason": reason, "beside": is_part(request)}
    if is_part(request):
        return page(request, "conversations/_gate.html", **values, **shown)
    answer = await whole_page(request, desk, view, "conversations/_gate.html", shown)
    answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return answer


@post("/conversations/{conversation_id:int}/glass", opt=READ, status_code=200)
async def break_glass(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Reason],
) -> Response[bytes]:
    """With a reason, for half an hour, to read only. One that says nothing is asked for again."""
    try:
        await desk.write(guarding.break_glass, conversation_id, data.reason)
    except Invalid as error:
        return await gate(request, desk, view, conversation_id, problem=told(error), reason=data.reason)
    return onward(view.opens(conversation_id))


@post("/conversations/{conversation_id:int}/glass/end", opt=READ, status_code=200)
async def put_back(
    desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Before its time."""
    await desk.write(guarding.put_back, conversation_id)
    return onward(view.opens(conversation_id))


@get("/breakages", opt=READ)
async def show_breakages(request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """For the head of a queue: who broke the glass, and why. For a page that is open, the newest in a few words."""
    found = await desk.read(guarding.breakages)
    values = await fragment(request, desk, view)
    if is_part(request):
        newest = found[0] if found else None
        return page(request, "conversations/_breakage.html", **values, newest=newest)
    values = {**await whole(request, desk, view, "breakages"), **values}
    return page(request, "inbox/breakages.html", **values, breakages=found)


@get("/conversations/{conversation_id:int}/confidentiality", opt=WORK)
async def show_confidentiality(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Which queue it shall be limited to, of those that somebody could read it in."""
    values = await fragment(request, desk, view)
    line = await desk.read(glances.line, conversation_id)
    named, names = await desk.read(guarding.queues, conversation_id), values["names"]
    queues = [
        each for each in names.live_queues
        if each in named and line.municipality_id in names.queues[each].municipality_ids
    ]  # fmt: skip
    return page(request, "conversations/_confidentiality.html", **values, one=line, queues=queues)


@post("/conversations/{conversation_id:int}/confidentiality", opt=WORK, status_code=200)
async def limit(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Limited],
) -> Response[bytes]:
    """Limited to a queue, or open to its own again."""
    if data.queue:
        queue_id = id_of("queue", data.queue)
        line = await desk.write(guarding.limit, conversation_id, data.if_match, queue_id)
        return await changed(request, desk, view, line, _("Made confidential"))
    line = await desk.write(guarding.lift, conversation_id, data.if_match)
    return await changed(request, desk, view, line, _("Open to its own queue again"))


ROUTES = (break_glass, put_back, show_breakages, show_confidentiality, limit)
