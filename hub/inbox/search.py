"""Search: what was asked for, found newest first, among the conversations that whoever asks may open.

With words or marks (`from:`, `kind:`, `has:`) it goes through the index, entry by entry; without, through the list of
conversations. Neither short pages nor cursors tell of what may not be opened: more is fetched in its place.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, func, select

from hub import clock
from hub.inbox import search_list
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.queries import Within
from hub.inbox.search_plan import Plan
from hub.inbox.search_walk import Walk
from hub.storage import keyset
from hub.storage.one_of import listed, one_of
from hub.storage.unit import Unit
from hub.storage.words import fold_evenly, query_tokens

_BEFORE, _LENGTH = 60, 200
"""Letters of a snippet before the word, and in all."""
_SEARCHED = 20_000


class May(Struct, frozen=True):
    """What may be opened: as a condition on Conversation, and the same by municipality."""

    visible: ColumnElement[bool]
    within: Within


class Piece(Struct, frozen=True):
    """Of a snippet: `found` is what was searched for."""

    text: str
    found: bool = False


class Hit(Struct, frozen=True):
    """An entry with what was asked for; in a list of conversations, each one's newest."""

    conversation_id: int
    entry_id: int
    municipality_id: int
    kind: str
    subject: str
    occurred_at: datetime
    snippet: Sequence[Piece]


def search(
    unit: Unit, plan: Plan, may: May, after: str | None, limit: int, *, fold_up: bool = False
) -> tuple[Sequence[Hit], str | None]:
    """A page, and the cursor of the next one or None. `fold_up`: of each conversation only the newest hit.

    A conversation that is asked for by its number comes first, before those that have it in a text.
    """
    named = _newest_of(unit, _named(unit, plan, may)) if after is None else []
    found, further = _found(unit, plan, may, after, limit, fold_up=fold_up)
    known = {each.conversation_id for each in named} if fold_up else {each.entry_id for each in named}
    others = [each for each in found if (each.conversation_id if fold_up else each.entry_id) not in known]
    return [*named, *others], further


def _named(unit: Unit, plan: Plan, may: May) -> Sequence[int]:
    """Its id, or that of the one that it is part of now, if it may be opened."""
    row = unit.get(Conversation, plan.named)
    if row is None:
        return []
    whole = row.related_id if row.is_part else row.id
    here = Conversation.municipality_id.in_(plan.municipalities)
    return unit.all(select(Conversation.id).where(Conversation.id == whole, here, may.visible))


def _found(
    unit: Unit, plan: Plan, may: May, after: str | None, limit: int, *, fold_up: bool
) -> tuple[Sequence[Hit], str | None]:
    if plan.empty or not plan.municipalities:
        keyset.read_cursor(after, 2 if plan.indexed else 1)
        return [], None
    if not plan.indexed:
        ids, further = search_list.page(unit, plan, may.within, after, limit)
        return _newest_of(unit, ids), further
    entries, further = Walk(unit, plan, may.visible, may.within, fold_up=fold_up).page(after, limit)
    return _hits(unit, entries, plan.shown), further


def _newest_of(unit: Unit, ids: Sequence[int]) -> Sequence[Hit]:
    """Each conversation's newest entry that says something."""
    if not ids:
        return []
    # Two statements: PostgreSQL would join the newest by reading all entries there are.
    last = unit.rows(_LAST, ids=listed(ids))
    by_conversation = {each.conversation_id: each for each in _hits(unit, [row[0] for row in last], "")}
    return [by_conversation[each] for each in ids if each in by_conversation]


def _hits(unit: Unit, ids: Sequence[int], words: str) -> Sequence[Hit]:
    if not ids:
        return []
    asked = _asked(words)
    return [_hit(row, asked) for row in unit.rows(_HITS, ids=listed(ids))]


def _asked(words: str) -> re.Pattern[str] | None:
    """Words of a folded text that begin as those that were asked for: with one of their stems."""
    stems = sorted({stem for each in query_tokens(words) for stem in (*each.stems, each.folded)})
    # What stands before a stem is looked at after it: a pattern that begins with letters is searched for much faster.
    begun = "|".join(rf"{stem}(?<![^\W_]{stem})" for stem in stems)
    return re.compile(rf"(?:{begun})[^\W_]*") if begun else None


def _hit(row: Sequence[Any], asked: re.Pattern[str] | None) -> Hit:
    conversation_id, entry_id, municipality_id, kind, subject, occurred_at, text = row
    return Hit(
        conversation_id=conversation_id,
        entry_id=entry_id,
        municipality_id=municipality_id,
        kind=kind,
        subject=subject,
        occurred_at=clock.to_datetime(occurred_at),
        snippet=_snippet(text, asked),
    )


def _snippet(text: str, asked: re.Pattern[str] | None) -> Sequence[Piece]:
    """Around the first word that was asked for; each such word a piece of its own."""
    first = asked.search(fold_evenly(text[:_SEARCHED])) if asked else None
    at = max(0, first.start() - _BEFORE) if first else 0
    cut = " ".join(text[at : at + _LENGTH].split())
    cut = f"{'…' if at else ''}{cut}{'…' if at + _LENGTH < len(text) else ''}"
    pieces, end = [], 0
    for word in asked.finditer(fold_evenly(cut)) if asked else ():
        pieces += [Piece(cut[end : word.start()]), Piece(cut[word.start() : word.end()], found=True)]
        end = word.end()
    return [each for each in (*pieces, Piece(cut[end:])) if each.text]


_THESE = one_of(Entry.id, "ids")
_LAST_SAID = (
    select(Entry.id)
    .where(Entry.conversation_id == Conversation.id, Entry.kind != "change", Entry.undone_at.is_(None))
    .order_by(Entry.occurred_at.desc(), Entry.id.desc())
    .limit(1)
    .correlate(Conversation)
    .scalar_subquery()
)
_LAST = select(func.coalesce(_LAST_SAID, Conversation.last_entry_id)).where(one_of(Conversation.id, "ids"))
_HITS: Select[*tuple[Any, ...]] = (
    select(
        Conversation.id,
        Entry.id,
        Conversation.municipality_id,
        Entry.kind,
        Conversation.subject,
        Entry.occurred_at,
        Entry.text,
    )
    .select_from(Conversation)
    .join(Entry, Entry.conversation_id == Conversation.id)
    .where(_THESE)
    .order_by(Entry.id.desc())
)
