"""The plan of a search: its filters as marks of the index and as conditions on conversations, names looked up.

What the index knows of an entry for good (who wrote it, its kind, whether with files) is a mark; what changes (queue,
topic, state, assignee) is a condition. Conditions are constants with parameters, so that statements are remembered.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import ColumnElement, bindparam, case, column, func, select, table

from hub import clock
from hub.inbox.colleagues import PERSON
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue, QueueArea
from hub.inbox.search_numbers import number_token, numbers_apart
from hub.inbox.search_words import Asked, Term, plain
from hub.inbox.topic import Topic
from hub.storage.one_of import listed, one_of
from hub.storage.search_index import Group
from hub.storage.unit import Unit
from hub.storage.words import FILES, FROM, KIND, address_mark, fold, folded_words, query_tokens


class Plan(Struct):
    """What to look for. `words`: with a space at the end if the last is finished; `marked`: groups of marks.

    `where`: on Conversation, with `values` as its parameters; `ids`: by filter, those of which one must be its own;
    `since`, `until`: microseconds UTC. `open`: only such; `few`: its conditions may leave few conversations of many.
    `terms`: as it turned out that they are understood. `named`: a conversation, by its number alone. `shown`: the words
    that a snippet is cut around. `country`: whose telephone numbers are written without their country's.
    """

    municipalities: tuple[int, ...]
    country: str = ""
    terms: list[Term] = field(default_factory=list)
    words: str = ""
    shown: str = ""
    named: int | None = None
    marked: list[Group] = field(default_factory=list)
    where: list[ColumnElement[bool]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, tuple[int, ...]] = field(default_factory=dict)
    since: int | None = None
    until: int | None = None
    open: bool = False
    few: bool = False

    @property
    def indexed(self) -> bool:
        """Whether the index answers it; otherwise it is a list of conversations."""
        return bool(self.marked) or bool(query_tokens(self.words))

    @property
    def empty(self) -> bool:
        """Nothing is asked for that could be found."""
        return not self.indexed and self.named is None and not any(each.known for each in self.terms)

    def conditions(self, *without: str) -> list[ColumnElement[bool]]:
        """On Conversation, but for those of some filters."""
        return [*self.where, *(_CONDITIONS[name] for name in self.ids if name not in without)]


def plan(unit: Unit, reader_id: int, asked: Asked) -> Plan:
    """For this reader. A name that nothing in scope has is searched as words."""
    made = Plan(unit.scope.municipalities or (), _country(unit), values={"reader": reader_id, "now": clock.now()})
    named: dict[str, set[int]] = {}
    for term in asked.terms:
        if not term.known or term.filter not in _NAMES or (term.filter, term.value) in _SAID:
            made.terms.append(term)
            if term.known:
                _take(made, unit, term)
            continue
        found = _NAMES[term.filter](unit, term.value)
        named.setdefault(term.filter, set()).update(found)
        made.terms.append(term if found else replace(term, known=False, words=plain(term.value)))
    for name, ids in named.items():
        if ids:  # the same filter twice: either
            made.ids[name] = tuple(sorted(ids))
            made.values[name] = listed(made.ids[name])
    made.municipalities = made.ids.pop("to", made.municipalities)
    made.few = made.few or made.open or bool(made.ids)
    made.shown = _words(asked, made.terms)
    made.words, numbers = numbers_apart(made.shown, made.country)
    made.marked += numbers
    made.named = asked.conversation_id
    return made


def _take(made: Plan, unit: Unit, term: Term) -> None:
    """A filter whose value is understood as it stands."""
    match term.filter:
        case "from":
            made.marked += _from(term, made.country)
        case "kind":
            made.marked.append([(KIND + term.value, False)])
        case "has":
            made.marked.append([(FILES, False)])
        case "is":
            made.where += _STATES[term.value]
            made.open = made.open or term.value != "closed"
        case "before":
            day = _begins(unit, term.value)
            made.until = day if made.until is None else min(made.until, day)
        case "after":
            made.since = max(made.since or 0, _begins(unit, term.value))
        case "assignee":
            made.where.append(_MINE if term.value == "me" else _NOBODYS)
            made.few = made.few or term.value == "me"


def _from(term: Term, country: str) -> list[Group]:
    """An address, or the beginning of one; a telephone number; else words of a name or an address."""
    if term.value.partition("@")[0] and "@" in term.value:
        return [[(address_mark(term.value), True)]]
    words = folded_words(term.value)
    number = number_token(term.value, country)
    as_we_do = [] if number is None else [(FROM + number, False)]
    return [[(FROM + word, term.unfinished and word == words[-1]), *as_we_do] for word in words]


def _country(unit: Unit) -> str:
    """Where the reader is: a centre's municipalities are of one."""
    places = unit.scope.municipalities or ()
    place = unit.get(Municipality, places[0]) if places else None
    return place.country if place else ""


def _begins(unit: Unit, day: str) -> int:
    """When a day begins where the reader is: a centre's municipalities are of one country."""
    if day < "1971":  # nothing here is as old, and the first of all days begins before there were any
        return 0
    places = unit.scope.municipalities or ()
    place = unit.get(Municipality, places[0]) if places else None
    zone = ZoneInfo(place.timezone if place else "UTC")
    return clock.from_datetime(datetime.fromisoformat(day).replace(tzinfo=zone))


def _words(asked: Asked, terms: Sequence[Term]) -> str:
    """The free ones and those of what wasn't understood; whatever is unfinished comes last."""
    instead = [each.words for each in terms if each.words]
    pieces = [*instead, asked.words] if asked.unfinished else [asked.words, *instead]
    unfinished = asked.unfinished or bool(instead and terms[-1].words and terms[-1].unfinished)
    return " ".join(each for each in pieces if each) + ("" if unfinished else " ")


Named = Sequence[tuple[int, Iterable[str]]]
"""Ids with what each is called."""


def _matching(value: str, among: Named) -> set[int]:
    """By id or whole name; else those with a word that begins so, for each word of the value."""
    whole = fold(value)
    same = {row_id for row_id, names in among if value == str(row_id) or whole in map(fold, names)}
    if same:
        return same
    asked = folded_words(value)
    return {row_id for row_id, names in among if asked and any(_has_words(folded_words(name), asked) for name in names)}


def _has_words(words: Sequence[str], asked: Sequence[str]) -> bool:
    return all(any(word.startswith(each) for word in words) for each in asked)


def _queues(unit: Unit, value: str) -> set[int]:
    areas = select(QueueArea.queue_id).where(QueueArea.municipality_id.in_(unit.scope.municipalities or ()))
    rows = unit.rows(select(Queue.id, Queue.words).where(Queue.id.in_(areas)))
    return _matching(value, [(row_id, words.values()) for row_id, words in rows])


def _topics(unit: Unit, value: str) -> set[int]:
    """With all topics below them."""
    rows = unit.rows(select(Topic.id, Topic.parent_id, Topic.words, Topic.synonyms))
    newest = _matching(value, [(row_id, (*words.values(), *synonyms)) for row_id, _, words, synonyms in rows])
    found: set[int] = set()
    while newest:
        found |= newest
        newest = {row_id for row_id, parent_id, *_ in rows if parent_id in newest} - found
    return found


def _places(unit: Unit, value: str) -> set[int]:
    own = Municipality.id.in_(unit.scope.municipalities or ())
    rows = unit.rows(select(Municipality.id, Municipality.code, Municipality.name).where(own))
    return _matching(value, [(row_id, names) for row_id, *names in rows])


def _people(unit: Unit, value: str) -> set[int]:
    """Those who work in these municipalities."""
    own = _MEMBERSHIP.c.municipality_id.in_(unit.scope.municipalities or ())
    members = PERSON.c.id.in_(select(_MEMBERSHIP.c.person_id).where(own))
    rows = unit.rows(select(PERSON.c.id, PERSON.c.name).where(members))
    return _matching(value, [(row_id, (name,)) for row_id, name in rows])


_NAMES: Mapping[str, Callable[[Unit, str], set[int]]] = {
    "queue": _queues,
    "topic": _topics,
    "to": _places,
    "assignee": _people,
}
_SAID = {("assignee", "me"), ("assignee", "none")}
"""Values of theirs that name nobody."""

# As in desk_list: both belong to rooms above this one.
_READING = table("reading", column("conversation_id"), column("person_id"), column("at"))
_MEMBERSHIP = table("membership", column("person_id"), column("municipality_id"))
_READ_AT = (
    select(func.max(_READING.c.at))
    .where(_READING.c.conversation_id == Conversation.id, _READING.c.person_id == bindparam("reader"))
    .correlate(Conversation)
    .scalar_subquery()
)
_CITIZEN_SAID_AT = (
    select(case((Entry.author_kind == "citizen", Entry.recorded_at)))
    .where(
        Entry.conversation_id == Conversation.id,
        Entry.visibility == "public",
        Entry.undone_at.is_(None),
        Entry.author_kind != "hub",
    )
    .order_by(Entry.occurred_at.desc(), Entry.id.desc())
    .limit(1)
    .correlate(Conversation)
    .scalar_subquery()
)
"""When the newest public entry was written down, if it is the citizen's."""
_OPEN = Conversation.closed_at.is_(None)
_STATES: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    "open": (_OPEN,),
    "closed": (Conversation.closed_at.is_not(None),),
    "waiting": (_OPEN, Conversation.wait_until.is_not(None)),
    "overdue": (_OPEN, Conversation.due_at < bindparam("now")),
    "unread": (_OPEN, func.coalesce(_READ_AT, 0) < _CITIZEN_SAID_AT),
}
_MINE = Conversation.assignee_id == bindparam("reader")
_NOBODYS = Conversation.assignee_id.is_(None)
_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "queue": one_of(Conversation.queue_id, "queue"),
    "assignee": one_of(Conversation.assignee_id, "assignee"),
    # No EXISTS: PostgreSQL may join all matters there are.
    "topic": select(Matter.id)
    .where(
        Matter.municipality_id == Conversation.municipality_id,
        Matter.conversation_id == Conversation.id,
        one_of(Matter.topic_id, "topic"),
    )
    .limit(1)
    .correlate(Conversation)
    .scalar_subquery()
    .is_not(None),
}
