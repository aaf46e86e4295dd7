"""Call-back: a promise to those whose calls nobody took; one for each number, however often they tried.

What is owed follows from the calls alone, in whatever order they became known: a lost call is called back by the next
call with its number that was answered, in either direction.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select

from hub import clock
from hub.errors import Conflict, Invalid
from hub.inbox import calendar
from hub.inbox.call import Call, is_pending
from hub.inbox.caller import Line
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.promise import Promise, is_open
from hub.storage import search_index
from hub.storage.ids import first_at, new_id
from hub.storage.unit import Happening, Unit
from hub.storage.words import marks, tokens

KIND = "call-back"
OUTCOMES = ("reached", "given_up", "not_needed")
"""As people say them; `mistaken`: the hub's own, when what seemed lost wasn't."""
DAYS = 1
"""Working days within which somebody is called back."""
RULE = "1 working day"
AGREED = "agreed"
"""The rule of one that was made with the caller: it holds until they are reached, whatever calls were lost."""
_LOOKED_AT = 30 * clock.DAY
_JOINABLE = ("call", "change", "note")


class _Tried(Struct):
    """A call, as far as it matters to what is owed."""

    row_id: int
    conversation_id: int
    offered_at: int
    answered_at: int | None
    pending: bool
    attempt: bool


def open_lines(unit: Unit, lines: Collection[Line]) -> Mapping[Line, tuple[int, bool]]:
    """The conversation of each number's open call-back, and whether the number may join it: it has calls only."""
    if not lines:
        return {}
    strangers = select(Entry.id).where(Entry.conversation_id == Conversation.id, Entry.kind.not_in(_JOINABLE))
    rows = unit.rows(
        select(Promise.municipality_id, Promise.number, Conversation.id, ~strangers.exists())
        .join(
            Conversation,
            (Conversation.municipality_id == Promise.municipality_id) & (Conversation.id == Promise.conversation_id),
        )
        .where(
            Promise.municipality_id.in_({each for each, _ in lines}),
            Promise.number.in_({number for _, number in lines}),
            Promise.kind == KIND,
            is_open(),
            Conversation.closed_at.is_(None),
            Conversation.confidential_queue_id.is_(None),
        )
    )
    return {(municipality_id, number): (row_id, bool(joins)) for municipality_id, number, row_id, joins in rows}


def reckon(unit: Unit, lines: Collection[Line]) -> None:
    """What is owed to these numbers now: promises are begun, kept and taken back as their calls say.

    Whoever asks has taken turns by the numbers, and has written the calls.
    """
    if not lines:
        return
    calls = _calls(unit, lines)
    promises = _promises(unit, lines)
    municipalities = {each: unit.get(Municipality, each) for each, _ in lines}
    new: list[dict[str, Any]] = []
    begun: dict[int, int] = {}
    for line in sorted(lines):
        settled_at, promise = promises.get(line, (0, None))
        pending, reached = _called_back(unit, calls.get(line, ()), settled_at)
        attempts = _attempts(calls.get(line, ()), pending)
        municipality = municipalities[line[0]]
        if pending and promise is None and municipality is not None:
            first = pending[0]
            due_at = calendar.due(first.offered_at, DAYS, municipality.timezone, municipality.country)
            new.append(_row(line, first.conversation_id, due_at, attempts))
            begun[first.conversation_id] = min(due_at, begun.get(first.conversation_id, due_at))
        elif pending and promise is not None:
            promise.attempts = attempts
        elif promise is not None and promise.due_rule == AGREED:
            _keep_agreed(unit, promise, calls.get(line, ()))
        elif promise is not None:
            _end(unit, promise, reached)
    unit.insert_many(Promise, new)
    _owe(unit, begun)


def agree(unit: Unit, conversation: Conversation, by_id: int, number: str | None, due_at: int) -> Promise:
    """One that was made with the caller, for a time. What was owed to the number before is part of it."""
    row = None
    if number is not None:
        known = select(Promise).where(
            Promise.municipality_id == conversation.municipality_id,
            Promise.number == number,
            Promise.kind == KIND,
            is_open(),
        )
        row = unit.first(known.with_for_update())
    if row is None:
        row = Promise(municipality_id=conversation.municipality_id, kind=KIND, number=number, attempts=0)
        row.conversation_id, row.person_id, row.due_at, row.due_rule = conversation.id, by_id, due_at, AGREED
        unit.add(row)
    row.conversation_id, row.person_id, row.due_at, row.due_rule = conversation.id, by_id, due_at, AGREED
    return row


def give(unit: Unit, conversation: Conversation, by_id: int, promise: Promise, owner_id: int | None) -> None:
    """Who calls back; None: whoever comes to it."""
    _require_open(promise)
    was, promise.person_id = promise.person_id, owner_id
    said = {"from": None if was is None else str(was), "to": None if owner_id is None else str(owner_id)}
    conversation.append_change(unit, by_id, "call_back_given", said)


def tried(unit: Unit, conversation: Conversation, by_id: int, promise: Promise, *, reached: bool) -> Entry:
    """Somebody called, of which no exchange tells. The caller has taken turns by the promise's number."""
    _require_open(promise)
    entry = conversation.append(
        unit,
        Entry(
            kind="call",
            author_kind="person",
            author_id=by_id,
            visibility="public",
            language=conversation.language,
            text="",
            body={"by_hand": str(by_id)},
        ),
    )
    unit.add(
        Call(
            municipality_id=conversation.municipality_id,
            entry_id=entry.id,
            state="ended",
            direction="out",
            number=promise.number,
            menu_path=[],
            answered_by_id=by_id if reached else None,
            offered_at=entry.occurred_at,
            answered_at=entry.occurred_at if reached else None,
            ended_at=entry.occurred_at,
            cause="completed" if reached else "no-answer",
            transfers=[],
            steps={},
            seen={},
        )
    )
    found_by = [*tokens(promise.number or "", conversation.language), *marks("call", address=promise.number or "")]
    search_index.write(unit, [(entry.id, entry.municipality_id, found_by)])
    if promise.number is not None:
        reckon(unit, {(promise.municipality_id, promise.number)})
    elif reached:
        _end(unit, promise, entry.occurred_at)
    else:
        promise.attempts += 1
    return entry


def settle(unit: Unit, conversation: Conversation, by_id: int, promise: Promise, outcome: str) -> None:
    """It is done with, or nobody calls back after all. A conversation that holds lost calls only is closed with it."""
    _require_open(promise)
    if outcome not in OUTCOMES:
        raise Invalid("outcome", f"outcome is one of {', '.join(OUTCOMES)}")
    now = clock.now()
    promise.outcome = outcome
    if outcome == "reached":
        promise.kept_at = now
        _mark_called_back(unit, promise, now)
    else:
        promise.released_at = now
    conversation.append_change(unit, by_id, "call_back_settled", {"outcome": outcome})
    if conversation.closed_at is None and conversation.wait_until is None:
        conversation.due_at = conversation.owed(unit)
        if _holds_lost_calls_only(unit, conversation):
            conversation.close(unit, by_id)


def _mark_called_back(unit: Unit, promise: Promise, at: int) -> None:
    lost = select(Call).where(
        Call.municipality_id == promise.municipality_id, Call.number == promise.number, is_pending()
    )
    for row in unit.all(lost) if promise.number is not None else ():
        row.called_back_at = at


def _require_open(promise: Promise) -> None:
    if promise.kept_at is not None or promise.released_at is not None:
        raise Conflict("This call-back is done with already.")


def _keep_agreed(unit: Unit, promise: Promise, calls: Sequence[_Tried]) -> None:
    answered = (each.answered_at for each in calls if each.answered_at is not None)
    reached = [at for at in answered if first_at(at) > promise.id]
    promise.attempts = sum(1 for each in calls if each.attempt and first_at(each.offered_at) > promise.id)
    if reached:
        _end(unit, promise, min(reached))


def _calls(unit: Unit, lines: Collection[Line]) -> dict[Line, list[_Tried]]:
    rows = unit.rows(
        select(
            Call.municipality_id,
            Call.number,
            Call.id,
            Entry.conversation_id,
            Call.offered_at,
            Call.answered_at,
            is_pending(),
            (Call.direction == "out") & Call.ended_at.is_not(None) & Call.answered_at.is_(None),
        )
        .join(Entry, (Entry.municipality_id == Call.municipality_id) & (Entry.id == Call.entry_id))
        .where(
            Call.municipality_id.in_({each for each, _ in lines}),
            Call.number.in_({number for _, number in lines}),
            Call.offered_at > clock.now() - _LOOKED_AT,
        )
        .order_by(Call.offered_at, Call.id)
    )
    found: dict[Line, list[_Tried]] = {}
    for municipality_id, number, *rest in rows:
        found.setdefault((municipality_id, number), []).append(_Tried(*rest))
    return found


def _promises(unit: Unit, lines: Collection[Line]) -> dict[Line, tuple[int, Promise | None]]:
    """When people last settled one, and the one that is open. To close its conversation settles it, too."""
    rows = unit.rows(
        select(Promise, Conversation.closed_at)
        .join(
            Conversation,
            (Conversation.municipality_id == Promise.municipality_id) & (Conversation.id == Promise.conversation_id),
        )
        .where(
            Promise.municipality_id.in_({each for each, _ in lines}),
            Promise.number.in_({number for _, number in lines}),
            Promise.kind == KIND,
        )
        .order_by(Promise.id)
        .with_for_update(of=Promise)
    )
    found: dict[Line, tuple[int, Promise | None]] = {}
    for row, closed_at in rows:
        line = (row.municipality_id, row.number or "")
        settled_at, promise = found.get(line, (0, None))
        if closed_at is not None and row.kept_at is None and row.released_at is None:
            row.released_at, row.outcome = closed_at, "not_needed"
        if row.kept_at is None and row.released_at is None:
            promise = row
        elif row.outcome in OUTCOMES and row.released_at is not None:
            settled_at = max(settled_at, row.released_at)
        found[line] = settled_at, promise
    return found


def _called_back(unit: Unit, calls: Sequence[_Tried], settled_at: int) -> tuple[list[_Tried], int | None]:
    """Those that are still owed, and when the caller was last reached, or got through."""
    answered = sorted(each.answered_at for each in calls if each.answered_at is not None)
    pending, reached = [], None
    for each in calls:
        if not each.pending or each.offered_at <= settled_at:
            continue
        at = next((moment for moment in answered if moment > each.offered_at), None)
        if at is None:
            pending.append(each)
            continue
        reached = max(at, reached or 0)
        row = unit.get(Call, each.row_id)
        if row is not None:
            row.called_back_at = at
    return pending, reached


def _attempts(calls: Iterable[_Tried], pending: Sequence[_Tried]) -> int:
    return sum(1 for each in calls if each.attempt and pending and each.offered_at > pending[0].offered_at)


def _row(line: Line, conversation_id: int, due_at: int, attempts: int) -> dict[str, Any]:
    return {
        "id": new_id(),
        "municipality_id": line[0],
        "conversation_id": conversation_id,
        "kind": KIND,
        "due_at": due_at,
        "due_rule": RULE,
        "attempts": attempts,
        "number": line[1],
    }


def _end(unit: Unit, promise: Promise, reached: int | None) -> None:
    """Kept, or never owed; a conversation that holds lost calls only is done with it."""
    if reached is not None:
        promise.kept_at, promise.outcome = reached, "reached"
    else:
        promise.released_at, promise.outcome = clock.now(), "mistaken"
    conversation = unit.lock(Conversation, promise.conversation_id)
    if conversation is None or conversation.closed_at is not None:
        return
    if conversation.wait_until is None:
        conversation.due_at = conversation.owed(unit)
    if reached is not None and _holds_lost_calls_only(unit, conversation):
        conversation.end(None)
        conversation.append_change(unit, None, "closed", {"why": "called_back"})
        return
    conversation.version += 1
    unit.note(Happening("conversation_changed", conversation.id, conversation.municipality_id, conversation.id))


def _holds_lost_calls_only(unit: Unit, conversation: Conversation) -> bool:
    others = (
        select(func.count(Entry.id))
        .join(Call, (Call.municipality_id == Entry.municipality_id) & (Call.entry_id == Entry.id), isouter=True)
        .where(
            Entry.conversation_id == conversation.id,
            Entry.kind != "change",
            (Entry.kind != "call") | Call.answered_at.is_not(None) | Call.ended_at.is_(None),
        )
    )
    return not unit.first(others)


def _owe(unit: Unit, begun: Mapping[int, int]) -> None:
    """Conversations are due when their call-back is, if nothing in them is due before."""
    for conversation_id in sorted(begun):
        row = unit.lock(Conversation, conversation_id)
        if row is None:
            continue
        if row.closed_at is not None:
            row.reopen(unit, None)
        if row.wait_until is None:
            row.due_at = min(row.due_at, begun[conversation_id])
        row.version += 1
        unit.note(Happening("conversation_changed", row.id, row.municipality_id, row.id))
