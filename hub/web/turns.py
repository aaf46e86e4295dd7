"""Turns: what one of ours says and does in a chat."""

from typing import Any

from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from hub.access.person import Actor
from hub.edge import chatting
from hub.edge.answer import created
from hub.edge.chatting import ChatLine, NewAnswer
from hub.edge.desk import Desk
from hub.edge.idempotency import IdempotencyKey, asked
from hub.edge.parameters import IdText, PathId, id_of
from hub.edge.person import READ, WORK
from hub.edge.writing import Added


class Seen(Struct, forbid_unknown_fields=True):
    """The newest entry that is before whoever has taken the chat."""

    entry: IdText


@get("/conversations/{conversation_id:int}/chat", opt=READ)
async def show_chat(desk: NamedDependency[Desk], conversation_id: PathId) -> ChatLine:
    """How its chat stands; 404 for a conversation that is none."""
    return await desk.read(chatting.line, conversation_id)


@post("/conversations/{conversation_id:int}/turns", opt=WORK)
async def add_turn(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    data: JSONBody[NewAnswer],
    idempotency_key: IdempotencyKey = None,
) -> Response[Added]:
    """Said to the citizen at once. 409 when they have left: then they are answered by e-mail, if they can be."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    answer = await desk.write(chatting.say, conversation_id, data, creation)
    request.app.state.live.sent(desk.actor, conversation_id)
    return created(answer)


@put("/conversations/{conversation_id:int}/chat/taking", opt=WORK)
async def take_chat(desk: NamedDependency[Desk], conversation_id: PathId) -> ChatLine:
    """It is whose token this is, if nobody was quicker (409)."""
    return await desk.write(chatting.take, conversation_id)


@put("/conversations/{conversation_id:int}/chat/seen", opt=WORK, status_code=204)
async def see_chat(desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[Seen]) -> None:
    """What the citizen said is before whoever has taken it. Of others nothing is told."""
    await desk.write(chatting.see, conversation_id, id_of("entry", data.entry))


@put("/conversations/{conversation_id:int}/chat/end", opt=WORK)
async def end_chat(desk: NamedDependency[Desk], conversation_id: PathId) -> ChatLine:
    """Over for the citizen; the conversation stays open."""
    return await desk.write(chatting.end, conversation_id)


ROUTES = (show_chat, add_turn, take_chat, see_chat, end_chat)
