"""Outcome: what is still to be said before a conversation ends. Closing asks for it once and demands nothing."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select

from hub.inbox.conversation import Conversation
from hub.inbox.matter import Matter
from hub.storage.unit import Unit


class Missing(Struct, frozen=True):
    """`matters`: ids of those without an outcome; `topic`: there is no matter at all. Falsy when all is said."""

    matters: Sequence[int]
    topic: bool

    def __bool__(self) -> bool:
        return self.topic or bool(self.matters)


def missing_outcomes(unit: Unit, conversation: Conversation) -> Missing:
    """Oldest matter first."""
    matters = unit.all(
        select(Matter)
        .where(Matter.municipality_id == conversation.municipality_id, Matter.conversation_id == conversation.id)
        .order_by(Matter.id)
    )
    return Missing([each.id for each in matters if each.outcome is None], topic=not matters)
