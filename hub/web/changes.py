"""Changes of a conversation's state, each a resource of its own: PUT makes it so, DELETE takes it away.

Every one names in If-Match the version it was decided on, and answers with the conversation as it is then.
"""

from datetime import datetime
from typing import Annotated

from litestar import Response, delete, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.access.person import actor as person_with_memberships
from hub.edge import work
from hub.edge.desk import Desk
from hub.edge.parameters import IdText, PathId, id_of
from hub.edge.person import WORK
from hub.edge.versions import IfMatch, etag
from hub.edge.work import Change
from hub.errors import Invalid
from hub.inbox.conversation import Conversation
from hub.inbox.queries import ConversationLine
from hub.inbox.queue import Queue
from hub.storage.unit import Unit


class Assignment(Struct, forbid_unknown_fields=True):
    """`person`: me, or a person's id."""

    person: Annotated[str, Meta(pattern="^(me|[1-9][0-9]{0,18})$")]


class InQueue(Struct, forbid_unknown_fields=True):
    """`queue`: its id."""

    queue: IdText


class Waiting(Struct, forbid_unknown_fields=True):
    """`until`: ISO 8601 with an offset."""

    until: Annotated[datetime, Meta(tz=True)]


@put("/conversations/{conversation_id:int}/assignment", opt=WORK)
async def assign(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[Assignment], if_match: IfMatch = None
) -> Response[ConversationLine]:
    """To a person who may open it."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        person_id = actor.id if data.person == "me" else id_of("person", data.person)
        person = person_with_memberships(unit, person_id, frozenset())
        if person is None or not policy.may_be_assigned(person, conversation):
            raise Invalid("person", "this person can't be given the conversation: they couldn't open it")
        conversation.assign(unit, actor.id, person_id)

    return await _changed(desk, conversation_id, if_match, "conversation.assign", change)


@delete("/conversations/{conversation_id:int}/assignment", opt=WORK, status_code=200)
async def unassign(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """To nobody."""
    return await _changed(
        desk,
        conversation_id,
        if_match,
        "conversation.unassign",
        lambda unit, actor, conversation: conversation.assign(unit, actor.id, None),
    )


@put("/conversations/{conversation_id:int}/closure", opt=WORK)
async def close(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """Nothing is owed any more."""
    return await _changed(
        desk,
        conversation_id,
        if_match,
        "conversation.close",
        lambda unit, actor, conversation: conversation.close(unit, actor.id),
    )


@delete("/conversations/{conversation_id:int}/closure", opt=WORK, status_code=200)
async def reopen(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """Open again; what was unanswered is owed again."""
    return await _changed(
        desk,
        conversation_id,
        if_match,
        "conversation.reopen",
        lambda unit, actor, conversation: conversation.reopen(unit, actor.id),
    )


@put("/conversations/{conversation_id:int}/queue", opt=WORK)
async def move(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[InQueue], if_match: IfMatch = None
) -> Response[ConversationLine]:
    """To another queue of its municipality; who moves it there may not be able to open it afterwards."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        queue = unit.get(Queue, id_of("queue", data.queue))
        if queue is None:
            raise Invalid("queue", "this queue doesn't answer for the conversation's municipality")
        conversation.move(unit, actor.id, queue)

    return await _changed(desk, conversation_id, if_match, "conversation.move", change)


@put("/conversations/{conversation_id:int}/waiting", opt=WORK)
async def wait(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[Waiting], if_match: IfMatch = None
) -> Response[ConversationLine]:
    """For somebody else, until a time: then it is due."""
    return await _changed(
        desk,
        conversation_id,
        if_match,
        "conversation.wait",
        lambda unit, actor, conversation: conversation.wait(unit, actor.id, _instant(data.until)),
    )


async def _changed(
    desk: Desk, conversation_id: int, if_match: str | None, act: str, change: Change
) -> Response[ConversationLine]:
    line = await desk.write(work.change, conversation_id, if_match, act, make=change)
    return Response(line, headers={"ETag": etag(line.version)})


def _instant(until: datetime) -> int:
    try:
        return clock.from_datetime(until)
    except (OverflowError, ValueError) as error:
        raise Invalid("until", "this time can't be used") from error


ROUTES = (assign, unassign, close, reopen, move, wait)
