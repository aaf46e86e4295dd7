"""Deliver: lease what is due, hand it to its channel's connector, settle what came of it.

The lease's fence stands in every WHERE clause after it: who comes back too late changes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, select, update

from hub import clock, faults
from hub.channels.channel import Channel
from hub.channels.pause import pause
from hub.contract import (
    Address,
    AuthFailed,
    Deferred,
    Misconfigured,
    OutgoingMessage,
    OutgoingText,
    PluginError,
    Receipt,
    Refused,
    Sends,
    SentAttachment,
    Texts,
)
from hub.errors import TorgError, Unavailable
from hub.inbox import outgoing
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import UNSETTLED, Delivery, is_one_of
from hub.inbox.entry import Attachment, Entry, Mail
from hub.outbound import freeze, pace, settle
from hub.outbound.connectors import CHANNELS, Connectors
from hub.outbound.quoted import quoted
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

OUTBOX = Scope.everything("outbox")
_AGAIN = 1.0
"""Seconds before the end of an attempt is written once more."""

log = logging.getLogger(__name__)


class Leased(Struct, frozen=True):
    """A delivery that is ours until its lease ends, with what is to be sent."""

    id: int
    fence: int
    channel_id: int
    message: OutgoingMessage | OutgoingText


class LostLease(Exception):
    """Somebody else has leased it since: nothing has left, and nothing shall."""


def lease(unit: Unit, seconds: int, limit: int, busy: Sequence[int] = ()) -> Sequence[Leased]:
    """What is due now, oldest first, but for paused channels and those that are `busy`; of one with a pace only one.

    Nothing after a restore, until somebody has looked.
    """
    if freeze.present(unit) is not None:
        return []
    found = list(_lease(unit, _waits(_unpaced(unit, busy)), seconds, limit))
    for channel in pace.their_turn(unit, busy):
        one = _lease(unit, and_(_waits(busy), Delivery.channel_id == channel.id), seconds, 1)
        if one:
            pace.took_a_turn(channel)
        found += one
    return found


def _lease(unit: Unit, which: ColumnElement[bool], seconds: int, limit: int) -> Sequence[Leased]:
    now = clock.now()
    due = (
        select(Delivery.id)
        .where(which, Delivery.not_before <= now)
        .order_by(Delivery.not_before, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")  # as a subquery PostgreSQL may ask it anew for each row, and then its limit is none
    )
    rows = unit.changed(
        update(Delivery)
        .where(Delivery.id.in_(select(due.c.id)))
        .values(
            state="leased",
            attempt=Delivery.attempt + 1,
            fence=Delivery.fence + 1,
            lease_until=now + seconds * clock.SECOND,
            handed_over_at=None,
        )
        .returning(Delivery.id, Delivery.fence, Delivery.channel_id)
    )
    return [Leased(row.id, row.fence, row.channel_id, message_of(unit, row.id)) for row in sorted(rows)]


def next_due(unit: Unit, busy: Sequence[int] = ()) -> int | None:
    """When the next delivery may be made, microseconds; None when none waits. The same channels don't count."""
    if freeze.present(unit) is not None:
        return None
    waiting = select(Delivery.not_before).order_by(Delivery.not_before)
    times = [unit.first(waiting.where(_waits(_unpaced(unit, busy))))]
    for channel_id, turn in pace.paced(unit):
        if (due := unit.first(waiting.where(_waits(busy), Delivery.channel_id == channel_id))) is not None:
            times.append(max(due, turn))
    return min((each for each in times if each is not None), default=None)


def _unpaced(unit: Unit, busy: Sequence[int]) -> Sequence[int]:
    return [*busy, *(channel_id for channel_id, _ in pace.paced(unit))]


def _waits(busy: Sequence[int]) -> ColumnElement[bool]:
    paused = select(Channel.id).where(Channel.paused_why.is_not(None))
    return and_(
        is_one_of(UNSETTLED),
        Delivery.state.in_(("queued", "deferred")),
        Delivery.channel_id.not_in(paused),
        Delivery.channel_id.not_in(busy),
    )


async def deliver(storage: Storage, connectors: Connectors, leased: Leased, lease_seconds: int) -> None:
    """One attempt. Every way it can end is a state of the row."""
    faults.point("leased")
    handed_over = False

    async def handing_over() -> None:
        nonlocal handed_over
        faults.point("connected")
        if not await storage.write(OUTBOX, settle.hand_over, leased.id, leased.fence, lease_seconds):
            raise LostLease
        handed_over = True
        faults.point("handed_over")

    try:
        receipt = await _send(storage, connectors, leased, handing_over)
    except LostLease:
        log.warning("delivery %d: the lease was lost before anything left", leased.id)
        return
    except Refused as error:
        outcome = settle.Outcome("failed", str(error))
    except Deferred as error:
        outcome = settle.Outcome("deferred", str(error), wait=error.wait)
    except (AuthFailed, Misconfigured) as error:
        # The channel can't send for anyone: it stands still until somebody has seen to it.
        await storage.write(CHANNELS, pause, leased.channel_id, str(error))
        outcome = _unexpected(leased, error, handed_over)
    except Exception as error:  # noqa: BLE001 - after the point of no return whatever happens leaves it uncertain
        outcome = _unexpected(leased, error, handed_over)
    else:
        faults.point("accepted")
        outcome = _taken(leased, receipt)
    await _settle(storage, leased, outcome, lease_seconds)
    faults.point("settled")


async def _settle(storage: Storage, leased: Leased, outcome: settle.Outcome, seconds: int) -> None:
    """While the lease lasts a database that is away is waited for: what came of it is known here and nowhere else.

    Settled twice is settled once: nothing that has an end is given another under the same fence. Raises Unavailable.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            await storage.write(OUTBOX, settle.settle, leased.id, leased.fence, outcome)
        except Unavailable:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(_AGAIN)
        else:
            return


def _taken(leased: Leased, receipt: Receipt) -> settle.Outcome:
    """A connector whose other side takes a message for some of its recipients says so in the receipt."""
    recipient = leased.message.recipient
    address_of = recipient if isinstance(recipient, str) else recipient.address
    for address, words in receipt.refused.items():
        if address.lower() == address_of.lower():
            return settle.Outcome("failed", words, receipt.outside_id)
    return settle.Outcome("sent", None, receipt.outside_id, parts=receipt.parts, cost=receipt.cost)


def _unexpected(leased: Leased, error: Exception, handed_over: bool) -> settle.Outcome:
    if handed_over:
        log.warning("delivery %d: no answer after it was handed over (%s)", leased.id, type(error).__name__)
        return settle.Outcome("uncertain", "The mail server didn't say whether it took it.")
    if isinstance(error, PluginError | TorgError):
        return settle.Outcome("deferred", str(error), wait=getattr(error, "wait", None))
    log.error("delivery %d: a bug before it was handed over", leased.id, exc_info=error)
    return settle.Outcome(
        "failed", f"A bug of the program ({type(error).__name__}) keeps it from being sent; see the log."
    )


async def _send(
    storage: Storage, connectors: Connectors, leased: Leased, handing_over: Callable[[], Awaitable[None]]
) -> Receipt:
    async with connectors.of(leased.channel_id) as connector:
        message = leased.message
        if isinstance(message, OutgoingText) and isinstance(connector, Texts):
            return await connector.text(message, handing_over)
        if isinstance(message, OutgoingText) or not isinstance(connector, Sends):
            raise Misconfigured("kind", "This channel can't send: choose one that can.")
        files = await storage.read(OUTBOX, files_of, leased.id)  # only now: a lease is of many
        return await connector.send(replace(message, attachments=files), handing_over)


def files_of(unit: Unit, delivery_id: int) -> Sequence[SentAttachment]:
    """What goes along, with its content."""
    files = unit.all(
        select(Attachment)
        .join(Delivery, Delivery.entry_id == Attachment.entry_id)
        .where(Delivery.id == delivery_id)
        .order_by(Attachment.id)
    )
    contents = [unit.blobs.get(each.blob) if each.blob else each.body or b"" for each in files]
    return [
        SentAttachment(each.name, each.media_type, content, each.inline_id)
        for each, content in zip(files, contents, strict=True)
    ]


def message_of(unit: Unit, delivery_id: int) -> OutgoingMessage | OutgoingText:
    """As it leaves, but for its files."""
    delivery, entry, mail, language = unit.rows(
        select(Delivery, Entry, Mail, Conversation.language)
        .join(Entry, Entry.id == Delivery.entry_id)
        .join(Mail, (Mail.municipality_id == Entry.municipality_id) & (Mail.entry_id == Entry.id), isouter=True)
        .join(Conversation, Conversation.id == Entry.conversation_id)
        .where(Delivery.id == delivery_id)
    )[0]
    if mail is None:
        return OutgoingText(sender=entry.body["our_number"], recipient=delivery.recipient, text=entry.text)
    return OutgoingMessage(
        message_id=delivery.message_id,
        sender=Address(entry.body["name"], entry.body["address"]),
        reply_to=Address(entry.body["name"], outgoing.reply_to(mail, delivery.recipient)),
        recipient=Address("", delivery.recipient),
        to=[Address("", each) for each in mail.recipients["to"]],
        cc=[Address("", each) for each in mail.recipients.get("cc", ())],
        subject=entry.body["subject"],
        text=_text(entry),
        written_at=entry.recorded_at,
        language=language or "en",
        in_reply_to=mail.in_reply_to,
        references=mail.refs,
        automatic=entry.author_kind == "hub",
        signature="" if entry.body.get("what") == "forward" else entry.body.get("signature", ""),
        quoted=quoted(unit, entry),
    )


def _text(entry: Entry) -> str:
    """A forward is signed between its writer's words and those that go along, which are part of its text."""
    signature, written = entry.body.get("signature"), str(entry.body.get("written", "")).strip()
    if entry.body.get("what") != "forward" or not signature:
        return entry.text
    along = entry.text.removeprefix(written).lstrip("\n")
    return "\n\n".join(part for part in (written, f"-- \n{signature}", along) if part)
