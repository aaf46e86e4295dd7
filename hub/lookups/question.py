"""Question and answer, as whoever asks gives and gets them; and when two ways of writing mean the same subject."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from hub.contract import About, AnyCard, Identifier, Subject
from hub.errors import Invalid
from hub.lookups.definition import Published
from hub.storage.unit import Unit

State: TypeAlias = Literal["found", "none", "several", "down"]
Why: TypeAlias = Literal["slow", "source", "fault", "resting", "anothers", "of_another", "protected"]
LEAST_PURPOSE, MOST_PURPOSE = 3, 500
NOBODYS: frozenset[Identifier] = frozenset({"address", "property"})
"""What stands for a place."""
_MOST_VALUE = 200
_DIGITS = re.compile(r"\D")
_FINNISH = re.compile(r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", re.ASCII)
_UNKEPT = re.compile("[\0\ud800-\udfff]")
"""What no database keeps: a command line passes on bytes that are no text as halves of signs."""
_WITHOUT_CENTURY, _WITH_CENTURY, _ORGANISATION = 10, 12, "16"
"""Swedish: a person's number is written with its century or without, an organisation's with 16 before it or without."""
_IDENTITY = range(8, 13)
"""Digits: Danish and Norwegian numbers have 8 to 11, Swedish ones 10 or 12."""


def slow(seconds: float) -> str:
    """The sentence of a source that took longer than it may."""
    return f"The source did not answer within {seconds:g} seconds."


class Question(Struct, frozen=True):
    """What is asked, where, and why. In a conversation, `by` and `value` may be left to what it knows of its citizen,
    `purpose` to its topic, and `municipality_id` to itself. `source`: from where, as the audit has it.
    `draft`: the one that is tried; else it is the one that is published."""

    municipality_id: int | None
    name: str
    by: Identifier | None = None
    value: str = ""
    purpose: str = ""
    conversation_id: int | None = None
    source: str = "command line"
    draft: Published | None = None


class Masked(Struct, frozen=True):
    """A field of a card that is dots until somebody asks to see it. `card`: which of them, from 0."""

    card: int
    field: str


class Answered(Struct, frozen=True):
    """What came of it. `sentence`: where it is down, why, and `why` in one word; `source`: the plugin's own sentence.
    `suggestions`: what could have been meant.

    `asked_by`: the subject, masked. `covered`: fields of the cards that this role doesn't see; `masked`: those that it
    sees when it asks to, for a purpose. `last_good_at`: when the source last answered, as far as this process knows.
    Times aware, UTC.
    """

    state: State
    lookup: str
    version: int
    asked_at: datetime
    cards: Sequence[AnyCard] = ()
    suggestions: Sequence[str] = ()
    sentence: str = ""
    why: Why | None = None
    asked_by: str = ""
    covered: Sequence[str] = ()
    masked: Sequence[Masked] = ()
    last_good_at: datetime | None = None


def is_about(subject: Subject, about: About) -> bool:
    """Whether the source says the very thing that was asked by: however it is spaced, and in whatever case."""
    said = getattr(about, subject.by)
    return said is not None and is_same(subject.by, said, subject.value)


def is_same(by: Identifier, one: str, other: str) -> bool:
    """Two ways of writing it."""
    one, other = comparable(by, one), comparable(by, other)
    if by == "identity" and {len(one), len(other)} == {_WITHOUT_CENTURY, _WITH_CENTURY}:
        return one[-_WITHOUT_CENTURY:] == other[-_WITHOUT_CENTURY:]
    return one == other


def comparable(by: Identifier, value: str) -> str:
    """Without what differs from one writer to the next."""
    if by != "identity":
        return ("" if by in {"invoice", "customer"} else " ").join(value.split()).casefold()
    number = digits(value)
    is_organisation = len(number) == _WITH_CENTURY and number.startswith(_ORGANISATION)
    return number[2:] if is_organisation else number


def digits(value: str) -> str:
    """Of an identity number: how it is passed on, and found. A Finnish one keeps its letters: its sign tells the
    century, and the last of it is like no other's."""
    plain = "".join(value.split()).upper()
    is_finnish = _FINNISH.fullmatch(plain) is not None and any(sign.isalpha() for sign in plain)
    return plain if is_finnish else _DIGITS.sub("", value)


def spellings(numbers: Sequence[str]) -> Sequence[str]:
    """Ways in which identity numbers may be stored, with a century and without. One that is said is no other."""
    known = [digits(each) for each in numbers]
    bare = [each[2:] for each in known if len(each) == _WITH_CENTURY]
    more = [f"{century}{each}" for each in known if len(each) == _WITHOUT_CENTURY for century in ("16", "19", "20")]
    return sorted({*known, *bare, *more} - {""})


def asked_about(unit: Unit, municipality_id: int, subject: Subject) -> tuple[str, int]:
    """The audit's subject of a question: a keyed hash, which tells whether two were about one, and nothing else."""
    value = f"{municipality_id}:{comparable(subject.by, subject.value)}"
    return subject.by, int.from_bytes(unit.keys.mac(subject.by, value.encode())[:7])


def plain(subject: Subject) -> Subject:
    """As the contract promises it to a plugin."""
    return Subject("identity", digits(subject.value)) if subject.by == "identity" else subject


def require_usable(subject: Subject, country: str) -> None:
    """Raises Invalid."""
    value = subject.value.strip()
    if not value or len(value) > _MOST_VALUE or not value.isprintable():
        raise Invalid("by", f"{subject.by} is what is asked by, on one line, at most {_MOST_VALUE} letters")
    if subject.by != "identity":
        return
    if len(digits(value)) not in _IDENTITY:
        raise Invalid("by", "an identity number has 8 to 12 digits")
    if country == "SE" and _is_short(value):
        raise Invalid("by", "write a person's number with its century: 19 or 20 before it")


def required_purpose(purpose: str) -> str:
    """Raises Invalid."""
    said = purpose.strip()
    if not LEAST_PURPOSE <= len(said) <= MOST_PURPOSE or _UNKEPT.search(said):
        raise Invalid("purpose", "say what it is needed for: it is kept in the access log")
    return said


def _is_short(value: str) -> bool:
    """A Swedish person's number of ten digits: a month stands there where organisations have 20 and more."""
    number = digits(value)
    return len(number) == _WITHOUT_CENTURY and number[2] in "01"
