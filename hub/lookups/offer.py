"""Offer: what can be asked beside a conversation, and what each question takes. No source is asked by this."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from hub.access import policy
from hub.access.person import Actor
from hub.contract import Bounds, Identifier
from hub.contract.lookup import Shows
from hub.errors import Invalid
from hub.inbox.conversation import Conversation
from hub.inbox.points import masked_identity
from hub.lookups.admit import ORDER
from hub.lookups.beside import Beside, beside
from hub.lookups.cover import covered, hidden
from hub.lookups.definition import Declared, Published
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
    found = [
        _offered(sources, actor, here, each)
        for each in sources.published(unit, conversation.municipality_id).values()
        if not each.declared.register
    ]
    return Offers(here.is_confirmed, sorted((each for each in found if each), key=lambda each: _RANK[each.stands]))


def told_before(sources: Sources, actor: Actor, here: Beside, definition: Published, bounds: Bounds) -> Answered | None:
    """What this person was told of it here, while it isn't old, the same confirmation holds, and they may be told."""
    answered = known_before(sources, actor, here, definition, bounds)
    return answered and covered(answered, (), definition.declared.until_asked)


def known_before(
    sources: Sources, actor: Actor, here: Beside, definition: Published, bounds: Bounds
) -> Answered | None:
    """The same with what they see only when they ask to."""
    if not policy.may_ask(actor, definition.declared.roles, here.conversation):
        return None
    if bounds.says_whom and (not here.is_confirmed or here.protection == "yes" or here.is_unread):
        return None
    confirmation = here.confirmation if bounds.says_whom else None
    answered = sources.kept.get((actor.id, here.conversation.id, definition.id, confirmation or 0))
    return answered and covered(answered, hidden(actor, definition.declared, here.conversation))


def _offered(sources: Sources, actor: Actor, here: Beside, definition: Published) -> Offered | None:
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
        answered=told_before(sources, actor, here, definition, bounds),
        wording=declared.purpose,
        sentence=declared.sentence,
        unsaid=unsaid(declared),
    )


def unsaid(declared: Declared) -> Sequence[str]:
    """Fields of its cards that no sentence for a reply says."""
    return (*declared.not_in_replies, *declared.until_asked)


def _shown(by: Identifier, value: str) -> str:
    return masked_identity(digits(value)) if by == "identity" else value
