"""What lists and pages show of conversations and citizens: frozen values, never live rows.

Ids are text and times aware datetimes, as the API and the screen write them. Who may see what is the caller's to say
(`hub.access.policy`): it comes in as a condition, so counts and hints obey it as lists do.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, bindparam, case, func, select

from hub import clock
from hub.clock import NEVER
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.colleagues import PERSON
from hub.inbox.conversation import Conversation
from hub.inbox.matter import Matter
from hub.inbox.participant import Participant
from hub.inbox.points import masked, masked_name
from hub.storage import keyset
from hub.storage.one_of import listed, one_of
from hub.storage.unit import Unit

Within = Callable[[int], ColumnElement[bool]]
"""What of a municipality may be seen."""

_BY_DUE_TIME = keyset.Order((Conversation.due_at, Conversation.id))
_NEWEST_FIRST = keyset.Order((Conversation.id,), newest_first=True)
_OF_MUNICIPALITY = Conversation.municipality_id == bindparam("in_municipality")
_OPEN = Conversation.closed_at.is_(None)
_CLOSED = Conversation.closed_at.is_not(None)
_FILTERS: Mapping[str, ColumnElement[bool]] = {
    "queue_id": Conversation.queue_id == bindparam("queue_id"),
    "assignee_id": Conversation.assignee_id == bindparam("assignee_id"),
    "citizen_id": Conversation.citizen_id == bindparam("citizen_id"),
    "contact_kind": Conversation.contact_kind == bindparam("contact_kind"),
    "opened_before": Conversation.opened_at < bindparam("opened_before"),
    "opened_after": Conversation.opened_at >= bindparam("opened_after"),
}
_MARKS: Mapping[str, ColumnElement[bool]] = {
    "unassigned": Conversation.assignee_id.is_(None),
    "waiting": Conversation.wait_until.is_not(None),
    "overdue": Conversation.due_at < bindparam("now"),
}


class PersonName(Struct, frozen=True):
    """One of ours."""

    id: str
    name: str


class ConversationLine(Struct, frozen=True):
    """A conversation as a list shows it. `due_at` null: nothing is owed.

    `citizen_name`: a number that stands in for one is masked. `closed_as`: spam, misdirected or merged, if it wasn't
    just closed.
    """

    id: str
    municipality_id: str
    queue_id: str
    citizen_id: str
    citizen_name: str
    subject: str
    language: str | None
    confidential: bool
    assignee: PersonName | None
    opened_at: datetime
    due_at: datetime | None
    wait_until: datetime | None
    closed_at: datetime | None
    closed_as: str | None
    contact_kind: str
    last_entry_id: str | None
    version: int


class CitizenName(Struct, frozen=True):
    """Whose conversation it is. `protection`: yes | no | unknown, which counts as yes."""

    id: str
    name: str
    kind: str
    protection: str


class ParticipantLine(Struct, frozen=True):
    """A point that takes part, masked."""

    id: str
    kind: str
    value: str
    role: str
    confirmed_at: datetime | None


class MatterLine(Struct, frozen=True):
    """One question of a conversation."""

    id: str
    topic_id: str
    outcome: str | None
    avoidable_cause: str | None
    set_at: datetime


class ConversationPage(Struct, frozen=True):
    """A conversation's own page. `related`: perhaps the same exchange, if this person may open that one."""

    conversation: ConversationLine
    citizen: CitizenName
    participants: Sequence[ParticipantLine]
    matters: Sequence[MatterLine]
    related: str | None


class PointLine(Struct, frozen=True):
    """How a citizen is reached or known, masked: revealed one by one, for a purpose."""

    id: str
    kind: str
    value: str
    confirmed_at: datetime | None
    confirmed_how: str | None
    ended_at: datetime | None


class CitizenPage(Struct, frozen=True):
    """A citizen with their points."""

    id: str
    municipality_id: str
    name: str
    kind: str
    language: str | None
    protection: str
    protection_read_at: datetime | None
    points: Sequence[PointLine]


class OpenCount(Struct, frozen=True):
    """How many open conversations of a queue this person may open; how many of them are past due."""

    open: int
    overdue: int


class Filter(Struct, frozen=True):
    """What a list is narrowed to. `closed`: the closed ones, newest first, instead of the open ones by due time.

    `opened_before`, `opened_after`: microseconds UTC.
    """

    closed: bool = False
    municipality_id: int | None = None
    queue_id: int | None = None
    assignee_id: int | None = None
    unassigned: bool = False
    waiting: bool = False
    overdue: bool = False
    contact_kind: str | None = None
    citizen_id: int | None = None
    opened_before: int | None = None
    opened_after: int | None = None


def conversations(
    unit: Unit, within: Within, filtered: Filter, after: str | None, limit: int
) -> tuple[Sequence[ConversationLine], str | None]:
    """A page, and the cursor of the next one or None."""
    ids, further = ids_of(unit, within, filtered, after, limit)
    return _lines(unit, ids), further


def ids_of(
    unit: Unit, within: Within, filtered: Filter, after: str | None, limit: int
) -> tuple[Sequence[int], str | None]:
    """The same page, by ids alone."""
    where, values = _narrowed(filtered)
    municipalities = None if filtered.municipality_id is None else (filtered.municipality_id,)
    wanted = keyset.Wanted(where, within, values, municipalities)
    keys, further = keyset.page(unit, _NEWEST_FIRST if filtered.closed else _BY_DUE_TIME, wanted, after, limit)
    return [each[-1] for each in keys], further


def those_in(unit: Unit, visible: ColumnElement[bool], filtered: Filter, ids: Sequence[int]) -> Sequence[int]:
    """Those of `ids` that the list shows, in its order. `visible`: a condition on Conversation."""
    where, values = _narrowed(filtered)
    if filtered.municipality_id is not None:
        where = (*where, _OF_MUNICIPALITY)
        values["in_municipality"] = filtered.municipality_id
    return unit.all(_those_in(visible, where, newest_first=filtered.closed), ids=listed(ids), **values)


@lru_cache(maxsize=1024)
def _those_in(
    visible: ColumnElement[bool], where: tuple[ColumnElement[bool], ...], *, newest_first: bool
) -> Select[int]:
    """Every screen asks so at every change: to put it together costs more than to run it."""
    order = (Conversation.id.desc(),) if newest_first else (Conversation.due_at, Conversation.id)
    return select(Conversation.id).where(one_of(Conversation.id, "ids"), visible, *where).order_by(*order)


def _narrowed(filtered: Filter) -> tuple[tuple[ColumnElement[bool], ...], dict[str, object]]:
    """The conditions of a list, all constants of this module, and what stands in them."""
    values: dict[str, object] = {name: value for name in _FILTERS if (value := getattr(filtered, name)) is not None}
    where = (
        _CLOSED if filtered.closed else _OPEN,
        *(_FILTERS[name] for name in values),
        *(condition for named, condition in _MARKS.items() if getattr(filtered, named)),
    )
    if filtered.overdue:
        values["now"] = clock.now()
    return where, values


def conversations_of(
    unit: Unit, within: Within, citizen: Citizen, after: str | None, limit: int
) -> tuple[Sequence[ConversationLine], str | None]:
    """A citizen's, open and closed, newest first."""
    values = {"citizen_id": citizen.id}
    wanted = keyset.Wanted((_FILTERS["citizen_id"],), within, values, (citizen.municipality_id,))
    keys, further = keyset.page(unit, _NEWEST_FIRST, wanted, after, limit)
    return _lines(unit, [each[-1] for each in keys]), further


def conversation_line(unit: Unit, conversation_id: int) -> ConversationLine:
    """One that is known to be there."""
    return _lines(unit, [conversation_id])[0]


def conversation_page(
    unit: Unit, conversation: Conversation, may_open: Callable[[Conversation], bool]
) -> ConversationPage:
    """Everything but its timeline."""
    citizen = unit.get(Citizen, conversation.citizen_id)
    assert citizen is not None  # a composite foreign key sees to it
    here = {"municipality": conversation.municipality_id, "conversation": conversation.id}
    related = unit.get(Conversation, conversation.related_id)
    if related is not None and related.is_part and related.related_id == conversation.id:
        related = None  # it is merged into this one by now
    return ConversationPage(
        conversation=conversation_line(unit, conversation.id),
        citizen=CitizenName(str(citizen.id), masked_name(citizen.name), citizen.kind, citizen.protection),
        participants=[
            ParticipantLine(str(each.id), point.kind, masked(unit.keys, point), each.role, shown(each.confirmed_at))
            for point, each in unit.rows(_TAKE_PART, **here)
        ],
        matters=[matter_line(each) for each in unit.all(_MATTERS, **here)],
        related=str(related.id) if related is not None and may_open(related) else None,
    )


def citizen_page(unit: Unit, citizen: Citizen) -> CitizenPage:
    """With all their points, the ended ones too."""
    points = (
        select(CitizenPoint)
        .where(CitizenPoint.municipality_id == citizen.municipality_id, CitizenPoint.citizen_id == citizen.id)
        .order_by(CitizenPoint.id)
    )
    return CitizenPage(
        id=str(citizen.id),
        municipality_id=str(citizen.municipality_id),
        name=masked_name(citizen.name),
        kind=citizen.kind,
        language=citizen.language,
        protection=citizen.protection,
        protection_read_at=shown(citizen.protection_read_at),
        points=[_point_line(unit, each) for each in unit.all(points)],
    )


def open_counts(unit: Unit, within: Within) -> dict[int, OpenCount]:
    """By queue, over the open set: nothing is stored, so nothing drifts."""
    late = func.sum(case((Conversation.due_at < clock.now(), 1), else_=0))
    found: dict[int, OpenCount] = {}
    for municipality_id in unit.scope.municipalities or ():
        query = (
            select(Conversation.queue_id, func.count(), late)
            .where(Conversation.municipality_id == municipality_id, _OPEN, within(municipality_id))
            .group_by(Conversation.queue_id)
        )
        for queue_id, count, overdue in unit.rows(query.execution_options(in_scope_already=True)):
            was = found.get(queue_id, OpenCount(0, 0))
            found[queue_id] = OpenCount(was.open + count, was.overdue + int(overdue))
    return found


def matter_line(matter: Matter) -> MatterLine:
    """As lists and answers show it."""
    return MatterLine(
        str(matter.id), str(matter.topic_id), matter.outcome, matter.avoidable_cause, clock.to_datetime(matter.set_at)
    )


def shown(at: int | None) -> datetime | None:
    """None for NEVER, too."""
    return None if at is None or at >= NEVER else clock.to_datetime(at)


def shown_id(row_id: int | None) -> str | None:
    """Ids are text wherever they are shown: 63 bits don't fit a JavaScript number."""
    return None if row_id is None else str(row_id)


def _point_line(unit: Unit, point: CitizenPoint) -> PointLine:
    return PointLine(
        id=str(point.id),
        kind=point.kind,
        value=masked(unit.keys, point),
        confirmed_at=shown(point.confirmed_at),
        confirmed_how=point.confirmed_how,
        ended_at=shown(point.ended_at),
    )


def _lines(unit: Unit, ids: Sequence[int]) -> list[ConversationLine]:
    """In the order of `ids`, all of them in scope already."""
    if not ids:
        return []
    rows = unit.rows(_LINES, ids=listed(ids))
    by_id = {row[0]: line_of(row) for row in rows}
    return [by_id[each] for each in ids]


LINE: Select[Any] = (
    select(
        Conversation.id,
        Conversation.municipality_id,
        Conversation.queue_id,
        Conversation.citizen_id,
        Citizen.name,
        Conversation.subject,
        Conversation.language,
        Conversation.confidential_queue_id,
        Conversation.assignee_id,
        PERSON.c.name,
        Conversation.opened_at,
        Conversation.due_at,
        Conversation.wait_until,
        Conversation.closed_at,
        Conversation.closed_as,
        Conversation.contact_kind,
        Conversation.last_entry_id,
        Conversation.version,
    )
    .join(Citizen, Citizen.id == Conversation.citizen_id)
    .join(PERSON, PERSON.c.id == Conversation.assignee_id, isouter=True)
)
_LINES = LINE.where(one_of(Conversation.id, "ids")).execution_options(in_scope_already=True)
_TAKE_PART = (
    select(CitizenPoint, Participant)
    .join(Participant, Participant.citizen_point_id == CitizenPoint.id)
    .where(
        Participant.municipality_id == bindparam("municipality"),
        Participant.conversation_id == bindparam("conversation"),
    )
    .order_by(Participant.id)
)
_MATTERS = (
    select(Matter)
    .where(Matter.municipality_id == bindparam("municipality"), Matter.conversation_id == bindparam("conversation"))
    .order_by(Matter.id)
)


def line_of(row: Sequence[Any]) -> ConversationLine:
    """From a row of `LINE`."""
    (
        row_id, municipality_id, queue_id, citizen_id, citizen_name, subject, language, confidential_queue_id,
        assignee_id, assignee, opened_at, due_at, wait_until, closed_at, closed_as, contact_kind,
        last_entry_id, version,
    ) = row  # fmt: skip
    return ConversationLine(
        id=str(row_id),
        municipality_id=str(municipality_id),
        queue_id=str(queue_id),
        citizen_id=str(citizen_id),
        citizen_name=masked_name(citizen_name),
        subject=subject,
        language=language,
        confidential=confidential_queue_id is not None,
        assignee=None if assignee_id is None else PersonName(str(assignee_id), assignee),
        opened_at=clock.to_datetime(opened_at),
        due_at=shown(due_at),
        wait_until=shown(wait_until),
        closed_at=shown(closed_at),
        closed_as=closed_as if closed_at is not None else None,
        contact_kind=contact_kind,
        last_entry_id=shown_id(last_entry_id),
        version=version,
    )
