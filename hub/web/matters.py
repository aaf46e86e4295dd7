"""Matters: the questions in a conversation, what they were about and how they ended."""

from typing import Any

from litestar import Request, Response, delete, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from hub.access.person import Actor
from hub.edge import settling
from hub.edge.answer import changed, created
from hub.edge.desk import Desk
from hub.edge.idempotency import IdempotencyKey, asked
from hub.edge.parameters import PathId
from hub.edge.person import WORK
from hub.edge.settling import NewMatter, Settled
from hub.edge.versions import IfMatch, etag
from hub.inbox.queries import ConversationLine, MatterLine


@post("/conversations/{conversation_id:int}/matters", opt=WORK)
async def add_matter(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    data: JSONBody[NewMatter],
    idempotency_key: IdempotencyKey = None,
) -> Response[MatterLine]:
    """One more question."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    return created(await desk.write(settling.add_matter, conversation_id, data, creation))


@put("/conversations/{conversation_id:int}/matters/{matter_id:int}", opt=WORK)
async def settle_matter(
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    matter_id: PathId,
    data: JSONBody[Settled],
    if_match: IfMatch = None,
) -> Response[MatterLine]:
    """How it ended. If-Match names the conversation's version."""
    line, version = await desk.write(settling.settle_matter, conversation_id, if_match, matter_id, data)
    return Response(line, headers={"ETag": etag(version)})


@delete("/conversations/{conversation_id:int}/matters/{matter_id:int}", opt=WORK, status_code=200)
async def remove_matter(
    desk: NamedDependency[Desk], conversation_id: PathId, matter_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """It was no question of its own. If-Match names the conversation's version."""
    return changed(await desk.write(settling.remove_matter, conversation_id, if_match, matter_id))


ROUTES = (add_matter, settle_matter, remove_matter)
