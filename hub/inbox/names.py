"""Names: what municipalities, queues, topics and channels are called, for whoever shows their ids to a person."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct
from sqlalchemy import select

from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue, QueueArea
from hub.inbox.topic import Topic
from hub.storage.one_of import listed, one_of
from hub.storage.unit import Unit

_MUNICIPALITIES = select(Municipality).where(one_of(Municipality.id, "own")).order_by(Municipality.name)
_AREAS = select(QueueArea).where(one_of(QueueArea.municipality_id, "own")).order_by(QueueArea.id)
_QUEUES = select(Queue).where(one_of(Queue.id, "answering")).order_by(Queue.id)
_TOPICS = select(Topic).where(one_of(Topic.municipality_id, "own")).order_by(Topic.id)


class MunicipalityName(Struct, frozen=True):
    """`hue` 1 to 6, 0 for none: how the screen tells it apart. `short_name`: for rows, where it has one."""

    id: str
    code: str
    name: str
    hue: int
    language: str
    timezone: str
    short_name: str | None = None


class QueueName(Struct, frozen=True):
    """`words`: its name by language. `municipality_ids`: whom it answers for, of those in scope."""

    id: str
    words: Mapping[str, str]
    municipality_ids: Sequence[str]


class TopicName(Struct, frozen=True):
    """Kontaktorsak, of one municipality."""

    id: str
    municipality_id: str
    parent_id: str | None
    words: Mapping[str, str]


K = TypeVar("K")


class Called(dict[str, K]):
    """By id. One added since they were read is there already, and is called … until they are read again."""

    def __init__(self, known: Mapping[str, K], unnamed: Callable[[str], K]) -> None:
        super().__init__(known)
        self._unnamed = unnamed

    def __missing__(self, row_id: str) -> K:
        return self._unnamed(row_id)


_UNNAMED = {"en": "…"}


class Names(Struct, frozen=True):
    """By id. Retired queues and topics have names too; only the live ones can be chosen."""

    municipalities: Mapping[str, MunicipalityName]
    queues: Mapping[str, QueueName]
    topics: Mapping[str, TopicName]
    live_queues: Sequence[str]
    live_topics: Sequence[str]


def names(unit: Unit) -> Names:
    """Those of the unit's scope."""
    own = listed(unit.scope.municipalities or ())
    places = unit.all(_MUNICIPALITIES, own=own)
    areas: dict[int, list[str]] = defaultdict(list)
    for area in unit.all(_AREAS, own=own):
        areas[area.queue_id].append(str(area.municipality_id))
    queues = unit.all(_QUEUES, answering=listed(areas))
    topics = unit.all(_TOPICS, own=own)
    return Names(
        municipalities={
            str(row.id): MunicipalityName(
                str(row.id), row.code, row.name, row.hue, row.language, row.timezone, row.short_name
            )
            for row in places
        },
        queues=Called(
            {str(row.id): QueueName(str(row.id), row.words, areas[row.id]) for row in queues},
            lambda row_id: QueueName(row_id, _UNNAMED, ()),
        ),
        topics=Called(
            {
                str(row.id): TopicName(
                    str(row.id), str(row.municipality_id), str(row.parent_id) if row.parent_id else None, row.words
                )
                for row in topics
            },
            lambda row_id: TopicName(row_id, "", None, _UNNAMED),
        ),
        live_queues=[str(row.id) for row in queues if row.retired_at is None],
        live_topics=[str(row.id) for row in topics if row.retired_at is None],
    )
