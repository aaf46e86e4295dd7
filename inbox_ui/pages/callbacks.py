"""Call-backs: who is to be called back, one row for each caller, with what was tried and how it ended."""

import secrets
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from hub.edge import calling_back, phoning
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.parameters import PathId
from hub.edge.person import READ, WORK
from hub.edge.phoning import Attempted, NewAttempt, NewOwner
from inbox_ui.context import whole
from inbox_ui.rendering import Asking, onward, page
from inbox_ui.view import View
from inbox_ui.words import gettext as _

_HERE = "callbacks"
_AT = "/conversations/{conversation_id:int}/call-backs/{call_back_id:int}"


class Tried(Struct):
    """`reached`: yes | no. `key`: so that two presses are one attempt."""

    reached: Annotated[str, Meta(pattern="^(yes|no)$")]
    key: Annotated[str, Meta(max_length=100, pattern=r"^[\x21-\x7e]*$")] = ""


Done = Annotated[str, Meta(max_length=20)]


class Ended(Struct):
    """`outcome`: given_up | not_needed."""

    outcome: Annotated[str, Meta(max_length=20)]


class Owned(Struct):
    """`owner`: me | none."""

    owner: Annotated[str, Meta(pattern="^(me|none)$")]


@get("/callbacks", opt=READ)
async def show(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], done: Done = ""
) -> Response[bytes]:
    """Due first. `done`: what was just done there, which is said."""
    values = await whole(request, desk, view, _HERE)
    return page(request, "phone/callbacks.html", **values, **await _shown(desk) | {"done": _done(done)})


@get("/callbacks/rows", opt=READ)
async def show_rows(request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """The rows anew."""
    values = await whole(request, desk, view)
    return page(request, "phone/_callbacks.html", **values, **await _shown(desk))


@post(_AT + "/number", opt=WORK, status_code=200)
async def show_number(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    call_back_id: PathId,
) -> Response[bytes]:
    """In clear, to be called: that it was asked for is written down, as any other that is revealed."""
    values = await whole(request, desk, view, _HERE)
    number = await desk.write(calling_back.number_of, conversation_id, call_back_id)
    shown = await _shown(desk) | {"dialled": call_back_id, "number": number}
    return page(request, "phone/callbacks.html", **values, **shown)


@get(_AT + "/number", opt=READ)
async def show_again(desk: NamedDependency[Desk], conversation_id: PathId, call_back_id: PathId) -> Redirect:
    """The address that stays in the bar after it: read again it is the list, with the number covered."""
    await desk.read(calling_back.require, conversation_id, call_back_id)
    return Redirect("/callbacks", status_code=303)


@post(_AT + "/attempts", opt=WORK, status_code=200)
async def attempt(
    request: Asking,
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    call_back_id: PathId,
    data: URLEncodedBody[Tried],
) -> Response[bytes]:
    """They were called. Who spoke with them writes down what it was about."""
    said = NewAttempt(data.reached == "yes")
    creation = asked(data.key or None, f"POST {request.url.path}", said)
    answer = await desk.write(phoning.attempt, conversation_id, call_back_id, said, creation)
    if not said.reached:
        return _back("tried")
    made = msgspec.json.decode(answer.body, type=Attempted)
    return onward(f"/conversations/{conversation_id}/contacts/{made.entry_id}")


@post(_AT + "/outcome", opt=WORK, status_code=200)
async def settle(
    desk: NamedDependency[Desk], conversation_id: PathId, call_back_id: PathId, data: URLEncodedBody[Ended]
) -> Response[bytes]:
    """Nobody calls back after all."""
    await desk.write(calling_back.settle, conversation_id, call_back_id, data.outcome)
    return _back(data.outcome)


@post(_AT + "/owner", opt=WORK, status_code=200)
async def give(
    desk: NamedDependency[Desk], conversation_id: PathId, call_back_id: PathId, data: URLEncodedBody[Owned]
) -> Response[bytes]:
    """Whose it is to call back."""
    said = NewOwner(str(desk.actor.id) if data.owner == "me" else None)
    await desk.write(calling_back.give, conversation_id, call_back_id, said)
    return _back("taken" if data.owner == "me" else "released")


def _back(done: str) -> Response[bytes]:
    return onward(f"/callbacks?done={done}")


def _done(what: str) -> str:
    words = {
        "tried": _("No answer: the attempt is counted, and they stay in the list."),
        "given_up": _("Given up: nobody calls them back."),
        "not_needed": _("Not needed: nobody calls them back."),
        "taken": _("You call them back."),
        "released": _("Whoever comes to it calls them back."),
    }
    return words.get(what, "")


async def _shown(desk: Desk) -> dict[str, Any]:
    stand = await desk.read(phoning.stand)
    return {
        "lines": await desk.read(calling_back.rows),
        "answered": sum(each.answered_today for each in stand),
        "lost": sum(each.lost_today for each in stand),
        "staff": sum(each.staff_today for each in stand),
        "lost_in": {"menu": _("in the menu"), "queue": _("in the queue"), "ringing": _("while it rang")},
        "done": "",
        "one_time": secrets.token_urlsafe(8),
        "dialled": None,
        "number": None,
    }


ROUTES = (show, show_rows, show_number, show_again, attempt, settle, give)
