"""Phoning: the telephone as an agent sees it: how it stands with their queues, what rings, who is to be called back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access import duty, person, policy
from hub.access.person import Actor
from hub.edge import versions, work
from hub.edge.idempotency import Answer, Asked, Made, once
from hub.edge.parameters import IdText, id_of
from hub.errors import Invalid, NotFound
from hub.inbox import callback, contact, queries, strip
from hub.inbox.call import Call, is_pending
from hub.inbox.citizen import Citizen
from hub.inbox.colleagues import PERSON
from hub.inbox.conversation import Conversation
from hub.inbox.points import masked_number
from hub.inbox.promise import Promise, is_open
from hub.inbox.queries import ConversationLine
from hub.inbox.queue import Queue, QueueArea
from hub.storage.unit import Unit

MOST = 500
"""Call-backs that are listed: those due first."""


class QueueLine(Struct, frozen=True):
    """A queue of theirs in one municipality. `waiting_since` null: nobody waits. Today's: since midnight there.

    `staff_today`: calls from the municipality's own numbers, which are in none of the other figures.
    """

    queue_id: str
    municipality_id: str
    waiting: int
    waiting_since: datetime | None
    on_duty: int
    answered_today: int
    lost_today: int
    staff_today: int


class CallBackLine(Struct, frozen=True):
    """A caller who is to be called back, once, however often they tried. `number`: masked; null: nobody knows it.

    `citizen`: a name, which is a hint; empty: nobody has said one, or their identity is protected.
    `tries`: lost calls of theirs that nobody has called back; `attempts`: of ours. `agreed`: the time was promised
    them.
    """

    id: str
    conversation_id: str
    municipality_id: str
    queue_id: str
    number: str | None
    citizen: str
    due_at: datetime
    agreed: bool
    tries: int
    attempts: int
    owner_id: str | None
    owner: str | None
    first_at: datetime | None
    last_at: datetime | None
    lost_in: str | None
    queue_name: str | None


class NewOwner(Struct, forbid_unknown_fields=True):
    """`person` null: whoever comes to it."""

    person: IdText | None


class NewAttempt(Struct, forbid_unknown_fields=True):
    """Somebody called, by a telephone of which no exchange tells. `reached`: and spoke with them."""

    reached: bool


class NewOutcome(Struct, forbid_unknown_fields=True):
    """reached | given_up | not_needed"""

    outcome: Literal["reached", "given_up", "not_needed"]


class Attempted(Struct, frozen=True):
    """The call's entry."""

    entry_id: str


def stand(unit: Unit, actor: Actor) -> Sequence[QueueLine]:
    """Of each queue that they work, in its order."""
    desks = _desks(unit, actor)
    found = strip.stand(unit, desks)
    there = {queue_id: len(duty.on_duty(unit, queue_id)) for queue_id in {queue_id for _, queue_id in desks}}
    return [
        QueueLine(
            str(queue_id),
            str(municipality_id),
            found[municipality_id, queue_id].waiting,
            _shown(found[municipality_id, queue_id].waiting_since),
            there[queue_id],
            found[municipality_id, queue_id].answered,
            found[municipality_id, queue_id].lost,
            found[municipality_id, queue_id].staff,
        )
        for municipality_id, queue_id in desks
    ]


def call_backs(unit: Unit, actor: Actor) -> Sequence[CallBackLine]:
    """Those that this person may see to, due first."""
    rows = unit.rows(
        select(Promise, Conversation, Citizen, PERSON.c.name)
        .join(
            Conversation,
            (Conversation.municipality_id == Promise.municipality_id) & (Conversation.id == Promise.conversation_id),
        )
        .join(
            Citizen,
            (Citizen.municipality_id == Conversation.municipality_id) & (Citizen.id == Conversation.citizen_id),
        )
        .join(PERSON, PERSON.c.id == Promise.person_id, isouter=True)
        .where(Promise.kind == callback.KIND, is_open(), Conversation.closed_at.is_(None), policy.visible(actor))
        .order_by(Promise.due_at, Promise.id)
        .limit(MOST)
    )
    lost = _lost(unit, [promise for promise, *_ in rows])
    return [_line(promise, found, citizen, owner, lost) for promise, found, citizen, owner in rows]


class _Lost(Struct):
    tries: int
    first_at: int
    last: Call


def _lost(unit: Unit, promises: Sequence[Promise]) -> dict[tuple[int, str], _Lost]:
    """Of each number, its lost calls that nobody has called back."""
    numbers = {each.number for each in promises if each.number is not None}
    found: dict[tuple[int, str], _Lost] = {}
    query = select(Call).where(
        Call.municipality_id.in_({each.municipality_id for each in promises}), Call.number.in_(numbers), is_pending()
    )
    for call in unit.all(query.order_by(Call.offered_at)) if numbers else ():
        line = (call.municipality_id, call.number or "")
        known = found.get(line)
        if known is None:
            found[line] = _Lost(1, call.offered_at or 0, call)
        else:
            known.tries, known.last = known.tries + 1, call
    return found


def _line(
    promise: Promise,
    conversation: Conversation,
    citizen: Citizen,
    owner: str | None,
    lost: dict[tuple[int, str], _Lost],
) -> CallBackLine:
    calls = lost.get((promise.municipality_id, promise.number or ""))
    return CallBackLine(
        id=str(promise.id),
        conversation_id=str(conversation.id),
        municipality_id=str(conversation.municipality_id),
        queue_id=str(conversation.queue_id),
        number=None if promise.number is None else masked_number(promise.number),
        citizen="" if contact.is_unnamed(citizen.name) or citizen.protection == "yes" else citizen.name,
        due_at=clock.to_datetime(promise.due_at),
        agreed=promise.due_rule == callback.AGREED,
        tries=calls.tries if calls else 0,
        attempts=promise.attempts,
        owner_id=None if promise.person_id is None else str(promise.person_id),
        owner=owner,
        first_at=_shown(calls.first_at) if calls else None,
        last_at=_shown(calls.last.offered_at) if calls else None,
        lost_in=calls.last.lost_in if calls else None,
        queue_name=calls.last.queue_name if calls else None,
    )


def give(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, call_back_id: int, said: NewOwner
) -> ConversationLine:
    """Whose it is to call back. Raises Invalid for somebody who can't open the conversation."""
    found, promise = _held(unit, actor, conversation_id, call_back_id)
    versions.expect(found.version, if_match)
    owner_id = None if said.person is None else id_of("person", said.person)
    if owner_id is not None:
        owner = person.actor(unit, owner_id, frozenset({"read"}))
        if owner is None or not policy.may_be_assigned(owner, found):
            raise Invalid("person", "this person can't open the conversation")
    callback.give(unit, found, actor.id, promise, owner_id)
    work.log(unit, actor, "call_back.give", found)
    return queries.conversation_line(unit, found.id)


def attempt(
    unit: Unit, actor: Actor, conversation_id: int, call_back_id: int, said: NewAttempt, creation: Asked
) -> Answer:
    """They were called; what is answered is the call's entry."""
    found, promise = _held(unit, actor, conversation_id, call_back_id)

    def create() -> Made:
        entry = callback.tried(unit, found, actor.id, promise, reached=said.reached)
        work.log(unit, actor, "call_back.attempt", found, entry)
        return Made(Attempted(str(entry.id)), found.version, found.municipality_id)

    return once(unit, actor, creation, create)


def settle(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, call_back_id: int, said: NewOutcome
) -> ConversationLine:
    """How it ended."""
    found, promise = _held(unit, actor, conversation_id, call_back_id)
    versions.expect(found.version, if_match)
    callback.settle(unit, found, actor.id, promise, said.outcome)
    work.log(unit, actor, "call_back.settle", found)
    return queries.conversation_line(unit, found.id)


def _held(unit: Unit, actor: Actor, conversation_id: int, call_back_id: int) -> tuple[Conversation, Promise]:
    """By number first, as whoever takes calls in does; then the conversation."""
    policy.require_open(actor, unit.get(Conversation, conversation_id))
    promise = unit.first(
        select(Promise).where(
            Promise.id == call_back_id, Promise.conversation_id == conversation_id, Promise.kind == callback.KIND
        )
    )
    if promise is not None and promise.number is not None:
        unit.take_turns([f"number {promise.municipality_id}/{promise.number}"])
    found = work.held(unit, actor, conversation_id)
    promise = None if promise is None else unit.lock(Promise, promise.id)  # as it is, now that it is our turn
    if promise is None or promise.conversation_id != found.id:
        raise NotFound("There is no such call-back in this conversation.")
    return found, promise


def _desks(unit: Unit, actor: Actor) -> list[strip.Desk]:
    """Queues that answer now for a municipality in which they work them."""
    rows = unit.rows(
        select(QueueArea.municipality_id, QueueArea.queue_id)
        .join(Queue, Queue.id == QueueArea.queue_id)
        .where(QueueArea.municipality_id.in_(actor.municipality_ids), Queue.retired_at.is_(None))
        .order_by(QueueArea.queue_id, QueueArea.municipality_id)
    )
    return [(of, queue_id) for of, queue_id in rows if policy.works_queue(actor, of, queue_id)]


def _shown(at: int | None) -> datetime | None:
    return None if at is None else clock.to_datetime(at)
