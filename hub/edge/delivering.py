"""Delivering: what became of a mail of ours, as a person decides it where no program can, for every route and page."""

from hub.access.person import Actor
from hub.edge import work
from hub.inbox import decided
from hub.inbox.conversation import Conversation
from hub.inbox.queries import ConversationLine
from hub.storage.unit import Unit


def send_again(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, delivery_id: int
) -> ConversationLine:
    """Raises NotFound, NotAllowed, VersionMissing, Stale, Conflict."""

    def make(unit: Unit, actor: Actor, found: Conversation) -> None:
        decided.send_again(unit, found, actor.id, delivery_id)

    return work.change(unit, actor, conversation_id, if_match, "delivery.again", make=make)


def say_arrived(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, delivery_id: int
) -> ConversationLine:
    """The same."""

    def make(unit: Unit, actor: Actor, found: Conversation) -> None:
        decided.arrived(unit, found, actor.id, actor.name, delivery_id)

    return work.change(unit, actor, conversation_id, if_match, "delivery.arrived", make=make)
