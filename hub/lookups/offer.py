"""Offer: what can be asked beside a conversation, and what each question takes. No source is asked by this."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from hub.access import policy
from hub.access.person import Actor
from hub.contract import Bounds, Identifier
from hub.contract.lookup import Shows
from hub.errors import Conflict, Invalid
from hub.inbox.conversation import Conversation
from hub.inbox.points import masked_identity
from hub.lookups.admit import ORDER
from hub.lookups.beside import Beside, beside
from hub.lookups.cover import covered, hidden
from hub.lookups.definition import Declared, Published, required
from hub.lookups.kept import Kept, Told
from hub.lookups.question import Answered, digits
from hub.lookups.sources import Sources
from hub.storage.base import Words
from hub.storage.unit import Unit

Stands: TypeAlias = Literal["waits", "other", "address", "no_access"]


class Offered(Struct, frozen=True):
    """A lookup beside a conversation.

    `stands`: `waits` until the identity is confirmed, and is asked then, as the topic allows it; `other`: a purpose is
    said first; `address`: of a place, needs no identity; `no_access`: `lacks` says which role it takes. `by`: what it
    can be asked by, best first; `known`: of these, what the conversation knows, masked. `source`: what the other system
    is called; `allowed`: the topic allows it; `answered`: what this person was told of it here, while that isn't old.
    `wording`: of a purpose, with `{topic}`, and `sentence`: for a reply, where its department has its own; `unsaid`:
    fields of its cards that no reply says.
    """

    name: str
    title: Words
    shows: Shows
    stands: Stands
    by: Sequence[Identifier]
    known: Mapping[Identifier, str] = {}
    purpose: str = ""
    lacks: str = ""
    source: Words = {}
    allowed: bool = False
    answered: Answered | None = None
    wording: str = ""
    sentence: Words = {}
    unsaid: Sequence[str] = ()


class Offers(Struct, frozen=True):
    """All of a conversation's municipality, those that the topic allows first. `confirmed`: the identity is, now."""

    confirmed: bool
    lookups: Sequence[Offered]


_RANK: Mapping[Stands, int] = {"waits": 0, "address": 1, "other": 2, "no_access": 3}


def offers(unit: Unit, sources: Sources, actor: Actor, conversation: Conversation) -> Offers:
    """For whoever may work it; through broken glass nothing is asked."""
    here = beside(unit, conversation)
    if not policy.may_open(actor, conversation):
        return Offers(here.is_confirmed, ())
    kept = Kept(unit, actor.id, conversation)
    found = [
        _offered(sources, actor, here, kept, each)
        for each in sources.published(unit, conversation.municipality_id).values()
        if not each.declared.register
    ]
    return Offers(here.is_confirmed, sorted((each for each in found if each), key=lambda each: _RANK[each.stands]))


def shown_before(
    unit: Unit, sources: Sources, actor: Actor, conversation: Conversation, name: str, asked_at: datetime
) -> tuple[Published, Told]:
    """The answer that was asked for then and shown to this person, with what they see only when they ask to.

    Raises NotFound, and Conflict where it is old, or isn't what they were told last.
    """
    definition = required(sources.published(unit, conversation.municipality_id), name)
    here, kept = beside(unit, conversation), Kept(unit, actor.id, conversation)
    told = _told_before(actor, here, kept, definition, sources.bounds(definition))
    if told is None:
        raise Conflict("What was shown is old by now: ask again first.")
    require_shown(told.answered, asked_at)
    return definition, told


def require_shown(answered: Answered, asked_at: datetime | None) -> None:
    """Raises Conflict where the answer isn't the one that was asked for then: a card of that number may be another."""
    if answered.asked_at != asked_at:
        raise Conflict("This was asked anew since it was shown, perhaps in another tab: ask again here.")


def _told_before(actor: Actor, here: Beside, kept: Kept, definition: Published, bounds: Bounds) -> Told | None:
    """What this person was told of it here, while it isn't old, the same confirmation holds, and they may be told."""
    if not policy.may_ask(actor, definition.declared.roles, here.conversation):
        return None
    if bounds.says_whom and (not here.is_confirmed or here.protection == "yes" or here.is_unread):
        return None
    confirmation = here.confirmation if bounds.says_whom else None
    told = kept.get(definition.id, confirmation or 0)
    hides = hidden(actor, definition.declared, here.conversation)
    return told and replace(told, answered=covered(told.answered, hides))


def _offered(sources: Sources, actor: Actor, here: Beside, kept: Kept, definition: Published) -> Offered | None:
    """None for one whose plugin isn't there, or whose settings don't fit it: IT's page tells of that."""
    declared, conversation = definition.declared, here.conversation
    try:
        bounds = sources.bounds(definition)
    except Invalid:
        return None
    by = sorted((each for each in ORDER if each in bounds.answers), key=lambda each: each not in here.known)
    if not policy.may_ask(actor, declared.roles, conversation):
        lacks = " or ".join(declared.roles)
        return Offered(declared.name, declared.title, bounds.shows, "no_access", by, lacks=lacks)
    topic = here.allowing(declared.name)
    told = _told_before(actor, here, kept, definition, bounds)
    return Offered(
        declared.name,
        declared.title,
        bounds.shows,
        "address" if not bounds.says_whom else "waits" if topic else "other",
        by,
        known={each: _shown(each, here.known[each]) for each in by if each in here.known},
        purpose=topic or next((name for name, _ in here.topics), ""),
        source=declared.source or declared.title,
        allowed=bool(topic),
        answered=covered(told.answered, (), declared.until_asked) if told else None,
        wording=declared.purpose,
        sentence=declared.sentence,
        unsaid=unsaid(declared),
    )


def unsaid(declared: Declared) -> Sequence[str]:
    """Fields of its cards that no sentence for a reply says."""
    return (*declared.not_in_replies, *declared.until_asked)


def _shown(by: Identifier, value: str) -> str:
    return masked_identity(digits(value)) if by == "identity" else value
