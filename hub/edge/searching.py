"""Searching: what the field of the desk and the API find, and how the question was understood."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.inbox import desk_list
from hub.inbox.conversation import Conversation
from hub.inbox.desk_list import DeskLine
from hub.inbox.municipality import Municipality
from hub.inbox.search import Hit, May, Piece, search
from hub.inbox.search_plan import plan
from hub.inbox.search_words import Asked, Term, parse
from hub.storage.unit import Unit

MOST_TYPED = 500
"""Letters."""


class Chip(Struct, frozen=True):
    """A filter as it was understood. Not `known`: its words are searched instead, if it isn't only half typed."""

    filter: str
    value: str
    known: bool


class Found(Struct, frozen=True):
    """A conversation, with the newest of its entries that has what was asked for."""

    line: DeskLine
    entry_id: str
    kind: str
    occurred_at: datetime
    snippet: Sequence[Piece]


class Answer(Struct, frozen=True):
    """A page. `opens`: the question is the id of a conversation that this person may open.

    `quoted`: there was a phrase, of which only the words were searched.
    """

    words: str
    chips: Sequence[Chip]
    quoted: bool
    opens: str | None
    found: Sequence[Found]
    next: str | None


def search_desk(unit: Unit, actor: Actor, text: str, after: str | None, limit: int) -> Answer:
    """Conversations, the newest hit first. Raises Invalid for a cursor of another kind of question."""
    asked = ask(unit, text)
    made = plan(unit, actor.id, asked)
    hits, further = search(unit, made, may(actor), after, limit, fold_up=True)
    lines = desk_list.lines_of(unit, actor.id, [each.conversation_id for each in hits])
    by_id = {line.conversation.id: line for line in lines}
    return Answer(
        words=asked.words,
        chips=[_chip(each) for each in made.terms],
        quoted=asked.quoted,
        opens=_opens(unit, actor, asked),
        found=[_found(by_id[str(each.conversation_id)], each) for each in hits if str(each.conversation_id) in by_id],
        next=further,
    )


def search_entries(
    unit: Unit, actor: Actor, text: str, after: str | None, limit: int
) -> tuple[Sequence[Hit], str | None]:
    """Entries, newest first, and the cursor of the next page or None; without words, a list of conversations."""
    made = plan(unit, actor.id, ask(unit, text))
    return search(unit, made, may(actor), after, limit)


def ask(unit: Unit, text: str) -> Asked:
    """Understood on the day that it is in this person's municipalities; of a long text its beginning."""
    places = unit.scope.municipalities or ()
    place = unit.get(Municipality, places[0]) if places else None
    zone = ZoneInfo(place.timezone if place else "UTC")
    return parse(text[:MOST_TYPED], clock.to_datetime(clock.now()).astimezone(zone).date())


@lru_cache(maxsize=256)
def may(actor: Actor) -> May:
    """What this person may open; the same conditions each time, for making them costs a millisecond."""
    return May(policy.visible(actor), policy.within(actor))


def _opens(unit: Unit, actor: Actor, asked: Asked) -> str | None:
    found = unit.get(Conversation, asked.conversation_id)
    if found is not None and found.is_part:
        found = unit.get(Conversation, found.related_id)
    return str(found.id) if found is not None and policy.may_open(actor, found) else None


def _chip(term: Term) -> Chip:
    return Chip(term.filter, term.value, term.known)


def _found(line: DeskLine, hit: Hit) -> Found:
    return Found(line, str(hit.entry_id), hit.kind, hit.occurred_at, hit.snippet)
