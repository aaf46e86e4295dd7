"""Replies, notes, forwards and new messages: what we write. A mail waits for the undo time before it leaves."""

from typing import Any

from litestar import Request, Response, delete, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from hub import faults
from hub.access.person import Actor
from hub.edge import replying, writing
from hub.edge.answer import created
from hub.edge.desk import Desk
from hub.edge.drafting import most_bytes
from hub.edge.idempotency import IdempotencyKey, asked
from hub.edge.parameters import PathId
from hub.edge.person import WORK
from hub.edge.replying import NewReply
from hub.edge.versions import IfMatch, etag
from hub.edge.writing import Added, NewForward, NewMessage, NewNote
from hub.inbox.queries import ConversationLine


@post("/conversations/{conversation_id:int}/replies", opt=WORK)
async def add_reply(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    data: JSONBody[NewReply],
    idempotency_key: IdempotencyKey = None,
) -> Response[Added]:
    """An answer to the citizen, by the channel they wrote to; 409 with `entry` when somebody wrote a newer one."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    undo_seconds = desk.settings.undo_seconds
    answer = await desk.write(replying.send_reply, conversation_id, data, creation, undo_seconds=undo_seconds)
    faults.point("reply_committed")
    return created(answer)


@delete("/conversations/{conversation_id:int}/replies/{entry_id:int}", opt=WORK, status_code=200)
async def undo_reply(
    desk: NamedDependency[Desk], conversation_id: PathId, entry_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine | None]:
    """Take a mail of ours back, a forward or first message too; 409 when it is too late. `If-Match: *` will do here.

    204 to its writer who may not open the conversation any more.
    """
    line = (await writing.take_back(desk, conversation_id, entry_id, if_match)).line
    if line is None:
        return Response(None, status_code=204)
    return Response(line, headers={"ETag": etag(line.version)})


@post("/conversations/{conversation_id:int}/notes", opt=WORK)
async def add_note(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    data: JSONBody[NewNote],
    idempotency_key: IdempotencyKey = None,
) -> Response[Added]:
    """A note for the others: it never leaves the house."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    return created(await desk.write(writing.send_note, conversation_id, data, creation))


@post("/conversations/{conversation_id:int}/forwards", opt=WORK)
async def add_forward(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    data: JSONBody[NewForward],
    idempotency_key: IdempotencyKey = None,
) -> Response[Added]:
    """To somebody outside, quoting what the citizen wrote with names and addresses masked. It answers nobody."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    limits = {"undo_seconds": desk.settings.undo_seconds, "most_bytes": most_bytes(desk)}
    return created(await desk.write(writing.send_forward, conversation_id, data, creation, **limits))


@post("/conversations", opt=WORK)
async def begin_conversation(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    data: JSONBody[NewMessage],
    idempotency_key: IdempotencyKey = None,
) -> Response[Added]:
    """A new message: a conversation that we begin, in a queue of the writer's."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    undo_seconds = desk.settings.undo_seconds
    return created(await desk.write(writing.send_message, data, creation, undo_seconds=undo_seconds))


ROUTES = (add_reply, undo_reply, add_note, add_forward, begin_conversation)
