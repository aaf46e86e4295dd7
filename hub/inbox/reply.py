"""Reply: an answer to the citizen. The entry and its deliveries commit together; the row is the job.

It goes to the sender of the newest contact who takes part in the conversation. A Cc of an incoming mail never becomes a
recipient.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select

from hub import clock, faults
from hub.clock import NEVER
from hub.errors import Conflict, Invalid
from hub.inbox import reply_token
from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.inbox.participant import Participant
from hub.storage import search_index
from hub.storage.unit import Happening, Unit
from hub.storage.words import tokens

_MOST_REFERENCES = 20


class Route(Struct, frozen=True):
    """By which channel an answer leaves, and as whom. `address`: ours, that the citizen's mail came to."""

    channel_id: int
    address: str
    name: str


def reply(unit: Unit, conversation: Conversation, by_id: int, text: str, route: Route, undo_seconds: int) -> Entry:
    """The conversation's answer, held back for `undo_seconds`. Raises Invalid when nobody can be answered by mail."""
    if not text.strip():
        raise Invalid("text", "an answer says something")
    recipient = _recipient(unit, conversation)
    asked = _newest_mail(unit, conversation)
    entry = conversation.append(
        unit,
        Entry(
            kind="mail",
            author_kind="person",
            author_id=by_id,
            channel_id=route.channel_id,
            visibility="public",
            language=conversation.language,
            text=text,
            body={"subject": _subject(conversation.subject), "name": route.name, "address": route.address},
        ),
    )
    token = reply_token.make(unit.keys, conversation.id, conversation.municipality_id, recipient)
    domain = route.address.rpartition("@")[2]
    message_id = f"<{token}.{entry.id:x}@{domain}>"
    references = [*asked.refs, asked.message_id] if asked and asked.message_id else []
    unit.add(
        Mail(
            municipality_id=conversation.municipality_id,
            entry_id=entry.id,
            message_id=message_id,
            in_reply_to=asked.message_id if asked else None,
            refs=references[-_MOST_REFERENCES:],
            sender=route.address,
            recipients={"to": [recipient], "reply_to": reply_token.address_with(token, route.address) or route.address},
        )
    )
    _queue(unit, entry, route.channel_id, recipient, message_id, clock.now() + undo_seconds * clock.SECOND)
    conversation.due_at, conversation.wait_until = NEVER, None
    search_index.write(unit, [(entry.id, entry.municipality_id, tokens(text, conversation.language))])
    faults.point("reply_written")
    return entry


def undo(unit: Unit, conversation: Conversation, by_id: int, entry: Entry) -> None:
    """Take back what hasn't left yet. Raises Conflict when any of it has been leased to be sent."""
    deliveries = unit.all(select(Delivery).where(Delivery.entry_id == entry.id).with_for_update())
    now = clock.now()
    if entry.undone_at is not None or any(row.state != "queued" or row.not_before <= now for row in deliveries):
        raise Conflict("It is too late to undo: the answer has left, or is leaving.")
    for row in deliveries:
        row.state, row.settled_at, row.reason = "failed", now, "undone"
    entry.undone_at = now
    if conversation.closed_at is None:
        conversation.due_at = conversation.owed(unit)
    conversation.append_change(unit, by_id, "undone", {"entry": str(entry.id)})


def _queue(unit: Unit, entry: Entry, channel_id: int, recipient: str, message_id: str, not_before: int) -> None:
    delivery = Delivery(
        municipality_id=entry.municipality_id,
        entry_id=entry.id,
        channel_id=channel_id,
        recipient=recipient,
        message_id=message_id,
        not_before=not_before,
    )
    unit.add(delivery)
    unit.note(Happening("delivery_queued", delivery.id, entry.municipality_id, entry.conversation_id))


def _recipient(unit: Unit, conversation: Conversation) -> str:
    """The participant whose mail came last; else the one who has taken part longest."""
    points: Sequence[CitizenPoint] = unit.all(
        select(CitizenPoint)
        .join(Participant, Participant.citizen_point_id == CitizenPoint.id)
        .where(
            Participant.conversation_id == conversation.id,
            CitizenPoint.kind == "email",
            CitizenPoint.ended_at.is_(None),
        )
        .order_by(Participant.id)
    )
    if not points:
        raise Invalid("text", "nobody in this conversation can be answered by mail")
    newest = _newest_mail(unit, conversation)
    by_key = {point.match_key: point.value for point in points}
    return by_key.get(newest.sender, points[0].value) if newest else points[0].value


def _newest_mail(unit: Unit, conversation: Conversation) -> Mail | None:
    return unit.first(
        select(Mail)
        .join(Entry, Entry.id == Mail.entry_id)
        .where(Entry.conversation_id == conversation.id, Entry.author_kind == "citizen", Mail.automatic.is_(None))
        .order_by(Entry.occurred_at.desc(), Entry.id.desc())
    )


def _subject(subject: str) -> str:
    return subject if subject[:3].lower() in {"re:", "sv:"} else f"Re: {subject}"
