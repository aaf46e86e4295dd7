"""Merge: one conversation becomes part of another of its municipality, and can be taken out again.

What moves keeps `first_conversation_id`; what has no such column is named in the entry that says so.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from hub import clock
from hub.clock import NEVER
from hub.errors import Conflict, Invalid, NotFound
from hub.inbox import chat, reply, turn
from hub.inbox.conversation import Conversation
from hub.inbox.draft import Draft
from hub.inbox.entry import Entry
from hub.inbox.matter import Matter
from hub.inbox.participant import Participant
from hub.inbox.promise import Promise
from hub.storage.unit import Unit

_MOVED: dict[str, type[Matter] | type[Participant] | type[Draft] | type[Promise]] = {
    "matters": Matter,
    "participants": Participant,
    "drafts": Draft,
    "promises": Promise,
}


def merge(unit: Unit, into: Conversation, by_id: int, other: Conversation) -> Entry:
    """`other` is closed as merged and points here; whatever was owed there is owed here."""
    _refuse(into, other)
    live = chat.of_conversation(unit, other.id)
    if live is not None and live.ended_at is None:  # it goes on nowhere; the timeline says who ended it
        turn.leave(unit, live, other, "person", by_id)
    moved = {
        "matters": unit.all(select(Matter.id).where(Matter.conversation_id == other.id)),
        "promises": unit.all(select(Promise.id).where(Promise.conversation_id == other.id)),
        "participants": _new_participants(unit, into, other),
        "drafts": _new_drafts(unit, into, other),
    }
    first = unit.all(select(Entry.first_conversation_id).where(Entry.conversation_id == other.id).distinct())
    unit.change(update(Entry).where(Entry.conversation_id == other.id).values(conversation_id=into.id))
    for name, ids in moved.items():
        cls = _MOVED[name]
        unit.change(update(cls).where(cls.id.in_(ids)).values(conversation_id=into.id))
    took = other.due_at < into.due_at
    was: dict[str, Any] = {
        "closed_at": clock.to_iso(other.closed_at),
        "closed_as": other.closed_as,
        "wait_until": clock.to_iso(other.wait_until),
        "related": _text(other.related_id),
        "waited": {"until": clock.to_iso(into.wait_until), "version": into.version + 1} if took else None,
        "first": [str(each) for each in first],
        **{name: [str(each) for each in ids] for name, ids in moved.items()},
    }
    if took:
        into.due_at, into.wait_until = other.due_at, other.wait_until
    other.closed_at = None
    other.end("merged")
    other.related_id = into.id
    other.append_change(unit, by_id, "merged_into", {"conversation": str(into.id), "was": was})
    return into.append_change(unit, by_id, "merged", {"conversation": str(other.id)})


def split(unit: Unit, into: Conversation, by_id: int, other: Conversation) -> Entry:
    """Undo it: everything that was `other`'s is again. What was added since stays where it was added.

    An answer of its own that was taken back meanwhile closes it no more, nor makes it wait.
    """
    if not other.is_part or other.related_id != into.id:
        raise NotFound("That conversation isn't part of this one.")
    into.require_whole()  # else what is the other's lies where this one does
    merged = next(
        each
        for each in unit.all(
            select(Entry)
            .where(Entry.conversation_id == other.id, Entry.kind == "change")
            .order_by(Entry.occurred_at.desc(), Entry.id.desc())
        )
        if each.body["what"] == "merged_into"
    )
    was = merged.body["was"]
    unit.change(
        update(Entry)
        .where(Entry.conversation_id == into.id, Entry.first_conversation_id.in_([int(each) for each in was["first"]]))
        .values(conversation_id=other.id)
    )
    drafts = set(_new_drafts(unit, other, into))  # one begun there meanwhile stays
    for name, cls in _MOVED.items():
        ids = [int(each) for each in was[name] if cls is not Draft or int(each) in drafts]
        unit.change(update(cls).where(cls.id.in_(ids), cls.conversation_id == into.id).values(conversation_id=other.id))
    other.closed_at, other.closed_as = clock.from_iso(was["closed_at"]), was["closed_as"]
    other.wait_until = clock.from_iso(was["wait_until"])
    other.related_id = None if was["related"] is None else int(was["related"])
    restored = reply.restore_since(unit, other, merged.recorded_at)
    waited = was["waited"]
    if waited is not None and waited["version"] == into.version:  # else something happened there since
        into.wait_until = clock.from_iso(waited["until"])
    for each in (into, other):
        if each.closed_at is None:
            each.due_at = each.wait_until or each.owed(unit)
        else:
            each.due_at = NEVER
    other.append_change(unit, by_id, "split_from", {"conversation": str(into.id), **restored})
    return into.append_change(unit, by_id, "split", {"conversation": str(other.id)})


def fits(into: Conversation, other: Conversation) -> bool:
    """Whether `merge` would take it, as they are now."""
    try:
        _refuse(into, other)
    except (Conflict, Invalid):
        return False
    return True


def parts(unit: Unit, into: Conversation) -> Sequence[Conversation]:
    """Those that are part of it now, the oldest first."""
    return [each for each in all_parts(unit, into) if each.related_id == into.id]


def all_parts(unit: Unit, into: Conversation) -> Sequence[Conversation]:
    """Those, and their own parts."""
    changes = unit.all(select(Entry.body).where(Entry.conversation_id == into.id, Entry.kind == "change"))
    named = [int(body["conversation"]) for body in changes if body["what"] == "merged"]
    rows = unit.all(select(Conversation).where(Conversation.id.in_(named)).order_by(Conversation.id))
    inside: set[int] = set()
    while more := {row.id for row in rows if row.is_part and row.related_id in {into.id, *inside}} - inside:
        inside |= more
    return [row for row in rows if row.id in inside]


def _refuse(into: Conversation, other: Conversation) -> None:
    if into.id == other.id or into.municipality_id != other.municipality_id:
        raise Invalid("conversation", "only another conversation of the same municipality can become part of this one")
    if into.confidential_queue_id != other.confidential_queue_id:
        raise Invalid("conversation", "one of them is confidential: both must be, for the same queue, or neither")
    if into.closed_at is not None:
        raise Conflict("This conversation is closed: reopen it first.")
    if other.is_part:
        raise Conflict("That conversation is part of another one already.")


def _new_participants(unit: Unit, into: Conversation, other: Conversation) -> list[int]:
    known = set(unit.all(select(Participant.citizen_point_id).where(Participant.conversation_id == into.id)))
    rows = unit.rows(
        select(Participant.id, Participant.citizen_point_id).where(Participant.conversation_id == other.id)
    )
    return [row_id for row_id, point_id in rows if point_id not in known]


def _new_drafts(unit: Unit, into: Conversation, other: Conversation) -> list[int]:
    """A person's draft of a kind stays where it is, if they have one here as well."""
    query = select(Draft.id, Draft.person_id, Draft.kind)
    known = {tuple(row[1:]) for row in unit.rows(query.where(Draft.conversation_id == into.id))}
    rows = unit.rows(query.where(Draft.conversation_id == other.id))
    return [row_id for row_id, *of in rows if tuple(of) not in known]


def _text(row_id: int | None) -> str | None:
    return None if row_id is None else str(row_id)
