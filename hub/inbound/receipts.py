"""Receipts for the first mails of a group: who gets one, and its rows, in the transaction that begins the conversation.

One a conversation; two an hour and three a day to one address, whoever it belongs to and however it answers (RFC 3834);
so many an hour in all. Never to what no person wrote, to addresses that nobody reads, to our own, to a sender who is
perhaps forged; not to a mail that was written days ago, as those of a mailbox that is joined with all it holds; and not
to one that brings a code: it was sent here to be shown to whoever asked for it.
"""

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select

from hub import clock
from hub.channels.channel import Channel
from hub.contract import Refused
from hub.formats.compose import check_address
from hub.inbound.thread import Incoming, Thread
from hub.inbox import receipt, reply_token
from hub.inbox.municipality import Municipality
from hub.inbox.receipt import ReceiptRule, SentReceipt
from hub.storage.ids import new_id
from hub.storage.unit import Unit
from hub.storage.words import marks, tokens

A_DAY, AN_HOUR = 3, 2
"""To one address."""
TOO_OLD = 3 * clock.DAY
"""Since it was written, by its Date: a receipt would surprise whoever was answered long ago."""
ALL_AN_HOUR = 500
"""From this installation: a storm that nothing else stops, this does."""
_NOBODY = re.compile(
    r"(?:.*[._+-])?(?:no-?reply|do-?not-?reply|noreply|svara-?ej|ej-?svar|ikke-?svar|svar-?ikke|ei-?vastausta|"
    r"ala-?vastaa|mailer-daemon|postmaster|bounces?|notifications?|newsletter|nyhetsbrev)(?:[._+=-].*)?",
    re.I,
)
_CODE = re.compile(
    r"(?:verification|verify|confirmation|security|one[- ]time|activation|login|sign[- ]in|pass)[ -]?(?:code|pin)"
    r"|(?:verifierings|bekräftelse|engångs|säkerhets|aktiverings|inloggnings|bekreftelses|engangs|sikkerhets|"
    r"aktiverings|bekræftelses|vahvistus|kertakäyttö)-?(?:kod|kode|koodi|lösenord|passord|salasana)"
    r"|(?:confirm|verify|activate) your (?:e-?mail|account|address|identity)"
    r"|(?:bekräfta|verifiera|aktivera|bekreft|bekræft|vahvista) (?:din|ditt|dit|kontoen|e-?post|sähköposti)",
    re.I,
)
_HOUR = clock.DAY // 24
_READ = 3_000
"""Letters of a text that are searched for a code."""

log = logging.getLogger(__name__)


class Begun(Struct, frozen=True):
    """A conversation that this group begins, by its first mail."""

    thread: Thread
    mail: Incoming


class Way(Struct, frozen=True):
    """The channel it leaves by, and as whom: the municipality's name and one of its addresses."""

    channel_id: int
    name: str
    address: str


class Receipt(Struct, frozen=True):
    """One to be sent: the fields of its entry and the rows that name that."""

    thread: Thread
    entry: dict[str, Any]
    mail: dict[str, Any]
    delivery: dict[str, Any]
    sent: dict[str, Any]
    found_by: Sequence[str]


def receipts(unit: Unit, begun: Sequence[Begun]) -> list[Receipt]:
    """Those that are to be sent. One statement for a group where no rule asks for any; five at most."""
    rules = {
        (rule.municipality_id, rule.queue_id): rule
        for rule in receipt.rules(unit, sorted({each.thread.municipality_id for each in begun}))
    }
    asked = []
    for each in begun if rules else ():
        of_queue = rules.get((each.thread.municipality_id, each.mail.place.queue_id))
        rule = of_queue or rules.get((each.thread.municipality_id, None))
        if rule is not None and _allows(rule, each.mail):
            asked.append((each, rule))
    routes = _routes(unit, {each.mail.channel_id for each, _ in asked})
    asked = [(each, rule) for each, rule in asked if each.mail.channel_id in routes]
    numbers = _numbers(unit, [each for each, _ in asked])
    names = _names(unit, {each.thread.municipality_id for each, _ in asked})
    return [
        _made(
            unit,
            each,
            rule.words,
            Way(routes[each.mail.channel_id], names[each.thread.municipality_id], each.mail.our_address),
            numbers[each.thread.id],
        )
        for each, rule in asked
        if each.thread.id in numbers
    ]


def of_form(unit: Unit, begun: Begun, way: Way) -> Receipt | None:
    """To an address that somebody typed into a form which says that it sends one. One an hour at most: it may be
    another's, who is to be told nothing more often than that."""
    mail, thread = begun.mail, begun.thread
    if not can_be_answered(mail.sender):
        return None
    numbers = _numbers(unit, [begun], 1)
    if thread.id not in numbers:
        return None
    rules = {rule.queue_id: rule for rule in receipt.rules(unit, [thread.municipality_id])}
    rule = rules.get(mail.place.queue_id) or rules.get(None)
    return _made(unit, begun, rule.words if rule else {}, way, numbers[thread.id])


def may_be_answered(mail: Incoming) -> bool:
    """By a program, as far as the mail itself tells."""
    message = mail.message
    if message.automatic is not None or mail.envelope_sender == "" or not mail.our_address:
        return False
    return can_be_answered(mail.sender) and not brings_a_code(message.subject, message.text)


def can_be_answered(address: str) -> bool:
    """It is one, and somebody may read what comes to it."""
    try:
        check_address(address)
    except Refused:
        return False
    return not _NOBODY.fullmatch(address.rpartition("@")[0])


def brings_a_code(subject: str, text: str) -> bool:
    """Of another service, that somebody gave our address to: whoever gets to read it has that account."""
    return _CODE.search(f"{subject}\n{text[:_READ]}") is not None


def _allows(rule: ReceiptRule, mail: Incoming) -> bool:
    written_at = mail.message.sent_at
    if written_at is not None and written_at < mail.received_at - TOO_OLD:
        return False
    words = (mail.authentication or "").split()
    if not rule.is_on or {"own", "failed"} & set(words) or not (rule.unconfirmed or "known" in words):
        return False
    return may_be_answered(mail)


def _routes(unit: Unit, channel_ids: set[int]) -> dict[int, int]:
    """Channel -> the one that sends for it."""
    if not channel_ids:
        return {}
    rows = unit.rows(select(Channel.id, Channel.sends_by_id).where(Channel.id.in_(channel_ids)))
    return {row_id: sends_by_id for row_id, sends_by_id in rows if sends_by_id is not None}


def _names(unit: Unit, municipality_ids: set[int]) -> dict[int, str]:
    if not municipality_ids:
        return {}
    return dict(unit.rows(select(Municipality.id, Municipality.name).where(Municipality.id.in_(municipality_ids))))


def _numbers(unit: Unit, begun: Sequence[Begun], an_hour: int = AN_HOUR) -> dict[int, tuple[str, int, int]]:
    """Conversation -> its sender's hash, the day and which of the day's receipts to them it is; others get none."""
    if not begun:
        return {}
    now = clock.now()
    day = now // clock.DAY
    hashes = {each.thread.id: unit.keys.mac("receipt", each.mail.sender.encode()).hex()[:32] for each in begun}
    unit.take_turns(hashes.values())  # else two processes that read its mails at once would take the same number
    rows = unit.rows(
        select(SentReceipt.sender, SentReceipt.day, SentReceipt.number, SentReceipt.sent_at).where(
            SentReceipt.sender.in_(set(hashes.values())), SentReceipt.sent_at > now - clock.DAY
        )
    )
    recent, last_hour, numbered = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        recent[row.sender] += 1
        last_hour[row.sender] += row.sent_at > now - _HOUR
        if row.day == day:
            numbered[row.sender] = max(numbered[row.sender], row.number)
    sent = unit.rows(select(func.count()).select_from(SentReceipt).where(SentReceipt.sent_at > now - _HOUR))[0][0]
    found: dict[int, tuple[str, int, int]] = {}
    for each in begun:
        sender = hashes[each.thread.id]
        if recent[sender] >= A_DAY or last_hour[sender] >= an_hour or numbered[sender] >= A_DAY:
            continue
        if sent + len(found) >= ALL_AN_HOUR:
            log.warning("no more receipts for now: %d went out in the last hour, which is all that may", ALL_AN_HOUR)
            break
        for counter in (recent, last_hour, numbered):
            counter[sender] += 1
        found[each.thread.id] = (sender, day, numbered[sender])
    return found


def _made(unit: Unit, begun: Begun, words: Mapping[str, str], way: Way, numbered: tuple[str, int, int]) -> Receipt:
    thread, mail = begun.thread, begun.mail
    language = mail.language or mail.place.language
    subject, text = receipt.said(words, language, thread.id, way.name)
    entry_id, municipality_id = new_id(), thread.municipality_id
    token = reply_token.make(unit.keys, thread.id, municipality_id, mail.sender)
    message_id = f"<{token}.{entry_id:x}@{way.address.rpartition('@')[2]}>"
    # An id that a stranger wrote would carry their words to whoever they name.
    known = "known" in (mail.authentication or "").split()
    answered = mail.message.message_id if known else None
    now = clock.now()
    row = {"id": new_id(), "municipality_id": municipality_id, "entry_id": entry_id}
    sender, day, number = numbered
    return Receipt(
        thread=thread,
        entry={
            "id": entry_id,
            "occurred_at": now,
            "kind": "mail",
            "author_kind": "hub",
            "channel_id": way.channel_id,
            "visibility": "public",
            "language": language,
            "text": text,
            "body": {"what": "receipt", "name": way.name, "address": way.address, "subject": subject},
        },
        mail={
            **row,
            "message_id": message_id,
            "in_reply_to": answered,
            "refs": [answered] if answered else [],
            **_addressed(mail, way.address, token),
            "automatic": "auto_reply",
            "authentication": None,
            "safe_html": None,
        },
        delivery={
            **row,
            "id": new_id(),
            "channel_id": way.channel_id,
            "recipient": mail.sender,
            "message_id": message_id,
            "not_before": now,
            "state": "queued",
            "attempt": 0,
            "fence": 0,
        },
        sent={
            "id": new_id(),
            "municipality_id": municipality_id,
            "conversation_id": thread.id,
            "sender": sender,
            "day": day,
            "number": number,
            "sent_at": now,
        },
        found_by=[*tokens(receipt.reference(thread.id), language), *marks("mail", files=False)],
    )


def _addressed(mail: Incoming, ours: str, token: str) -> dict[str, Any]:
    back = reply_token.address_with(token, ours) or ours
    return {"sender": ours, "recipients": {"to": [mail.sender], "reply_to": back}}
