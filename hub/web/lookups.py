"""Lookups: read-only questions to other systems beside a conversation, each in the audit before its source hears it."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter

from hub.access.person import Actor
from hub.edge import asking
from hub.edge.answer import created
from hub.edge.asking import Asking, Pinning, RevealedField, RevealingField, provide_sources
from hub.edge.desk import Desk
from hub.edge.idempotency import IdempotencyKey, asked
from hub.edge.parameters import PathId
from hub.edge.person import READ, WORK
from hub.inbox.timeline import EntryLine
from hub.lookups.offer import Offers
from hub.lookups.question import Answered
from hub.lookups.sources import Sources

Name = Annotated[str, PathParameter(pattern="^[a-z][a-z0-9_]{1,39}$")]
_SOURCES = {"sources": Provide(provide_sources, sync_to_thread=False)}


@get("/conversations/{conversation_id:int}/lookups", opt=READ, dependencies=_SOURCES)
async def list_lookups(
    desk: NamedDependency[Desk], sources: NamedDependency[Sources], conversation_id: PathId
) -> Offers:
    """What can be asked here and what that takes; with what was answered in the last quarter of an hour."""
    return await desk.read(asking.offers, conversation_id, sources)


@post("/conversations/{conversation_id:int}/lookups/{name:str}", opt=WORK, status_code=200, dependencies=_SOURCES)
async def ask_lookup(
    desk: NamedDependency[Desk],
    sources: NamedDependency[Sources],
    conversation_id: PathId,
    name: Name,
    data: JSONBody[Asking],
) -> Answered:
    """Ask it, once. What concerns a person takes a confirmed identity, and a purpose unless the topic allows it."""
    return await asking.ask(desk, sources, conversation_id, name, data)


@post("/conversations/{conversation_id:int}/lookups/{name:str}/pins", opt=WORK, dependencies=_SOURCES)
async def pin_lookup(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    sources: NamedDependency[Sources],
    conversation_id: PathId,
    name: Name,
    data: JSONBody[Pinning],
    idempotency_key: IdempotencyKey = None,
) -> Response[EntryLine]:
    """Keep a card in the timeline, as it was shown to you."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    return created(await desk.write(asking.pin_card, conversation_id, name, data, creation, sources=sources))


@post("/conversations/{conversation_id:int}/lookups/{name:str}/reveals", opt=WORK, dependencies=_SOURCES)
async def reveal_field(
    desk: NamedDependency[Desk],
    sources: NamedDependency[Sources],
    conversation_id: PathId,
    name: Name,
    data: JSONBody[RevealingField],
) -> RevealedField:
    """In clear what stands as dots on a card that was shown to you: one field, for a purpose."""
    return await desk.write(asking.reveal_field, conversation_id, name, data, sources=sources)


ROUTES = (list_lookups, ask_lookup, pin_lookup, reveal_field)
