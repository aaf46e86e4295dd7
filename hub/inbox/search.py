"""Search: what was asked for, found newest first, among the conversations that whoever asks may open.

With words or marks (`from:`, `kind:`, `has:`) it goes through the index, entry by entry; without, through the list of
conversations. Neither short pages nor cursors tell of what may not be opened: more is fetched in its place.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select

from hub import clock
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.queries import Within
from hub.inbox.search_plan import Plan
from hub.storage import keyset, search_index
from hub.storage.ids import first_at
from hub.storage.one_of import listed, one_of
from hub.storage.unit import Unit
from hub.storage.words import fold, query_tokens

_FIRST, _MOST_AT_ONCE = 100, 10_000
_BEFORE, _LENGTH = 60, 200
_SEARCHED = 20_000
_LATE = clock.DAY
"""An entry may be written down that much later than it came, and is still found by when it came."""
_WORD = re.compile(r"[^\W_]+")
_NEWEST = 2**63 - 1


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
    """A page, and the cursor of the next one or None. `fold_up`: of each conversation only the newest hit."""
    if plan.empty or not plan.municipalities:
        keyset.read_cursor(after, 2 if plan.indexed else 1)
        return [], None
    if not plan.indexed:
        ids, further = _conversations(unit, plan, may, after, limit)
        return _newest_of(unit, ids), further
    entries, further = _Walk(unit, plan, may, fold_up).page(after, limit)
    return _hits(unit, entries, plan.words), further


class _Walk:
    """Through the index, newest first, in growing steps."""

    def __init__(self, unit: Unit, plan: Plan, may: May, fold_up: bool) -> None:
        self._unit, self._plan, self._visible, self._fold_up = unit, plan, may.visible, fold_up

    def page(self, after: str | None, limit: int) -> tuple[list[int], str | None]:
        """Ids of entries. The cursor: the newest of the first page, and the last that was shown."""
        cursor = keyset.read_cursor(after, 2)
        found: list[int] = []
        seen: set[int] = set()
        for rows in self._steps(cursor[1] if cursor else _NEWEST):
            fresh = self._folded(rows, seen, cursor) if self._fold_up else rows
            found += [entry_id for entry_id, _ in fresh]
            if len(found) > limit:
                newest = cursor[0] if cursor else found[0]
                return found[:limit], keyset.write_cursor((newest, found[limit - 1]))
        return found, None

    def _steps(self, before: int) -> Iterator[Sequence[tuple[int, int]]]:
        """(entry, conversation): what the index finds and may be shown."""
        plan, size = self._plan, _FIRST
        since = 0 if plan.since is None else first_at(plan.since)
        if plan.until is not None:
            before = min(before, first_at(plan.until + _LATE))
        while True:
            ids = search_index.find(
                self._unit, plan.words, before=before, limit=size, marked=plan.marked, since=since,
                within=plan.municipalities,
            )  # fmt: skip
            yield self._allowed(ids)
            if len(ids) < size:
                return
            before, size = ids[-1], min(size * 5, _MOST_AT_ONCE)

    def _allowed(self, ids: Sequence[int]) -> Sequence[tuple[int, int]]:
        if not ids:
            return []
        query = (
            select(Entry.id, Entry.conversation_id)
            .join(Conversation, Conversation.id == Entry.conversation_id)
            .where(_IDS, *self._entries(), self._visible, *self._plan.where)
            .order_by(Entry.id.desc())
        )
        return [(row[0], row[1]) for row in self._unit.rows(query.params(**self._values(ids)))]

    def _folded(
        self, rows: Sequence[tuple[int, int]], seen: set[int], cursor: keyset.Keys | None
    ) -> list[tuple[int, int]]:
        """The first of each conversation, without those of the pages before."""
        fresh = []
        for entry_id, conversation_id in rows:
            if conversation_id not in seen:
                seen.add(conversation_id)
                fresh.append((entry_id, conversation_id))
        if cursor is None or not fresh:
            return fresh
        shown = self._shown(listed(conversation_id for _, conversation_id in fresh), *cursor)
        return [each for each in fresh if each[1] not in shown]

    def _shown(self, conversations: str, newest: int, edge: int) -> set[int]:
        """Conversations with a hit between the first page's newest and the last that was shown."""
        query = select(Entry.id, Entry.conversation_id).where(
            _OF_CONVERSATIONS, Entry.id >= edge, Entry.id <= newest, *self._entries()
        )
        rows = self._unit.rows(query.params(**self._values(()), conversations=conversations))
        plan, of = self._plan, {row[0]: row[1] for row in rows}
        return {of[each] for each in search_index.among(self._unit, plan.words, plan.marked, list(of))}

    def _entries(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = [Entry.undone_at.is_(None)]
        if self._plan.since is not None:
            conditions.append(Entry.occurred_at >= bindparam("since"))
        if self._plan.until is not None:
            conditions.append(Entry.occurred_at < bindparam("until"))
        return conditions

    def _values(self, ids: Sequence[int]) -> dict[str, object]:
        return {**self._plan.values, "ids": listed(ids), "since": self._plan.since, "until": self._plan.until}


def _conversations(unit: Unit, plan: Plan, may: May, after: str | None, limit: int) -> tuple[Sequence[int], str | None]:
    """Newest first. By a topic, its matters lead to them: one for each, so some may be double."""
    values = {**plan.values, "since": plan.since, "until": plan.until}
    where = [*plan.where]
    if plan.since is not None:
        where.append(_OPENED_SINCE)
        values["since_id"] = first_at(plan.since)
    if plan.until is not None:
        where.append(_OPENED_UNTIL)
        start = keyset.write_cursor((first_at(plan.until + _LATE),))
        after = after or start
    wanted = keyset.Wanted(tuple(where), may.within, values, plan.municipalities)
    keys, further = keyset.page(unit, _NEWEST_FIRST, wanted, after, limit)
    return [each[-1] for each in keys], further


def _newest_of(unit: Unit, ids: Sequence[int]) -> Sequence[Hit]:
    """Each conversation's newest entry that says something."""
    if not ids:
        return []
    # Two statements: PostgreSQL would join the newest by reading all entries there are.
    last = unit.rows(_LAST.params(ids=listed(ids)))
    by_conversation = {each.conversation_id: each for each in _hits(unit, [row[0] for row in last], "")}
    return [by_conversation[each] for each in ids if each in by_conversation]


def _hits(unit: Unit, ids: Sequence[int], words: str) -> Sequence[Hit]:
    if not ids:
        return []
    query = _HIT.join(Entry, Entry.conversation_id == Conversation.id).where(_IDS).order_by(Entry.id.desc())
    starts = tuple(min((*asked.stems, asked.folded), key=len) for asked in query_tokens(words))
    return [_hit(row, starts) for row in unit.rows(query.params(ids=listed(ids)))]


def _hit(row: Sequence[Any], starts: tuple[str, ...]) -> Hit:
    conversation_id, entry_id, municipality_id, kind, subject, occurred_at, text = row
    return Hit(
        conversation_id=conversation_id,
        entry_id=entry_id,
        municipality_id=municipality_id,
        kind=kind,
        subject=subject,
        occurred_at=clock.to_datetime(occurred_at),
        snippet=_snippet(text, starts),
    )


def _snippet(text: str, starts: tuple[str, ...]) -> Sequence[Piece]:
    """Around the first word that was asked for; each such word a piece of its own."""
    at = 0
    if starts:
        first = (word.start() for word in _WORD.finditer(text, 0, _SEARCHED) if fold(word[0]).startswith(starts))
        at = max(0, next(first, 0) - _BEFORE)
    cut = " ".join(text[at : at + _LENGTH].split())
    cut = f"{'…' if at else ''}{cut}{'…' if at + _LENGTH < len(text) else ''}"
    pieces, end = [], 0
    for word in _WORD.finditer(cut) if starts else ():
        if fold(word[0]).startswith(starts):
            pieces += [Piece(cut[end : word.start()]), Piece(word[0], found=True)]
            end = word.end()
    return [each for each in (*pieces, Piece(cut[end:])) if each.text]


_IDS = one_of(Entry.id, "ids")
_OF_CONVERSATIONS = one_of(Entry.conversation_id, "conversations")
_OPENED_SINCE = and_(Conversation.id >= bindparam("since_id"), Conversation.opened_at >= bindparam("since"))
_OPENED_UNTIL = Conversation.opened_at < bindparam("until")
_NEWEST_FIRST = keyset.Order((Conversation.id,), newest_first=True)
_LAST_SAID = (
    select(Entry.id)
    .where(Entry.conversation_id == Conversation.id, Entry.kind != "change", Entry.undone_at.is_(None))
    .order_by(Entry.occurred_at.desc(), Entry.id.desc())
    .limit(1)
    .correlate(Conversation)
    .scalar_subquery()
)
_LAST = select(func.coalesce(_LAST_SAID, Conversation.last_entry_id)).where(one_of(Conversation.id, "ids"))
_HIT: Select[*tuple[Any, ...]] = select(
    Conversation.id,
    Entry.id,
    Conversation.municipality_id,
    Entry.kind,
    Conversation.subject,
    Entry.occurred_at,
    Entry.text,
).select_from(Conversation)
