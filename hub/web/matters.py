"""Matters: the questions in a conversation, what they were about and how they ended."""

from typing import Annotated, Any, Literal

from litestar import Request, Response, delete, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct
from sqlalchemy import select

from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.edge import versions
from hub.edge.answer import created
from hub.edge.desk import Desk
from hub.edge.idempotency import Answer, Asked, IdempotencyKey, Made, asked, once
from hub.edge.parameters import IdText, PathId, id_of
from hub.edge.person import WORK
from hub.edge.versions import IfMatch, etag
from hub.errors import Invalid, NotFound
from hub.inbox import matter, queries
from hub.inbox.conversation import Conversation
from hub.inbox.matter import Matter
from hub.inbox.queries import ConversationLine, MatterLine
from hub.inbox.topic import Topic
from hub.storage.unit import Unit


class NewMatter(Struct, forbid_unknown_fields=True):
    """`topic`: its id, of the conversation's municipality."""

    topic: IdText


class Settled(Struct, forbid_unknown_fields=True):
    """`avoidable_cause` null: it wasn't avoidable."""

    outcome: Literal["solved_here", "handed_over", "not_finished"] | None
    avoidable_cause: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | None = None


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
    return created(await desk.write(_add, conversation_id, id_of("topic", data.topic), creation))


@put("/conversations/{conversation_id:int}/matters/{matter_id:int}", opt=WORK)
async def settle_matter(
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    matter_id: PathId,
    data: JSONBody[Settled],
    if_match: IfMatch = None,
) -> Response[MatterLine]:
    """How it ended. If-Match names the conversation's version."""
    line, version = await desk.write(_settle, conversation_id, matter_id, data, if_match=if_match)
    return Response(line, headers={"ETag": etag(version)})


@delete("/conversations/{conversation_id:int}/matters/{matter_id:int}", opt=WORK, status_code=200)
async def remove_matter(
    desk: NamedDependency[Desk], conversation_id: PathId, matter_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """It was no question of its own. If-Match names the conversation's version."""
    line = await desk.write(_remove, conversation_id, matter_id, if_match)
    return Response(line, headers={"ETag": etag(line.version)})


def _add(unit: Unit, actor: Actor, conversation_id: int, topic_id: int, creation: Asked) -> Answer:
    found = policy.require_work(actor, unit.lock(Conversation, conversation_id))

    def create() -> Made:
        topic = unit.get(Topic, topic_id)
        if topic is None:
            raise Invalid("topic", "this topic isn't one of the conversation's municipality")
        row = matter.add(unit, found, actor.id, topic)
        _log(unit, actor, "matter.add", found, row.id)
        return Made(queries.matter_line(row), found.version)

    return once(unit, actor, creation, found.municipality_id, create)


def _settle(
    unit: Unit, actor: Actor, conversation_id: int, matter_id: int, said: Settled, *, if_match: str | None
) -> tuple[MatterLine, int]:
    found, row = _matter(unit, actor, conversation_id, matter_id, if_match)
    matter.settle(unit, found, actor.id, row, said.outcome, said.avoidable_cause)
    _log(unit, actor, "matter.settle", found, row.id)
    return queries.matter_line(row), found.version


def _remove(unit: Unit, actor: Actor, conversation_id: int, matter_id: int, if_match: str | None) -> ConversationLine:
    found, row = _matter(unit, actor, conversation_id, matter_id, if_match)
    matter.remove(unit, found, actor.id, row)
    _log(unit, actor, "matter.remove", found, matter_id)
    return queries.conversation_line(unit, found.id)


def _matter(
    unit: Unit, actor: Actor, conversation_id: int, matter_id: int, if_match: str | None
) -> tuple[Conversation, Matter]:
    found = policy.require_work(actor, unit.lock(Conversation, conversation_id))
    versions.expect(found.version, if_match)
    row = unit.first(select(Matter).where(Matter.id == matter_id, Matter.conversation_id == found.id))
    if row is None:
        raise NotFound("There is no such matter in this conversation.")
    return found, row


def _log(unit: Unit, actor: Actor, act: str, conversation: Conversation, matter_id: int) -> None:
    log_act(
        unit,
        act,
        actor,
        municipality_id=conversation.municipality_id,
        subject=("matter", matter_id),
        conversation_id=conversation.id,
    )


ROUTES = (add_matter, settle_matter, remove_matter)
