"""Desk: what an agent does to a conversation at one time, by the verbs, in the agent's own scope."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor
from hub.channels.route import reply_route
from hub.cli.demo_fill.content import Story
from hub.cli.demo_fill.letters import Answered
from hub.inbox import matter, note, reply
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Mail
from hub.inbox.matter import Matter
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.outbound import settle
from hub.outbound.deliver import lease
from hub.outbound.settle import Outcome
from hub.storage.unit import Unit


class Order(Struct, frozen=True):
    """Where a conversation belongs, what it is about, and what a colleague must know of it."""

    queue_id: int
    topic_ids: Sequence[int]
    note: str
    taken_on: bool


def look(unit: Unit, by: Actor, conversation_id: int, order: Order) -> None:
    """Read it and put it in order."""
    conversation = _open(unit, by, conversation_id)
    queue = unit.get(Queue, order.queue_id)
    if queue is not None and conversation.queue_id != queue.id:
        conversation.move(unit, by.id, queue)
    if order.taken_on:
        conversation.assign(unit, by.id, by.id)
    for topic_id in order.topic_ids:
        topic = unit.get(Topic, topic_id)
        assert topic is not None  # made with its municipality
        matter.add(unit, conversation, by.id, topic)
    if order.note:
        note.add(unit, conversation, by.id, order.note)


def answer(unit: Unit, by: Actor, conversation_id: int, text: str, at: datetime, undo_seconds: int) -> Answered:
    """By the channel and address that the citizen wrote to. Returns it as the citizen has it then."""
    conversation = _open(unit, by, conversation_id)
    route = reply_route(unit, conversation)
    entry = reply.reply(unit, conversation, by.id, text, route, undo_seconds)
    mail = unit.first(select(Mail).where(Mail.entry_id == entry.id))
    assert mail is not None  # written by reply
    return Answered(
        at=at,
        name=route.name,
        address=route.address,
        reply_to=mail.recipients["reply_to"],
        message_id=mail.message_id or "",
        references=list(mail.refs),
        subject=entry.body["subject"],
        text=text,
    )


def wait(unit: Unit, by: Actor, conversation_id: int, until: int) -> None:
    """For a department or for the citizen."""
    _open(unit, by, conversation_id).wait(unit, by.id, until)


def close(unit: Unit, by: Actor, conversation_id: int, story: Story) -> None:
    """Say how each question ended, then close it. What could have been avoided is said of the first."""
    conversation = _open(unit, by, conversation_id)
    matters = unit.all(select(Matter).where(Matter.conversation_id == conversation.id).order_by(Matter.id))
    for place, each in enumerate(matters):
        cause = story.avoidable if place == 0 and story.avoidable else None
        matter.settle(unit, conversation, by.id, each, story.outcome or None, cause)
    conversation.close(unit, by.id)


def let_go(unit: Unit, lease_seconds: int) -> int:
    """What is due has left: the steps of a real delivery, but it left in the past, so nothing is written anywhere."""
    leased = lease(unit, lease_seconds, 1000)
    for each in leased:
        settle.hand_over(unit, each.id, each.fence, lease_seconds)
        settle.settle(unit, each.id, each.fence, Outcome("sent", None))
    return len(leased)


def _open(unit: Unit, by: Actor, conversation_id: int) -> Conversation:
    return policy.require_work(by, unit.lock(Conversation, conversation_id))
