"""Centre: who is asking, and the municipalities, queues and topics they work with."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from litestar import get
from litestar.di import NamedDependency
from msgspec import Struct
from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor
from hub.edge.desk import Desk
from hub.edge.person import PERSON
from hub.inbox import queries
from hub.inbox.municipality import Municipality
from hub.inbox.queries import OpenCount, shown_id
from hub.inbox.queue import Queue, QueueArea
from hub.inbox.topic import Topic
from hub.storage.unit import Unit
from hub.web.page import Page


class MembershipLine(Struct, frozen=True):
    """`queue_id` null: the whole municipality's, as far as the role goes."""

    municipality_id: str
    role: str
    queue_id: str | None


class Me(Struct, frozen=True):
    """`scopes`: what this token may."""

    id: str
    name: str
    email: str
    language: str
    memberships: Sequence[MembershipLine]
    scopes: Sequence[str]


class MunicipalityLine(Struct, frozen=True):
    """One that this person's memberships reach."""

    id: str
    code: str
    name: str
    timezone: str
    country: str
    language: str
    hue: int


class QueueLine(Struct, frozen=True):
    """`open` and `overdue` count what this person may open."""

    id: str
    words: Mapping[str, str]
    municipality_ids: Sequence[str]
    answer_days: int | None
    retired: bool
    open: int
    overdue: int


class TopicLine(Struct, frozen=True):
    """Kontaktorsak."""

    id: str
    municipality_id: str
    parent_id: str | None
    words: Mapping[str, str]
    synonyms: Sequence[str]
    retired: bool


@get("/me", opt=PERSON)
async def show_me(desk: NamedDependency[Desk]) -> Me:
    """Who this token stands for."""
    actor = desk.actor
    return Me(
        id=str(actor.id),
        name=actor.name,
        email=actor.email,
        language=actor.language,
        memberships=[
            MembershipLine(str(held.municipality_id), held.role, shown_id(held.queue_id)) for held in actor.memberships
        ],
        scopes=sorted(actor.grants),
    )


@get("/municipalities", opt=PERSON)
async def list_municipalities(desk: NamedDependency[Desk]) -> Page[MunicipalityLine]:
    """Those that this person's memberships reach."""
    return await desk.read(_municipalities)


@get("/queues", opt=PERSON)
async def list_queues(desk: NamedDependency[Desk]) -> Page[QueueLine]:
    """Those that answer for these municipalities."""
    return await desk.read(_queues)


@get("/topics", opt=PERSON)
async def list_topics(desk: NamedDependency[Desk]) -> Page[TopicLine]:
    """Those of these municipalities."""
    return await desk.read(_topics)


def _municipalities(unit: Unit, _: Actor) -> Page[MunicipalityLine]:
    query = select(Municipality).where(Municipality.id.in_(unit.scope.municipalities or ())).order_by(Municipality.id)
    lines = [
        MunicipalityLine(str(row.id), row.code, row.name, row.timezone, row.country, row.language, row.hue)
        for row in unit.all(query)
    ]
    return Page(lines, None)


def _queues(unit: Unit, actor: Actor) -> Page[QueueLine]:
    areas: dict[int, list[str]] = defaultdict(list)
    own = select(QueueArea).where(QueueArea.municipality_id.in_(unit.scope.municipalities or ())).order_by(QueueArea.id)
    for area in unit.all(own):
        areas[area.queue_id].append(str(area.municipality_id))
    counts = queries.open_counts(unit, policy.within(actor))
    nothing = OpenCount(0, 0)
    lines = [
        QueueLine(
            id=str(row.id),
            words=row.words,
            municipality_ids=areas[row.id],
            answer_days=row.answer_days,
            retired=row.retired_at is not None,
            open=counts.get(row.id, nothing).open,
            overdue=counts.get(row.id, nothing).overdue,
        )
        for row in unit.all(select(Queue).where(Queue.id.in_(list(areas))).order_by(Queue.id))
    ]
    return Page(lines, None)


def _topics(unit: Unit, _: Actor) -> Page[TopicLine]:
    lines = [
        TopicLine(
            id=str(row.id),
            municipality_id=str(row.municipality_id),
            parent_id=shown_id(row.parent_id),
            words=row.words,
            synonyms=row.synonyms,
            retired=row.retired_at is not None,
        )
        for row in unit.all(select(Topic).order_by(Topic.id))
    ]
    return Page(lines, None)


ROUTES = (show_me, list_municipalities, list_queues, list_topics)
