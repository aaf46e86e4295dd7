"""Contacts: calls and visits, begun by hand where no exchange tells of them, and written down."""

from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from hub.access.person import Actor
from hub.edge import contacting, steering, talking
from hub.edge.answer import changed, created
from hub.edge.contacting import ContactAdded, NewContact, NewRegistration, Registered
from hub.edge.desk import Desk
from hub.edge.idempotency import IdempotencyKey, asked
from hub.edge.parameters import PathId
from hub.edge.person import READ, WORK
from hub.edge.steering import NewOrder
from hub.edge.talking import ContactShown
from hub.edge.versions import IfMatch, etag
from hub.inbox.queries import ConversationLine


@post("/contacts", opt=WORK)
async def begin_contact(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    data: JSONBody[NewContact],
    idempotency_key: IdempotencyKey = None,
) -> Response[ContactAdded]:
    """A call or a visit that no exchange tells of; it is whoever asks that takes it."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    return created(await desk.write(contacting.begin, data, creation))


@get("/conversations/{conversation_id:int}/contacts/{entry_id:int}", opt=READ)
async def show_contact(
    desk: NamedDependency[Desk], conversation_id: PathId, entry_id: PathId
) -> Response[ContactShown]:
    """What whoever takes it sees. The ETag is of what is written down: an exchange that tells more changes none."""
    found = await desk.look(talking.look, conversation_id, entry_id)
    return Response(found, headers={"ETag": etag(found.version)})


@put("/conversations/{conversation_id:int}/contacts/{entry_id:int}", opt=WORK)
async def register_contact(
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    entry_id: PathId,
    data: JSONBody[NewRegistration],
    if_match: IfMatch = None,
) -> Response[Registered]:
    """What it was about and how it ended, with what is promised. Again, with the version it then has: a correction."""
    done = await desk.write(contacting.register, conversation_id, entry_id, if_match, data)
    return Response(done, headers={"ETag": etag(done.version)})


@delete("/conversations/{conversation_id:int}/contacts/{entry_id:int}", opt=WORK, status_code=200)
async def discard_contact(
    desk: NamedDependency[Desk], conversation_id: PathId, entry_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """It wasn't one after all: only what was begun by hand, and isn't written down."""
    return changed(await desk.write(contacting.discard, conversation_id, entry_id, if_match))


@post("/conversations/{conversation_id:int}/contacts/{entry_id:int}/orders", opt=WORK, status_code=204)
async def order(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    entry_id: PathId,
    data: JSONBody[NewOrder],
) -> None:
    """What the exchange shall do to the call: answer, hold, resume, transfer or hang up. What comes of it, it tells."""
    await steering.steer(desk, request.app.state.registry, conversation_id, entry_id, data)


ROUTES = (begin_contact, show_contact, order, register_contact, discard_contact)
