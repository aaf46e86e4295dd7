"""Asking: questions to other systems beside a conversation, for every route and page. The gate is hub.lookups."""

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Request
from msgspec import Meta, Struct
from msgspec.structs import replace

from hub import clock
from hub.access import policy
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
from hub.lookups.question import MOST_PURPOSE, Answered, Masked, Question
from hub.lookups.reveal import reveal
from hub.lookups.sources import Sources
from hub.storage.scope import Scope
from hub.storage.unit import Unit

MOST_VALUE = 200
SHOWN_FOR = 2 * clock.MINUTE
"""How long a page may show what was revealed."""


class Asking(Struct, forbid_unknown_fields=True, frozen=True):
    """`by` and `value` left out: what the conversation knows. `purpose` left out: the topic that allows the question.

    An address needs neither identity nor purpose.
    """

    by: Identifier | None = None
    value: Annotated[str, Meta(max_length=MOST_VALUE, pattern=r"^[^\x00]*$")] = ""
    purpose: Annotated[str, Meta(max_length=MOST_PURPOSE, pattern=r"^[^\x00]*$")] = ""


class Pinning(Struct, forbid_unknown_fields=True, frozen=True):
    """`asked_at`: of the answer that was shown; `card`: which of its cards, from 0."""

    asked_at: Annotated[datetime, Meta(tz=True)]
    card: Annotated[int, Meta(ge=0, le=999)] = 0


class RevealingField(Struct, forbid_unknown_fields=True, frozen=True):
    """`asked_at`: of the answer that was shown; `card`: which of its cards, from 0; `field`: as that answer names it in
    `masked`."""

    asked_at: Annotated[datetime, Meta(tz=True)]
    field: Annotated[str, Meta(max_length=100)]
    purpose: Annotated[str, Meta(max_length=MOST_PURPOSE, pattern=r"^[^\x00]*$")]
    card: Annotated[int, Meta(ge=0, le=999)] = 0


class RevealedField(Struct, frozen=True):
    """In clear. `value`: as cards have it; `kind`: text | date | amount, of a line; `until`: then whoever shows it
    covers it again."""

    card: int
    field: str
    value: str
    kind: Literal["text", "date", "amount"]
    currency: str
    until: datetime


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


def reveal_field(
    unit: Unit, actor: Actor, conversation_id: int, name: str, said: RevealingField, *, sources: Sources
) -> RevealedField:
    """One field that stands as dots, for a purpose. Raises NotFound, NotAllowed, Invalid, Conflict.

    Not through broken glass: that is to read what is written.
    """
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    line = reveal(unit, sources, actor, found, name, said.asked_at, Masked(said.card, said.field), said.purpose)
    until = clock.to_datetime(clock.now() + SHOWN_FOR)
    return RevealedField(said.card, said.field, line.value, line.kind, line.currency, until)


def pin_card(
    unit: Unit, actor: Actor, conversation_id: int, name: str, said: Pinning, creation: Asked, *, sources: Sources
) -> Answer:
    """Kept in the timeline as it was shown; what is answered is an EntryLine without its card.

    The answer to a creation is stored beside it, and would outlive the card.
    """
    found = work.held(unit, actor, conversation_id)

    def create() -> Made:
        found.require_whole()
        entry = pin.pin(unit, sources, actor, found, name, said.asked_at, said.card)
        work.log(unit, actor, "lookup.pin", found, entry)
        line = timeline.entry_line(unit, found, lambda _: False, entry.id)
        assert line is not None  # it was just added
        line = replace(line, body={**line.body, "card": None})
        return Made(line, found.version, found.municipality_id)

    return once(unit, actor, creation, create)
