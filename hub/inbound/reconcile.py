"""Reconcile: what a pulled channel's source holds, compared with what is here; by command, and every night."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select

from hub import clock
from hub.channels.channel import Channel
from hub.channels.mailbox import Mailbox
from hub.contract import Pulls, Tally
from hub.inbound.raw_event import RawEvent
from hub.storage.scope import Scope
from hub.storage.unit import Happening, Storage, Unit

CHANNELS = Scope.everything("channel settings")
NIGHT = range(1, 5)
"""Hours UTC: nobody in the Nordic countries waits for a mailbox then."""
LONG_AGO = 20 * 3600 * clock.SECOND
_AT_ONCE = 500


async def reconcile(storage: Storage, connector: Pulls[Any], channel_id: int) -> Sequence[Mailbox]:
    """Counted, compared and stored. What isn't explained is looked at twice: mails may have been fetched meanwhile.

    Raises what the connector raises.
    """
    for last in (False, True):
        cursor = await storage.read(CHANNELS, cursor_of, channel_id)
        tallies = await connector.tally(cursor)
        found = await storage.read(CHANNELS, _compare, channel_id, tallies)
        if last or not any(each.unexplained for each in found):
            break
    await storage.write(CHANNELS, _store, channel_id, found)
    return found


async def nightly(storage: Storage, connector: Pulls[Any], channel_id: int) -> None:
    """Once a night, and when nobody has counted yet; nothing for a source that can't be counted."""
    if type(connector).tally is not Pulls.tally and await storage.read(CHANNELS, _is_due, channel_id):
        await reconcile(storage, connector, channel_id)


def cursor_of(unit: Unit, channel_id: int) -> bytes | None:
    """As it was committed last."""
    return unit.first(select(Channel.cursor).where(Channel.id == channel_id))


def _is_due(unit: Unit, channel_id: int) -> bool:
    counted = unit.first(select(func.max(Mailbox.counted_at)).where(Mailbox.channel_id == channel_id))
    if counted is None:
        return True
    return counted < clock.now() - LONG_AGO and clock.to_datetime(clock.now()).hour in NIGHT


def _compare(unit: Unit, channel_id: int, tallies: Sequence[Tally]) -> list[Mailbox]:
    found = []
    for tally in tallies:
        here = 0
        for start in range(0, len(tally.keys), _AT_ONCE):
            some = tally.keys[start : start + _AT_ONCE]
            counting = select(func.count()).where(RawEvent.channel_id == channel_id, RawEvent.source_key.in_(some))
            here += unit.first(counting) or 0
        found.append(
            Mailbox(
                channel_id=channel_id,
                name=tally.mailbox,
                at_source=tally.at_source,
                here=here,
                waiting=tally.waiting,
                left_out=tally.left_out,
                unexplained=max(0, tally.at_source - here - tally.waiting - tally.left_out),
                counted_at=clock.now(),
            )
        )
    return found


def _store(unit: Unit, channel_id: int, found: Sequence[Mailbox]) -> None:
    channel = unit.lock(Channel, channel_id)  # two that count at once
    if channel is None:
        return
    unit.change(delete(Mailbox).where(Mailbox.channel_id == channel_id))
    for each in found:
        unit.add(each)
    unit.note(Happening("channel_changed", channel_id, channel.home_id))
