"""Renewing: a secret that the other side gives anew, such as a refresh token, has one place: the channel's row.

Whoever needs the next one, be it the puller, what keeps copies or somebody who tries the settings, waits for its turn,
reads the present one, and stores what it got before the next has its turn: a token that was used up is used by nobody.
"""

import asyncio
import logging

from sqlalchemy import update

from hub import clock
from hub.channels.channel import Channel
from hub.channels.open import Renew, RenewSecret, replace_secrets, secrets_of
from hub.contract import Secret, Unreachable
from hub.errors import NotFound
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

HOLDS = 45 * clock.SECOND
"""A turn of a process that died; a request for a token takes 30 s at most."""
_LOOK_AGAIN = 0.1
_PATIENCE = 60.0
_RENEWING = Scope.everything("secrets given anew")

log = logging.getLogger(__name__)


def renewing(storage: Storage, channel_id: int) -> RenewSecret:
    """For this channel's connectors, wherever they run."""

    async def renew_secret(field: str, renew: Renew) -> None:
        until = await _turn(storage, channel_id)
        try:
            present = await storage.read(_RENEWING, _present, channel_id, field)
            new = await renew(present)
            if new is not None:
                await storage.write(_RENEWING, _replace, channel_id, field, present, new)
        finally:
            await storage.write(_RENEWING, _end, channel_id, until)

    return renew_secret


async def _turn(storage: Storage, channel_id: int) -> int:
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                until = await storage.write(_RENEWING, _begin, channel_id)
                if until is not None:
                    return until
                await asyncio.sleep(_LOOK_AGAIN)
    except TimeoutError as error:
        raise Unreachable("The token of this channel is being renewed elsewhere and doesn't come.") from error


def _begin(unit: Unit, channel_id: int) -> int | None:
    """Until when the turn is ours; None while it is another's."""
    now = clock.now()
    free = Channel.renews_until.is_(None) | (Channel.renews_until < now)
    until = now + HOLDS
    taken = unit.change(update(Channel).where(Channel.id == channel_id, free).values(renews_until=until))
    return until if taken else None


def _end(unit: Unit, channel_id: int, until: int) -> None:
    of = (Channel.id == channel_id, Channel.renews_until == until)
    unit.change(update(Channel).where(*of).values(renews_until=None))


def _present(unit: Unit, channel_id: int, field: str) -> Secret | None:
    channel = unit.get(Channel, channel_id)
    if channel is None:
        raise NotFound(f"There is no channel {channel_id}.")
    said = secrets_of(channel, unit.keys).get(field)
    return Secret(said) if said else None


def _replace(unit: Unit, channel_id: int, field: str, used: Secret | None, new: Secret) -> None:
    """Unless somebody has given another one in its settings meanwhile: theirs stays."""
    unit.lock(Channel, channel_id)
    present = _present(unit, channel_id, field)
    if (present.reveal() if present else None) == (used.reveal() if used else None):
        replace_secrets(unit, channel_id, {field: new})
    else:
        log.info("channel %d: its %s was given anew by a person meanwhile", channel_id, field)
