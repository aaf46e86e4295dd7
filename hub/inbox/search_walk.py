"""The walk of a search with words or marks: through the index, newest first, leaving out what may not be opened.

The index knows neither queues nor states. What conditions leave is mostly found on the way; if they leave little, their
conversations are listed instead, and the entries of those looked at.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlalchemy import ColumnElement, Select, and_, bindparam, select

from hub.inbox import search_list
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.queries import Within
from hub.inbox.search_list import LATE
from hub.inbox.search_plan import Plan
from hub.storage import keyset, search_index
from hub.storage.ids import first_at
from hub.storage.one_of import listed, one_of
from hub.storage.unit import Unit

FIRST, MOST_AT_ONCE = 64, 20_000
"""Entries asked of the index; where few may be left, sixteen times as many to begin with."""
LONG = 5_000
"""Entries: a longer way to a full page is worth a look at how many conversations the conditions leave."""
LISTS = ((0, 4_000), (20_000, 20_000))
"""After so many entries, list them if they are at most so many: each costs as much as three entries on the way."""
_NEWEST = 2**63 - 1
Found = Sequence[tuple[int, int]]
"""Entries with their conversations."""


class Walk:
    """One page of one question. `visible`, `within`: what may be opened, at once and by municipality."""

    def __init__(self, unit: Unit, plan: Plan, visible: ColumnElement[bool], within: Within, *, fold_up: bool) -> None:
        self._unit, self._plan, self._visible, self._within = unit, plan, visible, within
        self._fold_up = fold_up

    def page(self, after: str | None, limit: int) -> tuple[list[int], str | None]:
        """Ids of entries. The cursor: the newest of the first page, and the last that was shown."""
        cursor = keyset.read_cursor(after, 2)
        found: list[int] = []
        seen: set[int] = set()
        for rows in self._steps(cursor[1] if cursor else _NEWEST, limit + 1):
            fresh = self._folded(rows, seen, cursor) if self._fold_up else rows
            found += [entry_id for entry_id, _ in fresh]
            if len(found) > limit:
                newest = cursor[0] if cursor else found[0]
                return found[:limit], keyset.write_cursor((newest, found[limit - 1]))
        return found, None

    def _steps(self, before: int, wanted: int) -> Iterator[Found]:
        """What the index finds and may be shown; as much at once as it probably takes."""
        plan = self._plan
        since = 0 if plan.since is None else first_at(plan.since)
        if plan.until is not None:
            before = min(before, first_at(plan.until + LATE))
        lists = [*LISTS] if plan.few else []
        size, looked, shown = FIRST * 16 if plan.few else FIRST, 0, 0
        while True:
            ids = search_index.find(
                self._unit, plan.words, before=before, limit=size, marked=plan.marked, since=since,
                within=plan.municipalities,
            )  # fmt: skip
            rows = self._allowed(ids)
            yield rows
            if len(ids) < size:
                return
            looked, shown, before = looked + size, shown + len(rows), ids[-1]
            further = looked * max(wanted - shown, 1) // shown if shown else looked * 5
            if lists and looked >= lists[0][0] and (further > LONG or not shown):
                rest = self._rest(before, lists.pop(0)[1])
                if rest is not None:
                    yield rest
                    return
            size = min(max(further + further // 3, FIRST), MOST_AT_ONCE)

    def _allowed(self, ids: Sequence[int]) -> Found:
        """Two statements, by primary keys: a join tempts PostgreSQL to go through all open ones, each with all ids."""
        if not ids:
            return []
        rows = self._unit.rows(_entries(_THESE, *self._on_entries()), **self._values(), ids=listed(ids))
        whose = listed({row[1] for row in rows})
        conversations = _conversations(_CONVERSATIONS, self._visible, *self._plan.conditions())
        allowed = set(self._unit.all(conversations, **self._values(), conversations=whose))
        return [(row[0], row[1]) for row in rows if row[1] in allowed]

    def _rest(self, before: int, most: int) -> Found | None:
        """All that is left, by its conversations; None when those are more than `most`."""
        conversations = search_list.newest(self._unit, self._plan, self._within, None, most + 1)
        if len(conversations) > most:
            return None
        query = _entries(_OF_CONVERSATIONS, _OLDER, *self._on_entries())
        return self._matching(query, conversations, before=before)

    def _matching(self, query: Select[int, int], conversations: Sequence[int], **edges: int) -> Found:
        rows = self._unit.rows(query, **self._values(), **edges, conversations=listed(conversations))
        matching = search_index.among(self._unit, self._plan.words, self._plan.marked, [row[0] for row in rows])
        return [(row[0], row[1]) for row in rows if row[0] in matching]

    def _folded(self, rows: Found, seen: set[int], cursor: keyset.Keys | None) -> Found:
        """The first of each conversation, without those of the pages before."""
        fresh = []
        for entry_id, conversation_id in rows:
            if conversation_id not in seen:
                seen.add(conversation_id)
                fresh.append((entry_id, conversation_id))
        if cursor is None or not fresh:
            return fresh
        newest, edge = cursor
        query = _entries(_OF_CONVERSATIONS, _SHOWN, *self._on_entries())
        matching = self._matching(query, [whose for _, whose in fresh], edge=edge, newest=newest)
        shown = {whose for _, whose in matching}
        return [each for each in fresh if each[1] not in shown]

    def _on_entries(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = [_STANDS]
        if self._plan.since is not None:
            conditions.append(_SINCE)
        if self._plan.until is not None:
            conditions.append(_UNTIL)
        return conditions

    def _values(self) -> dict[str, object]:
        return {**self._plan.values, "since": self._plan.since, "until": self._plan.until}


@lru_cache(maxsize=256)
def _entries(*conditions: ColumnElement[bool]) -> Select[int, int]:
    """Newest first. One statement for the same conditions: only such a one is put together once."""
    return select(Entry.id, Entry.conversation_id).where(*conditions).order_by(Entry.id.desc())


@lru_cache(maxsize=1024)
def _conversations(*conditions: ColumnElement[bool]) -> Select[int]:
    return select(Conversation.id).where(*conditions)


_STANDS = Entry.undone_at.is_(None)
_SINCE, _UNTIL = Entry.occurred_at >= bindparam("since"), Entry.occurred_at < bindparam("until")
_OLDER = Entry.id < bindparam("before")
_SHOWN = and_(Entry.id >= bindparam("edge"), Entry.id <= bindparam("newest"))
_THESE = one_of(Entry.id, "ids")
_CONVERSATIONS = one_of(Conversation.id, "conversations")
_OF_CONVERSATIONS = one_of(Entry.conversation_id, "conversations")
