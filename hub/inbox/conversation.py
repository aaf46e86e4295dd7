"""Conversation: one exchange with one citizen across channels. Its state columns are a cache of its entries.

A verb changes the conversation and appends an entry in the same unit of work, and raises `version` by one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.clock import NEVER
from hub.errors import Conflict, Invalid
from hub.inbox import calendar, chat
from hub.inbox.call import Call
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.inbox.municipality import Municipality
from hub.inbox.promise import Promise, is_open
from hub.inbox.queue import Queue, QueueArea
from hub.storage.base import MunicipalityRow, own, partial_index, same_municipality
from hub.storage.unit import Happening, Unit

NO_CONTACT = frozenset({"auto_reply", "bounce", "complaint", "receipt"})
"""Kinds of automatic mail that nobody waits for an answer to."""
AUTOMATIC = "automatic"
"""A `contact_kind`: no person wrote its mail. In every list as the others are, and in a view of its own."""


class Conversation(MunicipalityRow):
    """`due_at` is NEVER when nothing is owed; `confidential_queue_id` limits who may open it without breaking glass.

    `moved_from` has no key: it may name another municipality's row, which this one may not see. `related_id`: perhaps
    the same exchange, but its sender takes no part in that one. `closed_as` (spam | misdirected | merged) counts while
    it is closed; merged: `related_id` is the one that it is now part of. `contact_kind`: that of its newest contact.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        own(),
        same_municipality("citizen_id", "citizen"),
        same_municipality("related_id", "conversation"),
        # Wide, so that lists are narrowed down and counts counted without a look at the rows.
        partial_index(
            "ix_conversation_open",
            "municipality_id",
            "due_at",
            "id",
            "queue_id",
            "confidential_queue_id",
            "assignee_id",
            "wait_until",
            "contact_kind",
            where="closed_at IS NULL",
        ),
        partial_index(
            "ix_conversation_mine",
            "municipality_id",
            "assignee_id",
            "due_at",
            "id",
            where="closed_at IS NULL AND assignee_id IS NOT NULL",
        ),
        partial_index("ix_conversation_newest_open", "municipality_id", "id", where="closed_at IS NULL"),
        Index("ix_conversation_queue", "municipality_id", "queue_id", "id"),
        Index("ix_conversation_citizen", "municipality_id", "citizen_id"),
        partial_index(
            "ix_conversation_assignee", "municipality_id", "assignee_id", "id", where="assignee_id IS NOT NULL"
        ),
    )
    citizen_id: Mapped[int]
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"))
    confidential_queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    subject: Mapped[str]
    language: Mapped[str | None]
    opened_at: Mapped[int]
    due_at: Mapped[int] = mapped_column(default=NEVER)
    wait_until: Mapped[int | None]
    closed_at: Mapped[int | None]
    closed_as: Mapped[str | None]
    contact_kind: Mapped[str] = mapped_column(default="mail", server_default="mail")
    last_entry_id: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)
    moved_from: Mapped[int | None]
    related_id: Mapped[int | None]
    retain_until: Mapped[int | None]
    hold: Mapped[bool] = mapped_column(default=False)

    def expect(self, version: int) -> None:
        """Raises Conflict unless it is still as whoever acts has seen it."""
        if version != self.version:
            raise Conflict("Somebody changed this conversation since you read it. Read again, then decide.")

    @property
    def is_part(self) -> bool:
        """Of another one, since they were merged."""
        return self.closed_as == "merged" and self.closed_at is not None

    def require_whole(self) -> None:
        """Raises Conflict for a part: what was its own lies elsewhere until it is taken out again."""
        if self.is_part:
            raise Conflict("This conversation is part of another one now: go on there, or undo the merge there.")

    def assign(self, unit: Unit, by_id: int, assignee_id: int | None) -> Entry:
        """To a person, or to nobody. That they may work here is for the caller to have asked."""
        was, self.assignee_id = self.assignee_id, assignee_id
        chat.hand_over(unit, self.id, assignee_id)
        return self.append_change(unit, by_id, "assigned", {"from": _id(was), "to": _id(assignee_id)})

    def move(self, unit: Unit, by_id: int, queue: Queue) -> Entry:
        """To another queue of the same municipality."""
        answers_here = select(QueueArea).where(
            QueueArea.queue_id == queue.id, QueueArea.municipality_id == self.municipality_id
        )
        if queue.retired_at is not None or unit.first(answers_here) is None:
            raise Invalid("queue", "this queue doesn't answer for the conversation's municipality")
        was, self.queue_id = self.queue_id, queue.id
        chat.hand_over(unit, self.id, None)
        if self.closed_at is None and self.wait_until is None:
            self.due_at = self.owed(unit)  # by the new queue's rule
        return self.append_change(unit, by_id, "moved", {"from": _id(was), "to": _id(queue.id)})

    def close(self, unit: Unit, by_id: int) -> Entry:
        """Nothing is owed any more. What is already closed stays as it was closed."""
        self.end(None)
        chat.end_of(unit, self.id, "person")
        return self.append_change(unit, by_id, "closed", {})

    def spam(self, unit: Unit, by_id: int) -> Entry:
        """Closed, and no contact to be counted. Reopening takes it back."""
        self.end("spam")
        chat.end_of(unit, self.id, "person")
        return self.append_change(unit, by_id, "spam", {})

    def end(self, closed_as: str | None) -> None:
        """Closed, as what; whoever calls it appends the entry that says so. Raises Conflict when it is already."""
        if self.closed_at is not None:
            raise Conflict("This conversation is closed already.")
        self.closed_at, self.closed_as, self.due_at, self.wait_until = clock.now(), closed_as, NEVER, None

    def reopen(self, unit: Unit, by_id: int | None) -> Entry:
        """Open again; what was unanswered is owed again, from when it came."""
        if self.closed_at is None:
            raise Conflict("This conversation is open already.")
        self.require_whole()
        self.closed_at = self.closed_as = None
        self.due_at = self.owed(unit)
        return self.append_change(unit, by_id, "reopened", {})

    def wait(self, unit: Unit, by_id: int, until: int) -> Entry:
        """For somebody else, until a time (microseconds UTC): then it is due."""
        if self.closed_at is not None:
            raise Conflict("This conversation is closed: reopen it first.")
        if until <= clock.now():
            raise Invalid("until", "the time to wait for has passed already")
        self.wait_until = self.due_at = until
        return self.append_change(unit, by_id, "waiting", {"until": clock.to_iso(until)})

    def resume(self, unit: Unit, by_id: int | None, until: int | None = None) -> Entry:
        """Waits no longer: what is unanswered is owed again. `until`: or waits till then, as it did before."""
        if self.wait_until is None:
            raise Conflict("This conversation doesn't wait for anything.")
        self.wait_until = until
        self.due_at = self.owed(unit) if until is None else until
        return self.append_change(unit, by_id, "resumed", {"until": None if until is None else clock.to_iso(until)})

    def owed(self, unit: Unit) -> int:
        """When its oldest unanswered contact is due, or somebody is to be called back; NEVER when nothing is owed.

        Who waits in a chat waits now: minutes, not days.
        """
        oldest = oldest_unanswered(unit, [self.id]).get(self.id)
        if oldest is not None and self.contact_kind == "chat" and chat.is_live(unit, self.id):
            return oldest + chat.ANSWER_WITHIN
        due = NEVER if oldest is None else due_for(unit, self.municipality_id, self.queue_id, oldest)
        promised = select(func.min(Promise.due_at)).where(
            Promise.municipality_id == self.municipality_id,
            Promise.conversation_id == self.id,
            Promise.kind == "call-back",
            is_open(),
        )
        return min(due, unit.first(promised) or NEVER)

    def append_change(self, unit: Unit, by_id: int | None, what: str, details: dict[str, Any]) -> Entry:
        """An entry that says what was done; for verbs of other nouns that change this conversation, too."""
        return self.append(
            unit,
            Entry(
                kind="change",
                author_kind="hub" if by_id is None else "person",
                author_id=by_id,
                visibility="internal",
                text="",
                body={"what": what, **details},
            ),
        )

    def append(self, unit: Unit, entry: Entry) -> Entry:
        """The newest of its timeline. Fills in what every entry has and raises the version."""
        now = clock.now()
        entry.municipality_id, entry.conversation_id = self.municipality_id, self.id
        entry.first_conversation_id = self.id
        entry.occurred_at = entry.occurred_at or now
        entry.recorded_at = now
        unit.add(entry)
        if entry.author_kind == "citizen":
            self.contact_kind = entry.kind
        self.last_entry_id = entry.id
        self.version += 1
        unit.note(Happening("entry_added", entry.id, self.municipality_id, self.id))
        unit.note(Happening("conversation_changed", self.id, self.municipality_id, self.id))
        return entry


def oldest_unanswered(unit: Unit, conversation_ids: Sequence[int]) -> Mapping[int, int]:
    """When the oldest contact came that nobody has answered since, of each that has one; in two queries for all.

    Of calls and visits none is such a contact: what a lost call is owed, its promise says. A call in which somebody
    spoke answers.
    A person's unit asks for one at a time: for several, its filter draws SQLite to the index over a municipality's.
    """
    if not conversation_ids:
        return {}
    answers = (
        select(Entry.conversation_id, func.max(Entry.occurred_at))
        .where(
            Entry.conversation_id.in_(conversation_ids),
            Entry.author_kind == "person",
            Entry.visibility == "public",
            Entry.undone_at.is_(None),
            _reached_somebody(),
            (Entry.kind != "call") | select(Call.id).where(_of_entry, Call.answered_at.is_not(None)).exists(),
        )
        .group_by(Entry.conversation_id)
    )
    answered = dict.fromkeys(conversation_ids, 0) | dict(unit.rows(answers))
    contacts = (
        select(Entry.conversation_id, Entry.occurred_at)
        .join(Mail, (Mail.municipality_id == Entry.municipality_id) & (Mail.entry_id == Entry.id), isouter=True)
        .where(
            Entry.conversation_id.in_(conversation_ids),
            Entry.author_kind == "citizen",
            Entry.kind.not_in(("call", "visit")),
            Entry.occurred_at > min(answered.values()),
            Mail.automatic.is_(None) | Mail.automatic.not_in(NO_CONTACT),
        )
        .order_by(Entry.occurred_at.desc())
    )
    return {row_id: came for row_id, came in unit.rows(contacts) if came > answered[row_id]}  # the oldest is read last


_of_entry = (Call.municipality_id == Entry.municipality_id) & (Call.entry_id == Entry.id)


def _reached_somebody() -> ColumnElement[bool]:
    """An answer all of whose deliveries failed is none."""
    of_entry = select(Delivery.id).where(Delivery.entry_id == Entry.id)
    return ~of_entry.where(Delivery.state == "failed").exists() | of_entry.where(Delivery.state != "failed").exists()


def due_for(unit: Unit, municipality_id: int, queue_id: int, at: int) -> int:
    """When a contact that came at `at` is due, by its queue's rule in its municipality's calendar."""
    municipality = unit.get(Municipality, municipality_id)
    queue = unit.get(Queue, queue_id)
    if municipality is None or queue is None:
        raise Invalid("queue", "the conversation's queue or municipality is gone")
    days = calendar.ANSWER_DAYS if queue.answer_days is None else queue.answer_days
    return calendar.due(at, days, municipality.timezone, municipality.country)


def _id(row_id: int | None) -> str | None:
    return None if row_id is None else str(row_id)
