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
from hub.errors import NotAllowed, NotFound
from hub.inbox import timeline
from hub.inbox.conversation import Conversation
from hub.lookups import offer, pin
from hub.lookups.ask import ask as ask_source
from hub.lookups.offer import Offered, Offers, require_shown
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


class Inserting(Asking, frozen=True):
    """Asked so again where what was shown is old. `asked_at`: of the answer that was shown; `card`: which of its cards,
    from 0; null: what is worth telling of all of them."""

    asked_at: Annotated[datetime, Meta(tz=True)] | None = None
    card: Annotated[int, Meta(ge=0, le=999)] | None = None


class Telling(Struct, frozen=True):
    """What a sentence for the citizen is made of. `is_anew`: what was shown was old, so it was asked again just now;
    `choose_again`: then the card that was chosen is one of the old answer, and nothing is said of another one."""

    offered: Offered
    offers: Offers
    answered: Answered
    is_anew: bool = False
    choose_again: bool = False


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


def offered(unit: Unit, actor: Actor, conversation_id: int, name: str, sources: Sources) -> tuple[Offered, Offers]:
    """One of them, among all of them. Raises NotFound."""
    there = offers(unit, actor, conversation_id, sources)
    found = next((each for each in there.lookups if each.name == name), None)
    if found is None:
        raise NotFound("There is no such lookup here.")
    return found, there


async def ask(desk: Desk, sources: Sources, conversation_id: int, name: str, asking: Asking) -> Answered:
    """Through the gate. Raises NotFound, NotAllowed, Invalid; what the source does is an answer."""
    question = Question(None, name, asking.by, asking.value, asking.purpose, conversation_id, "conversation")
    return await ask_source(sources, Scope.of(desk.actor), desk.actor, question)


async def tell(desk: Desk, sources: Sources, conversation_id: int, name: str, said: Inserting) -> Telling:
    """For the citizen. What is old by now is asked again first; to who isn't known nothing is said.

    Raises NotFound, NotAllowed, Invalid, and Conflict where it isn't what they were shown last.
    """
    found, there = await desk.read(offered, conversation_id, name, sources)
    if found.stands != "address" and not there.confirmed:
        raise NotAllowed("Confirm the identity first: what a card says of somebody goes to nobody who isn't known.")
    if found.answered is not None:
        require_shown(found.answered, said.asked_at)
        return Telling(found, there, found.answered)
    answered = await ask(desk, sources, conversation_id, name, said)
    return Telling(found, there, answered, is_anew=True, choose_again=said.card is not None)


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
