"""Settling: the questions of a conversation, what they were about and how they ended, for every route and page."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from sqlalchemy import select

from hub.access.audit import log_act
from hub.access.person import Actor
from hub.edge import versions, work
from hub.edge.idempotency import Answer, Asked, Made, once
from hub.edge.parameters import IdText, id_of
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
    """`avoidable_cause` null: it wasn't avoidable. `topic` null: what it was about stays as it is."""

    outcome: Literal["solved_here", "handed_over", "not_finished"] | None
    avoidable_cause: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | None = None
    topic: IdText | None = None


def add_matter(unit: Unit, actor: Actor, conversation_id: int, said: NewMatter, creation: Asked) -> Answer:
    """One more question; what is answered is a MatterLine."""
    found = work.held(unit, actor, conversation_id)

    def create() -> Made:
        found.require_whole()
        row = matter.add(unit, found, actor.id, _topic(unit, said.topic))
        _log(unit, actor, "matter.add", found, row.id)
        return Made(queries.matter_line(row), found.version, found.municipality_id)

    return once(unit, actor, creation, create)


def settle_matter(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, matter_id: int, said: Settled
) -> tuple[MatterLine, int]:
    """What it was about and how it ended; and the conversation's version then, as `if_match` names it, too."""
    found, row = _matter(unit, actor, conversation_id, if_match, matter_id)
    if said.topic not in {None, str(row.topic_id)}:
        matter.change_topic(unit, found, actor.id, row, _topic(unit, str(said.topic)))
    if said.topic is None or (said.outcome, said.avoidable_cause) != (row.outcome, row.avoidable_cause):
        matter.settle(unit, found, actor.id, row, said.outcome, said.avoidable_cause)
    _log(unit, actor, "matter.settle", found, row.id)
    return queries.matter_line(row), found.version


def remove_matter(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, matter_id: int
) -> ConversationLine:
    """It was no question of its own."""
    found, row = _matter(unit, actor, conversation_id, if_match, matter_id)
    matter.remove(unit, found, actor.id, row)
    _log(unit, actor, "matter.remove", found, matter_id)
    return queries.conversation_line(unit, found.id)


def _matter(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, matter_id: int
) -> tuple[Conversation, Matter]:
    found = work.held(unit, actor, conversation_id)
    versions.expect(found.version, if_match)
    row = unit.first(select(Matter).where(Matter.id == matter_id, Matter.conversation_id == found.id))
    if row is None:
        raise NotFound("There is no such matter in this conversation.")
    return found, row


def _topic(unit: Unit, topic_id: str) -> Topic:
    found = unit.get(Topic, id_of("topic", topic_id))
    if found is None:
        raise Invalid("topic", "this topic isn't one of the conversation's municipality")
    return found


def _log(unit: Unit, actor: Actor, act: str, conversation: Conversation, matter_id: int) -> None:
    log_act(
        unit,
        act,
        actor,
        municipality_id=conversation.municipality_id,
        subject=("matter", matter_id),
        conversation_id=conversation.id,
    )
