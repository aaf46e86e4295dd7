"""Queue: an answering group of the centre, for one municipality or several."""

from collections.abc import Sequence

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from hub.errors import Invalid
from hub.inbox.municipality import Municipality, by_code
from hub.storage.base import Row, Words
from hub.storage.unit import Unit


class Queue(Row):
    """`answer_days`: working days within which a contact is answered; None: the rule of the house, two."""

    __tablename__ = "queue"
    words: Mapped[Words]
    answer_days: Mapped[int | None]
    retired_at: Mapped[int | None]


class QueueArea(Row):
    """That a queue answers for a municipality."""

    __tablename__ = "queue_area"
    __table_args__ = (UniqueConstraint("queue_id", "municipality_id"),)
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"))
    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipality.id"))


def add(unit: Unit, words: Words, municipalities: Sequence[Municipality], answer_days: int | None = None) -> Queue:
    """A new queue that answers for these municipalities."""
    if not municipalities:
        raise Invalid("municipality", "a queue answers for at least one municipality")
    row = Queue(words=words, answer_days=answer_days)
    unit.add(row)
    for municipality in municipalities:
        unit.add(QueueArea(queue_id=row.id, municipality_id=municipality.id))
    return row


def of_municipality(unit: Unit, municipality: Municipality) -> Sequence[Queue]:
    """The queues that answer for it now, oldest first."""
    areas = select(QueueArea.queue_id).where(QueueArea.municipality_id == municipality.id)
    return unit.all(select(Queue).where(Queue.id.in_(areas), Queue.retired_at.is_(None)).order_by(Queue.id))


def answers_for(unit: Unit, queue: Queue, municipality: Municipality) -> bool:
    """Whether it does now."""
    area = select(QueueArea).where(QueueArea.queue_id == queue.id, QueueArea.municipality_id == municipality.id)
    return queue.retired_at is None and unit.first(area) is not None


def resolve(unit: Unit, destination: str) -> tuple[Municipality, Queue]:
    """`code/queue`, the queue by id or by its name in any language. Raises Invalid, naming what there is."""
    code, _, name = destination.partition("/")
    municipality = by_code(unit, code.strip())
    queues = of_municipality(unit, municipality)
    for queue in queues:
        names = {str(queue.id), *(word.casefold() for word in queue.words.values())}
        if name.strip().casefold() in names:
            return municipality, queue
    said = {"municipality": municipality.code, "name": name}
    if not queues:
        raise Invalid("queue", "{municipality} has no queue {name}, and none yet", **said)
    known = ", ".join(next(iter(queue.words.values())) for queue in queues)
    raise Invalid("queue", "{municipality} has no queue {name}; it has: {known}", **said, known=known)
