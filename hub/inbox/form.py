"""Form: what citizens of a municipality may fill in, in versions: one is shown, those before it are kept.

What is being written is its draft, which nobody outside sees. Whatever was filled in names the version it was.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.errors import Conflict, Invalid, NotFound
from hub.inbox import form_definition
from hub.inbox.form_definition import Definition
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue, answers_for
from hub.inbox.topic import Topic
from hub.storage.base import MunicipalityRow, own, same_municipality
from hub.storage.types import Json
from hub.storage.unit import Unit

_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,49}")
MOST = 200
"""Forms of a municipality."""
GRACE = clock.DAY
"""How long what was begun may still be sent: on a page that stood open, by a version that isn't shown any more."""


class Form(MunicipalityRow):
    """`name`: in its address; `live`: the number of the version that is shown, null: none yet. `version`: of the draft.

    `closes_at`: from then on nothing is taken; `receipt`: whoever gives an e-mail address is sent one.
    """

    __tablename__ = "form"
    __table_args__ = (own(), same_municipality("topic_id", "topic"), UniqueConstraint("municipality_id", "name"))
    name: Mapped[str]
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"))
    topic_id: Mapped[int | None]
    draft: Mapped[Any] = mapped_column(Json)
    version: Mapped[int] = mapped_column(default=1)
    live: Mapped[int | None]
    receipt: Mapped[bool] = mapped_column(default=False)
    closes_at: Mapped[int | None]
    retired_at: Mapped[int | None]

    @property
    def definition(self) -> Definition:
        """As it is being written."""
        return form_definition.read(self.draft)


class FormVersion(MunicipalityRow):
    """One that was published: what it asks never changes. `ended_at`: since when it isn't shown any more, if it was."""

    __tablename__ = "form_version"
    __table_args__ = (
        own(),
        same_municipality("form_id", "form"),
        UniqueConstraint("municipality_id", "form_id", "number"),
    )
    form_id: Mapped[int]
    number: Mapped[int]
    definition: Mapped[Any] = mapped_column(Json)
    published_at: Mapped[int]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[int | None]


def add(unit: Unit, municipality: Municipality, name: str, queue: Queue, definition: Definition) -> Form:
    """A draft. Raises Invalid for a name that can't be one, or that another has."""
    if not _NAME.fullmatch(name):
        raise Invalid("name", "its name in addresses is letters a-z, digits and hyphens, 50 at most")
    if any(each.name == name for each in of_municipality(unit, municipality.id)):
        raise Invalid("name", "there is a form of that name already: take another one")
    if len(of_municipality(unit, municipality.id)) >= MOST:
        raise Invalid("name", "there are {most} forms already: take one of those that are retired", most=MOST)
    _require_queue(unit, municipality, queue)
    row = Form(
        municipality_id=municipality.id, name=name, queue_id=queue.id, draft=msgspec.to_builtins(definition), version=1
    )
    unit.add(row)
    return row


def write(row: Form, definition: Definition) -> None:
    """Its draft, however unfinished."""
    row.draft, row.version = msgspec.to_builtins(definition), row.version + 1


def place(
    unit: Unit,
    row: Form,
    municipality: Municipality,
    queue: Queue,
    topic: Topic | None,
    *,
    closes_at: int | None,
    receipt: bool,
) -> None:
    """Where what is filled in lands from now on, until when, and whether it is answered with a receipt."""
    if queue.id != row.queue_id:
        _require_queue(unit, municipality, queue)
    if topic is not None and (topic.municipality_id != row.municipality_id or topic.retired_at is not None):
        raise Invalid("topic", "this topic isn't one of the municipality's: choose another one")
    row.queue_id, row.topic_id = queue.id, None if topic is None else topic.id
    row.closes_at, row.receipt, row.version = closes_at, receipt, row.version + 1


def publish(unit: Unit, row: Form, by_id: int | None) -> FormVersion:
    """The draft as the newest version, shown from now on. Raises Invalid for one that isn't finished."""
    definition = row.definition
    form_definition.check(definition)
    kept = versions(unit, row)
    newest = FormVersion(
        municipality_id=row.municipality_id,
        form_id=row.id,
        number=kept[0].number + 1 if kept else 1,
        definition=msgspec.to_builtins(definition),
        published_at=clock.now(),
        published_by=by_id,
    )
    unit.add(newest)
    _end(unit, row)
    row.live, row.retired_at, row.version = newest.number, None, row.version + 1
    return newest


def roll_back(unit: Unit, row: Form, number: int) -> FormVersion:
    """An earlier version is shown again, and is the draft to go on from. Raises NotFound."""
    found = version(unit, row, number)
    _end(unit, row)
    found.ended_at = None
    row.live, row.draft, row.retired_at, row.version = found.number, found.definition, None, row.version + 1
    return found


def retire(unit: Unit, row: Form) -> None:
    """It says so from now on; what was begun on it before may still be sent for a day. Publishing shows it again."""
    if row.retired_at is not None:
        raise Conflict("This form is retired already.")
    _end(unit, row)
    row.retired_at, row.version = clock.now(), row.version + 1


def versions(unit: Unit, row: Form) -> Sequence[FormVersion]:
    """The newest first."""
    return unit.all(
        select(FormVersion)
        .where(FormVersion.municipality_id == row.municipality_id, FormVersion.form_id == row.id)
        .order_by(FormVersion.number.desc())
    )


def version(unit: Unit, row: Form, number: int) -> FormVersion:
    """One of them. Raises NotFound."""
    found = unit.first(
        select(FormVersion).where(
            FormVersion.municipality_id == row.municipality_id,
            FormVersion.form_id == row.id,
            FormVersion.number == number,
        )
    )
    if found is None:
        raise NotFound("There is no such version of this form.")
    return found


def may_be_sent(row: Form, one: FormVersion) -> bool:
    """It is shown, or was not long ago: somebody may be filling it in."""
    if one.number == row.live and row.retired_at is None:
        return True
    return one.ended_at is not None and clock.now() - one.ended_at <= GRACE


def of_municipality(unit: Unit, municipality_id: int) -> Sequence[Form]:
    """All of them, retired ones too, by name."""
    return unit.all(select(Form).where(Form.municipality_id == municipality_id).order_by(Form.name))


def by_name(unit: Unit, municipality_id: int, name: str) -> Form | None:
    """As its address names it."""
    return unit.first(select(Form).where(Form.municipality_id == municipality_id, Form.name == name))


def _end(unit: Unit, row: Form) -> None:
    """What is shown now isn't any more."""
    if row.live is not None and row.retired_at is None:
        version(unit, row, row.live).ended_at = clock.now()


def _require_queue(unit: Unit, municipality: Municipality, queue: Queue) -> None:
    if not answers_for(unit, queue, municipality):
        raise Invalid("queue", "this queue doesn't answer for the municipality: choose another one")
