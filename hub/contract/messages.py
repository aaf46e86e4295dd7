"""What goes between the hub and a connector: raw events in, items out of `parse`, messages to send."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from hub.contract.calls import CallStep
from hub.contract.texts import ReceivedText, TextReport


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
    received_at: int = 0
    """Microseconds UTC. The hub fills it in for `parse`: what an event is dated by whose source says no time."""


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


class Invitation(Struct, frozen=True, kw_only=True):
    """A meeting that a mail carries (RFC 5545). Its file is among the attachments."""

    method: str
    """request, cancel, reply, publish, counter …; empty when the calendar names none."""
    summary: str
    starts: int | None
    """Microseconds UTC; of a whole day its midnight in UTC, whatever the zone."""
    ends: int | None
    """Not part of it: of whole days the day after the last."""
    all_day: bool
    place: str
    organizer: Address
    repeats: bool = False


Automatic: TypeAlias = Literal["auto_reply", "bulk", "bounce", "complaint", "receipt", "generated"]


ReportedAction: TypeAlias = Literal["failed", "delayed", "delivered", "relayed", "read"]


class DeliveryReport(Struct, frozen=True, kw_only=True):
    """What became of a mail of ours for one recipient, as the other side says (RFC 3464, RFC 8098).

    It is part of the mail that brings it: that is an entry of its own, and the report changes the delivery it is about.
    """

    kind: Literal["dsn", "mdn"]
    """From a mail server, or from the recipient's mail program."""
    message_id: str
    """Of the mail that was sent. Who doesn't know it reports on nothing."""
    recipients: Sequence[str]
    """One recipient's addresses, in lower case: as it was addressed, and where it went on to."""
    action: ReportedAction
    """relayed: to where nobody reports from, or to several."""
    envelope_id: str | None = None
    status: str | None = None
    """RFC 3463, as 5.1.1."""
    words: str = ""
    """The other side's own, on one line."""


class FormAnswer(Struct, frozen=True, kw_only=True):
    """One field of a form as it was filled in, with what it was called then."""

    key: str
    kind: str
    label: str
    text: str
    """In words; of an identity number empty, for that is in `sealed`."""
    sealed: tuple[str, str] | None = None
    """Of an identity number: its cipher and its keyed hash. Somebody typed it, which confirms nothing."""


class ReceivedForm(Struct, frozen=True, kw_only=True):
    """What a form brought besides its words: by which version it was filled in, and what it says of its sender."""

    form: str
    """Its id; `version`: the number of the version that was filled in."""
    version: int
    title: str
    language: str
    answers: Sequence[FormAnswer]
    phone: str | None = None
    """A claimed number, as it was written."""
    topic: str | None = None
    receipt: bool = False
    """Whoever gave an address is sent one."""
    doubts: Sequence[str] = ()
    """Why it may be spam: honeypot, fast, links, many."""


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
    delivered_to: Sequence[str] = ()
    """Addresses of Delivered-To and X-Original-To: to whom it was brought, as the mail says."""
    authentication_results: Sequence[str] = ()
    """Values of Authentication-Results (RFC 8601) as they came, topmost first: whose to trust the hub decides."""
    automatic: Automatic | None = None
    """None: a person wrote it, as far as the headers tell (RFC 3834, RFC 3464)."""
    reports: Sequence[DeliveryReport] = ()
    """What a bounce or receipt says of mails of ours."""
    attachments: Sequence[ReceivedAttachment] = ()
    remote_images: Sequence[str] = ()
    """Addresses of the pictures that `html` would load from elsewhere: the n-th stands as `data-remote="n"`, from 0."""
    invitations: Sequence[Invitation] = ()
    problems: Sequence[str] = ()
    """What was wrong with it and how it was read all the same; a sentence each."""
    form: ReceivedForm | None = None
    """It was filled in, and isn't a mail."""


Item: TypeAlias = ReceivedMessage | CallStep | ReceivedText | TextReport


class Batch(Struct, frozen=True, kw_only=True):
    """What a pull brought. Keep it to a few MB: its events are in memory, and are committed together."""

    events: Sequence[RawEvent]
    cursor: bytes
    """Opaque to the hub; commits together with the events, and comes back with the next pull."""
    more: bool = False
    """There is more to fetch now."""
    behind: int | None = None
    """How many the source still has to be fetched, as far as that is known."""
    vanished: int = 0
    """How many were seen at the source and gone before they could be fetched."""
    warning: str | None = None
    """What IT has to see to soon, though it works yet: a log-in that is about to run out."""


class Tally(Struct, frozen=True, kw_only=True):
    """What one of a source's mailboxes holds, for reconciling."""

    mailbox: str
    at_source: int
    keys: Sequence[str]
    """Of those that should be here: fetched, as far as the cursor says."""
    waiting: int = 0
    """How many are there to be fetched yet."""
    left_out: int = 0
    """How many the settings leave at the source: older than the day that the channel begins with."""


Keep: TypeAlias = Callable[[Sequence[RawEvent]], Awaitable[Sequence[str]]]
"""Returns after COMMIT, one reference per event, an identical one again getting its first reference. Raises NotKept."""


class SentAttachment(Struct, frozen=True):
    """A file to send along."""

    name: str
    media_type: str
    content: bytes
    inline_id: str | None = None
    """Of a picture that is shown in the text: its Content-ID, without angle brackets."""


class Quoted(Struct, frozen=True):
    """What is answered, to stand below the answer. `heading`: who wrote it, and when."""

    heading: str
    text: str


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
    signature: str = ""
    """Plain text that stands below `text`."""
    quoted: Quoted | None = None
    """None: nothing is quoted."""
    automatic: bool = False
    """A program answers by it, and no person: it says so (RFC 3834), so that no program answers in turn."""


class Receipt(Struct, frozen=True):
    """The other side has taken it. `outside_id`: its own name for it, as it said it."""

    outside_id: str | None
    refused: Mapping[str, str] = {}
    """recipient -> the other side's words, where it took the message for some only."""
    parts: int | None = None
    """Of a text message: how many it was sent as."""
    cost: str | None = None
    """What the other side asks for it, as `0.35 SEK`."""


class Arrival(Struct, frozen=True):
    """What a router sees of an item: nothing of the database."""

    channel: str
    origin: Mapping[str, str]
    subject: str
    sender: str
    recipients: Sequence[str]
    """Of a call: the queue it waits in, then the number that was dialled, as far as they are known."""


class Routing(Struct, frozen=True):
    """Where an item belongs: a municipality's code, and a queue's id in text."""

    municipality: str
    queue: str


Router: TypeAlias = Callable[[Arrival], Routing | None]
"""Pure; the first answer wins, in the order of the setting `routers`."""
