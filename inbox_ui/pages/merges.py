"""Merges and misdirections: a conversation that belongs into another one, or to somebody else."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta

from hub.edge import glances, merging, misdirecting
from hub.edge.desk import Desk
from hub.edge.parameters import PathId, id_of
from hub.edge.person import WORK
from inbox_ui.context import fragment
from inbox_ui.forms import Decided, Id
from inbox_ui.pages.changes import changed, whole
from inbox_ui.rendering import Asking, is_part, onward, page, shows_another
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import gettext as _


class Merge(Decided, kw_only=True):
    """`other`: the conversation that becomes part of this one."""

    other: Id


class Misdirection(Decided):
    """`to`: a municipality's id and a queue's, with a space between them; else `where`, in words."""

    to: Annotated[str, Meta(max_length=50)] = ""
    where: Annotated[str, Meta(max_length=500)] = ""


@get("/conversations/{conversation_id:int}/merges", opt=WORK)
async def show_merges(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """What may be the same exchange, and what is part of it already."""
    values = await fragment(request, desk, view)
    shown: dict[str, Any] = {
        "one": await desk.read(glances.line, conversation_id),
        "candidates": await desk.read(merging.candidates, conversation_id),
        "parts": await desk.read(merging.parts, conversation_id),
    }
    return page(request, "merges/_merges.html", **values, **shown)


@post("/conversations/{conversation_id:int}/merges", opt=WORK, status_code=200)
async def merge(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Merge],
) -> Response[bytes]:
    """The other one is part of this one from now on."""
    line = await desk.write(merging.merge, conversation_id, data.if_match, id_of("other", data.other))
    if shows_another(request, line.id):
        return await changed(request, desk, view, line, _("Merged"), "merges/end", {"other": data.other})
    back = {"other": data.other, "version": str(line.version)}
    return await whole(request, desk, view, line, Toast(_("Merged"), f"/conversations/{line.id}/merges/end", back))


@post("/conversations/{conversation_id:int}/merges/end", opt=WORK, status_code=200)
async def split(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Merge],
) -> Response[bytes]:
    """On its own again. What is shown of it here is gone, so the page is fetched anew."""
    line = await desk.write(merging.split, conversation_id, data.if_match, id_of("other", data.other))
    address = view.opens(line.id)
    return Response(b"", headers={"HX-Redirect": address}) if is_part(request) else onward(address)


@get("/conversations/{conversation_id:int}/misdirection", opt=WORK)
async def show_misdirection(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Where it could belong."""
    values = await fragment(request, desk, view)
    shown: dict[str, Any] = {
        "one": await desk.read(glances.line, conversation_id),
        "destinations": await desk.read(misdirecting.destinations, conversation_id),
    }
    return page(request, "merges/_misdirection.html", **values, **shown)


@post("/conversations/{conversation_id:int}/misdirection", opt=WORK, status_code=200)
async def misdirect(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Misdirection],
) -> Response[bytes]:
    """To another municipality of the centre, or closed with a note of where it belongs."""
    municipality, _sign, queue = data.to.partition(" ")
    if municipality.isdecimal() and queue.isdecimal():
        there = id_of("to", municipality), id_of("to", queue)
        done = await desk.write(misdirecting.send, conversation_id, data.if_match, *there)
    else:
        done = await desk.write(misdirecting.note, conversation_id, data.if_match, data.where)
    return await changed(request, desk, view, done.conversation, _("Closed as misdirected"), "misdirection/end")


@post("/conversations/{conversation_id:int}/misdirection/end", opt=WORK, status_code=200)
async def take_back(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Decided],
) -> Response[bytes]:
    """It was for us after all."""
    done = await desk.write(misdirecting.take_back, conversation_id, data.if_match)
    return await changed(request, desk, view, done.conversation, _("Open again"))


ROUTES = (show_merges, merge, split, show_misdirection, misdirect, take_back)
