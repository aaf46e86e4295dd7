"""Copies: what was sent is put into its mailbox's Sent folder, afterwards and apart, so that no mail waits for it.

Tried again after pauses, for two days; a connector keeps each Message-ID once, however often it is called.
"""

import asyncio
import logging

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select, update

from hub import clock
from hub.channels.channel import Channel
from hub.contract import KeepsSent, Misconfigured, OutgoingMessage, PluginError
from hub.doorbell import KEEP, Doorbell
from hub.errors import TorgError, Unavailable
from hub.formats.compose import compose
from hub.inbox.delivery import Delivery
from hub.inbox.sent_copy import SentCopy, is_due
from hub.outbound import freeze
from hub.outbound.connectors import Connectors
from hub.outbound.deliver import OUTBOX, files_of, message_of
from hub.plugin_host.registry import Registry
from hub.storage.unit import Storage, Unit

_PAUSES = (30, 120, 600, 1800, 3600, 7200, 14_400)
"""Seconds before the next attempt."""
_MOST = 18
"""Attempts: some two days."""
SECONDS = 300
"""That one attempt may take."""

log = logging.getLogger(__name__)


class _Leased(Struct, frozen=True):
    id: int
    fence: int
    entry_id: int
    channel_id: int


class Copies:
    """One for a process that sends."""

    def __init__(self, storage: Storage, registry: Registry, bell: Doorbell, sweep_seconds: float) -> None:
        self._storage, self._bell, self._sweep_seconds = storage, bell, sweep_seconds
        self._connectors = Connectors(storage, registry)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    while await self.keep_due():
                        pass
                except Unavailable as error:
                    log.warning("copies wait: %s", error)
                await self._bell.heard(KEEP, self._sweep_seconds)
        finally:
            await self._connectors.close()

    async def keep_due(self) -> bool:
        """One that is due now; False when none is."""
        if not await self._storage.read(OUTBOX, _any_due):
            return False
        leased = await self._storage.write(OUTBOX, _lease)
        if leased is None:
            return False
        await self._storage.write(OUTBOX, _settle, leased, await self._keep(leased))
        return True

    async def _keep(self, leased: _Leased) -> tuple[str, str | None]:
        """How the attempt ended: kept | queued | failed."""
        try:
            message = await self._storage.read(OUTBOX, _message, leased)
            async with self._connectors.of(leased.channel_id) as connector, asyncio.timeout(SECONDS):
                if not isinstance(connector, KeepsSent):
                    raise Misconfigured("keeps_sent", "This channel has no folder for what was sent.")
                mail = await connector.tools.block(lambda: compose(message))
                await connector.keep_sent(mail, message.message_id)
        except (Misconfigured, LookupError) as error:
            return "failed", str(error)
        except (PluginError, TorgError, TimeoutError, OSError) as error:
            # A log-in that isn't taken stops the channel where it pulls; a copy is nothing to stop it for.
            return "queued", str(error) or "The mailbox didn't answer in time."
        except Exception as error:  # a bug of a plugin's costs this copy only
            log.error("copy %d: a bug", leased.id, exc_info=error)
            return "failed", f"A bug of the program ({type(error).__name__}) keeps it out of the folder; see the log."
        return "kept", None


def _any_due(unit: Unit) -> bool:
    if freeze.present(unit) is not None:
        return False
    now = clock.now()
    due = select(SentCopy.id).where(is_due(), SentCopy.not_before <= now)
    return unit.first(due.where((SentCopy.state == "queued") | (SentCopy.lease_until < now))) is not None


def _lease(unit: Unit) -> _Leased | None:
    """The oldest that is due, or that somebody else didn't come to an end with."""
    now = clock.now()
    due = (
        select(SentCopy.id)
        .where(is_due(), SentCopy.not_before <= now)
        .where((SentCopy.state == "queued") | (SentCopy.lease_until < now))
        .where(SentCopy.channel_id.not_in(select(Channel.id).where(Channel.paused_why.is_not(None))))
        .order_by(SentCopy.not_before, SentCopy.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("due")  # as a subquery PostgreSQL may ask it anew for each row, and then its limit is none
    )
    rows = unit.changed(
        update(SentCopy)
        .where(SentCopy.id.in_(select(due.c.id)))
        .values(
            state="leased",
            attempt=SentCopy.attempt + 1,
            fence=SentCopy.fence + 1,
            lease_until=now + 2 * SECONDS * clock.SECOND,
        )
        .returning(SentCopy.id, SentCopy.fence, SentCopy.entry_id, SentCopy.channel_id)
    )
    return next((_Leased(row.id, row.fence, row.entry_id, row.channel_id) for row in rows), None)


def _message(unit: Unit, leased: _Leased) -> OutgoingMessage:
    """As its first recipient got it."""
    first = unit.first(
        select(Delivery).where(Delivery.entry_id == leased.entry_id).order_by(Delivery.state != "sent", Delivery.id)
    )
    if first is None:
        raise LookupError("The mail isn't there any more.")
    message = message_of(unit, first.id)
    assert isinstance(message, OutgoingMessage)  # a text message has no copy
    return replace(message, attachments=files_of(unit, first.id))


def _settle(unit: Unit, leased: _Leased, outcome: tuple[str, str | None]) -> None:
    row = unit.first(
        select(SentCopy)
        .where(SentCopy.id == leased.id, SentCopy.fence == leased.fence, SentCopy.state == "leased")
        .with_for_update()
    )
    if row is None:
        return
    row.state, row.reason = outcome
    row.lease_until = None
    if row.state == "queued":
        if row.attempt >= _MOST:
            row.state = "failed"
        row.not_before = clock.now() + _PAUSES[min(row.attempt, len(_PAUSES)) - 1] * clock.SECOND
    if row.state == "failed":
        log.warning("copy %d isn't in its folder: the mail itself was sent", row.id)
