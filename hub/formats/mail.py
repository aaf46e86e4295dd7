"""A mail as it came (RFC 5322, MIME) to our message: the parser of all mail connectors.

What can be read is read and the rest told in `problems`; Unreadable only where reading on would be unsafe (`limits`).
"""

from collections.abc import Sequence

from hub.contract.messages import Address, RawEvent, ReceivedMessage
from hub.formats import addresses, automatic, bodies, dates, limits, names, parts, quotes, reports
from hub.formats.headers import Headers, one_line

_RESULTS = 20
"""Authentication-Results that are kept: every server on the way may add one, and the first of ours decides."""


def parse(group: Sequence[RawEvent]) -> Sequence[ReceivedMessage]:
    """One message for each event; an event that came twice gives one. Its key is the event's. Raises Unreadable."""
    items: list[ReceivedMessage] = []
    for event in {event.key: event for event in group}.values():
        stub = event.whole_size is not None and event.whole_size > len(event.body)
        cut = f"Only the first {len(event.body)} of {event.whole_size} bytes were fetched." if stub else None
        items.append(_parse(event.body, event.key, [cut] if cut else [], event.origin.get("from")))
    return items


def parse_mail(body: bytes, key: str) -> ReceivedMessage:
    """One mail. Raises Unreadable when it breaks a limit of `limits`."""
    return _parse(body, key, [])


def _parse(body: bytes, key: str, problems: list[str], envelope: str | None = None) -> ReceivedMessage:
    mail = parts.parse(body)
    headers = mail.headers
    headers.charset = mail.charset
    people = _People(headers)
    wrote = [one for one in people.read("from") if one.address or one.name] or people.read("sender")
    sender = next((one for one in wrote if "@" in one.address), wrote[0] if wrote else None)
    if sender is None:
        problems.append("The mail names no sender.")
    elif deceptive := names.deceptive_sender(sender.name, sender.address):
        problems.append(deceptive)
    sent_at = dates.read(headers.raw("date"))
    if sent_at is None:
        problems.append("The mail has no date that can be read.")
    content = bodies.read(mail)
    subject = headers.text("subject")
    sender = Address(names.without_overrides(sender.name), sender.address) if sender else Address("", "")
    answered, references = headers.id("in-reply-to"), headers.ids("references")
    written = quotes.visible(content.text, subject, answers=bool(answered or references) or quotes.is_answer(subject))
    said = automatic.Said(sender.address, sender.name, subject, content.text, written, envelope)
    kind = automatic.classify(mail, headers, said)
    return ReceivedMessage(
        key=key,
        sender=sender,
        to=people.read("to"),
        cc=people.read("cc"),
        reply_to=people.read("reply-to"),
        subject=subject,
        text=content.text,
        visible_text=content.text.strip() if automatic.is_report(kind) else written,
        html=content.html,
        sent_at=sent_at,
        message_id=headers.id("message-id"),
        in_reply_to=answered,
        references=references,
        delivered_to=[each.address for name in ("delivered-to", "x-original-to") for each in people.read(name)],
        authentication_results=[one_line(each) for each in headers.all("authentication-results")[:_RESULTS]],
        automatic=kind,
        reports=reports.read(mail, kind, content.text),
        attachments=content.attachments,
        remote_images=content.remote_images,
        invitations=content.invitations,
        problems=list(dict.fromkeys([*problems, *people.problems, *headers.problems, *content.problems])),
    )


class _People:
    """The address headers, which share one limit."""

    def __init__(self, headers: Headers) -> None:
        self.headers = headers
        self.left = limits.ADDRESSES
        self.problems: list[str] = []

    def read(self, name: str) -> list[Address]:
        found: list[Address] = []
        for value in self.headers.all(name):
            some, more = addresses.read(value, self.left, self.headers.charset)
            found += some
            self.left -= len(some)
            if more:
                self.problems.append(
                    f"The mail has more than {limits.ADDRESSES} addresses, the limit: the rest of {name} was left out."
                )
        return found
