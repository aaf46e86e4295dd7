"""Policy: the one place that answers "may this person do this to that".

What a person may not know of is not found; what they may know of but not do is not allowed. A confidential conversation
is not found by those outside at every door but its gate: what they may know of it, the gate alone says.
"""

from collections.abc import Callable, Collection
from functools import lru_cache, partial
from typing import Literal, Protocol, TypeAlias

from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, false, or_

from hub.access.person import Actor, Held
from hub.errors import NotAllowed, NotFound
from hub.inbox.conversation import Conversation

Sight: TypeAlias = tuple[tuple[Held, ...], frozenset[str]]
"""Who have the same may see the same."""

WORKERS = ("agent", "lead")
"""Roles that read and work conversations, in the queues of their membership."""


class Placed(Protocol):
    """What decides who may see a conversation."""

    @property
    def municipality_id(self) -> int:
        """Whose it is."""
        ...

    @property
    def queue_id(self) -> int:
        """Where it lies."""
        ...

    @property
    def confidential_queue_id(self) -> int | None:
        """Who alone may open it."""
        ...


def may_open(actor: Actor, conversation: Placed) -> bool:
    """Agents and leads of its queue; a confidential one only members named for that very queue."""
    if "read" not in actor.grants:
        return False
    if conversation.confidential_queue_id is not None:
        return any(
            held.role in WORKERS
            and held.municipality_id == conversation.municipality_id
            and held.queue_id == conversation.confidential_queue_id
            for held in actor.memberships
        )
    return actor.holds(WORKERS, conversation.municipality_id, conversation.queue_id)


def may_ask(actor: Actor, roles: Collection[str], conversation: Placed) -> bool:
    """A lookup for these roles, beside the conversation: by the membership that lets them open it."""
    held = replace(actor, memberships=tuple(each for each in actor.memberships if each.role in roles))
    return may_open(held, conversation)


def visible(actor: Actor) -> ColumnElement[bool]:
    """`may_open` as a condition on Conversation, for lists, counts and search; the same object each time, and for all
    who may see the same: statements are kept by it."""
    return _visible(sight(actor))


@lru_cache(maxsize=4096)
def _visible(seen: Sight) -> ColumnElement[bool]:
    memberships, grants = seen
    if "read" not in grants:
        return false()
    places = [held for held in memberships if held.role in WORKERS]
    named = {(held.municipality_id, held.queue_id) for held in places if held.queue_id is not None}
    whole = {held.municipality_id for held in places if held.queue_id is None}
    plain: list[ColumnElement[bool]] = [Conversation.municipality_id == each for each in sorted(whole)]
    secret: list[ColumnElement[bool]] = []
    for municipality_id, queue_id in sorted(named):
        here = Conversation.municipality_id == municipality_id
        plain.append(and_(here, Conversation.queue_id == queue_id))
        secret.append(and_(here, Conversation.confidential_queue_id == queue_id))
    return or_(false(), and_(Conversation.confidential_queue_id.is_(None), or_(false(), *plain)), *secret)


def visible_in(actor: Actor, municipality_id: int) -> ColumnElement[bool]:
    """`visible` as far as it concerns one municipality; the same object likewise."""
    return _visible((_held_in(actor, municipality_id), actor.grants))


def sight(actor: Actor) -> Sight:
    """All that `visible` and the scope go by."""
    return actor.memberships, actor.grants


def within(actor: Actor) -> Callable[[int], ColumnElement[bool]]:
    """`visible_in` of this person, for lists that go through municipalities one by one."""
    return partial(visible_in, actor)


def may_know_of(actor: Actor, conversation: Placed) -> bool:
    """A confidential one of others, which they could open if it weren't: that it is there, whose, and when it is due.

    It stands masked in their lists, with its id, and they may break its glass. Nobody else may: with a reason they
    would read what they never could have read had it not been confidential.
    """
    return (
        "read" in actor.grants
        and conversation.confidential_queue_id is not None
        and actor.holds(WORKERS, conversation.municipality_id, conversation.queue_id)
        and not may_open(actor, conversation)
    )


def shown_as(actor: Actor, conversation: Placed) -> Literal["open", "masked"] | None:
    """How it stands in this person's lists; None: not at all."""
    if may_open(actor, conversation):
        return "open"
    return "masked" if may_know_of(actor, conversation) else None


def hidden_in(actor: Actor, municipality_id: int) -> ColumnElement[bool]:
    """`may_know_of` as a condition on the conversations of one municipality; the same object likewise."""
    return _hidden((_held_in(actor, municipality_id), actor.grants))


@lru_cache(maxsize=4096)
def _hidden(seen: Sight) -> ColumnElement[bool]:
    """Of memberships in one municipality."""
    memberships, grants = seen
    here = [held for held in memberships if held.role in WORKERS]
    if "read" not in grants or not here:
        return false()
    own = sorted({held.queue_id for held in here if held.queue_id is not None})
    secret = and_(
        Conversation.confidential_queue_id.is_not(None), *(Conversation.confidential_queue_id != each for each in own)
    )
    if any(held.queue_id is None for held in here):
        return secret
    return and_(secret, or_(false(), *(Conversation.queue_id == each for each in own)))


def known_in(actor: Actor, municipality_id: int) -> ColumnElement[bool]:
    """What may be opened, and what may only be known of, of one municipality; the same object likewise."""
    return _known((_held_in(actor, municipality_id), actor.grants))


@lru_cache(maxsize=4096)
def _known(seen: Sight) -> ColumnElement[bool]:
    return or_(_visible(seen), _hidden(seen))


def _held_in(actor: Actor, municipality_id: int) -> tuple[Held, ...]:
    return tuple(held for held in actor.memberships if held.municipality_id == municipality_id)


def known(actor: Actor) -> Callable[[int], ColumnElement[bool]]:
    """`known_in` of this person, for lists that show masked rows in their place."""
    return partial(known_in, actor)


def require_gate(actor: Actor, conversation: Conversation | None) -> Conversation:
    """To see that it is there. Raises NotFound where it may be opened, too: there is no gate then."""
    if conversation is None or not may_know_of(actor, conversation):
        raise NotFound("There is no such conversation behind glass.")
    return conversation


def require_break(actor: Actor, conversation: Conversation | None) -> Conversation:
    """To break the glass: an act that is answered for, so a token that may only read is not enough."""
    found = require_gate(actor, conversation)
    if "write" not in actor.grants:
        raise NotAllowed("This token may only read: it lacks the scope write.")
    return found


def require_open(actor: Actor, conversation: Conversation | None) -> Conversation:
    """Raises NotFound: who may not open it is not told that it exists."""
    if conversation is None or not may_open(actor, conversation):
        raise NotFound("There is no such conversation.")
    return conversation


def require_work(actor: Actor, conversation: Conversation | None) -> Conversation:
    """To answer, note, assign, close: whoever may open it, with a token that may write."""
    found = require_open(actor, conversation)
    if "write" not in actor.grants:
        raise NotAllowed("This token may only read: it lacks the scope write.")
    return found


def require_take_back(actor: Actor, author_id: int | None) -> None:
    """What hasn't left yet, its writer may call back, whatever they may open by now. Raises NotFound, NotAllowed."""
    if author_id != actor.id:
        raise NotFound("There is no such conversation.")
    if not {"read", "write"} <= actor.grants:
        raise NotAllowed("This token may only read: it lacks the scope write.")


def may_begin(actor: Actor, municipality_id: int, queue_id: int) -> bool:
    """A conversation in a queue: its agents and leads, with a token that may write."""
    return {"read", "write"} <= actor.grants and actor.holds(WORKERS, municipality_id, queue_id)


def require_begin(actor: Actor, municipality_id: int, queue_id: int) -> None:
    """Raises NotFound for a queue that isn't theirs, NotAllowed for a token that may only read."""
    if "read" not in actor.grants or not actor.holds(WORKERS, municipality_id, queue_id):
        raise NotFound("There is no such queue for you to write from.")
    if "write" not in actor.grants:
        raise NotAllowed("This token may only read: it lacks the scope write.")


def works_queue(actor: Actor, municipality_id: int, queue_id: int) -> bool:
    """To know how many wait in it, and to be rung: its agents and leads."""
    return "read" in actor.grants and actor.holds(WORKERS, municipality_id, queue_id)


def require_duty(actor: Actor) -> None:
    """To be rung: whoever works a queue. Raises NotFound for the others, NotAllowed for a token that may only read."""
    if "read" not in actor.grants or not any(held.role in WORKERS for held in actor.memberships):
        raise NotFound("You work no queue, so nobody is rung to you.")
    if "write" not in actor.grants:
        raise NotAllowed("This token may only read: it lacks the scope write.")


def may_hand_to(actor: Actor, municipality_id: int) -> bool:
    """What was meant for another municipality, to any queue of it: whoever works there, too."""
    return {"read", "write"} <= actor.grants and reads_citizens(actor, municipality_id)


def may_be_assigned(actor: Actor, conversation: Conversation) -> bool:
    """Whether that person could open it, whatever their tokens may."""
    return may_open(
        Actor(actor.id, actor.name, actor.email, actor.language, actor.memberships, frozenset({"read"})), conversation
    )


def reads_citizens(actor: Actor, municipality_id: int) -> bool:
    """Agents and leads of the municipality, in whatever queue."""
    return "read" in actor.grants and any(
        held.role in WORKERS and held.municipality_id == municipality_id for held in actor.memberships
    )


def runs_channels(actor: Actor, municipality_id: int | None) -> bool:
    """IT of the municipality; to see a shared channel, IT of any."""
    return "it" in actor.grants and any(
        held.role == "it" and municipality_id in {None, held.municipality_id} for held in actor.memberships
    )


def require_pause(actor: Actor, area: Collection[int]) -> None:
    """To let a channel stand still, or run again: IT of every municipality that it works for. Raises NotAllowed.

    Which those are isn't said: whoever asks may not know of the others.
    """
    if not area or not all(runs_channels(actor, each) for each in area):
        raise NotAllowed("To pause or resume this channel takes IT of every municipality that it works for.")


def require_change(actor: Actor, area: Collection[int]) -> None:
    """To add a channel or change its settings: IT of every municipality that it works for, as to pause it."""
    if not area or not all(runs_channels(actor, each) for each in area):
        raise NotAllowed("To change this channel takes IT of every municipality that it works for.")


def runs_all(actor: Actor, municipality_ids: Collection[int]) -> bool:
    """IT of every municipality there is."""
    return bool(municipality_ids) and all(runs_channels(actor, each) for each in municipality_ids)


def require_alarms(actor: Actor, area: Collection[int]) -> None:
    """To say who is told when something is the matter: IT of every municipality that it is about. Raises NotAllowed."""
    if not runs_all(actor, area):
        raise NotAllowed("To say whom all channels' alarms go to takes IT of every municipality.")


def audits(actor: Actor, municipality_id: int | None) -> bool:
    """Auditor of the municipality, or of any: what was asked of other systems, by whom and why, and the logs.

    No other role, an admin's least of all: who gives the roles doesn't watch over them as well.
    """
    return "audit" in actor.grants and any(
        held.role == "auditor" and municipality_id in {None, held.municipality_id} for held in actor.memberships
    )


def require_auditor(actor: Actor) -> None:
    """Raises NotAllowed."""
    if not audits(actor, None):
        raise NotAllowed("This is for auditors: it needs the role auditor and a token with the scope audit.")


def sees_use(actor: Actor, municipality_id: int | None) -> bool:
    """How lookups are used: the departments of the municipality, or of any, by role and unit; its auditors, too."""
    return audits(actor, municipality_id) or (
        "read" in actor.grants
        and any(
            held.role == "department" and municipality_id in {None, held.municipality_id} for held in actor.memberships
        )
    )


def sees_lookup(actor: Actor, municipality_id: int, department_id: int | None) -> bool:
    """What a lookup is made of, and how it is used: its department, and the municipality's auditors.

    One that is no department's own is for those who are of the departments as a whole.
    """
    return audits(actor, municipality_id) or ("read" in actor.grants and _of(actor, municipality_id, department_id))


def makes_lookup(actor: Actor, municipality_id: int, department_id: int | None) -> bool:
    """Its department alone, with a token that may write."""
    return {"read", "write"} <= actor.grants and _of(actor, municipality_id, department_id)


def _of(actor: Actor, municipality_id: int, department_id: int | None) -> bool:
    return any(
        held.role == "department"
        and held.municipality_id == municipality_id
        and held.department_id in {None, department_id}
        for held in actor.memberships
    )


def require_use(actor: Actor) -> None:
    """Raises NotAllowed."""
    if not sees_use(actor, None):
        raise NotAllowed("This is for departments: it needs the role department or auditor, and a token that may read.")


def administers(actor: Actor, municipality_id: int | None) -> bool:
    """What a municipality has set for all its people: its admins, or those of any, with a token that may write."""
    return "write" in actor.grants and any(
        held.role == "admin" and municipality_id in {None, held.municipality_id} for held in actor.memberships
    )


def require_admin(actor: Actor) -> None:
    """Raises NotAllowed."""
    if not administers(actor, None):
        raise NotAllowed("This is for administrators: it needs the role admin and a token that may write.")


def require_it(actor: Actor) -> None:
    """Channels and raw events are IT's. Raises NotAllowed."""
    if not runs_channels(actor, None):
        raise NotAllowed("Channels and raw events are for IT: this needs the role it and a token with the scope it.")
