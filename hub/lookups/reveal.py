"""Reveal: what stands as dots on a card, in clear for who asks to see it: one field, for a purpose, in the access log.

No source is asked again: it is what this person was last told, while that isn't old.
"""

from datetime import datetime

from hub.access.audit import log_act
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.contract.cards import Field
from hub.errors import Invalid
from hub.inbox.conversation import Conversation
from hub.lookups import looked
from hub.lookups.cover import covered, in_clear
from hub.lookups.offer import shown_before
from hub.lookups.question import Masked, required_purpose
from hub.lookups.sources import Sources
from hub.storage.unit import Unit


def reveal(
    unit: Unit,
    sources: Sources,
    actor: Actor,
    conversation: Conversation,
    name: str,
    asked_at: datetime,
    which: Masked,
    purpose: str,
) -> Field:
    """Who asked for it and why is in audit and reading log, or nothing is told: it is one unit.

    `which`: of the answer that was asked for then. Raises NotFound, NotAllowed, Invalid, and Conflict where that is
    old, or isn't what they were told last.
    """
    asked = required_purpose(purpose)
    definition, told = shown_before(unit, sources, actor, conversation, name, asked_at)
    answered = told.answered
    if which not in covered(answered, (), definition.declared.until_asked).masked:
        raise Invalid("field", "there is no such field on that card that waits to be asked for")
    found = in_clear(answered.cards[which.card], which.field)
    assert found is not None  # something stands there, else it doesn't wait
    log_reading(unit, actor, "lookup", definition.id, conversation.id, asked)
    log_act(
        unit, "lookup.reveal", actor, municipality_id=conversation.municipality_id, about=told.about,
        conversation_id=conversation.id, purpose=asked, source=f"conversation: {name}",
        outcome=looked.revealed(which.field, which.card, len(answered.cards), answered.asked_at),
    )  # fmt: skip
    return found
