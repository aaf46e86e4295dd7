"""Talking: what whoever takes a call or a visit sees of it: how it came, whom they answer as, what they can choose."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import func, select

from hub import clock
from hub.access.person import Actor
from hub.edge import contacting, work
from hub.inbox import calendar, contact, letterhead, notice, placeholders, text
from hub.inbox.call import Call
from hub.inbox.colleagues import person_name
from hub.inbox.conversation import Conversation
from hub.inbox.department import Department
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.inbox.text import Price
from hub.inbox.timeline import CallFields, call_fields
from hub.inbox.topic import Topic
from hub.storage.ids import first_at
from hub.storage.unit import Unit

_SHUTS = 16
"""O'clock: when an answer is promised by."""
_AHEAD = 11
"""Days that a call-back can be agreed in: Easter has five that nobody works."""
_LOOKED_AT = 300
"""Newest conversations of a queue that say which topics are most used; of days before this one."""


class DepartmentName(Struct, frozen=True):
    """Where a question can be handed over to."""

    id: str
    words: Mapping[str, str]


class ContactShown(Struct, frozen=True):
    """A call or a visit. `answer_by`, `working_days`: what can be promised, in the municipality's calendar.

    `tries`: calls by the same number today. `by_hand`: no exchange tells of it. `topics`: live ones, the most used till
    yesterday first.
    `begun`: what whoever looks has filled in so far; `registered`: what is written down of it; `version`: of that.
    `texts`: the caller can be told by text message what is promised; in how many at most `text_parts` says, and
    `text_price` what one costs, where it is known. `number_known`: where they can be called back is.
    """

    id: str
    conversation_id: str
    kind: str
    by_hand: bool
    occurred_at: datetime
    note: str
    call: CallFields | None
    tries: int
    greeting: str
    topics: Sequence[str]
    departments: Sequence[DepartmentName]
    answer_by: Sequence[datetime]
    working_days: Sequence[date]
    begun: Mapping[str, Any] | None
    registered: Mapping[str, Any] | None
    discarded: bool
    version: str
    texts: bool
    text_parts: int
    text_price: Price | None
    number_known: bool


is_unnamed = contact.is_unnamed


def look(unit: Unit, actor: Actor, conversation_id: int, entry_id: int) -> ContactShown:
    """As it is now. Raises NotFound."""
    conversation = work.opened(unit, actor, conversation_id)
    entry = contacting.entry_of(unit, conversation, entry_id)
    municipality = unit.get(Municipality, conversation.municipality_id)
    assert municipality is not None  # a foreign key sees to it
    row = contact.call_of(unit, entry)
    body = entry.body or {}
    begun = body.get("begun")
    by_text = contacting.told_by(unit, conversation, entry)
    departments = select(Department).where(Department.municipality_id == municipality.id).order_by(Department.id)
    return ContactShown(
        id=str(entry.id),
        conversation_id=str(conversation.id),
        kind=entry.kind,
        by_hand=contact.is_by_hand(entry),
        occurred_at=clock.to_datetime(entry.occurred_at),
        note=entry.text,
        call=None if row is None else call_fields(row, person_name(unit, row.answered_by_id)),
        tries=0 if row is None else tries(unit, row, _midnight(municipality)),
        greeting=letterhead.greeting(unit, placeholders.where(conversation, actor.id)).by(actor.name),
        topics=[str(each) for each in topics(unit, conversation, _midnight(municipality))],
        departments=[DepartmentName(str(each.id), each.words) for each in unit.all(departments)],
        answer_by=_answer_by(unit, conversation, municipality),
        working_days=_working_days(municipality),
        begun=begun if begun and begun.get("by") == str(actor.id) else None,
        registered=body.get("registered"),
        discarded=entry.undone_at is not None,
        version=contacting.version_of(entry),
        texts=by_text is not None,
        text_parts=notice.parts(municipality, conversation.language),
        text_price=None if by_text is None else text.price(unit, municipality.id, by_text),
        number_known=bool(row is not None and row.number) or contact.promised_at(unit, entry) is not None,
    )


def topics(unit: Unit, conversation: Conversation, today: int) -> Sequence[int]:
    """The municipality's live ones, those first that the queue had most of late, before `today` began.

    Whoever chooses them by key presses without looking: what is registered in the day moves none of them.
    """
    before = first_at(today)
    newest = (
        select(Conversation.id)
        .where(
            Conversation.municipality_id == conversation.municipality_id,
            Conversation.queue_id == conversation.queue_id,
            Conversation.id < before,
        )
        .order_by(Conversation.id.desc())
        .limit(_LOOKED_AT)
    )
    counted = unit.rows(
        select(Matter.topic_id, func.count())
        .where(
            Matter.municipality_id == conversation.municipality_id,
            Matter.conversation_id.in_(unit.all(newest)),
            Matter.id < before,
        )
        .group_by(Matter.topic_id)
    )
    often = dict(counted)
    live = unit.all(
        select(Topic.id).where(Topic.municipality_id == conversation.municipality_id, Topic.retired_at.is_(None))
    )
    return sorted(live, key=lambda each: (-often.get(each, 0), each))


def tries(unit: Unit, call: Call, since: int) -> int:
    """How often the number has called since then, this time included; 0: nobody knows its number."""
    if call.number is None:
        return 0
    query = select(func.count(Call.id)).where(
        Call.municipality_id == call.municipality_id,
        Call.number == call.number,
        Call.direction == "in",
        Call.offered_at >= since,
    )
    return unit.first(query) or 0


def _answer_by(unit: Unit, conversation: Conversation, municipality: Municipality) -> Sequence[datetime]:
    """Before its offices close, on the day that its queue's rule says, and on the one before that."""
    queue = unit.get(Queue, conversation.queue_id)
    days = calendar.ANSWER_DAYS if queue is None or queue.answer_days is None else queue.answer_days
    zone = ZoneInfo(municipality.timezone)
    ends = [calendar.due(clock.now(), each, municipality.timezone, municipality.country) for each in (days, days - 1)]
    found = [
        clock.to_datetime(at).astimezone(zone).replace(hour=_SHUTS, minute=0, second=0, microsecond=0) for at in ends
    ]
    return [at for at in dict.fromkeys(found) if clock.from_datetime(at) > clock.now()]


def _working_days(municipality: Municipality) -> Sequence[date]:
    """Today's, if it is one, and the next."""
    today = clock.to_datetime(clock.now()).astimezone(ZoneInfo(municipality.timezone)).date()
    days = [today + timedelta(days=n) for n in range(_AHEAD)]
    return [day for day in days if calendar.works(day, municipality.country)]


def _midnight(municipality: Municipality) -> int:
    zone = ZoneInfo(municipality.timezone)
    day = clock.to_datetime(clock.now()).astimezone(zone).date()
    return clock.from_datetime(datetime.combine(day, time(), zone).astimezone(UTC))
