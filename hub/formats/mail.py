"""A mail as it came (RFC 5322, MIME) to our message: the parser of all mail connectors.

What can be read is read and the rest told in `problems`; Unreadable only where reading on would be unsafe (`limits`).
"""

import email
from collections.abc import Sequence
from email.message import Message

from hub.contract.errors import Unreadable
from hub.contract.messages import Address, RawEvent, ReceivedMessage
from hub.formats import addresses, automatic, bodies, dates, limits, long_bodies, quotes
from hub.formats.headers import Headers


def parse(group: Sequence[RawEvent]) -> Sequence[ReceivedMessage]:
    """One message for each event; an event that came twice gives one. Its key is the event's. Raises Unreadable."""
    items: list[ReceivedMessage] = []
    for event in {event.key: event for event in group}.values():
        stub = event.whole_size is not None and event.whole_size > len(event.body)
        cut = f"Only the first {len(event.body)} of {event.whole_size} bytes were fetched." if stub else None
        items.append(_parse(event.body, event.key, [cut] if cut else []))
    return items


def parse_mail(body: bytes, key: str) -> ReceivedMessage:
    """One mail. Raises Unreadable when it breaks a limit of `limits`."""
    return _parse(body, key, [])


def _parse(body: bytes, key: str, problems: list[str]) -> ReceivedMessage:
    messages = limits.scan(body)
    short, long = long_bodies.cut(body)
    mail = _structure(short)
    headers = Headers(mail)
    people = _People(headers)
    sender = people.read("from") or people.read("sender")
    if not sender:
        problems.append("The mail names no sender.")
    sent_at = dates.read(headers.raw("date"))
    if sent_at is None:
        problems.append("The mail has no date that can be read.")
    content = bodies.read(mail, body, messages, long)
    return ReceivedMessage(
        key=key,
        sender=sender[0] if sender else Address("", ""),
        to=people.read("to"),
        cc=people.read("cc"),
        reply_to=people.read("reply-to"),
        subject=headers.text("subject"),
        text=content.text,
        visible_text=quotes.visible(content.text),
        html=content.html,
        sent_at=sent_at,
        message_id=headers.id("message-id"),
        in_reply_to=headers.id("in-reply-to"),
        references=headers.ids("references"),
        automatic=automatic.classify(mail, headers, sender[0].address if sender else ""),
        attachments=content.attachments,
        problems=list(dict.fromkeys([*problems, *people.problems, *headers.problems, *content.problems])),
    )


def _structure(body: bytes) -> Message:
    """The standard library's parts, headers untouched. It trips over some malformed parameters."""
    try:
        return email.message_from_bytes(body)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        raise Unreadable(f"The structure of the mail can't be read ({type(error).__name__}).") from error


class _People:
    """The address headers, which share one limit."""

    def __init__(self, headers: Headers) -> None:
        self.headers = headers
        self.left = limits.ADDRESSES
        self.problems: list[str] = []

    def read(self, name: str) -> list[Address]:
        found: list[Address] = []
        for value in self.headers.all(name):
            some, more = addresses.read(value, self.left)
            found += some
            self.left -= len(some)
            if more:
                self.problems.append(
                    f"The mail has more than {limits.ADDRESSES} addresses, the limit: the rest of {name} was left out."
                )
        return found
