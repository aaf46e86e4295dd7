"""Outgoing: what every mail of ours has, be it an answer, a forward or a new message.

The entry, its mail, its files and a delivery for each recipient commit together; the rows are the job. All recipients
stand in To and Cc of every copy, under one Message-ID.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.contract.errors import Refused
from hub.errors import Invalid
from hub.formats import letter
from hub.formats.compose import check_address
from hub.inbox import letterhead, placeholders
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.letterhead import Below
from hub.inbox.sent_copy import SentCopy
from hub.storage import search_index
from hub.storage.unit import Happening, Unit
from hub.storage.words import marks, tokens

MOST_RECIPIENTS = 20
_LONGEST_ADDRESS = 254
_ANSWER = re.compile(r"\s*(?:re|sv|vs|aw|antw)\s*:", re.I)
_FORWARD = re.compile(r"\s*(?:fwd?|vb|vs|vl|wg|videresendt)\s*:", re.I)


class Route(Struct, frozen=True):
    """By which channel an answer leaves, and as whom. `address`: ours, that the citizen's mail came to.

    `kept_in`: the channel whose mailbox gets a copy; None: none does.
    """

    channel_id: int
    address: str
    name: str
    kept_in: int | None = None


class File(Struct, frozen=True):
    """A file to go along: its content lies in the blob folder, or is a small one's `body`. `id`: its public one."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    blob: str | None
    body: bytes | None = None


class Envelope(Struct, frozen=True, kw_only=True):
    """To whom a mail goes and how it comes back. `reply_to`: recipient -> an address of their own; else ours."""

    to: Sequence[str]
    cc: Sequence[str] = ()
    reply_to: Mapping[str, str] = {}
    message_id: str
    in_reply_to: str | None = None
    refs: Sequence[str] = ()


def recipients(field: str, said: Sequence[str], but: Sequence[str] = ()) -> list[str]:
    """As they were typed, each once and none of `but`. Raises Invalid, naming the one that is no mail address."""
    known = {each.lower() for each in but}
    found = []
    for each in said:
        address = each.strip()
        try:
            if len(address) > _LONGEST_ADDRESS:
                raise Refused("longer than a mail address may be")
            check_address(address)
        except Refused as error:
            shown = address[:_LONGEST_ADDRESS] or "nothing"
            raise Invalid(field, "{address} is no mail address", address=shown) from error
        if address.lower() not in known:
            known.add(address.lower())
            found.append(address)
    if len(found) > MOST_RECIPIENTS:
        most = MOST_RECIPIENTS
        raise Invalid(field, "a mail goes to {most} addresses at most: this is no place for mailings", most=most)
    return found


def write(
    unit: Unit,
    conversation: Conversation,
    by_id: int,
    route: Route,
    text: str,
    body: Mapping[str, object],
    visibility: str = "public",
    below: Below | None = None,
) -> Entry:
    """Its entry in the timeline, from the address it leaves from. `body`: what this kind of mail says besides.

    Its signature is written down as it is now: every attempt sends the same. `below`: where it was looked up already.
    """
    below = below or letterhead.below(unit, placeholders.where(conversation, by_id))
    signature = {"signature": below.signature} if below.signature else {}
    return conversation.append(
        unit,
        Entry(
            kind="mail",
            author_kind="person",
            author_id=by_id,
            channel_id=route.channel_id,
            visibility=visibility,
            language=conversation.language,
            text=text,
            body={"name": route.name, "address": route.address, **signature, **body},
        ),
    )


def send(
    unit: Unit,
    conversation: Conversation,
    entry: Entry,
    route: Route,
    envelope: Envelope,
    undo_seconds: int,
    files: Sequence[File] = (),
) -> None:
    """What makes an entry of kind mail a mail that leaves, after `undo_seconds`."""
    own = {address: back for address, back in envelope.reply_to.items() if address != envelope.to[0]}
    addressed: dict[str, object] = {"to": list(envelope.to), **({"cc": list(envelope.cc)} if envelope.cc else {})}
    addressed["reply_to"] = envelope.reply_to.get(envelope.to[0], route.address)
    unit.add(
        Mail(
            municipality_id=conversation.municipality_id,
            entry_id=entry.id,
            message_id=envelope.message_id,
            in_reply_to=envelope.in_reply_to,
            refs=list(envelope.refs),
            sender=route.address,
            recipients=addressed | ({"reply_to_of": own} if own else {}),
        )
    )
    attach(unit, entry, files, route.address.rpartition("@")[2])
    not_before = clock.now() + undo_seconds * clock.SECOND
    for recipient in (*envelope.to, *envelope.cc):
        delivery = Delivery(
            municipality_id=entry.municipality_id,
            entry_id=entry.id,
            channel_id=route.channel_id,
            recipient=recipient,
            message_id=envelope.message_id,
            not_before=not_before,
        )
        unit.add(delivery)
        unit.note(Happening("delivery_queued", delivery.id, entry.municipality_id, entry.conversation_id))
    if route.kept_in is not None:
        unit.add(SentCopy(municipality_id=entry.municipality_id, entry_id=entry.id, channel_id=route.kept_in))
    words = " ".join([entry.text, *(each.name for each in files)])
    found_by = [*tokens(words, conversation.language), *marks(entry.kind, files=bool(files))]
    search_index.write(unit, [(entry.id, entry.municipality_id, found_by)])


def attach(unit: Unit, entry: Entry, files: Sequence[File], domain: str = "") -> None:
    """Their rows; the content is where it was put when they were uploaded.

    `domain`: of a mail's Content-IDs; a picture whose name stands in brackets in the text is shown there.
    """
    for file in files:
        unit.add(
            Attachment(
                municipality_id=entry.municipality_id,
                public_id=file.id,
                entry_id=entry.id,
                sha256=file.sha256,
                blob=file.blob,
                body=file.body,
                name=file.name,
                media_type=file.media_type,
                size=file.size,
                inline_id=f"{file.id}@{domain}" if domain and _stands_in(entry.text, file) else None,
            )
        )


def _stands_in(text: str, file: File) -> bool:
    return letter.is_picture(file.media_type) and letter.mark_of(file.name) in text


def reply_to(mail: Mail, recipient: str) -> str:
    """Where this recipient's answer goes: with a token of theirs, if they take part; else to our address as it is."""
    said = mail.recipients
    if recipient == said["to"][0]:
        back: str = said["reply_to"]
        return back
    own: Mapping[str, str] = said.get("reply_to_of", {})
    return own.get(recipient, mail.sender)


def files_of(unit: Unit, entry_id: int) -> Sequence[Attachment]:
    """In the order they were added."""
    return unit.all(select(Attachment).where(Attachment.entry_id == entry_id).order_by(Attachment.id))


def clean_subject(subject: str) -> str:
    """On one line, and nothing in it that a header may not carry."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in subject).split())


def answer_subject(subject: str) -> str:
    """Marked as an answer once, in whatever Nordic or German a mail program marks it."""
    return subject if _ANSWER.match(subject) else f"Re: {subject}"


def forward_subject(subject: str) -> str:
    """Marked as forwarded once."""
    return subject if _FORWARD.match(subject) else f"Fw: {subject}"
