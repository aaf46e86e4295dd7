"""Incoming: how the queues of the telephone stand, and which call rings to whom, for the top of every page.

Asked by every page at every change of a call: what all see who may see the same is reckoned once for them together.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Select, bindparam, select

from hub import clock
from hub.access import duty, policy
from hub.access.person import Actor
from hub.channels.channel import Channel
from hub.edge import calling_back, on_duty
from hub.edge.kept import Kept, changed_by
from hub.edge.on_duty import DutyLine
from hub.inbox import contact, letterhead, placeholders
from hub.inbox.call import Call
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.letterhead import Greeting
from hub.inbox.points import masked_number
from hub.inbox.strip import FORGOTTEN, is_waiting
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

KEPT = 2 * clock.SECOND
"""What is kept may be so old where no call has changed: how many are on duty, and what is to be called back."""
_RINGS = 600 * clock.SECOND
_TALKS = 4 * 3_600 * clock.SECOND
_MOST = 500
_STATE = select(Call.answered_by_id, Call.ended_at).where(Call.entry_id == bindparam("entry"))


class Strip(Struct, frozen=True):
    """Citizens who wait on the telephone now, since when the first of them, and who is there to take them."""

    waiting: int
    longest_since: datetime | None
    ready: int
    on_duty: int


class Ringing(Struct, frozen=True):
    """A call for whoever looks: it rings to them or to their queue, or is theirs already (`answered`).

    `name`: whose number it may be, a hint. `number`: masked; None: withheld. `staff`: it is the municipality's own.
    """

    conversation_id: str
    entry_id: str
    municipality_id: str
    greeting: str
    name: str
    number: str | None
    staff: bool
    menu_path: Sequence[str]
    queue: str | None
    queue_id: str
    since: datetime
    answered: bool
    channel_kind: str | None


class Phone(Struct, frozen=True):
    """All of it, for the top of a page."""

    duty: DutyLine
    strip: Strip | None
    ringing: Ringing | None
    call_backs: int


class _Live(Struct, frozen=True):
    """A call that hasn't ended, as far as it says whose it is now."""

    entry_id: int
    rings_at: Sequence[int] | None
    offered_at: int | None
    answered_at: int | None
    answered_by_id: int | None


class _Shared(Struct, frozen=True):
    """What all see who may see the same. `calls`: those that ring, and those that are to be written down.

    `at`: when it was begun, microseconds.
    """

    at: int
    strip: Strip | None
    calls: Sequence[_Live]


class _Pop(Struct, frozen=True):
    """A call as all see it to whom it may ring: `ringing` has no greeting yet, for that names who answers."""

    ringing: Ringing
    greeting: Greeting


_SHARED: Kept[policy.Sight, _Shared] = Kept(KEPT)
_CALL_BACKS: Kept[policy.Sight, int] = Kept(KEPT)
_POPS: Kept[tuple[policy.Sight, int], _Pop | None] = Kept(KEPT)


async def seen(storage: Storage, actor: Actor, changed: int) -> Phone:
    """As this person sees it. `changed`: when a call of theirs is known to have changed last, microseconds."""
    scope, sight, done = Scope.of(actor), policy.sight(actor), changed_by(storage, actor.id)
    shared = await _SHARED.ask(storage, sight, partial(storage.read, scope, _shared, actor), max(changed, done))
    mine = await storage.read(scope, on_duty.mine, actor)
    found, pop = _theirs(actor, mine.state, shared.calls), None
    if found is not None and await storage.read(scope, _is_as_it_was, found):
        reckoning = partial(storage.read, scope, _pop, actor, found.entry_id)
        pop = await _POPS.ask(storage, (sight, found.entry_id), reckoning, shared.at)
    call_backs = 0
    if shared.strip is not None:
        counting = partial(storage.read, scope, calling_back.count, actor)
        call_backs = await _CALL_BACKS.ask(storage, sight, counting, done)
    return Phone(mine, shared.strip, None if pop is None else _greeted(pop, actor), call_backs)


def _shared(unit: Unit, actor: Actor) -> _Shared:
    now = clock.now()
    there = strip(unit, actor)
    if there is None:
        return _Shared(now, None, ())
    calls = unit.rows(_open_calls(policy.visible(actor)), rung_after=now - _RINGS, taken_after=now - _TALKS)
    return _Shared(now, there, [_Live(*each) for each in calls])


def _is_as_it_was(unit: Unit, call: _Live) -> bool:
    """Another process may have ended it since."""
    now = unit.rows(_STATE, entry=call.entry_id)
    return [tuple(each) for each in now] == [(call.answered_by_id, None)]


def strip(unit: Unit, actor: Actor) -> Strip | None:
    """None: nobody has ever called here."""
    if unit.first(select(Call.id).where(Call.municipality_id.in_(unit.scope.municipalities or ()))) is None:
        return None
    waiting = unit.all(_waiting(policy.visible(actor)), offered_after=clock.now() - FORGOTTEN)
    there = duty.there(unit, unit.scope.municipalities or ())
    return Strip(
        waiting=len(waiting),
        longest_since=clock.to_datetime(waiting[0]) if waiting else None,
        ready=sum(1 for each in there if each.state == "ready"),
        on_duty=len(there),
    )


def _theirs(actor: Actor, state: duty.State, calls: Sequence[_Live]) -> _Live | None:
    """What this person has answered and hasn't written down yet; else the call that rings at their own telephone, which
    knows nothing of what they said here; else, if they are ready, one that rings to all."""
    mine = [each for each in calls if each.answered_at is not None and each.answered_by_id == actor.id]
    rings = [each for each in calls if each.answered_at is None]
    for_me = [each for each in rings if actor.id in (each.rings_at or ())]
    for_all = [each for each in rings if not each.rings_at] if state == "ready" else []
    found = sorted(mine, key=lambda each: each.answered_at or 0, reverse=True) or for_me or for_all
    return found[0] if found else None


@lru_cache(maxsize=1024)
def _waiting(visible: ColumnElement[bool]) -> Select[Any]:
    return _live(visible, Call.offered_at).where(is_waiting(bindparam("offered_after"))).order_by(Call.offered_at)


@lru_cache(maxsize=1024)
def _open_calls(visible: ColumnElement[bool]) -> Select[Any]:
    """Such as ring, or are to be written down."""
    rings = Call.answered_at.is_(None) & (Call.offered_at > bindparam("rung_after"))
    columns = (Call.entry_id, Call.rings_at, Call.offered_at, Call.answered_at, Call.answered_by_id)
    return (
        _live(visible, *columns)
        .where(Call.registered_at.is_(None), rings | (Call.answered_at > bindparam("taken_after")))
        .order_by(Call.offered_at)
        .limit(_MOST)
    )


def _live(visible: ColumnElement[bool], *columns: Any) -> Select[Any]:
    """Calls of citizens that haven't ended, in queues of theirs. None that people alone tell of."""
    return (
        select(*columns)
        .join(Entry, (Entry.municipality_id == Call.municipality_id) & (Entry.id == Call.entry_id))
        .join(
            Conversation,
            (Conversation.municipality_id == Entry.municipality_id) & (Conversation.id == Entry.conversation_id),
        )
        .where(
            Call.ended_at.is_(None),
            Call.direction == "in",
            Entry.channel_id.is_not(None),
            visible,
        )
    )


def _pop(unit: Unit, actor: Actor, entry_id: int) -> _Pop | None:
    found = unit.rows(_live(policy.visible(actor), Call, Entry, Conversation).where(Call.entry_id == entry_id))
    if not found:
        return None
    row, entry, conversation = found[0]
    citizen = unit.get(Citizen, conversation.citizen_id)
    name = citizen.name if citizen is not None and citizen.protection != "yes" else ""
    ringing = Ringing(
        conversation_id=str(conversation.id),
        entry_id=str(entry.id),
        municipality_id=str(conversation.municipality_id),
        greeting="",
        name="" if contact.is_unnamed(name) else name,
        number=None if row.number is None else masked_number(row.number),
        staff=row.staff,
        menu_path=row.menu_path,
        queue=row.queue_name,
        queue_id=str(conversation.queue_id),
        since=clock.to_datetime(row.offered_at or entry.occurred_at),
        answered=row.answered_at is not None,
        channel_kind=unit.first(select(Channel.kind).where(Channel.id == entry.channel_id)),
    )
    return _Pop(ringing, letterhead.greeting(unit, placeholders.where(conversation, actor.id)))


def _greeted(pop: _Pop, actor: Actor) -> Ringing:
    return replace(pop.ringing, greeting=pop.greeting.by(actor.name))
