"""Lists of a search without words: conversations, newest first, each filter by the index that was made for it."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, bindparam, select

from hub import clock
from hub.inbox.conversation import Conversation
from hub.inbox.matter import Matter
from hub.inbox.queries import Within
from hub.inbox.queue import QueueArea
from hub.inbox.search_plan import Plan
from hub.inbox.topic import Topic
from hub.storage import keyset
from hub.storage.ids import first_at
from hub.storage.keyset import Keys, Order, Wanted
from hub.storage.unit import Unit

LATE = clock.DAY // 4
"""A row may be written down that much later than what it tells of, and is still found by when that was."""
_MOST_APART = 200
"""Pages that one statement is put together from."""
Apart = Mapping[int, Sequence[ColumnElement[bool]]]


def page(unit: Unit, plan: Plan, within: Within, after: str | None, limit: int) -> tuple[Sequence[int], str | None]:
    """Ids, and the cursor of the next page or None."""
    edge = keyset.read_cursor(after, 1)
    if edge is None and plan.until is not None:
        edge = (first_at(plan.until + LATE),)
    found = newest(unit, plan, within, edge, limit + 1, dated=True)
    return found[:limit], keyset.write_cursor((found[limit - 1],)) if len(found) > limit else None


def newest(
    unit: Unit, plan: Plan, within: Within, edge: Keys | None, limit: int, *, dated: bool = False
) -> Sequence[int]:
    """Ids older than `edge`. `dated`: only those that began in the plan's time."""
    values = dict(plan.values)
    dates: list[ColumnElement[bool]] = []
    if dated and plan.since is not None:
        dates.append(_BEGAN_SINCE)
        values |= {"since": plan.since, "since_id": first_at(plan.since)}
    if dated and plan.until is not None:
        dates.append(_BEGAN_BEFORE)
        values["until"] = plan.until
    by_topic = {} if plan.open else _topics(unit, plan)
    if by_topic:
        conditions = (*plan.conditions("topic"), *dates)
        wanted = Wanted((), _whose(within, conditions), values, plan.municipalities, by_topic)
        return _by_topic(unit, wanted, edge, limit)
    name, apart = _apart(unit, plan)
    wanted = Wanted((*plan.conditions(name), *dates), within, values, plan.municipalities, apart)
    return [key[0] for key in keyset.page(unit, _NEWEST_FIRST, wanted, _cursor(edge), limit)[0]]


def _apart(unit: Unit, plan: Plan) -> tuple[str, Apart | None]:
    """The filter whose every id gets a page of its own: in its order an index leads to one queue, not to several."""
    if "assignee" in plan.ids:
        found: Apart = {each: [_of_assignee(row_id) for row_id in plan.ids["assignee"]] for each in plan.municipalities}
        return ("assignee", found) if _pages(found) <= _MOST_APART else ("", None)
    if "queue" in plan.ids and not plan.open:
        areas = select(QueueArea.municipality_id, QueueArea.queue_id).where(QueueArea.queue_id.in_(plan.ids["queue"]))
        found = _by_place(unit.rows(areas), _of_queue)
        return ("queue", found) if _pages(found) <= _MOST_APART else ("", None)
    return "", None


def _topics(unit: Unit, plan: Plan) -> Apart:
    """Each of them is one municipality's. Too many: none."""
    if "topic" not in plan.ids:
        return {}
    places = unit.rows(select(Topic.municipality_id, Topic.id).where(Topic.id.in_(plan.ids["topic"])))
    found = _by_place(places, _of_topic)
    return found if _pages(found) <= _MOST_APART else {}


def _by_topic(unit: Unit, wanted: Wanted, edge: Keys | None, limit: int) -> Sequence[int]:
    """Through their matters: a conversation with two of them is met twice."""
    found: dict[int, None] = {}
    while len(found) < limit:
        keys, further = keyset.page(unit, _MATTERS, wanted, _cursor(edge), limit)
        found |= dict.fromkeys(key[0] for key in keys)
        if further is None:
            break
        edge = keys[-1]
    return list(found)[:limit]


def _whose(within: Within, conditions: tuple[ColumnElement[bool], ...]) -> Within:
    """On matters, what is said of their conversations."""
    return lambda municipality_id: _conversation_has(within(municipality_id), *conditions)


@lru_cache(maxsize=4096)
def _conversation_has(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """No EXISTS: PostgreSQL may join all conversations there are."""
    whose = (
        select(Conversation.id)
        .where(
            Conversation.municipality_id == Matter.municipality_id,
            Conversation.id == Matter.conversation_id,
            *conditions,
        )
        .limit(1)
    )
    return whose.correlate(Matter).scalar_subquery().is_not(None)


def _by_place(rows: Sequence[tuple[int, int]], condition: Callable[[int], ColumnElement[bool]]) -> Apart:
    found: dict[int, list[ColumnElement[bool]]] = {}
    for municipality_id, row_id in rows:
        found.setdefault(municipality_id, []).append(condition(row_id))
    return found


def _pages(apart: Apart) -> int:
    return sum(map(len, apart.values()))


def _cursor(edge: Keys | None) -> str | None:
    return None if edge is None else keyset.write_cursor(edge)


# The same objects each time: statements are remembered by them.
@lru_cache(maxsize=4096)
def _of_queue(row_id: int) -> ColumnElement[bool]:
    return Conversation.queue_id == row_id


@lru_cache(maxsize=4096)
def _of_assignee(row_id: int) -> ColumnElement[bool]:
    return Conversation.assignee_id == row_id


@lru_cache(maxsize=4096)
def _of_topic(row_id: int) -> ColumnElement[bool]:
    return Matter.topic_id == row_id


_NEWEST_FIRST = Order((Conversation.id,), newest_first=True)
_MATTERS = Order((Matter.conversation_id,), newest_first=True)
_BEGAN_SINCE = and_(Conversation.id >= bindparam("since_id"), Conversation.opened_at >= bindparam("since"))
_BEGAN_BEFORE = Conversation.opened_at < bindparam("until")
