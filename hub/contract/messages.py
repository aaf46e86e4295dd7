"""What goes between the hub and a connector: raw events in, items out of `parse`, messages to send."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct


class RawEvent(Struct, frozen=True):
    """What came, byte for byte. `key`: the source's own identity, unique in the channel."""

    key: str
    body: bytes
    media_type: str
    group: str | None = None
    """Events of one group (a call) are parsed together; None: stands alone."""
    origin: Mapping[str, str] = {}
    """Envelope, folder, peer, and what `parse` or a router must know of the settings; never secrets."""
    whole_size: int | None = None
    """Bytes at the source, when `body` is a stub of something over the limit."""


class Address(Struct, frozen=True):
    """A mail address as written by its sender; `name` may be empty."""

    name: str
    address: str


class ReceivedAttachment(Struct, frozen=True):
    """A file that came with a message. `name` is data: never a path."""

    name: str
    media_type: str
    size: int
    """Bytes of `content`."""
    sha256: str
    inline: bool
    content_id: str | None
    content: bytes = b""


Automatic: TypeAlias = Literal["auto_reply", "bulk", "bounce", "complaint", "receipt", "generated"]


class ReceivedMessage(Struct, frozen=True, kw_only=True):
    """A message from outside, in our words. Text is clean: no NUL, no lone surrogate."""

    key: str
    """Stable in its group, so that a replay updates and never doubles."""
    sender: Address
    to: Sequence[Address] = ()
    cc: Sequence[Address] = ()
    reply_to: Sequence[Address] = ()
    subject: str = ""
    text: str = ""
    visible_text: str = ""
    """`text` without what it quotes of earlier messages."""
    html: str | None = None
    """Sanitised; None when there was none."""
    sent_at: int | None = None
    """Microseconds UTC, as the sender claims."""
    message_id: str | None = None
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    automatic: Automatic | None = None
    """None: a person wrote it, as far as the headers tell (RFC 3834, RFC 3464)."""
    attachments: Sequence[ReceivedAttachment] = ()
    problems: Sequence[str] = ()
    """What was wrong with it and how it was read all the same; a sentence each."""


Item: TypeAlias = ReceivedMessage

Keep: TypeAlias = Callable[[Sequence[RawEvent]], Awaitable[Sequence[str]]]
"""Returns after COMMIT, one reference per event, an identical one again getting its first reference. Raises NotKept."""


class SentAttachment(Struct, frozen=True):
    """A file to send along."""

    name: str
    media_type: str
    content: bytes


class OutgoingMessage(Struct, frozen=True, kw_only=True):
    """One message to one recipient. Nothing in it has CR or LF but `text`.

    One that goes to several is one of these for each: the same id, the same `to` and `cc`, another `recipient`.
    """

    message_id: str
    """With its angle brackets; the same on every attempt."""
    sender: Address
    reply_to: Address
    recipient: Address
    subject: str
    text: str
    written_at: int
    """Microseconds UTC: the Date header, the same on every attempt."""
    language: str
    to: Sequence[Address] = ()
    """Whom every copy names in To; empty: the recipient."""
    cc: Sequence[Address] = ()
    """Whom every copy names in Cc. To show, not to send to."""
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    attachments: Sequence[SentAttachment] = ()


class Receipt(Struct, frozen=True):
    """The other side has taken it. `outside_id`: its own name for it, as it said it."""

    outside_id: str | None
    refused: Mapping[str, str] = {}
    """recipient -> the other side's words, where it took the message for some only."""


class Arrival(Struct, frozen=True):
    """What a router sees of an item: nothing of the database."""

    channel: str
    origin: Mapping[str, str]
    subject: str
    sender: str
    recipients: Sequence[str]


class Routing(Struct, frozen=True):
    """Where an item belongs: a municipality's code, and a queue's id in text."""

    municipality: str
    queue: str


Router: TypeAlias = Callable[[Arrival], Routing | None]
"""Pure; the first answer wins, in the order of the setting `routers`."""
