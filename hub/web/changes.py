"""Changes of a conversation's state, each a resource of its own: PUT makes it so, DELETE takes it away.

Every one names in If-Match the version it was decided on, and answers with the conversation as it is then.
"""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, delete, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from hub.access.person import Actor
from hub.edge import changing
from hub.edge.answer import changed
from hub.edge.desk import Desk
from hub.edge.idempotency import IdempotencyKey, asked
from hub.edge.parameters import IdText, PathId, id_of
from hub.edge.person import WORK
from hub.edge.versions import IfMatch
from hub.inbox.queries import ConversationLine, Filter


class Assignment(Struct, forbid_unknown_fields=True):
    """`person`: me, or a person's id."""

    person: Annotated[str, Meta(pattern="^(me|[1-9][0-9]{0,18})$")]


class InQueue(Struct, forbid_unknown_fields=True):
    """`queue`: its id."""

    queue: IdText


class Waiting(Struct, forbid_unknown_fields=True):
    """`until`: ISO 8601 with an offset."""

    until: Annotated[datetime, Meta(tz=True)]


class Wanted(Struct, forbid_unknown_fields=True):
    """Of what to take the next: everything that one may open, or of one queue."""

    queue: IdText | None = None


@put("/conversations/{conversation_id:int}/assignment", opt=WORK)
async def assign(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[Assignment], if_match: IfMatch = None
) -> Response[ConversationLine]:
    """To a person who may open it."""
    person_id = desk.actor.id if data.person == "me" else id_of("person", data.person)
    return changed(await desk.write(changing.assign, conversation_id, if_match, person_id))


@delete("/conversations/{conversation_id:int}/assignment", opt=WORK, status_code=200)
async def unassign(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """To nobody."""
    return changed(await desk.write(changing.unassign, conversation_id, if_match))


@post("/assignments/next", opt=WORK, status_code=200)
async def take_next(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    data: JSONBody[Wanted],
    idempotency_key: IdempotencyKey = None,
) -> Response[ConversationLine]:
    """The most urgent open one that is nobody's becomes one's own; 404 when there is none. Two never get the same."""
    filtered = Filter(queue_id=None if data.queue is None else id_of("queue", data.queue))
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    taken = await desk.write(changing.take_next_once, filtered, creation)
    return changed(taken.conversation, again=taken.again)


@put("/conversations/{conversation_id:int}/closure", opt=WORK)
async def close(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """Nothing is owed any more."""
    return changed(await desk.write(changing.close, conversation_id, if_match))


@delete("/conversations/{conversation_id:int}/closure", opt=WORK, status_code=200)
async def reopen(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """Open again; what was unanswered is owed again."""
    return changed(await desk.write(changing.reopen, conversation_id, if_match))


@put("/conversations/{conversation_id:int}/spam", opt=WORK)
async def mark_spam(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """Closed, and not counted as a contact."""
    return changed(await desk.write(changing.mark_spam, conversation_id, if_match))


@delete("/conversations/{conversation_id:int}/spam", opt=WORK, status_code=200)
async def unmark_spam(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """It was none: open again."""
    return changed(await desk.write(changing.unmark_spam, conversation_id, if_match))


@put("/conversations/{conversation_id:int}/queue", opt=WORK)
async def move(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[InQueue], if_match: IfMatch = None
) -> Response[ConversationLine]:
    """To another queue of its municipality; who moves it there may not be able to open it afterwards."""
    return changed(await desk.write(changing.move, conversation_id, if_match, id_of("queue", data.queue)))


@put("/conversations/{conversation_id:int}/waiting", opt=WORK)
async def wait(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[Waiting], if_match: IfMatch = None
) -> Response[ConversationLine]:
    """For somebody else, until a time: then it is due."""
    return changed(await desk.write(changing.wait, conversation_id, if_match, data.until))


@delete("/conversations/{conversation_id:int}/waiting", opt=WORK, status_code=200)
async def resume(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """Waits no longer; what was unanswered is owed again."""
    return changed(await desk.write(changing.resume, conversation_id, if_match))


ROUTES = (assign, unassign, take_next, close, reopen, mark_spam, unmark_spam, move, wait, resume)
