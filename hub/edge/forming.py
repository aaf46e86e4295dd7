"""Forming: a municipality's forms, as its admin makes them: a draft, published as a version, rolled back, retired."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from hub import clock
from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.channels import forms as channels
from hub.edge import versions
from hub.edge.desk import Desk
from hub.edge.filling import FORMS, Shown
from hub.errors import Invalid, NotFound
from hub.inbox import form
from hub.inbox.form import Form
from hub.inbox.form_definition import Definition
from hub.inbox.municipality import Municipality
from hub.inbox.queries import shown, shown_id
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit


class FormLine(Struct, frozen=True):
    """One of them. `live`: the version that is shown; null: none yet. `changed`: the draft says something else."""

    id: str
    municipality_id: str
    code: str
    name: str
    definition: Definition
    queue_id: str
    topic_id: str | None
    live: int | None
    changed: bool
    receipt: bool
    closes_at: datetime | None
    retired_at: datetime | None
    version: int


class VersionLine(Struct, frozen=True):
    """One that was published."""

    number: int
    published_at: datetime
    is_live: bool


class FormWhole(Struct, frozen=True):
    """One with its versions, the newest first, and the sites that it may stand on."""

    line: FormLine
    versions: Sequence[VersionLine]
    sites: Sequence[str]


class Placing(Struct, frozen=True):
    """Where what is filled in lands. `closes_at`: microseconds UTC."""

    queue_id: int
    topic_id: int | None
    receipt: bool
    closes_at: int | None


def forms(unit: Unit, actor: Actor) -> Sequence[FormLine]:
    """Of the municipalities that this person administers."""
    own = sorted(each for each in actor.municipality_ids if policy.administers(actor, each))
    return [_line(unit, row) for each in own for row in form.of_municipality(unit, each)]


def one(unit: Unit, actor: Actor, form_id: int) -> FormWhole:
    """Raises NotFound."""
    row = _held(unit, actor, form_id)
    channel = channels.find(unit, row.municipality_id)
    lines = [
        VersionLine(
            each.number, clock.to_datetime(each.published_at), each.number == row.live and row.retired_at is None
        )
        for each in form.versions(unit, row)
    ]
    return FormWhole(_line(unit, row), lines, channel.sites if channel else ())


def add(unit: Unit, actor: Actor, municipality_id: int, name: str, queue_id: int, definition: Definition) -> int:
    """The id of a new draft. Raises NotFound, Invalid."""
    municipality = unit.get(Municipality, municipality_id)
    if municipality is None or not policy.administers(actor, municipality_id):
        raise NotFound("There is no such municipality of yours.")
    row = form.add(unit, municipality, name, _queue(unit, queue_id), definition)
    _log(unit, actor, "form.add", row)
    return row.id


def save(
    unit: Unit, actor: Actor, form_id: int, definition: Definition, placing: Placing, if_match: str | None
) -> FormLine:
    """The draft, and where it leads. Raises NotFound, Stale, VersionMissing, Invalid."""
    row = _held(unit, actor, form_id, if_match)
    municipality = unit.get(Municipality, row.municipality_id)
    assert municipality is not None  # a foreign key sees to it
    topic = unit.get(Topic, placing.topic_id)
    queue = _queue(unit, placing.queue_id)
    form.place(unit, row, municipality, queue, topic, closes_at=placing.closes_at, receipt=placing.receipt)
    form.write(row, definition)
    _log(unit, actor, "form.set", row)
    return _line(unit, row)


async def publish(desk: Desk, registry: Registry, form_id: int, if_match: str | None) -> None:
    """The draft is shown from now on. Raises NotFound, Stale, Invalid for one that isn't finished."""
    municipality_id = await desk.write(_publish, form_id, if_match)
    await desk.storage.write(FORMS, _channel, registry, municipality_id)


def roll_back(unit: Unit, actor: Actor, form_id: int, number: int, if_match: str | None) -> None:
    """An earlier version is shown again. Raises NotFound, Stale."""
    row = _held(unit, actor, form_id, if_match)
    form.roll_back(unit, row, number)
    _log(unit, actor, "form.publish", row)


def retire(unit: Unit, actor: Actor, form_id: int, if_match: str | None) -> None:
    """It is shown to nobody any more. Raises NotFound, Stale, Conflict."""
    row = _held(unit, actor, form_id, if_match)
    form.retire(unit, row)
    _log(unit, actor, "form.retire", row)


def preview(unit: Unit, actor: Actor, form_id: int) -> Shown:
    """The draft, as it would be shown. Raises NotFound."""
    row = _held(unit, actor, form_id)
    municipality = unit.get(Municipality, row.municipality_id)
    assert municipality is not None  # as above
    return Shown.of(municipality, row, 0, row.definition)


def _publish(unit: Unit, actor: Actor, form_id: int, if_match: str | None) -> int:
    row = _held(unit, actor, form_id, if_match)
    form.publish(unit, row, actor.id)
    _log(unit, actor, "form.publish", row)
    return row.municipality_id


def _channel(unit: Unit, registry: Registry, municipality_id: int) -> None:
    municipality = unit.get(Municipality, municipality_id)
    assert municipality is not None  # its form was just published
    channels.require(unit, registry, municipality)


def _held(unit: Unit, actor: Actor, form_id: int, if_match: str | None = versions.ANY) -> Form:
    row = unit.get(Form, form_id) if if_match == versions.ANY else unit.lock(Form, form_id)
    if row is None or not policy.administers(actor, row.municipality_id):
        raise NotFound("There is no such form.")
    if if_match != versions.ANY:
        versions.expect(row.version, if_match)
    return row


def _queue(unit: Unit, queue_id: int) -> Queue:
    row = unit.get(Queue, queue_id)
    if row is None:
        raise Invalid("queue", "there is no such queue")
    return row


def _line(unit: Unit, row: Form) -> FormLine:
    municipality = unit.get(Municipality, row.municipality_id)
    assert municipality is not None  # a foreign key sees to it
    live = None if row.live is None else form.version(unit, row, row.live)
    return FormLine(
        id=str(row.id),
        municipality_id=str(row.municipality_id),
        code=municipality.code,
        name=row.name,
        definition=row.definition,
        queue_id=str(row.queue_id),
        topic_id=shown_id(row.topic_id),
        live=row.live,
        changed=live is None or live.definition != row.draft,
        receipt=row.receipt,
        closes_at=shown(row.closes_at),
        retired_at=shown(row.retired_at),
        version=row.version,
    )


def _log(unit: Unit, actor: Actor, act: str, row: Form) -> None:
    log_act(unit, act, actor, municipality_id=row.municipality_id, subject=("form", row.id))
