"""Citizens: how an identity was confirmed, and what is covered of them, revealed for a purpose and two minutes."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta, Struct

from hub import clock
from hub.edge import identifying, looking
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import WORK
from inbox_ui import thread
from inbox_ui.context import fragment
from inbox_ui.forms import Decided
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import gettext as _


class Confirmation(Decided):
    """`how`: one of the five ways; `number`: their identity number, where it wasn't known and they have told it."""

    how: Annotated[str, Meta(max_length=30)] = ""
    number: Annotated[str, Meta(max_length=40)] = ""


class Purpose(Struct):
    """What a revealed point is needed for."""

    purpose: Annotated[str, Meta(max_length=500)] = ""


@post("/conversations/{conversation_id:int}/identity", opt=WORK, status_code=200)
async def confirm(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Confirmation],
) -> Response[bytes]:
    """Until the day ends, in this conversation."""
    await desk.write(identifying.confirm, conversation_id, data.if_match, data.how, data.number.strip())
    return await _card(request, desk, view, conversation_id, "confirmed")


@post("/conversations/{conversation_id:int}/identity/end", opt=WORK, status_code=200)
async def withdraw(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Decided],
) -> Response[bytes]:
    """It was somebody else."""
    await desk.write(identifying.withdraw, conversation_id, data.if_match)
    return await _card(request, desk, view, conversation_id, "withdrawn")


@get("/conversations/{conversation_id:int}/points/{point_id:int}/reveal", opt=WORK)
async def ask_purpose(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    point_id: PathId,
) -> Response[bytes]:
    """The dialog that asks what for."""
    values = await fragment(request, desk, view)
    found = await desk.read(identifying.point, conversation_id, point_id)
    to = f"/conversations/{conversation_id}/points/{point_id}/reveal?what=point"
    asks: dict[str, Any] = {"to": to, "target": f"point-{point_id}", "what": found.masked, "purposes": purposes()}
    return page(request, "citizens/_reveal.html", **values, **asks)


def purposes() -> Sequence[str]:
    """What something is usually revealed for."""
    return [
        _("Confirm identity before giving case information"),
        _("Call or write to the citizen"),
        _("Find the right invoice or property"),
        _("Register a new matter for a department"),
    ]


@post("/conversations/{conversation_id:int}/points/{point_id:int}/reveal", opt=WORK, status_code=200)
async def reveal(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    point_id: PathId,
    data: URLEncodedBody[Purpose],
) -> Response[bytes]:
    """In clear, until its time is over: then the page covers it again."""
    found = await desk.write(identifying.reveal, conversation_id, point_id, data.purpose)
    left = (clock.from_datetime(found.until) - clock.now()) // clock.SECOND
    point = {"id": found.id, "kind": found.kind, "revealed": found.value, "masked": "", "seconds": max(1, left)}
    return await _point(request, desk, view, conversation_id, point)


@get("/conversations/{conversation_id:int}/points/{point_id:int}", opt=WORK)
async def show_point(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    point_id: PathId,
) -> Response[bytes]:
    """Covered."""
    return await _point(
        request, desk, view, conversation_id, await desk.read(identifying.point, conversation_id, point_id)
    )


async def _point(request: Asking, desk: Desk, view: View, conversation_id: int, point: Any) -> Response[bytes]:
    values = await fragment(request, desk, view)
    if not is_part(request) and request.method == "POST":
        return onward(view.opens(conversation_id))
    shown = {"one": {"id": str(conversation_id)}, "point": point, "sealed": False}
    return page(request, "citizens/_point.html", **values, **shown)


async def _card(request: Asking, desk: Desk, view: View, conversation_id: int, what: str) -> Response[bytes]:
    if not is_part(request):
        return onward(view.opens(conversation_id))
    values = await fragment(request, desk, view)
    words = _("Identity confirmed") if what == "confirmed" else _("Confirmation withdrawn")
    looked = await desk.look(looking.look_at, conversation_id)
    cards = await thread.asked(request, desk, conversation_id, asks=what == "confirmed")
    shown = {**values, **cards, **thread.head(looked), **thread.others(request, desk, conversation_id)}
    headers = {"HX-Trigger": f"changed-{conversation_id}"}
    return page(request, "citizens/_identified.html", headers=headers, **shown, toast=Toast(words))


ROUTES = (confirm, withdraw, ask_purpose, reveal, show_point)
