"""Reply: an answer to the citizen. The entry and its deliveries commit together; the row is the job.

It goes to the sender of the newest contact who takes part in the conversation. A Cc of an incoming mail never becomes a
recipient; who is copied by an agent's own act gets the mail and takes no part all the same: what they write begins a
conversation of its own.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec.structs import replace
from sqlalchemy import bindparam, select

from hub import clock, faults
from hub.clock import NEVER
from hub.errors import Conflict, Invalid
from hub.inbox import letterhead, links, outgoing, placeholders, quotation, reply_token
from hub.inbox.citizen import CitizenPoint
from hub.inbox.colleagues import PERSON
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.inbox.letterhead import Below
from hub.inbox.outgoing import Envelope, File, Route
from hub.inbox.participant import taking_part
from hub.storage.unit import Unit

_MOST_REFERENCES = 20
_MAILS = (
    select(Mail)
    .join(Entry, Entry.id == Mail.entry_id)
    .where(Entry.conversation_id == bindparam("conversation"), Mail.automatic.is_(None))
    .order_by(Entry.occurred_at.desc(), Entry.id.desc())
)
_THEIRS = _MAILS.where(Entry.author_kind == "citizen")
_OURS = _MAILS.where(Entry.visibility == "public", Entry.undone_at.is_(None))
_WRITTEN = ("mail", "note", "chat", "call", "form", "visit", "sms")
"""Kinds of entry that somebody should have read before they answer; changes aren't."""

Then = Literal["close", "wait"]


class Overtaken(Conflict):
    """Somebody has added `entry_id` to the conversation since its writer looked."""

    def __init__(self, entry_id: int, sentence: str, **said: object) -> None:
        super().__init__(sentence, **said)
        self.entry_id = entry_id


def reply(
    unit: Unit,
    conversation: Conversation,
    by_id: int,
    text: str,
    route: Route,
    undo_seconds: int,
    *,
    cc: Sequence[str] = (),
    files: Sequence[File] = (),
    then: Then | None = None,
    until: int | None = None,
) -> Entry:
    """The conversation's answer, held back for `undo_seconds`. Raises Invalid when nobody can be answered by mail.

    `then`: it is closed, or waits until `until` (microseconds UTC), in the same unit; undone, it is as it was before.
    """
    require_sound(text, then, until)
    points = _points(unit, conversation)
    asked = _newest_mail(unit, conversation)
    to = _recipient(points, asked)
    recipient = to.value
    copies = outgoing.recipients("cc", cc, but=[recipient])
    body: dict[str, Any] = {"subject": outgoing.answer_subject(conversation.subject), "before": state(conversation)}
    letter = letterhead.below(unit, placeholders.where(conversation, by_id))
    if letter.quotes and (said := quotation.find(unit, conversation, asked, to)) is not None:
        body["quotes"] = str(said.id)
    entry = outgoing.write(unit, conversation, by_id, route, text, body, below=letter)
    envelope = _envelope(
        unit, conversation, entry, route, recipient, copies, asked, {each.match_key for each in points}
    )
    outgoing.send(unit, conversation, entry, route, envelope, undo_seconds, files)
    conclude(unit, conversation, by_id, entry, then, until)
    return entry


def below(unit: Unit, conversation: Conversation, by_id: int) -> Below:
    """What will stand below this person's answer: a quotation only where there is something to quote."""
    found = letterhead.below(unit, placeholders.where(conversation, by_id))
    points, asked = _points(unit, conversation), _newest_mail(unit, conversation)
    quotes = bool(points) and quotation.find(unit, conversation, asked, _recipient(points, asked)) is not None
    return replace(found, quotes=found.quotes and quotes)


def require_sound(text: str, then: Then | None, until: int | None) -> None:
    """Raises Invalid for an answer that says nothing, or a time that goes with nothing."""
    if not text.strip():
        raise Invalid("text", "an answer says something")
    if (then == "wait") != (until is not None):
        raise Invalid("until", "a time to wait until goes with then = wait, and with nothing else")


def conclude(
    unit: Unit, conversation: Conversation, by_id: int, entry: Entry, then: Then | None, until: int | None
) -> None:
    """What an answer does to its conversation: nothing is owed, and `then`. `entry.body` has how it was `before`."""
    conversation.due_at, conversation.wait_until = NEVER, None
    if then == "close" and conversation.closed_at is None:
        conversation.close(unit, by_id)
    elif then == "wait" and until is not None:
        conversation.wait(unit, by_id, until)
    entry.body = entry.body | {"then": then, "after": state(conversation)}
    faults.point("reply_written")


def expect_seen(unit: Unit, conversation: Conversation, by_id: int, seen_entry_id: int) -> None:
    """Raises Overtaken when somebody else has written something newer than what the writer has seen."""
    newer = unit.rows(
        select(Entry.id, Entry.kind, Entry.author_kind, Entry.visibility, PERSON.c.name)
        .join(PERSON, PERSON.c.id == Entry.author_id, isouter=True)
        .where(
            Entry.conversation_id == conversation.id,
            Entry.id > seen_entry_id,
            Entry.kind.in_(_WRITTEN),
            (Entry.author_kind == "citizen") | (Entry.author_id != by_id),
            Entry.undone_at.is_(None),
        )
        .order_by(Entry.id.desc())
        .limit(1)
    )
    for row in newer:
        if row.author_kind != "person":
            raise Overtaken(
                row.id, "The citizen has written again since you read this. Read it first, or send over it."
            )
        if row.kind == "note":
            raise Overtaken(
                row.id, "{name} has written a note since you read this. Read it first, or send over it.", name=row.name
            )
        if row.visibility == "public":
            raise Overtaken(
                row.id, "{name} has answered since you read this. Read it first, or send over it.", name=row.name
            )
        raise Overtaken(
            row.id, "{name} has forwarded it since you read this. Read it first, or send over it.", name=row.name
        )


def undo(unit: Unit, conversation: Conversation, by_id: int, entry: Entry, *, may_open: bool = True) -> None:
    """Take back what hasn't left yet. Raises Conflict when any of it has been leased to be sent, or never was to be.

    `may_open`: whoever asks could take back as well what stands in its way. What the answer did to the conversation is
    undone with it, unless something has happened there since.
    """
    deliveries = unit.all(select(Delivery).where(Delivery.entry_id == entry.id).with_for_update())
    now = clock.now()
    if not deliveries:
        raise Conflict("There is nothing to undo: this wasn't sent from here.")
    if entry.undone_at is not None or any(row.state != "queued" or row.not_before <= now for row in deliveries):
        raise Conflict("It is too late to undo: the answer has left, or is leaving.")
    if entry.visibility == "public" and links.copy_of(unit, conversation) is not None:
        if not may_open:
            raise Conflict(
                "It was handed on with this answer in it, by somebody who works where you no longer do: ask them to"
                " take the conversation back, and the answer with it. Until then it leaves as it is."
            )
        raise Conflict("It was handed on with this answer in it: take the conversation back first, then the answer.")
    for row in deliveries:
        row.state, row.settled_at, row.reason = "failed", now, "undone"
    entry.undone_at = now
    details: dict[str, Any] = {"entry": str(entry.id)}
    if entry.visibility == "public":
        details |= _restore(unit, conversation, entry)
        if conversation.closed_at is None and conversation.wait_until is None:
            conversation.due_at = conversation.owed(unit)
    conversation.append_change(unit, by_id, "undone", details)


def restore_since(unit: Unit, conversation: Conversation, since: int) -> dict[str, Any]:
    """It comes out of another one again: what those of its answers did to it that were taken back there is undone.

    `since`: when it became part of that one. Returns what the timeline should say of it; due is for the caller.
    """
    details: dict[str, Any] = {}
    conversation.due_at = conversation.wait_until or NEVER  # as any answer leaves it
    undone = select(Entry).where(
        Entry.conversation_id == conversation.id,
        Entry.first_conversation_id == conversation.id,
        Entry.undone_at >= since,
        Entry.visibility == "public",
    )
    for entry in unit.all(undone.order_by(Entry.id.desc())):  # the newest first, as they would have been taken back
        details |= _restore(unit, conversation, entry)
    return details


def _restore(unit: Unit, conversation: Conversation, entry: Entry) -> dict[str, Any]:
    """Wait and closure as before the entry; returns what the timeline should say of it."""
    before, after = entry.body.get("before"), entry.body.get("after")
    details: dict[str, Any] = {}
    # The whole that it became part of stays open; `restore_since` closes the part, when that comes out again.
    ends_another = before and before["closed_at"] and entry.first_conversation_id != conversation.id
    as_it_left_it = before is not None and after == state(conversation) and not ends_another
    if as_it_left_it and not _answered_since(unit, conversation, entry):
        if bool(before["closed_at"]) != (conversation.closed_at is not None):
            details["closed" if before["closed_at"] else "reopened"] = True
        if before["wait_until"]:
            details["until"] = before["wait_until"]
        conversation.due_at = _instant(before["due_at"]) or NEVER
        conversation.wait_until, conversation.closed_at = _instant(before["wait_until"]), _instant(before["closed_at"])
    return details


def _answered_since(unit: Unit, conversation: Conversation, entry: Entry) -> bool:
    """Whether a contact, or another answer that stands, came after it."""
    later = select(Entry.id).where(
        Entry.conversation_id == conversation.id,
        Entry.id > entry.id,
        Entry.visibility == "public",
        Entry.undone_at.is_(None),
    )
    return unit.first(later) is not None


def state(conversation: Conversation) -> dict[str, str | None]:
    """What an answer changes, to be compared and put back: an entry's `before` and `after`."""
    times = {"due_at": conversation.due_at, "wait_until": conversation.wait_until, "closed_at": conversation.closed_at}
    return {name: clock.to_iso(at) for name, at in times.items()}


def _instant(said: str | None) -> int | None:
    return None if said is None else clock.from_datetime(datetime.fromisoformat(said))


def _envelope(
    unit: Unit,
    conversation: Conversation,
    entry: Entry,
    route: Route,
    recipient: str,
    copies: Sequence[str],
    asked: Mail | None,
    taking_part: set[str],
) -> Envelope:
    """A token is its recipient's own: only who takes part gets one, for nobody else's would let them join."""
    back = {}
    token = reply_token.make(unit.keys, conversation.id, conversation.municipality_id, recipient)
    for address in (recipient, *(each for each in copies if each.lower() in taking_part)):
        own = reply_token.make(unit.keys, conversation.id, conversation.municipality_id, address)
        if tagged := reply_token.address_with(own, route.address):
            back[address] = tagged
    references = [*asked.refs, asked.message_id] if asked and asked.message_id else []
    return Envelope(
        to=[recipient],
        cc=copies,
        reply_to=back,
        message_id=f"<{token}.{entry.id:x}@{route.address.rpartition('@')[2]}>",
        in_reply_to=asked.message_id if asked else None,
        refs=references[-_MOST_REFERENCES:],
    )


def has_recipient(unit: Unit, conversation: Conversation) -> bool:
    """Whether anybody here can be answered by mail."""
    return bool(_points(unit, conversation))


def _points(unit: Unit, conversation: Conversation) -> Sequence[CitizenPoint]:
    """The addresses that take part, the one longest there first."""
    return taking_part(unit, conversation.id, "email")


def _recipient(points: Sequence[CitizenPoint], newest: Mail | None) -> CitizenPoint:
    """The participant whose mail came last; else the one who has taken part longest."""
    if not points:
        raise Invalid("text", "nobody in this conversation can be answered by mail")
    by_key = {point.match_key: point for point in points}
    return by_key.get(newest.sender, points[0]) if newest else points[0]


def _newest_mail(unit: Unit, conversation: Conversation) -> Mail | None:
    """The citizen's; before they have written, our own."""
    theirs = unit.first(_THEIRS, conversation=conversation.id)
    return theirs or unit.first(_OURS, conversation=conversation.id)
