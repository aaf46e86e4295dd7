"""Incoming: how the queues of the telephone stand, and which call rings to whom, for the top of every page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, select

from hub import clock
from hub.access import duty, policy
from hub.access.person import Actor
from hub.channels.channel import Channel
from hub.edge import calling_back, on_duty
from hub.edge.on_duty import DutyLine
from hub.inbox import contact, letterhead, placeholders
from hub.inbox.call import Call
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.points import masked_number
from hub.inbox.strip import is_waiting
from hub.storage.unit import Unit

_RINGS = 600 * clock.SECOND
_TALKS = 4 * 3_600 * clock.SECOND


class Strip(Struct, frozen=True):
    """Citizens who wait on the telephone now, since when the first of them, and who is there to take them."""

    waiting: int
    longest_since: datetime | None
    ready: int
    on_duty: int


class Ringing(Struct, frozen=True):
    """A call for whoever looks: it rings to them or to their queue, or is theirs already (`answered`).

    `name`: whose number it may be, a hint. `number`: masked.
    """

    conversation_id: str
    entry_id: str
    municipality_id: str
    greeting: str
    name: str
    number: str | None
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


def seen(unit: Unit, actor: Actor) -> Phone:
    """As this person sees it."""
    there = strip(unit, actor)
    mine = on_duty.mine(unit, actor)
    if there is None:
        return Phone(mine, None, None, 0)
    return Phone(mine, there, ringing(unit, actor), calling_back.count(unit, actor))


def strip(unit: Unit, actor: Actor) -> Strip | None:
    """None: nobody has ever called here."""
    if unit.first(select(Call.id).where(Call.municipality_id.in_(unit.scope.municipalities or ()))) is None:
        return None
    waiting = unit.all(_live(actor, Call.offered_at).where(is_waiting()).order_by(Call.offered_at))
    there = duty.there(unit, unit.scope.municipalities or ())
    return Strip(
        waiting=len(waiting),
        longest_since=clock.to_datetime(waiting[0]) if waiting else None,
        ready=sum(1 for each in there if each.state == "ready"),
        on_duty=len(there),
    )


def ringing(unit: Unit, actor: Actor) -> Ringing | None:
    """What this person has answered and hasn't written down yet; else, if they are ready, the call that rings."""
    now = clock.now()
    mine = _live(actor, Call, Entry, Conversation).where(
        Call.answered_by_id == actor.id, Call.registered_at.is_(None), Call.answered_at > now - _TALKS
    )
    for row, entry, conversation in unit.rows(mine.order_by(Call.answered_at.desc()).limit(1)):
        return _shown(unit, actor, row, entry, conversation)
    if duty.state_of(unit, actor.id) != "ready":
        return None
    rings = _live(actor, Call, Entry, Conversation).where(Call.answered_at.is_(None), Call.offered_at > now - _RINGS)
    found = unit.rows(rings.order_by(Call.offered_at).limit(50))
    for_me = [each for each in found if actor.id in (each[0].rings_at or ())]
    for_all = [each for each in found if not each[0].rings_at]
    for row, entry, conversation in (for_me or for_all)[:1]:
        return _shown(unit, actor, row, entry, conversation)
    return None


def _live(actor: Actor, *columns: Any) -> Select[Any]:
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
            policy.visible(actor),
        )
    )


def _shown(unit: Unit, actor: Actor, row: Call, entry: Entry, conversation: Conversation) -> Ringing:
    citizen = unit.get(Citizen, conversation.citizen_id)
    name = citizen.name if citizen is not None and citizen.protection != "yes" else ""
    return Ringing(
        conversation_id=str(conversation.id),
        entry_id=str(entry.id),
        municipality_id=str(conversation.municipality_id),
        greeting=letterhead.greeting(unit, placeholders.where(conversation, actor.id)),
        name="" if contact.is_unnamed(name) else name,
        number=None if row.number is None else masked_number(row.number),
        menu_path=row.menu_path,
        queue=row.queue_name,
        queue_id=str(conversation.queue_id),
        since=clock.to_datetime(row.offered_at or entry.occurred_at),
        answered=row.answered_at is not None,
        channel_kind=unit.first(select(Channel.kind).where(Channel.id == entry.channel_id)),
    )
