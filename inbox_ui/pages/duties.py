"""Duty: saying whether one can be rung, for calls and chats."""

from typing import Annotated, Literal

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta, Struct

from hub.access import duty
from hub.edge import on_duty
from hub.edge.desk import Desk
from hub.edge.person import READ, WORK
from hub.edge.session import local_path
from hub.errors import Invalid
from inbox_ui import turns
from inbox_ui.context import fragment, on_phone
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.view import View

_DIGITS = 4


class Said(Struct):
    """Busy nobody says themselves: a call makes them that."""

    state: Literal["ready", "away"]


class Held(Struct):
    """Empty: as each chat's channel has it. `back`: where it was chosen."""

    chats: Annotated[str, Meta(max_length=10)] = ""
    back: Annotated[str, Meta(max_length=2_000)] = "/inbox"


@post("/me/duty", opt=WORK, status_code=200)
async def choose_duty(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], data: URLEncodedBody[Said]
) -> Response[bytes]:
    """Ready or away, from now on."""
    await desk.write(on_duty.say, data.state)
    if not is_part(request):
        return onward("/inbox")
    return page(
        request,
        "duty/_presence.html",
        **await fragment(request, desk, view),
        **await on_phone(request, desk),
    )


@post("/me/chats", opt=WORK)
async def choose_chats(desk: NamedDependency[Desk], data: URLEncodedBody[Held]) -> Response[bytes]:
    """So many chats at once, or as each chat's channel has it."""
    said = data.chats.strip()
    if said and not (said.isascii() and said.isdecimal() and len(said) < _DIGITS):
        raise Invalid("chats", "one person holds 0 to {most} chats at once", most=duty.MOST_CHATS)
    await desk.write(on_duty.hold, int(said) if said else None)
    return onward(local_path(data.back))


@get("/phone", opt={**READ, **turns.FIGURES})
async def show_phone(request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """How the queues stand, whether its reader can be rung, and the call that rings to them."""
    values = await fragment(request, desk, view)
    return page(request, "phone/_phone.html", **values, **await on_phone(request, desk))


ROUTES = (choose_duty, choose_chats, show_phone)
