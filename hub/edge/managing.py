"""Managing: what an admin decides of a municipality's mail, and what is kept ready to answer, for routes and pages.

Everybody who works for the municipality may read it.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import select

from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.edge import versions
from hub.edge.idempotency import Answer, Asked, Made, once
from hub.edge.versions import fingerprint
from hub.errors import NotFound
from hub.formats.charsets import clean
from hub.inbox import canned, letterhead, placeholders, reply
from hub.inbox.canned import Canned, Ready
from hub.inbox.conversation import Conversation
from hub.inbox.letterhead import QUOTES, Below, Letterhead
from hub.inbox.municipality import Municipality
from hub.inbox.placeholders import Where
from hub.inbox.queries import shown_id
from hub.inbox.queue import Queue, answers_for, of_municipality
from hub.storage.unit import Unit


class LetterheadLine(Struct, frozen=True):
    """`queue_id` null: the municipality's own. `quotes` null: as the municipality's own has it. `version`: its ETag."""

    municipality_id: str
    queue_id: str | None
    signature: str
    quotes: bool | None
    greeting: str
    version: str


class Heading(Struct, frozen=True):
    """As an admin writes it. `queue`: its id; null: the municipality's own."""

    queue: int | None
    signature: str
    quotes: bool | None
    greeting: str


class CannedLine(Struct, frozen=True):
    """`title` and `text` by language. `version`: its ETag."""

    id: str
    municipality_id: str
    queue_id: str | None
    title: Mapping[str, str]
    text: Mapping[str, str]
    version: str


class Wording(Struct, frozen=True):
    """Of a canned answer, as an admin writes it. `queue`: its id; null: for all queues."""

    title: Mapping[str, str]
    text: Mapping[str, str]
    queue: int | None


class _Made(Struct):
    id: str


def letterheads(unit: Unit, actor: Actor) -> Sequence[LetterheadLine]:
    """Of all their municipalities; one that has none of its own has a line that says so."""
    found = []
    for municipality in _theirs(unit, actor):
        rows = letterhead.rows(unit, municipality.id)
        if not rows or rows[0].queue_id is not None:
            found.append(_letterhead(municipality.id, None, None))
        found += [_letterhead(municipality.id, row.queue_id, row) for row in rows]
    return found


def letterhead_of(
    unit: Unit, actor: Actor, municipality_id: int, queue_id: int | None, *, also_retired: bool = False
) -> LetterheadLine:
    """One of them, whether it has anything of its own yet or not. Raises NotFound.

    `also_retired`: of a queue, too, that has stopped answering for the municipality.
    """
    municipality, queue = _managed(unit, actor, municipality_id), _queue(unit, queue_id)
    if not also_retired:
        _place(unit, actor, municipality_id, queue_id)
    row = next((each for each in letterhead.rows(unit, municipality.id) if each.queue_id == queue_id), None)
    return _letterhead(municipality.id, None if queue is None else queue.id, row)


def preview_letterhead(
    unit: Unit, actor: Actor, municipality_id: int, queue_id: int | None, signature: str, quotes: bool | None
) -> Below:
    """What would stand below this person's mail, were it saved. Raises NotFound, Invalid."""
    municipality, queue = _place(unit, actor, municipality_id, queue_id)
    placeholders.check("signature", signature, placeholders.OURS)
    draft = Letterhead(municipality_id=municipality.id, queue_id=queue_id, signature=signature.strip(), quotes=quotes)
    return letterhead.below(unit, _example(unit, actor, municipality, queue, None), draft)


def put_letterhead(
    unit: Unit,
    actor: Actor,
    municipality_id: int,
    said: Heading,
    if_match: str | None,
) -> LetterheadLine:
    """From the next mail or call on. Raises NotFound, NotAllowed, VersionMissing, Stale, Invalid."""
    municipality = _managed(unit, actor, municipality_id)
    queue = _queue(unit, said.queue)
    row = letterhead.held(unit, municipality.id, said.queue)
    versions.expect(_letterhead(municipality.id, said.queue, row).version, if_match)
    row = letterhead.put(unit, municipality, queue, said.signature, said.quotes, said.greeting)
    log_act(unit, "letterhead.put", actor, municipality_id=municipality.id, subject=("municipality", municipality.id))
    return _letterhead(municipality.id, said.queue, row)


def canned_of(unit: Unit, actor: Actor) -> Sequence[CannedLine]:
    """Of all their municipalities."""
    return [_canned(row) for each in _theirs(unit, actor) for row in canned.rows(unit, each.id)]


def canned_retired(unit: Unit, actor: Actor) -> Sequence[CannedLine]:
    """Of the municipalities that this person administers, those that aren't offered any more."""
    own = [each for each in _theirs(unit, actor) if policy.administers(actor, each.id)]
    return [_canned(row) for each in own for row in canned.retired(unit, each.id)]


def canned_one(unit: Unit, actor: Actor, canned_id: int, *, also_retired: bool = False) -> CannedLine:
    """One that is offered, for who may change it. Raises NotFound."""
    row = unit.get(Canned, canned_id)
    if row is None or not policy.administers(actor, row.municipality_id):
        raise NotFound("There is no such canned answer.")
    if row.retired_at is not None and not also_retired:
        raise NotFound("There is no such canned answer.")
    return _canned(row)


def require(unit: Unit, actor: Actor, municipality_id: int) -> None:
    """Before somebody begins to write. Raises NotFound."""
    _managed(unit, actor, municipality_id)


def preview_canned(
    unit: Unit, actor: Actor, municipality_id: int, queue_id: int | None, language: str, text: str, citizen: str
) -> str:
    """As this person would send it to somebody of that name. Raises NotFound, Invalid."""
    municipality, queue = _place(unit, actor, municipality_id, queue_id)
    placeholders.check("text", text, canned.PLACEHOLDERS)
    values = placeholders.values(unit, _example(unit, actor, municipality, queue, language))
    return placeholders.filled(clean(text), {**values, "citizen": citizen})


def add_canned(unit: Unit, actor: Actor, municipality_id: int, said: Wording, creation: Asked) -> Answer:
    """Raises NotFound, NotAllowed, Invalid."""
    municipality = _managed(unit, actor, municipality_id)

    def create() -> Made:
        row = canned.write(unit, municipality, _queue(unit, said.queue), said.title, said.text)
        _log(unit, actor, "canned.add", row)
        return Made(_Made(str(row.id)), None, municipality.id)

    return once(unit, actor, creation, create)


def change_canned(unit: Unit, actor: Actor, canned_id: int, said: Wording, if_match: str | None) -> CannedLine:
    """Another wording. Raises NotFound, NotAllowed, VersionMissing, Stale, Invalid."""
    row, municipality = _held(unit, actor, canned_id, if_match)
    canned.write(unit, municipality, _queue(unit, said.queue), said.title, said.text, row)
    _log(unit, actor, "canned.set", row)
    return _canned(row)


def retire_canned(unit: Unit, actor: Actor, canned_id: int, if_match: str | None) -> None:
    """It isn't offered any more. Raises NotFound, NotAllowed, VersionMissing, Stale."""
    row, _ = _held(unit, actor, canned_id, if_match)
    canned.retire(row)
    _log(unit, actor, "canned.retire", row)


def offer_canned_again(unit: Unit, actor: Actor, canned_id: int, if_match: str | None) -> CannedLine:
    """One that was retired; one that is offered stays so. Raises NotFound, VersionMissing, Stale."""
    row = unit.lock(Canned, canned_id)
    if row is None or not policy.administers(actor, row.municipality_id):
        raise NotFound("There is no such canned answer.")
    versions.expect(_canned(row).version, if_match)
    if row.retired_at is not None:
        canned.offer_again(row)
        _log(unit, actor, "canned.offer", row)
    return _canned(row)


def ready(unit: Unit, actor: Actor, conversation_id: int) -> Sequence[Ready]:
    """For the composer, filled in as this person would send it. Raises NotFound."""
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    return canned.ready(unit, placeholders.where(found, actor.id))


def below(unit: Unit, actor: Actor, conversation_id: int) -> Below:
    """What will stand below this person's answer. Raises NotFound."""
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    return reply.below(unit, found, actor.id)


def signatures(unit: Unit, actor: Actor, senders: Sequence[tuple[int, int]]) -> Sequence[str]:
    """What stands below this person's new message from each of these municipalities and queues."""
    homes = {each.id: each for each in _theirs(unit, actor)}
    return [
        letterhead.below(unit, Where(home_id, queue_id, actor.id, homes[home_id].language)).signature
        if home_id in homes
        else ""
        for home_id, queue_id in senders
    ]


def _place(unit: Unit, actor: Actor, municipality_id: int, queue_id: int | None) -> tuple[Municipality, Queue | None]:
    """That this person administers, and a queue that answers for it. Raises NotFound."""
    municipality, queue = _managed(unit, actor, municipality_id), _queue(unit, queue_id)
    if queue is not None and not answers_for(unit, queue, municipality):
        raise NotFound("There is no such queue.")
    return municipality, queue


def _example(unit: Unit, actor: Actor, municipality: Municipality, queue: Queue | None, language: str | None) -> Where:
    """A mail from there; of all queues, one from the first."""
    shown = queue or next(iter(of_municipality(unit, municipality)), None)
    return Where(municipality.id, shown.id if shown else 0, actor.id, language or municipality.language)


def _theirs(unit: Unit, actor: Actor) -> Sequence[Municipality]:
    return unit.all(
        select(Municipality).where(Municipality.id.in_(sorted(actor.municipality_ids))).order_by(Municipality.id)
    )


def _managed(unit: Unit, actor: Actor, municipality_id: int) -> Municipality:
    row = unit.get(Municipality, municipality_id)
    if row is None or not policy.administers(actor, row.id):
        raise NotFound("There is no such municipality of yours.")
    return row


def _queue(unit: Unit, queue_id: int | None) -> Queue | None:
    if queue_id is None:
        return None
    row = unit.get(Queue, queue_id)
    if row is None:
        raise NotFound("There is no such queue.")
    return row


def _held(unit: Unit, actor: Actor, canned_id: int, if_match: str | None) -> tuple[Canned, Municipality]:
    row = unit.lock(Canned, canned_id)
    if row is None or row.retired_at is not None or not policy.administers(actor, row.municipality_id):
        raise NotFound("There is no such canned answer.")
    versions.expect(_canned(row).version, if_match)
    return row, _managed(unit, actor, row.municipality_id)


def _letterhead(municipality_id: int, queue_id: int | None, row: Letterhead | None) -> LetterheadLine:
    signature, quotes, greeting = (row.signature, row.quotes, row.greeting or "") if row is not None else ("", None, "")
    if queue_id is None and quotes is None:
        quotes = QUOTES
    version = fingerprint(signature, quotes, greeting)
    return LetterheadLine(str(municipality_id), shown_id(queue_id), signature, quotes, greeting, version)


def _canned(row: Canned) -> CannedLine:
    version = fingerprint(row.queue_id, row.title, row.text)
    return CannedLine(str(row.id), str(row.municipality_id), shown_id(row.queue_id), row.title, row.text, version)


def _log(unit: Unit, actor: Actor, act: str, row: Canned) -> None:
    log_act(unit, act, actor, municipality_id=row.municipality_id, subject=("canned", row.id))
