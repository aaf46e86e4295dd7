"""Report: who looked somebody up, or asked to see in clear what an answer about them hides, when, why and where, for
that somebody: by role and unit, never by name.

It is found by what is known of them (their identity, property and customer numbers and addresses, by the keyed hashes
that the audit has) and by their conversations. What was asked outside those by an invoice, a case or another address
tells nobody whom it was about. Nothing of the citizen stands in it, for they may be protected: who hands it out has
made sure whom they hand it to.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, cast

from msgspec import Struct
from sqlalchemy import ColumnElement, select

from hub.access.audit import Audit
from hub.access.office import Office
from hub.access.reading import subject_key
from hub.contract import Subject
from hub.errors import Corrupt, NotFound
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.points import clear, seal_identity
from hub.lookups import definition
from hub.lookups.looked import IS_LINE, Ended, lines_of, of_lookups
from hub.lookups.question import asked_about
from hub.storage.unit import Unit

Because: TypeAlias = Literal["identity", "property", "address", "customer", "conversation"]
"""Why a line is in the report: what was asked by, or that it was asked in a conversation of theirs."""
MOST = 5_000
"""Questions and reveals in one report, the newest."""
_BATCH = 200
_ASKED_BY = ("identity", "property", "address", "customer")
_SHORT, _LONG = 10, 12


class Looked(Struct, frozen=True):
    """One question, or one reveal. `title`: what the lookup is called, by language; `offices`: as what they asked,
    none: a command of IT's; `place`: from where; `field`: of a reveal, what was shown in clear, as its card names it.
    """

    at: datetime
    lookup: str
    title: Mapping[str, str]
    purpose: str
    offices: Sequence[Office]
    place: str
    ended: Ended
    because: Because
    field: str = ""


class Report(Struct, frozen=True):
    """Newest first. `citizens`: the rows that the citizen has here; `cut`: there are older ones, which aren't in it."""

    municipality_id: str
    citizens: Sequence[str]
    looked: Sequence[Looked]
    cut: bool

    @property
    def questions(self) -> int:
        """How many there are."""
        return len(self.looked) - self.reveals

    @property
    def reveals(self) -> int:
        """How many there are."""
        return sum(each.ended == "revealed" for each in self.looked)


def report(unit: Unit, municipality_id: int, citizen_id: int | None, number: str) -> Report:
    """Of a citizen by their row's id, or of whoever has an identity number, known to us or not. Raises NotFound."""
    ids = (
        _with_number(unit, municipality_id, number) if citizen_id is None else _same(unit, municipality_id, citizen_id)
    )
    known = dict(_subjects(unit, municipality_id, ids, number if citizen_id is None else ""))
    conversations = _conversations(unit, municipality_id, ids)
    rows = _rows(unit, municipality_id, list(known), sorted(conversations))
    reasons = ((row.id, _because(row, known, conversations)) for row in rows)
    told = {row_id: because for row_id, because in reasons if because is not None}
    newest = sorted(told, reverse=True)[:MOST]
    titles = {row.name: row.definition["title"] for row in reversed(definition.all_of(unit, municipality_id))}
    looked = [
        Looked(
            at=line.at,
            lookup=line.lookup,
            title=titles.get(line.lookup, {}),
            purpose=line.purpose,
            offices=line.offices,
            place=line.place,
            ended=line.ended,
            because=told[int(line.id)],
            field=line.field,
        )
        for at in range(0, len(newest), _BATCH)
        for line in lines_of(unit, newest[at : at + _BATCH])
    ]
    return Report(str(municipality_id), [str(each) for each in ids], looked, cut=len(told) > MOST)


def municipality_of(unit: Unit, citizen_id: int) -> int:
    """Raises NotFound for an id that is nobody's in this scope."""
    found = unit.get(Citizen, citizen_id)
    if found is None:
        raise NotFound("There is no such citizen.")
    return found.municipality_id


_Until = tuple[Because, int | None]


def _same(unit: Unit, municipality_id: int, citizen_id: int) -> Sequence[int]:
    """The rows of one citizen: those that have the same identity number. Raises NotFound."""
    found = unit.get(Citizen, citizen_id)
    if found is None or found.municipality_id != municipality_id:
        raise NotFound("There is no such citizen.")
    own = select(CitizenPoint.match_key).where(
        CitizenPoint.municipality_id == municipality_id,
        CitizenPoint.citizen_id == citizen_id,
        CitizenPoint.kind == "identity",
        CitizenPoint.claimed_at.is_(None),  # whoever typed it may have typed another's
        CitizenPoint.ended_at.is_(None),
    )
    return sorted({citizen_id, *_having(unit, municipality_id, unit.all(own))})


def _with_number(unit: Unit, municipality_id: int, number: str) -> Sequence[int]:
    keys = [seal_identity(unit.keys, municipality_id, each)[1] for each in _spellings(number)]
    return sorted(_having(unit, municipality_id, keys))


def _having(unit: Unit, municipality_id: int, keys: Sequence[str]) -> Collection[int]:
    query = select(CitizenPoint.citizen_id).where(
        CitizenPoint.municipality_id == municipality_id,
        CitizenPoint.kind == "identity",
        CitizenPoint.claimed_at.is_(None),  # whoever typed it may have typed another's
        CitizenPoint.match_key.in_(keys),
        CitizenPoint.ended_at.is_(None),
    )
    return set(unit.all(query)) if keys else set()


def _spellings(number: str) -> Sequence[str]:
    """As it may have been asked by, or stored: as it is written, and with a century and without."""
    digits = "".join(sign for sign in number if sign.isdecimal())
    more = {digits}
    if len(digits) in {_SHORT, _LONG}:
        more |= {f"{century}{digits[-_SHORT:]}" for century in ("", "16")}
    if len(digits) == _SHORT:  # with a century it says which
        more |= {f"{century}{digits}" for century in ("19", "20")}
    return [number, *sorted(more)]


def _subjects(unit: Unit, municipality_id: int, citizens: Sequence[int], number: str) -> Iterator[tuple[str, _Until]]:
    """Keys of the audit: by which of their numbers, and until when it was theirs."""

    def key(kind: Because, value: str) -> str:
        assert kind != "conversation"  # that is no number
        return subject_key(unit, *asked_about(unit, municipality_id, Subject(kind, value)))

    points = unit.all(
        select(CitizenPoint).where(
            CitizenPoint.municipality_id == municipality_id,
            CitizenPoint.citizen_id.in_(citizens),
            CitizenPoint.kind.in_(_ASKED_BY),
        )
    )
    for point in sorted(points, key=lambda each: each.ended_at is None):  # what holds now counts
        try:
            value = clear(unit.keys, point)
        except Corrupt:
            continue  # of another key: `torg db check` names it
        kind = cast("Because", point.kind)
        for each in _spellings(value) if point.kind == "identity" else [value]:
            yield key(kind, each), (kind, point.ended_at)
    if number:
        for each in _spellings(number):
            yield key("identity", each), ("identity", None)


def _because(row: Audit, known: Mapping[str, _Until], conversations: Collection[int]) -> Because | None:
    """None: it doesn't concern them."""
    because, until = known.get(row.subject_key or "", ("conversation", None))
    if because != "conversation" and (until is None or row.at < until):
        return because
    return "conversation" if row.conversation_id in conversations else None  # else somebody else's by then


def _conversations(unit: Unit, municipality_id: int, citizens: Sequence[int]) -> Collection[int]:
    """Theirs. One that theirs was merged into counts as theirs, however far that goes."""
    here = Conversation.municipality_id == municipality_id
    found: set[int] = set()
    further = set(unit.all(select(Conversation.id).where(here, Conversation.citizen_id.in_(citizens))))
    while further:
        found |= further
        into = select(Conversation.related_id).where(
            here, Conversation.id.in_(further), Conversation.closed_as == "merged"
        )
        further = {each for each in unit.all(into) if each is not None} - found
    return found


def _rows(unit: Unit, municipality_id: int, keys: Sequence[str], conversations: Sequence[int]) -> Sequence[Audit]:
    """By what is known of them, and in their conversations; each once."""
    conditions: list[ColumnElement[bool]] = [
        Audit.subject_key.in_(keys[at : at + _BATCH]) for at in range(0, len(keys), _BATCH)
    ]
    conditions += [
        Audit.conversation_id.in_(conversations[at : at + _BATCH]) for at in range(0, len(conversations), _BATCH)
    ]
    found: dict[int, Audit] = {}
    for condition in conditions:
        query = select(Audit).where(of_lookups(), IS_LINE, Audit.municipality_id == municipality_id, condition)
        found |= {row.id: row for row in unit.all(query)}
    return list(found.values())
