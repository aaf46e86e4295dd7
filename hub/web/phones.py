"""Phones: how it stands with the telephone, and who is to be called back."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from hub.access.person import Actor
from hub.edge import phoning
from hub.edge.answer import changed, created
from hub.edge.desk import Desk
from hub.edge.idempotency import IdempotencyKey, asked
from hub.edge.parameters import PathId
from hub.edge.person import READ, WORK
from hub.edge.phoning import Attempted, CallBackLine, NewAttempt, NewOutcome, NewOwner, QueueLine
from hub.edge.versions import IfMatch
from hub.inbox.queries import ConversationLine


@get("/phone", opt=READ)
async def show_phone(desk: NamedDependency[Desk]) -> Sequence[QueueLine]:
    """Who waits in their queues, since when, who is on duty, and how many got through today."""
    return await desk.read(phoning.stand)


@get("/call-backs", opt=READ)
async def list_call_backs(desk: NamedDependency[Desk]) -> Sequence[CallBackLine]:
    """Callers nobody took, one line each however often they tried; the 500 that are due first."""
    return await desk.read(phoning.call_backs)


@put("/conversations/{conversation_id:int}/call-backs/{call_back_id:int}/owner", opt=WORK)
async def give_call_back(
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    call_back_id: PathId,
    data: JSONBody[NewOwner],
    if_match: IfMatch = None,
) -> Response[ConversationLine]:
    """Who calls back. If-Match names the conversation's version."""
    return changed(await desk.write(phoning.give, conversation_id, if_match, call_back_id, data))


@post("/conversations/{conversation_id:int}/call-backs/{call_back_id:int}/attempts", opt=WORK)
async def attempt_call_back(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    call_back_id: PathId,
    data: JSONBody[NewAttempt],
    idempotency_key: IdempotencyKey = None,
) -> Response[Attempted]:
    """They were called, by a telephone of which no exchange tells. Who was reached is called back."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    return created(await desk.write(phoning.attempt, conversation_id, call_back_id, data, creation))


@put("/conversations/{conversation_id:int}/call-backs/{call_back_id:int}/outcome", opt=WORK)
async def settle_call_back(
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    call_back_id: PathId,
    data: JSONBody[NewOutcome],
    if_match: IfMatch = None,
) -> Response[ConversationLine]:
    """How it ended: reached, given up, or not needed. If-Match names the conversation's version."""
    return changed(await desk.write(phoning.settle, conversation_id, if_match, call_back_id, data))


ROUTES = (show_phone, list_call_backs, give_call_back, attempt_call_back, settle_call_back)
