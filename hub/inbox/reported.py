"""Reported: what the other side says became of a delivery after it took it. Saying it twice changes nothing.

Whoever reports knows the delivery's Message-ID, which nobody can guess, and its recipient.
"""

from collections.abc import Sequence

from hub import clock
from hub.clock import NEVER
from hub.contract.messages import DeliveryReport
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.storage.unit import Happening, Unit

_OUT = ("handed_over", "sent", "uncertain")
"""States of what the other side may have."""
_LONGEST_WORDS = 300
_REASONS = (
    (("5.1.2", "5.1.8", "5.4.4", "4.4.4", "5.4.1"), "The domain of the address takes no mail ({why})."),
    (("5.1.",), "The address doesn't exist ({why})."),
    (("5.2.1", "4.2.1"), "The mailbox is closed ({why})."),
    (("5.2.2", "4.2.2"), "The mailbox is full ({why})."),
    (("5.2.3", "5.3.4"), "The mail is too large for the other side ({why})."),
    (("5.7.", "5.6."), "The other side's mail server refuses it ({why})."),
    (("5.4.7", "4.4.7", "4.4.1"), "It couldn't be delivered in time ({why})."),
)
"""Beginnings of a status (RFC 3463), and what it means to an agent; the first counts."""
_OTHERWISE = "The other side's mail server couldn't deliver it ({why})."
_DELAYED = "It is delayed on its way; the other side tries on ({why})."


def apply(unit: Unit, row: Delivery, report: DeliveryReport, at: int) -> bool:
    """Whether it failed by this. `row` is locked; `at`: when the report came, in microseconds UTC."""
    if row.again_at is not None and at < row.again_at:
        return False  # it tells of what was sent before a person sent it again
    before = (row.state, row.reason, row.delayed_at, row.delivered_at, row.read_at)
    failed = report.action == "failed"
    if failed:
        _failed(row, report, at)
    elif report.action == "delayed":
        _delayed(row, report, at)
    else:
        _arrived(row, report, at)
    changed = (row.state, row.reason, row.delayed_at, row.delivered_at, row.read_at) != before
    if changed:
        unit.note(Happening("delivery_changed", row.id, row.municipality_id))
    return changed and failed


def failed(unit: Unit, entry: Entry) -> None:
    """What was sent reached nobody: its conversation is somebody's again. A program's receipt is nobody's."""
    if entry.author_kind == "person":
        come_back(unit, entry.conversation_id)
    elif entry.kind == "sms":
        _promised_to_nobody(unit, entry.conversation_id)


def _promised_to_nobody(unit: Unit, conversation_id: int) -> None:
    """The hub's text messages tell what one of ours has promised, and answer nothing: what is owed stays owed. But that
    the citizen knows of no promise is due now, whatever is waited for.
    """
    conversation = unit.lock(Conversation, conversation_id)
    if conversation is None or conversation.is_part:
        return
    now = clock.now()
    if conversation.closed_at is not None:
        conversation.reopen(unit, None)
    if conversation.wait_until is not None:
        conversation.wait_until = min(conversation.wait_until, now)
    conversation.due_at = min(conversation.due_at, now)
    unit.note(Happening("conversation_changed", conversation.id, conversation.municipality_id, conversation.id))


def come_back(unit: Unit, conversation_id: int) -> None:
    """A mail of ours failed: its conversation is open and waits for nothing, and what it answered is owed again. A
    part stays as it is."""
    conversation = unit.lock(Conversation, conversation_id)
    if conversation is None or conversation.is_part:
        return
    if conversation.closed_at is not None:
        conversation.reopen(unit, None)
    elif conversation.wait_until is not None:
        # Whoever waits for the citizen waits in vain, and knows it at once: the wait may be of weeks.
        conversation.resume(unit, None)
        if conversation.due_at == NEVER:
            conversation.due_at = clock.now()
    else:
        conversation.due_at = conversation.owed(unit)
        unit.note(Happening("conversation_changed", conversation.id, conversation.municipality_id, conversation.id))


def is_for(row: Delivery, report: DeliveryReport) -> bool:
    """Whether the report is about this delivery's recipient."""
    return row.message_id == report.message_id and row.recipient.lower() in report.recipients


def _failed(row: Delivery, report: DeliveryReport, at: int) -> None:
    if row.state not in _OUT or row.read_at is not None:
        return
    row.state, row.settled_at, row.lease_until = "failed", at, None
    row.reason = _sentence(report)


def _delayed(row: Delivery, report: DeliveryReport, at: int) -> None:
    if row.state not in _OUT or row.delivered_at is not None or row.read_at is not None:
        return
    if row.delayed_at is None:
        row.delayed_at = at
        row.reason = _DELAYED.format(why=_why(report))
    _has_left(row, at)


def _arrived(row: Delivery, report: DeliveryReport, at: int) -> None:
    was_read = report.action == "read"
    if row.state not in _OUT and not (row.state == "failed" and was_read):
        return
    if row.state != "sent" or row.delayed_at is not None:
        row.reason = None
    if report.action != "relayed":
        row.delivered_at = row.delivered_at or at
    if was_read:
        row.read_at = row.read_at or at
    row.state = "sent" if row.state == "failed" else row.state
    _has_left(row, at)


def _has_left(row: Delivery, at: int) -> None:
    """What was uncertain the other side has: it says so."""
    if row.state in ("uncertain", "handed_over"):
        row.state, row.settled_at, row.lease_until = "sent", at, None
        row.reason = row.reason if row.delayed_at == at else None


def _sentence(report: DeliveryReport) -> str:
    status = report.status or ""
    for beginnings, sentence in _REASONS:
        if status.startswith(beginnings):
            return sentence.format(why=_why(report))
    return _OTHERWISE.format(why=_why(report))


def _why(report: DeliveryReport) -> str:
    """The other side's words with the status once."""
    words = report.words[:_LONGEST_WORDS]
    said: Sequence[str] = [each for each in (report.status or "", words) if each]
    if report.status and report.status in words:
        said = [words]
    return " ".join(said) or "no reason given"
