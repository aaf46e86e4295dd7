"""Reveal: what stands as dots on a card, in clear for who asks to see it: one field, for a purpose, in the access log.

No source is asked again: it is what this person was last told, while that isn't old.
"""

from datetime import datetime

from sqlalchemy import select

from hub import clock
from hub.access.audit import Audit, log_act
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.contract.cards import Field
from hub.errors import Conflict, Invalid
from hub.inbox.conversation import Conversation
from hub.lookups.cover import covered, in_clear
from hub.lookups.definition import required
from hub.lookups.looked import of_lookups, of_name
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
    definition = required(sources.published(unit, conversation.municipality_id), name)
    asked = required_purpose(purpose)
    answered = shown_before(unit, actor, conversation, definition, sources.bounds(definition), asked_at)
    if answered is None:
        raise Conflict("What was shown is old by now: ask again, then ask to see it.")
    if which not in covered(answered, (), definition.declared.until_asked).masked:
        raise Invalid("field", "there is no such field on that card that waits to be asked for")
    found = in_clear(answered.cards[which.card], which.field)
    assert found is not None  # something stands there, else it doesn't wait
    place = f"card {which.card + 1} of {len(answered.cards)}"
    outcome = f"{which.field}, {place} asked for at {clock.to_datetime(clock.from_datetime(asked_at)).isoformat()}"
    log_reading(unit, actor, "lookup", definition.id, conversation.id, asked)
    log_act(
        unit, "lookup.reveal", actor, municipality_id=conversation.municipality_id,
        about=_about(unit, actor, conversation, name), conversation_id=conversation.id, purpose=asked,
        source=f"conversation: {name}", outcome=outcome,
    )  # fmt: skip
    return found


def _about(unit: Unit, actor: Actor, conversation: Conversation, name: str) -> str | None:
    """The mark of whom the question was about that this answered: the last that they asked there."""
    query = select(Audit.subject_key).where(
        of_lookups(),
        Audit.municipality_id == conversation.municipality_id,
        Audit.conversation_id == conversation.id,
        Audit.person_id == actor.id,
        of_name(name),
    )
    return unit.first(query.order_by(Audit.id.desc()))
