"""Links between conversations: moved from one municipality to another, or of a mail that came by several mailboxes.

Only those that whoever asks may open are named: that there is one elsewhere is told to nobody else.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import bindparam, select

from hub import clock
from hub.inbox.colleagues import PERSON, person_name
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.storage.unit import Unit

MayOpen = Callable[[Conversation], bool]
_MOVES = frozenset({"misdirected", "received", "taken_back"})
_ELSEWHERE = frozenset({"municipality", "queue", "conversation", "version"})
_MOST_MAILS = 20
_MAILS = (
    select(Entry.conversation_id, Mail.message_id, Mail.sender, Entry.text)
    .join(Entry, (Entry.municipality_id == Mail.municipality_id) & (Entry.id == Mail.entry_id))
    .where(Mail.message_id.is_not(None), Entry.author_kind == "citizen")
)
_NAMED = _MAILS.where(
    Mail.municipality_id.in_(bindparam("municipalities", expanding=True)),
    Mail.message_id.in_(bindparam("message_ids", expanding=True)),
)
_OWN_MAILS = _MAILS.where(Entry.conversation_id == bindparam("conversation")).order_by(Entry.id).limit(_MOST_MAILS)


class Linked(Struct, frozen=True):
    """A conversation elsewhere."""

    id: str
    municipality_id: str


class AlsoSent(Struct, frozen=True):
    """Where the same mail came, too. `assignee`: who is to answer there; `answered_by`, `answered_at`: who has."""

    id: str
    municipality_id: str
    queue_id: str
    assignee: str | None
    answered_by: str | None = None
    answered_at: datetime | None = None


def moved_from(unit: Unit, conversation: Conversation, may_open: MayOpen) -> Linked | None:
    """Where it was misdirected to before it came here."""
    return _linked(unit.get(Conversation, conversation.moved_from), may_open)


def moved_to(unit: Unit, conversation: Conversation, may_open: MayOpen) -> Linked | None:
    """Where its copy is, while it is closed as misdirected."""
    return _linked(unit.get(Conversation, copy_of(unit, conversation)), may_open)


def copy_of(unit: Unit, conversation: Conversation) -> int | None:
    """Its copy's id, as the entry that says so has it; None for one that was only noted as misdirected, or is open."""
    if conversation.closed_as != "misdirected" or conversation.closed_at is None:
        return None
    changes = select(Entry).where(Entry.conversation_id == conversation.id, Entry.kind == "change")
    for entry in unit.all(changes.order_by(Entry.occurred_at.desc(), Entry.id.desc())):
        if entry.body["what"] == "misdirected":
            return int(entry.body["conversation"]) if "conversation" in entry.body else None
    return None


def told(unit: Unit, entry: Entry, may_open: MayOpen) -> Any:
    """An entry's body. One that says where a conversation went or came from says it to who may open it there.

    To the others it says that it was moved, by whom and when. A note of where it belongs names nothing that is there.
    """
    if entry.kind != "change" or entry.body["what"] not in _MOVES or "conversation" not in entry.body:
        return entry.body
    elsewhere = unit.get(Conversation, int(entry.body["conversation"]))
    if elsewhere is not None and may_open(elsewhere):
        return entry.body
    return {name: value for name, value in entry.body.items() if name not in _ELSEWHERE}


def also_sent(unit: Unit, conversation: Conversation, may_open: MayOpen) -> Sequence[AlsoSent]:
    """Where the very same mail came as well: same Message-ID, same sender, same words, by another mailbox of ours.

    A Message-ID alone can be claimed by anybody. What was moved from one to the other was sent once.
    """
    own = unit.rows(_OWN_MAILS, conversation=conversation.id)
    if not own:
        return []
    wanted = {tuple(mail) for _, *mail in own}
    here = unit.scope.municipalities or (conversation.municipality_id,)
    named = unit.rows(_NAMED, municipalities=here, message_ids=[each[1] for each in own])
    ids = {row_id for row_id, *mail in named if tuple(mail) in wanted} - {conversation.id}
    rows = unit.all(select(Conversation).where(Conversation.id.in_(ids)).order_by(Conversation.id)) if ids else ()
    sent = [
        row
        for row in rows
        if conversation.id != row.moved_from and row.id != conversation.moved_from and not row.is_part and may_open(row)
    ]
    answers = _answers(unit, sent)
    return [
        AlsoSent(
            str(row.id),
            str(row.municipality_id),
            str(row.queue_id),
            person_name(unit, row.assignee_id),
            *answers.get(row.id, ()),
        )
        for row in sent
    ]


def _answers(unit: Unit, conversations: Sequence[Conversation]) -> dict[int, tuple[str, datetime]]:
    """Who answered last in each, and when."""
    if not conversations:
        return {}
    rows = unit.rows(
        select(Entry.conversation_id, PERSON.c.name, Entry.occurred_at)
        .join(PERSON, PERSON.c.id == Entry.author_id)
        .where(
            Entry.conversation_id.in_([each.id for each in conversations]),
            Entry.author_kind == "person",
            Entry.visibility == "public",
            Entry.undone_at.is_(None),
        )
        .order_by(Entry.occurred_at)
    )
    return {row_id: (name, clock.to_datetime(at)) for row_id, name, at in rows}


def _linked(conversation: Conversation | None, may_open: MayOpen) -> Linked | None:
    if conversation is None or not may_open(conversation):
        return None
    return Linked(str(conversation.id), str(conversation.municipality_id))
