"""Question: a citizen who answers something closed, under another subject, may be asking something new.

The mail joins what it answers; whether it is a question of its own a person says, and can take back.
"""

import re

from sqlalchemy import select, update

from hub.clock import NEVER
from hub.errors import Conflict, Invalid, NotFound
from hub.inbox import merge
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.participant import Participant
from hub.inbox.receipt import SUBJECTS
from hub.storage.unit import Unit

_BEFORE = re.compile(r"(?:re|sv|vs|aw|antw|fwd?|vb|vl|wg|ang|videresendt)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*:\s*", re.I)
_NUMBER = re.compile(r"[\[(]?\s*#\s?[\w-]{1,30}\s*[\])]?|[\[(][A-Z]{0,10}[- #]?\d[\w-]{2,30}[\])]", re.I)
_LONGEST = 1_000
_RECEIPTS = frozenset(each.partition(" (")[0].casefold() for each in SUBJECTS.values())
ASKED = "other_subject"
"""In the entry that says that a conversation was opened again: the mail after it has another subject."""


def is_another(subject: str, of: str) -> bool:
    """Whether a mail's subject is another than its conversation's, marks of answers and numbers left out."""
    said, known = _bare(subject), _bare(of)
    return bool(said) and said != known and said not in _RECEIPTS


def _bare(subject: str) -> str:
    rest = subject[:_LONGEST].strip()
    while found := _BEFORE.match(rest):
        rest = rest[found.end() :]
    return " ".join(_NUMBER.sub(" ", rest).split()).casefold()


def part(unit: Unit, conversation: Conversation, by_id: int, entry: Entry) -> Conversation:
    """That mail and what came after it become a conversation of their own; what it answered is closed as it was."""
    if entry.conversation_id != conversation.id or entry.kind != "mail" or entry.author_kind != "citizen":
        raise NotFound("There is no such mail in this conversation.")
    conversation.require_whole()
    if entry.first_conversation_id != conversation.id:
        raise Conflict("It came with another conversation that was merged into this one: take that out first.")
    before = select(Entry.id).where(
        Entry.conversation_id == conversation.id, Entry.author_kind == "citizen", Entry.id < entry.id
    )
    if unit.first(before) is None:
        raise Invalid("entry", "it is the first mail here: nothing would be left of the conversation")
    row = Conversation(
        municipality_id=conversation.municipality_id,
        citizen_id=conversation.citizen_id,
        queue_id=conversation.queue_id,
        confidential_queue_id=conversation.confidential_queue_id,
        assignee_id=conversation.assignee_id,
        subject=entry.body.get("subject") or conversation.subject,
        language=entry.language,
        opened_at=entry.occurred_at,
        contact_kind=conversation.contact_kind,
        related_id=conversation.id,
        last_entry_id=entry.id,
    )
    unit.add(row)
    _take_part(unit, row, conversation)
    unit.change(
        update(Entry)
        .where(
            Entry.conversation_id == conversation.id,
            Entry.first_conversation_id == conversation.id,
            Entry.id >= entry.id,
            Entry.kind != "change",
        )
        .values(conversation_id=row.id, first_conversation_id=row.id)
    )
    row.due_at = row.owed(unit)
    row.append_change(unit, by_id, "question_from", {"conversation": str(conversation.id)})
    if conversation.closed_at is None and conversation.wait_until is None:
        conversation.due_at = conversation.owed(unit)
    ends = conversation.closed_at is None and conversation.due_at == NEVER
    if ends:
        conversation.end(None)
    conversation.append_change(unit, by_id, "question_parted", {"conversation": str(row.id), "closed": ends})
    return row


def undo(unit: Unit, conversation: Conversation, by_id: int, own: Conversation) -> None:
    """It was the same question after all: what became a conversation of its own is part of this one."""
    if own.related_id != conversation.id or own.is_part:
        raise NotFound("That conversation didn't come out of this one.")
    if conversation.closed_at is not None:
        conversation.reopen(unit, by_id)
    merge.merge(unit, conversation, by_id, own)


def keep(unit: Unit, conversation: Conversation, by_id: int) -> Entry:
    """It is the same question: nobody is asked any more."""
    return conversation.append_change(unit, by_id, "question_same", {})


def _take_part(unit: Unit, row: Conversation, conversation: Conversation) -> None:
    """Whoever did there."""
    for each in unit.all(select(Participant).where(Participant.conversation_id == conversation.id)):
        unit.add(
            Participant(
                municipality_id=row.municipality_id,
                conversation_id=row.id,
                citizen_point_id=each.citizen_point_id,
                role=each.role,
                confirmed_at=each.confirmed_at,
                confirmed_by=each.confirmed_by,
            )
        )
