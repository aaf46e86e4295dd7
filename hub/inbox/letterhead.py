"""Letterhead: how a municipality presents itself, by what its queue says, else by what itself does.

Below every mail a signature, with placeholders, and whether an answer quotes what it answers; on the telephone what is
said first.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import ForeignKey, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from hub.errors import Invalid
from hub.formats.charsets import clean
from hub.inbox import placeholders
from hub.inbox.municipality import Municipality
from hub.inbox.placeholders import Where
from hub.inbox.queue import Queue, answers_for
from hub.storage.base import MunicipalityRow, own, partial_index
from hub.storage.unit import Unit

QUOTES = True
"""Unless somebody says otherwise: people expect below an answer what they wrote."""
LONGEST = 2_000
LONGEST_GREETING = 300
_GREETINGS = {
    "sv": "{{municipality}}, du talar med {{agent}}.",
    "nb": "{{municipality}}, du snakker med {{agent}}.",
    "nn": "{{municipality}}, du snakkar med {{agent}}.",
    "da": "{{municipality}}, du taler med {{agent}}.",
    "fi": "{{municipality}}, {{agent}} puhelimessa.",
    "en": "{{municipality}}, {{agent}} speaking.",
}
"""Unless somebody says otherwise, in the municipality's language."""


class Letterhead(MunicipalityRow):
    """`queue_id` null: of all its queues that have none. `quotes` null, `greeting` null: as for the municipality."""

    __tablename__ = "letterhead"
    __table_args__ = (
        own(),
        UniqueConstraint("municipality_id", "queue_id"),
        partial_index("ix_letterhead_municipality", "municipality_id", where="queue_id IS NULL", unique=True),
    )
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    signature: Mapped[str]
    quotes: Mapped[bool | None]
    greeting: Mapped[str | None]


_OF_MUNICIPALITY = (
    select(Letterhead)
    .where(Letterhead.municipality_id == bindparam("municipality"))
    .order_by(Letterhead.queue_id.is_not(None), Letterhead.queue_id)
)


class Below(Struct, frozen=True):
    """What one mail has below its words. `signature`: filled in."""

    signature: str = ""
    quotes: bool = QUOTES


def rows(unit: Unit, municipality_id: int) -> Sequence[Letterhead]:
    """The municipality's own first."""
    return unit.all(_OF_MUNICIPALITY, municipality=municipality_id)


def put(
    unit: Unit,
    municipality: Municipality,
    queue: Queue | None,
    signature: str,
    quotes: bool | None,
    greeting: str = "",
) -> Letterhead | None:
    """As it shall be from the next mail on; None: there is nothing in it, so it is gone."""
    signature = "\n".join(line.rstrip() for line in clean(signature).splitlines()).strip("\n")
    placeholders.check("signature", signature, placeholders.OURS)
    if len(signature) > LONGEST:
        raise Invalid("signature", "a signature has {most} characters at most", most=LONGEST)
    greeting = " ".join(clean(greeting).split())
    placeholders.check("greeting", greeting, placeholders.OURS)
    if len(greeting) > LONGEST_GREETING:
        raise Invalid("greeting", "a greeting has {most} characters at most", most=LONGEST_GREETING)
    if queue is not None and not answers_for(unit, queue, municipality):
        raise Invalid("queue", "this queue doesn't answer for the municipality: choose another one")
    row = held(unit, municipality.id, None if queue is None else queue.id)
    if not signature and quotes is None and not greeting:
        if row is not None:
            unit.remove(row)
        return None
    if row is not None:
        row.signature, row.quotes, row.greeting = signature, quotes, greeting or None
        return row
    row = Letterhead(
        municipality_id=municipality.id,
        queue_id=None if queue is None else queue.id,
        signature=signature,
        quotes=quotes,
        greeting=greeting or None,
    )
    unit.add(row)
    return row


class Greeting(Struct, frozen=True):
    """What is said first on the telephone, before it is known by whom."""

    text: str
    values: Mapping[str, str]

    def by(self, agent: str) -> str:
        """With the name of the one who says it."""
        return placeholders.filled(self.text, {**self.values, **placeholders.said_by(agent)})


def greeting(unit: Unit, at: Where) -> Greeting:
    """Of that queue, in the municipality's language; `by_id` says nothing here."""
    found = {row.queue_id: row.greeting for row in rows(unit, at.municipality_id)}
    municipality = unit.get(Municipality, at.municipality_id)
    usual = _GREETINGS.get(municipality.language if municipality else "", _GREETINGS["en"])
    return Greeting(found.get(at.queue_id) or found.get(None) or usual, placeholders.whoever_says_it(unit, at))


def below(unit: Unit, at: Where, instead: Letterhead | None = None) -> Below:
    """The queue's words, where it has any; each of the two by itself. `instead`: of a row that isn't saved yet."""
    found = {row.queue_id: row for row in rows(unit, at.municipality_id) if row.queue_id in {None, at.queue_id}}
    if instead is not None:
        found[instead.queue_id] = instead
    order = [found[each] for each in (at.queue_id, None) if each in found]
    signature = next((row.signature for row in order if row.signature), "")
    quotes = next((row.quotes for row in order if row.quotes is not None), QUOTES)
    return Below(placeholders.filled(signature, placeholders.values(unit, at)) if signature else "", quotes)


def held(unit: Unit, municipality_id: int, queue_id: int | None) -> Letterhead | None:
    """Of that very one, and nobody else's until this unit ends."""
    query = select(Letterhead).where(Letterhead.municipality_id == municipality_id, Letterhead.queue_id == queue_id)
    return unit.first(query.with_for_update())
