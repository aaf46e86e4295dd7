"""Search: words to the entries that hold them, newest first, of conversations that whoever asks may open."""

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, select

from hub import clock
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.storage import keyset, search_index
from hub.storage.unit import Unit
from hub.storage.words import fold, query_tokens

_FIRST, _MOST_AT_ONCE = 100, 2_000
_MOST_LOOKED_AT = 40_000
"""Entries looked at for one page. Then its `next` goes on from there, though the page may be short."""
_BEFORE, _LENGTH = 60, 200
_SEARCHED = 20_000
_WORD = re.compile(r"[^\W_]+")
_NEWEST = 2**63 - 1


class Hit(Struct, frozen=True):
    """An entry with the words. `snippet`: where the first of them stands."""

    conversation_id: str
    entry_id: str
    municipality_id: str
    kind: str
    subject: str
    occurred_at: datetime
    snippet: str


def search(
    unit: Unit, words: str, visible: ColumnElement[bool], after: str | None, limit: int
) -> tuple[Sequence[Hit], str | None]:
    """A page, and the cursor of the next one or None. `visible`: a condition on Conversation.

    The index knows municipalities, not queues: what may not be opened is dropped here, and more is fetched in its
    place, so that neither a short page nor its cursor tells of it.
    """
    edge = keyset.read_cursor(after, 1)
    before = edge[0] if edge else _NEWEST
    found: list[Hit] = []
    starts = _starts(words)
    looked, size = 0, max(_FIRST, limit + 1)
    while looked < _MOST_LOOKED_AT:
        ids = search_index.find(unit, words, before=before, limit=size)
        found += _hits(unit, ids, visible, starts, limit + 1 - len(found))
        if len(found) > limit:
            return found[:limit], keyset.write_cursor((int(found[limit - 1].entry_id),))
        if len(ids) < size:
            return found, None
        looked, before, size = looked + len(ids), ids[-1], min(size * 4, _MOST_AT_ONCE)
    return found, keyset.write_cursor((before,))


def _hits(
    unit: Unit, ids: Sequence[int], visible: ColumnElement[bool], starts: Sequence[str], wanted: int
) -> list[Hit]:
    if not ids:
        return []
    query = (
        select(
            Entry.id,
            Entry.conversation_id,
            Entry.municipality_id,
            Entry.kind,
            Conversation.subject,
            Entry.occurred_at,
            Entry.text,
        )
        .join(Conversation, Conversation.id == Entry.conversation_id)
        .where(Entry.id.in_(ids), visible, Entry.undone_at.is_(None))
        .order_by(Entry.id.desc())
        .limit(wanted)
    )
    return [
        Hit(
            conversation_id=str(conversation_id),
            entry_id=str(entry_id),
            municipality_id=str(municipality_id),
            kind=kind,
            subject=subject,
            occurred_at=clock.to_datetime(occurred_at),
            snippet=_snippet(text, starts),
        )
        for entry_id, conversation_id, municipality_id, kind, subject, occurred_at, text in unit.rows(query)
    ]


def _starts(words: str) -> tuple[str, ...]:
    """What a word that was found begins with: the shortest of its stems."""
    return tuple(min((*asked.stems, asked.folded), key=len) for asked in query_tokens(words))


def _snippet(text: str, starts: Sequence[str]) -> str:
    at = 0
    for word in _WORD.finditer(text, 0, _SEARCHED):
        if fold(word[0]).startswith(tuple(starts)):
            at = max(0, word.start() - _BEFORE)
            break
    cut = " ".join(text[at : at + _LENGTH].split())
    return f"{'…' if at else ''}{cut}{'…' if at + _LENGTH < len(text) else ''}"
