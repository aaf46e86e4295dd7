"""Transcript: what was said in a chat, sent once to the address that it was asked for, when the chat is over.

Only of a chat in which one of ours answered, and only so many a day to one address: else whoever names a stranger's
could have us write to them what they like.
"""

from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from hub import clock
from hub.errors import Conflict, Invalid
from hub.inbox import outgoing, reply_token
from hub.inbox.chat import Chat
from hub.inbox.colleagues import PERSON
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.inbox.municipality import Municipality
from hub.inbox.outgoing import Envelope, Route
from hub.storage.unit import Unit

A_DAY = 3
"""To one address."""
_WORDS = {
    "sv": ("Din chatt med {name}", "Detta skrevs i din chatt med {name} den {day}:", "Du", "fil"),
    "nb": ("Din chat med {name}", "Dette ble skrevet i din chat med {name} den {day}:", "Du", "fil"),
    "nn": ("Chatten din med {name}", "Dette vart skrive i chatten din med {name} den {day}:", "Du", "fil"),
    "da": ("Din chat med {name}", "Dette blev skrevet i din chat med {name} den {day}:", "Du", "fil"),
    "en": ("Your chat with {name}", "This was written in your chat with {name} on {day}:", "You", "file"),
}
"""By language: subject, first line, what the visitor is called, a file."""


def ask(unit: Unit, row: Chat, email: str, *, allowed: bool) -> None:
    """It goes there when the chat is over; asked for again it goes once, to where it was asked for last.

    Raises Invalid, Conflict.
    """
    address = outgoing.recipients("email", [email])[0]
    if not allowed:
        raise Conflict("No transcripts are sent of this chat.")
    if row.transcript_to == address:
        return
    if row.transcript_sent_at is not None:
        raise Conflict("What was said in this chat was sent already.")
    answered = select(Entry.id).where(
        Entry.conversation_id == row.conversation_id, Entry.kind == "chat", Entry.author_kind == "person"
    )
    if unit.first(answered) is None:
        raise Conflict("Nobody has answered in this chat yet.")
    lately = select(func.count()).where(
        Chat.municipality_id == row.municipality_id,
        Chat.transcript_to == address,
        Chat.transcript_asked_at > clock.now() - clock.DAY,
    )
    if unit.rows(lately)[0][0] >= A_DAY:
        raise Invalid("email", "enough was sent to this address today")
    row.transcript_to, row.transcript_asked_at = address, clock.now()


def send(unit: Unit, row: Chat, conversation: Conversation, municipality: Municipality, route: Route) -> Entry:
    """The mail, at once, through the outbox; from now on it was sent."""
    subject, first, visitor, file = _WORDS.get(row.language, _WORDS["en"])
    zone = ZoneInfo(municipality.timezone)
    day = clock.to_datetime(row.started_at).astimezone(zone).strftime("%Y-%m-%d")
    lines = [first.format(name=municipality.name, day=day), ""]
    said = (
        select(Entry.occurred_at, Entry.author_kind, Entry.text, PERSON.c.name)
        .join(PERSON, PERSON.c.id == Entry.author_id, isouter=True)
        .where(
            Entry.conversation_id == conversation.id,
            Entry.first_conversation_id == row.conversation_id,
            Entry.kind == "chat",
            Entry.visibility == "public",
        )
        .order_by(Entry.id)
    )
    for each in unit.rows(said):
        at = clock.to_datetime(each.occurred_at).astimezone(zone).strftime("%H:%M")
        who = visitor if each.author_kind == "citizen" else (each.name or municipality.name).split(" ")[0]
        lines.append(f"{at} {who}: {each.text or f'({file})'}")
    entry = conversation.append(
        unit,
        Entry(
            kind="mail",
            author_kind="hub",
            channel_id=route.channel_id,
            visibility="public",
            language=row.language,
            text="\n".join(lines),
            body={
                "what": "transcript",
                "name": route.name,
                "address": route.address,
                "subject": subject.format(name=municipality.name),
            },
        ),
    )
    assert row.transcript_to is not None  # as asked for
    token = reply_token.make(unit.keys, conversation.id, conversation.municipality_id, row.transcript_to)
    message_id = f"<{token}.{entry.id:x}@{route.address.rpartition('@')[2]}>"
    outgoing.send(unit, conversation, entry, route, Envelope(to=[row.transcript_to], message_id=message_id), 0)
    mail = unit.first(select(Mail).where(Mail.entry_id == entry.id))
    assert mail is not None  # just written
    mail.automatic = "auto_reply"
    row.transcript_sent_at = clock.now()
    return entry
