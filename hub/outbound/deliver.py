"""Deliver: lease what is due, hand it to its channel's connector, settle what came of it.

The lease's fence stands in every WHERE clause after it: who comes back too late changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, select, update

from hub import clock, faults
from hub.channels.channel import Channel
from hub.channels.open import ChannelTools, open_channel
from hub.channels.pause import pause
from hub.contract import (
    Address,
    AuthFailed,
    Deferred,
    Misconfigured,
    OutgoingMessage,
    PluginError,
    Refused,
    Sends,
    SentAttachment,
)
from hub.errors import TorgError
from hub.inbox import outgoing
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import UNSETTLED, Delivery, is_one_of
from hub.inbox.entry import Attachment, Entry, Mail
from hub.outbound import settle
from hub.plugin_host.registry import Registry
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

OUTBOX = Scope.everything("outbox")

log = logging.getLogger(__name__)


class Leased(Struct, frozen=True):
    """A delivery that is ours until its lease ends, with what is to be sent."""

    id: int
    fence: int
    channel_id: int
    message: OutgoingMessage


class LostLease(Exception):
    """Somebody else has leased it since: nothing has left, and nothing shall."""


def lease(unit: Unit, seconds: int, limit: int, busy: Sequence[int] = ()) -> Sequence[Leased]:
    """What is due now, oldest first, but for paused channels and those that are `busy`."""
    now = clock.now()
    due = (
        select(Delivery.id)
        .where(_waits(busy), Delivery.not_before <= now)
        .order_by(Delivery.not_before, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = unit.changed(
        update(Delivery)
        .where(Delivery.id.in_(due.scalar_subquery()))
        .values(
            state="leased",
            attempt=Delivery.attempt + 1,
            fence=Delivery.fence + 1,
            lease_until=now + seconds * clock.SECOND,
            handed_over_at=None,
        )
        .returning(Delivery.id, Delivery.fence, Delivery.channel_id)
    )
    return [Leased(row.id, row.fence, row.channel_id, _message(unit, row.id)) for row in sorted(rows)]


def next_due(unit: Unit, busy: Sequence[int] = ()) -> int | None:
    """When the next delivery may be made, microseconds; None when none waits. The same channels don't count."""
    waiting = select(Delivery.not_before).where(_waits(busy)).order_by(Delivery.not_before)
    return unit.first(waiting)


def _waits(busy: Sequence[int]) -> ColumnElement[bool]:
    paused = select(Channel.id).where(Channel.paused_why.is_not(None))
    return and_(
        is_one_of(UNSETTLED),
        Delivery.state.in_(("queued", "deferred")),
        Delivery.channel_id.not_in(paused),
        Delivery.channel_id.not_in(busy),
    )


async def deliver(storage: Storage, registry: Registry, leased: Leased, lease_seconds: int) -> None:
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
        receipt = await _send(storage, registry, leased, handing_over)
    except LostLease:
        log.warning("delivery %d: the lease was lost before anything left", leased.id)
        return
    except Refused as error:
        outcome = settle.Outcome("failed", str(error))
    except Deferred as error:
        outcome = settle.Outcome("deferred", str(error))
    except (AuthFailed, Misconfigured) as error:
        # The channel can't send for anyone: it stands still until somebody has seen to it.
        await storage.write(Scope.everything("channel settings"), pause, leased.channel_id, str(error))
        outcome = _unexpected(leased, error, handed_over)
    except Exception as error:  # noqa: BLE001 - after the point of no return whatever happens leaves it uncertain
        outcome = _unexpected(leased, error, handed_over)
    else:
        faults.point("accepted")
        outcome = settle.Outcome("sent", None, receipt.outside_id)
    await storage.write(OUTBOX, settle.settle, leased.id, leased.fence, outcome)
    faults.point("settled")


def _unexpected(leased: Leased, error: Exception, handed_over: bool) -> settle.Outcome:
    if handed_over:
        log.warning("delivery %d: no answer after it was handed over (%s)", leased.id, type(error).__name__)
        return settle.Outcome("uncertain", "The mail server didn't say whether it took it.")
    if isinstance(error, PluginError | TorgError):
        return settle.Outcome("deferred", str(error))
    log.error("delivery %d: a bug before it was handed over", leased.id, exc_info=error)
    return settle.Outcome(
        "failed", f"A bug of the program ({type(error).__name__}) keeps it from being sent; see the log."
    )


async def _send(
    storage: Storage, registry: Registry, leased: Leased, handing_over: Callable[[], Awaitable[None]]
) -> Any:
    connector, files = await storage.read(OUTBOX, _open, leased, registry)
    try:
        return await connector.send(replace(leased.message, attachments=files), handing_over)
    finally:
        if isinstance(connector.tools, ChannelTools):
            connector.tools.close()


def _open(unit: Unit, leased: Leased, registry: Registry) -> tuple[Sends[Any], Sequence[SentAttachment]]:
    """With the message's files, which are read only now: a lease is of many."""
    channel = unit.get(Channel, leased.channel_id)
    connector = open_channel(channel, registry, unit.keys) if channel else None
    if not isinstance(connector, Sends):
        raise Misconfigured("kind", "This channel can't send: choose one that can.")
    files = unit.all(
        select(Attachment)
        .join(Delivery, Delivery.entry_id == Attachment.entry_id)
        .where(Delivery.id == leased.id)
        .order_by(Attachment.id)
    )
    contents = [unit.blobs.get(each.blob) if each.blob else each.body or b"" for each in files]
    return connector, [
        SentAttachment(each.name, each.media_type, content) for each, content in zip(files, contents, strict=True)
    ]


def _message(unit: Unit, delivery_id: int) -> OutgoingMessage:
    delivery, entry, mail, language = unit.rows(
        select(Delivery, Entry, Mail, Conversation.language)
        .join(Entry, Entry.id == Delivery.entry_id)
        .join(Mail, (Mail.municipality_id == Entry.municipality_id) & (Mail.entry_id == Entry.id))
        .join(Conversation, Conversation.id == Entry.conversation_id)
        .where(Delivery.id == delivery_id)
    )[0]
    return OutgoingMessage(
        message_id=delivery.message_id,
        sender=Address(entry.body["name"], entry.body["address"]),
        reply_to=Address(entry.body["name"], outgoing.reply_to(mail, delivery.recipient)),
        recipient=Address("", delivery.recipient),
        to=[Address("", each) for each in mail.recipients["to"]],
        cc=[Address("", each) for each in mail.recipients.get("cc", ())],
        subject=entry.body["subject"],
        text=entry.text,
        written_at=entry.recorded_at,
        language=language or "en",
        in_reply_to=mail.in_reply_to,
        references=mail.refs,
    )
