"""Asking: questions to other systems beside a conversation, for every route and page. The gate is hub.lookups."""

from typing import Annotated, Any

from litestar import Request
from msgspec import Meta, Struct
from msgspec.structs import replace

from hub.access.person import Actor
from hub.contract import Identifier
from hub.edge import work
from hub.edge.desk import Desk
from hub.edge.idempotency import Answer, Asked, Made, once
from hub.inbox import timeline
from hub.inbox.conversation import Conversation
from hub.lookups import offer, pin
from hub.lookups.ask import ask as ask_source
from hub.lookups.offer import Offers
from hub.lookups.question import MOST_PURPOSE, Answered, Question
from hub.lookups.sources import Sources
from hub.storage.scope import Scope
from hub.storage.unit import Unit

MOST_VALUE = 200


class Asking(Struct, forbid_unknown_fields=True, frozen=True):
    """`by` and `value` left out: what the conversation knows. `purpose` left out: the topic that allows the question.

    An address needs neither identity nor purpose.
    """

    by: Identifier | None = None
    value: Annotated[str, Meta(max_length=MOST_VALUE, pattern=r"^[^\x00]*$")] = ""
    purpose: Annotated[str, Meta(max_length=MOST_PURPOSE, pattern=r"^[^\x00]*$")] = ""


class Pinning(Struct, forbid_unknown_fields=True, frozen=True):
    """`card`: which of the cards that were last shown, from 0."""

    card: Annotated[int, Meta(ge=0, le=999)] = 0


def provide_sources(request: Request[Actor, Any, Any]) -> Sources:
    """For routes that ask other systems."""
    sources: Sources = request.app.state.sources
    return sources


def offers(unit: Unit, actor: Actor, conversation_id: int, sources: Sources) -> Offers:
    """What can be asked, what it takes, and what was answered a while ago. No source is asked. Raises NotFound."""
    found = unit.get(Conversation, conversation_id)
    work.readable(unit, actor, found)
    assert found is not None  # else it is not readable
    return offer.offers(unit, sources, actor, found)


async def ask(desk: Desk, sources: Sources, conversation_id: int, name: str, asking: Asking) -> Answered:
    """Through the gate. Raises NotFound, NotAllowed, Invalid; what the source does is an answer."""
    question = Question(None, name, asking.by, asking.value, asking.purpose, conversation_id, "conversation")
    return await ask_source(sources, Scope.of(desk.actor), desk.actor, question)


def pin_card(
    unit: Unit, actor: Actor, conversation_id: int, name: str, said: Pinning, creation: Asked, *, sources: Sources
) -> Answer:
    """Kept in the timeline as it was shown; what is answered is an EntryLine without its card.

    The answer to a creation is stored beside it, and would outlive the card.
    """
    found = work.held(unit, actor, conversation_id)

    def create() -> Made:
        found.require_whole()
        entry = pin.pin(unit, sources, actor, found, name, said.card)
        work.log(unit, actor, "lookup.pin", found, entry)
        line = timeline.entry_line(unit, found, lambda _: False, entry.id)
        assert line is not None  # it was just added
        line = replace(line, body={**line.body, "card": None})
        return Made(line, found.version, found.municipality_id)

    return once(unit, actor, creation, create)
