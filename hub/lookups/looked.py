"""Looked: who asked what of other systems, and what came of it, as the audit has it: one line for a question, and one
for a field that somebody asked to see in clear.

The audit has a row before a source is asked and one after; what they were about both name by a keyed hash alone. Here
they are put together again. Whose lines somebody may see is the caller's to say: audit rows aren't filtered by scope on
SQLite.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, cast, get_args

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, or_, select
from sqlalchemy.orm import aliased

from hub import clock
from hub.access.audit import OF_LOOKUPS, Audit
from hub.access.office import Office, Offices
from hub.access.person import Person
from hub.inbox.queries import PersonName, shown_id
from hub.lookups import definition
from hub.storage import ids, keyset
from hub.storage.unit import Unit

Ended: TypeAlias = Literal[
    "found", "checked", "none", "several", "failed", "another's", "not_theirs", "protected", "stopped", "unanswered",
    "revealed",
]  # fmt: skip
"""What came of a question. checked: the register of protected identities answered, whatever it said; failed: no answer,
or none that could be used or shown; another's: the source answered about somebody else than it was asked about;
not_theirs: somebody asked in a citizen's conversation for what is another's; unanswered: nothing is on record;
revealed: no question, but somebody asked to see in clear what their answer had as dots."""
ENDED: Sequence[Ended] = get_args(Ended)
Filter: TypeAlias = Literal[
    "found", "none", "several", "failed", "another's", "not_theirs", "protected", "stopped", "alarm", "revealed"
]
ALARMS: Sequence[Ended] = ("another's", "not_theirs", "protected", "stopped")
ANSWERED: Sequence[Ended] = ("found", "none", "several")
MOST_WORDS = 5
_LONGEST = ids.apart(2 * clock.MINUTE)
"""An answer comes within this of its question: a source may take half a minute, and a database its time."""


def _said(text: str) -> ColumnElement[str]:
    """Written into the statement: a partial index isn't used for a value that is only known later."""
    escaped = text.replace("'", "''")
    return literal_column(f"'{escaped}'")


def of_lookups(row: type[Audit] = Audit) -> ColumnElement[bool]:
    """What its indexes hold, in their words."""
    return row.act.in_([_said(each) for each in OF_LOOKUPS])


IS_LINE = Audit.act != _said("lookup.answer")
IS_REVEAL = Audit.act == _said("lookup.reveal")
IS_ASKED = and_(IS_LINE, ~IS_REVEAL)
"""Put to a source, or stopped on its way there; a line is one of these, or a reveal."""
IS_ANSWER = Audit.act == _said("lookup.answer")
IS_FOUND = Audit.outcome.like(_said("found%"))
_IS_ALARM = or_(
    Audit.act == _said("lookup.stopped"),
    Audit.outcome.in_([_said("another's"), _said("of another"), _said("protected")]),
)
_OF_LOOKUPS = of_lookups()
_ENDED: Mapping[str | None, tuple[ColumnElement[bool], ...]] = {
    None: (_OF_LOOKUPS, IS_LINE),
    "found": (_OF_LOOKUPS, IS_ANSWER, IS_FOUND),
    "failed": (
        _OF_LOOKUPS,
        IS_ANSWER,
        ~IS_FOUND,
        Audit.outcome.not_in([_said(each) for each in ("none", "several", "another's", "of another", "protected")]),
    ),
    "protected": (_OF_LOOKUPS, _IS_ALARM, Audit.outcome == _said("protected")),
    "another's": (_OF_LOOKUPS, _IS_ALARM, Audit.outcome == _said("another's")),
    "not_theirs": (_OF_LOOKUPS, _IS_ALARM, Audit.outcome == _said("of another")),
    "stopped": (_OF_LOOKUPS, _IS_ALARM, Audit.act == _said("lookup.stopped")),
    "alarm": (_OF_LOOKUPS, _IS_ALARM),
    "revealed": (_OF_LOOKUPS, IS_REVEAL),
    **{each: (_OF_LOOKUPS, IS_ANSWER, Audit.outcome == _said(each)) for each in ("none", "several")},
}
"""Which rows stand for the lines that are wanted: a question's or a reveal's own, or the answer's that ended so."""
_OF_CARD = ", card "
"""Between the field of a reveal and where it stands."""
_FILTERS: Mapping[str, ColumnElement[bool]] = {
    "person_id": Audit.person_id == bindparam("person_id"),
    "conversation_id": Audit.conversation_id == bindparam("conversation_id"),
    "lookup": Audit.source.like(bindparam("lookup"), escape="/"),
    "since": Audit.id >= bindparam("since"),
    "until": Audit.id < bindparam("until"),
}
# Both, because SQLite folds no letters but a to z.
_WORDS = tuple(
    or_(Audit.purpose.ilike(bindparam(f"small{n}"), escape="/"), Audit.purpose.ilike(bindparam(f"big{n}"), escape="/"))
    for n in range(MOST_WORDS)
)
_NEWEST_FIRST = keyset.Order((Audit.id,), newest_first=True)
_ANYTHING = Audit.id.is_not(None)


class Wanted(Struct, frozen=True):
    """What a list is narrowed to; times in microseconds. `words`: all of them stand in the purpose."""

    municipality_id: int | None = None
    person_id: int | None = None
    lookup: str | None = None
    since: int | None = None
    until: int | None = None
    ended: Filter | None = None
    conversation_id: int | None = None
    words: str = ""
    after: str | None = None
    limit: int = 50


class Line(Struct, frozen=True):
    """A question, or a reveal. `place`: from where it was asked; `person` null: by command, on the hub's own machine.

    `offices`: as what they asked. `outcome`: the audit's own word. `field`: of a reveal, what was shown, as its card
    names it; else empty. `about`: the same for two lines about the same, and nothing else. `milliseconds`: until the
    answer was there; of a reveal null.
    """

    id: str
    municipality_id: str
    at: datetime
    person: PersonName | None
    offices: Sequence[Office]
    lookup: str
    place: str
    purpose: str
    conversation_id: str | None
    ended: Ended
    outcome: str
    field: str
    milliseconds: int | None
    about: str


def lines(unit: Unit, municipalities: Sequence[int], wanted: Wanted) -> tuple[Sequence[Line], str | None]:
    """Newest first, of these municipalities; and the cursor of the page that follows, or None."""
    values: dict[str, object] = {
        "person_id": wanted.person_id,
        "conversation_id": wanted.conversation_id,
        "lookup": None if wanted.lookup is None else f"%: {_literally(wanted.lookup)}",
        "since": None if wanted.since is None else ids.first_at(wanted.since),
        "until": None if wanted.until is None else ids.first_at(wanted.until),
    }
    given = {name: value for name, value in values.items() if value is not None}
    words = wanted.words.split()[:MOST_WORDS]
    where = (*_ENDED[wanted.ended], *(_FILTERS[name] for name in given), *_WORDS[: len(words)])
    for number, word in enumerate(words):
        given[f"small{number}"] = f"%{_literally(word.lower())}%"
        given[f"big{number}"] = f"%{_literally(word.capitalize())}%"
    own = [each for each in municipalities if wanted.municipality_id in {None, each}]
    keys, further = keyset.page(
        unit, _NEWEST_FIRST, keyset.Wanted(where, _anything, given, own), wanted.after, wanted.limit
    )
    return lines_of(unit, [row_id for (row_id,) in keys]), further


def lines_of(unit: Unit, row_ids: Sequence[int]) -> Sequence[Line]:
    """Of the rows of questions, answers or reveals, in the order of their ids, newest first."""
    rows = {row.id: row for row in _rows(unit, row_ids)}
    answers = [row.id for row in rows.values() if row.act == "lookup.answer"]
    questions = [row.id for row in rows.values() if row.act == "lookup.ask" and row.outcome != "protected"]
    other = {**_others(unit, _ANSWER_OF, questions), **_others(unit, _QUESTION_OF, answers)}
    rows |= {row.id: row for row in _rows(unit, [each for each in other.values() if each not in rows])}
    pairs = []
    for row_id in sorted(row_ids, reverse=True):
        row, beside = rows[row_id], rows.get(other.get(row_id, 0))
        pairs.append((beside or row, row) if row.act == "lookup.answer" else (row, beside))
    people = {row.person_id for row in rows.values() if row.person_id is not None}
    offices = Offices(unit, people, {row.municipality_id for row in rows.values() if row.municipality_id is not None})
    registers = _registers(unit, {row.municipality_id for row in rows.values() if row.municipality_id is not None})
    names = select(Person.id, Person.name).where(Person.id.in_(sorted(people)))
    called = {row.id: PersonName(str(row.id), row.name) for row in unit.rows(names)} if people else {}
    return [_line(question, answer, called, offices, registers) for question, answer in pairs]


_Registers = Collection[tuple[int, str]]


def _registers(unit: Unit, municipalities: Collection[int]) -> _Registers:
    """Lookups that are registers of protected identities, or were: that one was found there says nothing of anybody."""
    return {
        (each, row.name)
        for each in municipalities
        for row in definition.all_of(unit, each)
        if row.definition.get("register")
    }


def name_of(source: str) -> str:
    """Which lookup a row is about: its `source` is from where, a colon, and that."""
    return source.rpartition(": ")[2]


def of_name(lookup: str) -> ColumnElement[bool]:
    """Rows of that lookup."""
    return Audit.source.like(f"%: {_literally(lookup)}", escape="/")


def revealed(field: str, card: int, cards: int, asked_at: datetime) -> str:
    """The audit's word of a reveal: which field of which card, from 0, of an answer with so many, asked for then."""
    return f"{field}{_OF_CARD}{card + 1} of {cards} asked for at {asked_at.isoformat()}"


def ended_of(act: str, outcome: str) -> Ended:
    """Of a row: its outcome in one of a few words."""
    if act == "lookup.reveal":
        return "revealed"
    if act == "lookup.stopped":
        return "stopped"
    if act == "lookup.ask":
        return "protected" if outcome == "protected" else "unanswered"
    if outcome.startswith("found"):
        return "found"
    if outcome == "of another":
        return "not_theirs"
    known = {"none", "several", "another's", "protected"}
    return cast("Ended", outcome) if outcome in known else "failed"


def _line(
    question: Audit, answer: Audit | None, called: Mapping[int, PersonName], offices: Offices, registers: _Registers
) -> Line:
    last = answer or question
    municipality_id = question.municipality_id
    assert municipality_id is not None  # a lookup is a municipality's
    ended, lookup = ended_of(last.act, last.outcome), name_of(question.source)
    return Line(
        id=str(question.id),
        municipality_id=str(municipality_id),
        at=clock.to_datetime(question.at),
        person=None if question.person_id is None else called[question.person_id],
        offices=offices.of(question.person_id, municipality_id, question.at),
        lookup=lookup,
        place=question.source.rpartition(": ")[0],
        purpose=question.purpose or "",
        conversation_id=shown_id(question.conversation_id),
        ended="checked" if ended == "found" and (municipality_id, lookup) in registers else ended,
        outcome=last.outcome,
        field=last.outcome.rpartition(_OF_CARD)[0] if ended == "revealed" else "",
        milliseconds=None if answer in {None, question} else (last.at - question.at) // 1000,
        about=(question.subject_key or "")[:8],
    )


_Answer = aliased(Audit, name="answer")
_Question = aliased(Audit, name="question")


def _alike(other: type[Audit]) -> ColumnElement[bool]:
    return and_(
        of_lookups(other),
        other.subject_key == Audit.subject_key,
        other.municipality_id == Audit.municipality_id,
        other.source == Audit.source,
        other.person_id.is_not_distinct_from(Audit.person_id),
        other.conversation_id.is_not_distinct_from(Audit.conversation_id),
    )


# Who asks the same twice at once may have one answer shown with both: no row says which question it ended.
_ANSWER_OF = (
    select(func.min(_Answer.id))
    .where(
        _alike(_Answer),
        _Answer.act == _said("lookup.answer"),
        _Answer.id > Audit.id,
        _Answer.id < Audit.id + _LONGEST,
    )
    .scalar_subquery()
)
_IS_QUESTION_OF = (
    _alike(_Question),
    _Question.act == _said("lookup.ask"),
    _Question.id < Audit.id,
    _Question.id > Audit.id - _LONGEST,
)
_QUESTION_OF = select(func.max(_Question.id)).where(*_IS_QUESTION_OF).scalar_subquery()
ASKED_AT = select(func.max(_Question.at)).where(*_IS_QUESTION_OF).scalar_subquery()
"""Of an answer: when it was asked for."""


def _others(unit: Unit, other: Any, row_ids: Sequence[int]) -> dict[int, int]:
    if not row_ids:
        return {}
    found = unit.rows(select(Audit.id, other).where(Audit.id.in_(row_ids)))
    return {row_id: other_id for row_id, other_id in found if other_id is not None}


def _rows(unit: Unit, row_ids: Sequence[int]) -> Sequence[Audit]:
    query: Select[Audit] = select(Audit).where(Audit.id.in_(row_ids))
    return unit.all(query) if row_ids else ()


def _literally(text: str) -> str:
    """In a pattern, with `/` before what stands for others there."""
    return "".join(f"/{sign}" if sign in "/%_" else sign for sign in text)


def _anything(_: int) -> ColumnElement[bool]:
    return _ANYTHING
