"""Beginning: whence a new message may be, as it is drafted and sent."""

from msgspec import Struct
from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor
from hub.edge.parameters import id_of
from hub.errors import Invalid, NotFound
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue, answers_for
from hub.storage.unit import Unit


class Sender(Struct, frozen=True):
    """`municipality`: its code or id; `queue`: an id."""

    municipality: str
    queue: str


def sender(unit: Unit, actor: Actor, said: Sender) -> tuple[Municipality, Queue]:
    """Raises NotFound for a municipality or queue that isn't theirs to write from, Invalid for two that don't fit."""
    municipality = _municipality(unit, said.municipality)
    queue_id = id_of("queue", said.queue)
    policy.require_begin(actor, municipality.id, queue_id)
    queue = unit.get(Queue, queue_id)
    if queue is None:
        raise Invalid("queue", "there is no such queue")
    if not answers_for(unit, queue, municipality):
        raise Invalid("queue", "this queue doesn't answer for the municipality: choose another one")
    return municipality, queue


def _municipality(unit: Unit, named: str) -> Municipality:
    for row in unit.all(select(Municipality).where(Municipality.id.in_(unit.scope.municipalities or ()))):
        if named in {row.code, str(row.id)}:
            return row
    raise NotFound("There is no such queue for you to write from.")
