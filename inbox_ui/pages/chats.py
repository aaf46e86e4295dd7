"""Chats, as one of ours has them at the desk: those that ring, taking one, saying something at once, ending it."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Struct

from hub.edge import chatting, ringing
from hub.edge.chatting import ChatLine, NewAnswer
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.parameters import PathId, id_of
from hub.edge.person import READ, WORK
from inbox_ui.context import fragment
from inbox_ui.forms import text, usable
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.view import View


class Seen(Struct):
    """The newest entry on the page."""

    entry: str


@get("/conversations/{conversation_id:int}/chat", opt=READ)
async def show_bar(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """How its chat stands now."""
    return await _bar(request, desk, view, conversation_id, await desk.read(chatting.line, conversation_id))


@get("/chats/ringing", opt=READ)
async def show_ringing(request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """Those that are rung to the reader."""
    values = await fragment(request, desk, view)
    return page(request, "chats/_ringing.html", **values, chats=await desk.read(ringing.mine))


@post("/conversations/{conversation_id:int}/chat/take", opt=WORK, status_code=200)
async def take_chat(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """It is the reader's; from where it rang, its conversation opens."""
    form = await request.form()
    line = await desk.write(chatting.take, conversation_id)
    if form.get("opens") or not is_part(request):
        return onward(f"{view.opens(conversation_id)}#turn-{conversation_id}")  # the field to write in has the focus
    return await _bar(request, desk, view, conversation_id, line)


@post("/conversations/{conversation_id:int}/chat/pass", opt=WORK, status_code=200)
async def pass_chat(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Not now: the next one is rung."""
    await desk.write(ringing.pass_on, conversation_id)
    if not is_part(request):
        return onward(view.href)
    values = await fragment(request, desk, view)
    return page(request, "chats/_ringing.html", **values, chats=await desk.read(ringing.mine))


@post("/conversations/{conversation_id:int}/chat/end", opt=WORK, status_code=200)
async def end_chat(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Over for the citizen; the conversation stays open."""
    line = await desk.write(chatting.end, conversation_id)
    if not is_part(request):
        return onward(view.opens(conversation_id))
    return await _bar(request, desk, view, conversation_id, line)


@post("/conversations/{conversation_id:int}/chat/seen", opt=WORK, status_code=204)
async def see_chat(desk: NamedDependency[Desk], conversation_id: PathId, data: URLEncodedBody[Seen]) -> None:
    """What the citizen said stands before whoever has taken it."""
    await desk.write(chatting.see, conversation_id, id_of("entry", data.entry))


@post("/conversations/{conversation_id:int}/turns", opt=WORK, status_code=200)
async def add_turn(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Said to the citizen at once. What it looks like comes by the line, as what they say does."""
    form = await request.form()
    said = usable({"text": text(form, "turn"), "uploads": form.getall("uploads", [])}, NewAnswer)
    creation = asked(form.get("key") or None, f"POST {request.url.path}", said)
    await desk.write(chatting.say, conversation_id, said, creation)
    request.app.state.live.sent(desk.actor, conversation_id)
    return Response(b"", status_code=204) if is_part(request) else onward(view.opens(conversation_id))


async def _bar(request: Asking, desk: Desk, view: View, conversation_id: int, line: ChatLine) -> Response[bytes]:
    values: dict[str, Any] = await fragment(request, desk, view)
    headers = {"HX-Trigger": f"changed-{conversation_id}"}
    one = {"id": conversation_id}
    return page(request, "chats/_bar.html", headers=headers, **values, chat=line, one=one)


ROUTES = (show_bar, show_ringing, take_chat, pass_chat, end_chat, see_chat, add_turn)
