"""Misdirecting: what was meant for somebody else goes there, or a note says where; for every route and page."""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from sqlalchemy import select

from hub.access import members, policy
from hub.access.person import Actor
from hub.edge import versions, work
from hub.errors import Invalid
from hub.inbox import misdirection, queries
from hub.inbox.conversation import Conversation
from hub.inbox.links import Linked
from hub.inbox.municipality import Municipality
from hub.inbox.queries import ConversationLine
from hub.inbox.queue import Queue, of_municipality
from hub.storage.unit import Unit

_LEAST, _MOST = 2, 500
"""Letters of a note."""


class Destination(Struct, frozen=True):
    """A municipality of the centre that this person works in as well, and a queue of it."""

    municipality_id: str
    queue_id: str


class Misdirected(Struct, frozen=True):
    """The conversation, closed; and its copy, if there is one that this person may open."""

    conversation: ConversationLine
    copy: Linked | None


def destinations(unit: Unit, actor: Actor, conversation_id: int) -> Sequence[Destination]:
    """Where it could be given to from here; elsewhere it takes a note. Raises NotFound."""
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    places = select(Municipality).where(Municipality.id.in_(unit.scope.municipalities or ()))
    return [
        Destination(str(place.id), str(queue.id))
        for place in unit.all(places.order_by(Municipality.name))
        if place.id != found.municipality_id and policy.may_hand_to(actor, place.id)
        for queue in of_municipality(unit, place)
    ]


def send(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, municipality_id: int, queue_id: int
) -> Misdirected:
    """A copy there, this one closed, each naming the other. Raises Invalid for where this person doesn't work."""
    found = work.held(unit, actor, conversation_id)
    versions.expect(found.version, if_match)
    place, queue = unit.get(Municipality, municipality_id), unit.get(Queue, queue_id)
    if place is None or not policy.may_hand_to(actor, place.id):
        raise Invalid("municipality", "you don't work for this municipality: write where it belongs instead")
    if queue is None:
        raise Invalid("queue", "this queue doesn't answer for that municipality")
    if found.confidential_queue_id is not None and not members.inside(unit, place.id, queue.id).readers:
        raise Invalid("queue", "nobody is named for this queue, so nobody could read it: choose another one")
    copy = misdirection.send(unit, found, actor.id, place, queue)
    work.log(unit, actor, "conversation.misdirect", found)
    work.log(unit, actor, "conversation.receive", copy)
    linked = Linked(str(copy.id), str(copy.municipality_id)) if policy.may_open(actor, copy) else None
    return Misdirected(queries.conversation_line(unit, found.id), linked)


def note(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, where: str) -> Misdirected:
    """Closed, with a note of where it belongs."""
    said = " ".join(where.split())
    if not _LEAST <= len(said) <= _MOST or "\0" in said:
        raise Invalid("where", "say where it belongs")
    found = work.held(unit, actor, conversation_id)
    versions.expect(found.version, if_match)
    misdirection.note(unit, found, actor.id, said)
    work.log(unit, actor, "conversation.misdirect", found)
    return Misdirected(queries.conversation_line(unit, found.id), None)


def take_back(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> Misdirected:
    """It was for us after all: open again. A copy that nobody has touched is closed; another stays, and is named."""
    found = work.held(unit, actor, conversation_id)
    versions.expect(found.version, if_match)
    copy = misdirection.take_back(unit, found, actor.id, partial(policy.may_hand_to, actor))
    work.log(unit, actor, "conversation.take_back", found)
    if copy is not None and copy.closed_at is not None:
        work.log(unit, actor, "conversation.taken_back", copy)
    linked = copy is not None and policy.may_open(actor, copy)
    return Misdirected(
        queries.conversation_line(unit, found.id),
        Linked(str(copy.id), str(copy.municipality_id)) if copy is not None and linked else None,
    )
