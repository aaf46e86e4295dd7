"""The list at the desk: what a row shows beyond the conversation's own columns, and the counts beside it.

A page is four statements: its keys, its rows, their newest entries, their topics.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, bindparam, case, column, exists, func, select, table

from hub import clock
from hub.inbox import queries
from hub.inbox.conversation import Conversation
from hub.inbox.draft import Draft
from hub.inbox.entry import Attachment, Entry
from hub.inbox.matter import Matter
from hub.inbox.queries import ConversationLine, OpenCount, Within, shown, shown_id
from hub.inbox.topic import Topic
from hub.storage.base import Words
from hub.storage.one_of import listed, one_of
from hub.storage.prepared import Prepared
from hub.storage.unit import Unit

SNIPPET = 120
"""Letters of the newest entry's text."""
_READ = 400
# The reading log belongs to a room above this one; here it only says whether somebody has read what is new.
_READING = table("reading", column("conversation_id"), column("person_id"), column("at"))


class Newest(Struct, frozen=True):
    """The newest entry that the citizen can see. `by`: citizen | person | hub."""

    kind: str
    by: str
    channel_id: str | None
    at: datetime
    recorded_at: datetime
    snippet: str


class DeskLine(Struct, frozen=True):
    """A row of the list. `unread`: the citizen had the last word, and this reader hasn't opened it since.

    `draft`: this reader has begun to write; `topics`: of its matters, each in several languages.
    """

    conversation: ConversationLine
    newest: Newest | None
    unread: bool
    topics: Sequence[Words]
    attachments: bool
    draft: bool


class Counts(Struct, frozen=True):
    """How many open conversations this person may open; by id, and by the newest contact's kind."""

    unassigned: int
    open: int
    waiting: int
    overdue: int
    municipalities: Mapping[str, int]
    queues: Mapping[str, OpenCount]
    kinds: Mapping[str, int]
    mine: int = 0


class MaskedLine(Struct, frozen=True):
    """A confidential conversation of others: that it is there, whose, limited to which queue, and when it is due.

    It has its id, for its gate is opened by it; whoever is shown one may know of that conversation.
    """

    id: str
    municipality_id: str
    queue_id: str
    due_at: datetime | None
    masked: bool = True


class Stamp(Struct, frozen=True):
    """What may differ between two looks at a conversation of one version; `opened_at`: by this reader, microseconds."""

    id: int
    version: int
    municipality_id: int
    queue_id: int
    confidential_queue_id: int | None
    due_at: int
    opened_at: int | None
    draft: bool


ShownAs = Callable[[Stamp], Literal["open", "masked"] | None]
"""How a conversation stands in somebody's list; None: not at all."""


class Remembered(Protocol):
    """Lines that were read before."""

    def get(self, stamp: Stamp, now: int) -> DeskLine | None:
        """As its reader sees it now."""
        ...

    def put(self, lines: Sequence[DeskLine]) -> None:
        """From now on."""
        ...


def lines_of(unit: Unit, reader_id: int, ids: Sequence[int]) -> Sequence[DeskLine]:
    """In the order of `ids`, all of them such as the reader may open."""
    if not ids:
        return []
    rows = unit.rows(_LINE, reader=reader_id, ids=listed(ids))
    said = listed(row[-4] for row in rows if row[-4] is not None)
    newest = {row[0]: row[1:] for row in unit.rows(_NEWEST, ids=said)}
    topics: dict[int, list[Words]] = defaultdict(list)
    for conversation_id, words in unit.rows(_TOPICS, ids=listed(ids)):
        topics[conversation_id].append(words)
    by_id = {row[0]: _line(row, newest.get(row[-4]), topics[row[0]]) for row in rows}
    return [by_id[each] for each in ids if each in by_id]


def count_mine(unit: Unit, within: Within, reader_id: int) -> int:
    """How many of the open ones are theirs."""
    return sum(
        unit.rows(
            _MINE.where(Conversation.municipality_id == municipality_id, within(municipality_id))
            .params(reader=reader_id)
            .execution_options(in_scope_already=True)
        )[0][0]
        for municipality_id in unit.scope.municipalities or ()
    )


def counts(unit: Unit, within: Within) -> Counts:
    """Over the open set, by an index that holds all it asks for: nothing is stored, so nothing drifts. Whose they are
    isn't asked, so it is the same for all who may see the same.
    """
    now = clock.now()
    sums = [0] * 4
    municipalities: dict[str, int] = {}
    queues: dict[str, OpenCount] = {}
    kinds: dict[str, int] = {}
    for municipality_id in unit.scope.municipalities or ():
        query = _COUNTS.where(Conversation.municipality_id == municipality_id, within(municipality_id))
        found = unit.rows(query.params(now=now).execution_options(in_scope_already=True))
        for queue_id, kind, *figures in found:
            sums = [was + int(more) for was, more in zip(sums, figures, strict=True)]
            number, late = int(figures[0]), int(figures[3])
            municipalities[str(municipality_id)] = municipalities.get(str(municipality_id), 0) + number
            kinds[kind] = kinds.get(kind, 0) + number
            had = queues.get(str(queue_id), OpenCount(0, 0))
            queues[str(queue_id)] = OpenCount(had.open + number, had.overdue + late)
    all_open, unassigned, waiting, overdue = sums
    return Counts(unassigned, all_open, waiting, overdue, municipalities, queues, kinds)


def mixed_lines_of(
    unit: Unit, shown_as: ShownAs, reader_id: int, ids: Sequence[int], known: Remembered | None = None
) -> Sequence[DeskLine | MaskedLine]:
    """In the order of `ids`, whoever named them; nothing of what its reader may not know of."""
    found: dict[int, DeskLine | MaskedLine] = {}
    missing: list[int] = []
    now = clock.now()
    for stamp in _stamps(unit, reader_id, ids):
        how = shown_as(stamp)
        if how == "masked":
            found[stamp.id] = _masked(stamp)
        elif how is None:
            continue
        elif known is not None and (line := known.get(stamp, now)) is not None:
            found[stamp.id] = line
        else:
            missing.append(stamp.id)
    fresh = lines_of(unit, reader_id, missing)
    if known is not None:
        known.put(fresh)
    found |= {int(line.conversation.id): line for line in fresh}
    return [found[each] for each in ids if each in found]


def _stamps(unit: Unit, reader_id: int, ids: Sequence[int]) -> Sequence[Stamp]:
    """A fraction of what the lines cost: who remembers those asks for no others."""
    if not ids:
        return []
    rows = _STAMPS.rows(unit, reader=reader_id, ids=listed(ids))
    return [
        Stamp(row_id, version, whose, queue_id, secret, due_at, opened_at, bool(draft))
        for row_id, version, whose, queue_id, secret, due_at, opened_at, draft in rows
        if unit.scope.holds(whose)  # whoever named the ids
    ]


def _masked(stamp: Stamp) -> MaskedLine:
    """As those see it who may only know of it."""
    assert stamp.confidential_queue_id is not None  # else there is nothing to mask
    return MaskedLine(str(stamp.id), str(stamp.municipality_id), str(stamp.confidential_queue_id), shown(stamp.due_at))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_THESE = one_of(Conversation.id, "ids")
_SAID = (
    select(Entry.id)
    .where(
        Entry.conversation_id == Conversation.id,
        Entry.visibility == "public",
        Entry.undone_at.is_(None),
        Entry.author_kind != "hub",  # a receipt is no word of anybody's
    )
    .order_by(Entry.occurred_at.desc(), Entry.id.desc())
    .limit(1)
    .correlate(Conversation)
    .scalar_subquery()
)
_OPENED = (
    select(func.max(_READING.c.at))
    .where(_READING.c.conversation_id == Conversation.id, _READING.c.person_id == bindparam("reader"))
    .correlate(Conversation)
    .scalar_subquery()
)
# No EXISTS: PostgreSQL may answer it from a table of all files there are.
_A_FILE = (
    select(Attachment.id)
    .join(Entry, Entry.id == Attachment.entry_id)
    .where(Entry.conversation_id == Conversation.id, Attachment.inline_id.is_(None))
    .limit(1)
    .correlate(Conversation)
    .scalar_subquery()
)
_HAS_DRAFT = exists(
    select(Draft.id)
    .where(Draft.conversation_id == Conversation.id, Draft.person_id == bindparam("reader"))
    .correlate(Conversation)
)
# The newest entries are a statement of their own: PostgreSQL would join them by reading all entries there are.
_LINE: Select[Any] = (
    queries.LINE.add_columns(_SAID, _OPENED, _A_FILE, _HAS_DRAFT).where(_THESE).execution_options(in_scope_already=True)
)
_NEWEST: Select[*tuple[Any, ...]] = (
    select(
        Entry.id,
        Entry.kind,
        Entry.author_kind,
        Entry.channel_id,
        Entry.occurred_at,
        Entry.recorded_at,
        func.substr(Entry.text, 1, _READ),
    )
    .where(one_of(Entry.id, "ids"))
    .execution_options(in_scope_already=True)
)
_STAMPS = Prepared(
    select(
        Conversation.id,
        Conversation.version,
        Conversation.municipality_id,
        Conversation.queue_id,
        Conversation.confidential_queue_id,
        Conversation.due_at,
        _OPENED,
        _HAS_DRAFT,
    ).where(_THESE)
)
_TOPICS = (
    select(Matter.conversation_id, Topic.words)
    .select_from(Conversation)
    .join(
        Matter,
        (Matter.municipality_id == Conversation.municipality_id) & (Matter.conversation_id == Conversation.id),
    )
    .join(Topic, Topic.id == Matter.topic_id)
    .where(_THESE)
    .order_by(Matter.id)
    .execution_options(in_scope_already=True)
)
_COUNTS = (
    select(
        Conversation.queue_id,
        Conversation.contact_kind,
        func.count(),
        _sum(Conversation.assignee_id.is_(None)),
        _sum(Conversation.wait_until.is_not(None)),
        _sum(Conversation.due_at < bindparam("now")),
    )
    .where(Conversation.closed_at.is_(None))
    .group_by(Conversation.queue_id, Conversation.contact_kind)
)
_MINE = select(func.count(Conversation.id)).where(
    Conversation.closed_at.is_(None), Conversation.assignee_id == bindparam("reader")
)


def _line(row: Sequence[Any], said: Sequence[Any] | None, topics: Sequence[Words]) -> DeskLine:
    _, opened_at, file, draft = row[-4:]
    newest, unread = None, False
    if said is not None:
        kind, by, channel_id, occurred_at, recorded_at, text = said
        newest = Newest(
            kind,
            by,
            shown_id(channel_id),
            clock.to_datetime(occurred_at),
            clock.to_datetime(recorded_at),
            _snippet(text),
        )
        unread = by == "citizen" and (opened_at is None or opened_at < recorded_at)
    return DeskLine(
        conversation=queries.line_of(row[:-4]),
        newest=newest,
        unread=unread,
        topics=topics,
        attachments=file is not None,
        draft=bool(draft),
    )


def _snippet(text: str) -> str:
    """On one line, cut after a whole word where there is one."""
    line = " ".join(text.split())
    if len(line) <= SNIPPET:
        return line
    return f"{line[: SNIPPET + 1].rpartition(' ')[0] or line[:SNIPPET]}…"
