"""Colleagues: whom a conversation can be given to, for whoever gives it away."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select

from hub import clock
from hub.access import policy
from hub.access.person import Actor, Held, Membership, Person
from hub.inbox.conversation import Conversation
from hub.inbox.queries import PersonName
from hub.storage.unit import Unit


def colleagues(unit: Unit, actor: Actor, conversation_id: int) -> Sequence[PersonName]:
    """Whoever could open it, by name. Raises NotFound when `actor` can't."""
    conversation = policy.require_open(actor, unit.get(Conversation, conversation_id))
    now = clock.now()
    live = unit.rows(
        select(Person, Membership)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.municipality_id == conversation.municipality_id,
            Membership.role.in_(policy.WORKERS),
            Membership.since <= now,
            Membership.until.is_(None) | (Membership.until > now),
            Person.disabled_at.is_(None),
        )
        .order_by(Person.name, Person.id)
    )
    held: dict[Person, list[Held]] = defaultdict(list)
    for person, membership in live:
        held[person].append(Held(membership.municipality_id, membership.role, membership.queue_id))
    return [
        PersonName(str(person.id), person.name)
        for person, memberships in held.items()
        if policy.may_be_assigned(
            Actor(person.id, person.name, person.email, person.language, tuple(memberships), frozenset()), conversation
        )
    ]
