"""Calling back: the list of who is to be called back, as a page shows and works it: numbers covered until one calls."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import func, select

from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.edge import phoning
from hub.edge.phoning import NewOutcome, NewOwner
from hub.edge.versions import etag
from hub.errors import NotFound
from hub.inbox import callback
from hub.inbox.conversation import Conversation
from hub.inbox.promise import Promise, is_open
from hub.storage.unit import Unit

_PURPOSE = "call back"


class Row(Struct, frozen=True):
    """`who`: a name, a hint; empty: nobody has said one. `masked`: the number, as everybody sees it."""

    id: str
    conversation_id: str
    municipality_id: str
    queue_id: str
    who: str
    masked: str | None
    due_at: datetime
    agreed: bool
    tries: int
    attempts: int
    owner_id: str | None
    owner: str | None
    last_at: datetime | None
    lost_in: str | None
    queue_name: str | None


def rows(unit: Unit, actor: Actor) -> Sequence[Row]:
    """Those that this person may see to, due first."""
    return [
        Row(
            id=each.id,
            conversation_id=each.conversation_id,
            municipality_id=each.municipality_id,
            queue_id=each.queue_id,
            who=each.citizen,
            masked=each.number,
            due_at=each.due_at,
            agreed=each.agreed,
            tries=each.tries,
            attempts=each.attempts,
            owner_id=each.owner_id,
            owner=each.owner,
            last_at=each.last_at,
            lost_in=each.lost_in,
            queue_name=each.queue_name,
        )
        for each in phoning.call_backs(unit, actor)
    ]


def count(unit: Unit, actor: Actor) -> int:
    """How many of them there are."""
    query = (
        select(func.count(Promise.id))
        .join(
            Conversation,
            (Conversation.municipality_id == Promise.municipality_id) & (Conversation.id == Promise.conversation_id),
        )
        .where(Promise.kind == callback.KIND, is_open(), Conversation.closed_at.is_(None), policy.visible(actor))
    )
    return unit.first(query) or 0


def number_of(unit: Unit, actor: Actor, conversation_id: int, call_back_id: int) -> str:
    """In clear, to be called: who asked is in audit and reading log. Empty: nobody knows one. Raises NotFound."""
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    promise = _promise(unit, found, call_back_id)
    if promise.number is None:
        return ""
    log_reading(unit, actor, "citizen_point", promise.id, found.id, _PURPOSE)
    log_act(
        unit,
        "citizen.reveal",
        actor,
        municipality_id=found.municipality_id,
        subject=("promise", promise.id),
        conversation_id=found.id,
        purpose=_PURPOSE,
    )
    return promise.number


def require(unit: Unit, actor: Actor, conversation_id: int, call_back_id: int) -> None:
    """That there is one. Raises NotFound."""
    _promise(unit, policy.require_open(actor, unit.get(Conversation, conversation_id)), call_back_id)


def settle(unit: Unit, actor: Actor, conversation_id: int, call_back_id: int, outcome: str) -> None:
    """As it is now: that it is done with, nobody's newer word can make wrong. Raises NotFound, Invalid, Conflict."""
    said = NewOutcome(cast("Any", outcome))  # what there is, the verb says
    phoning.settle(unit, actor, conversation_id, _version(unit, actor, conversation_id), call_back_id, said)


def give(unit: Unit, actor: Actor, conversation_id: int, call_back_id: int, said: NewOwner) -> None:
    """The same."""
    phoning.give(unit, actor, conversation_id, _version(unit, actor, conversation_id), call_back_id, said)


def _promise(unit: Unit, conversation: Conversation, call_back_id: int) -> Promise:
    row = unit.get(Promise, call_back_id)
    if row is None or row.conversation_id != conversation.id or row.kind != callback.KIND:
        raise NotFound("There is no such call-back in this conversation.")
    return row


def _version(unit: Unit, actor: Actor, conversation_id: int) -> str:
    return etag(policy.require_open(actor, unit.get(Conversation, conversation_id)).version)
