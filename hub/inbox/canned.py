"""Canned: answers that are kept ready, of a municipality or one of its queues, in the languages it writes in."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.errors import Invalid
from hub.formats.charsets import clean
from hub.inbox import placeholders
from hub.inbox.municipality import LANGUAGES, Municipality
from hub.inbox.placeholders import Where
from hub.inbox.queue import Queue, answers_for
from hub.storage.base import MunicipalityRow, Words, own
from hub.storage.unit import Unit

PLACEHOLDERS = (*placeholders.OURS, "citizen")
LONGEST_TITLE, LONGEST = 100, 10_000


class Canned(MunicipalityRow):
    """`title` and `text` have the same languages. `queue_id` null: for all the municipality's queues."""

    __tablename__ = "canned"
    __table_args__ = (own(), Index("ix_canned_municipality", "municipality_id"))
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    title: Mapped[Words]
    text: Mapped[Words]
    retired_at: Mapped[int | None]


class Ready(Struct, frozen=True):
    """One of them for one conversation, filled in. `language`: that it is in."""

    id: str
    language: str
    title: str
    text: str


def write(
    unit: Unit,
    municipality: Municipality,
    queue: Queue | None,
    title: Mapping[str, str],
    text: Mapping[str, str],
    row: Canned | None = None,
) -> Canned:
    """A new one, or another wording of `row`. Raises Invalid, naming the field."""
    if queue is not None and not answers_for(unit, queue, municipality):
        raise Invalid("queue", "this queue doesn't answer for the municipality: choose another one")
    titles, texts = _words("title", title, LONGEST_TITLE), _words("text", text, LONGEST)
    titles = {language: " ".join(said.split()) for language, said in titles.items()}
    if titles.keys() != texts.keys() or not texts:
        raise Invalid("text", "a title and a text go together, in at least one language")
    for language, said in texts.items():
        placeholders.check(f"text.{language}", said, PLACEHOLDERS)
    queue_id = None if queue is None else queue.id
    if row is None:
        row = Canned(municipality_id=municipality.id, queue_id=queue_id, title=titles, text=texts)
        unit.add(row)
    else:
        row.queue_id, row.title, row.text = queue_id, titles, texts
    return row


def retire(row: Canned) -> None:
    """From now on it isn't offered. What was answered with it stays."""
    row.retired_at = clock.now()


def offer_again(row: Canned) -> None:
    """As before it was retired."""
    row.retired_at = None


def retired(unit: Unit, municipality_id: int) -> Sequence[Canned]:
    """Those that aren't offered any more, the last first."""
    gone = select(Canned).where(Canned.municipality_id == municipality_id, Canned.retired_at.is_not(None))
    return unit.all(gone.order_by(Canned.retired_at.desc(), Canned.id.desc()))


def rows(unit: Unit, municipality_id: int) -> Sequence[Canned]:
    """Those that are offered, oldest first."""
    return unit.all(
        select(Canned).where(Canned.municipality_id == municipality_id, Canned.retired_at.is_(None)).order_by(Canned.id)
    )


def ready(unit: Unit, at: Where) -> Sequence[Ready]:
    """Those of the queue, then those of all queues, each by its title."""
    values, municipality = placeholders.values(unit, at), unit.get(Municipality, at.municipality_id)
    found = []
    for row in rows(unit, at.municipality_id):
        if row.queue_id not in {None, at.queue_id}:
            continue
        text = placeholders.in_language(row.text, at.language, municipality)
        language = next(each for each, said in row.text.items() if said == text)
        one = Ready(str(row.id), language, row.title[language], placeholders.filled(text, values))
        found.append((row.queue_id is None, one.title.casefold(), one))
    return [one for *_, one in sorted(found, key=lambda each: each[:2])]


def _words(field: str, words: Mapping[str, str], longest: int) -> dict[str, str]:
    found = {}
    for language, said in words.items():
        if language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise Invalid(field, "a language is one of {known}", known=known)
        cleaned = clean(said.replace("\r\n", "\n")).strip()
        if len(cleaned) > longest:
            raise Invalid(f"{field}.{language}", "this has {most} characters at most", most=longest)
        if cleaned:
            found[language] = cleaned
    return found
