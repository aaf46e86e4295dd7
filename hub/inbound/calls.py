"""Calls: what the other side brings to a channel's own address. Kept, committed, then answered."""

import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from hub import clock
from hub.channels.channel import Channel
from hub.channels.open import close_connector, open_channel, secrets_of
from hub.contract import Answer, RawEvent, Receives, Ring, WebCall
from hub.errors import Corrupt, NotFound, Unavailable
from hub.inbound.receive import Receiver
from hub.plugin_host.registry import Registry
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

CHANNELS = Scope.everything("channel settings")
REMEMBERED = 2 * clock.SECOND
"""How long a channel's settings are those that were read last."""
_MOST = 200

log = logging.getLogger(__name__)


class Calls:
    """One for a process that serves. `ring`: told which channel's source has something to be pulled, and its word."""

    def __init__(
        self, storage: Storage, registry: Registry, receiver: Receiver, ring: Callable[[int, str], None]
    ) -> None:
        self._storage, self._registry, self._receiver, self._ring = storage, registry, receiver, ring
        self._open: dict[int, tuple[int, Receives[Any]]] = {}
        self._tokens: tuple[int, Sequence[tuple[bytes, int]]] = (0, ())

    async def take(self, channel_id: int, call: WebCall) -> Answer:
        """The answer, after COMMIT. Raises NotFound, Unavailable, NotKept, and what the connector raises."""
        connector = await self._connector(channel_id)
        brought = connector.accept(call)
        events = [each for each in brought if isinstance(each, RawEvent)]
        references = await self._receiver.keep(channel_id, events) if events else []
        for each in brought:
            if isinstance(each, Ring):
                self._ring(channel_id, each.word)
        return connector.answer(call, references)

    async def channel_of(self, token: str) -> int | None:
        """The channel that is called by this token, in the same time for each; None: nobody's."""
        if clock.now() >= self._tokens[0]:
            found = await self._storage.read(CHANNELS, _tokens, self._registry)
            self._tokens = (clock.now() + REMEMBERED, found)
        said = _hashed(token)
        known = [(hmac.compare_digest(said, each), channel_id) for each, channel_id in self._tokens[1]]
        return next((channel_id for same, channel_id in known if same), None)

    async def _connector(self, channel_id: int) -> Receives[Any]:
        until, known = self._open.get(channel_id, (0, None))
        if known is not None and clock.now() < until:
            return known
        found = await self._storage.read(CHANNELS, _opened, channel_id, self._registry)
        if len(self._open) > _MOST:
            self._open.clear()
        self._open[channel_id] = (clock.now() + REMEMBERED, found)
        if known is not None:
            await close_connector(known)
        return found


def _tokens(unit: Unit, registry: Registry) -> Sequence[tuple[bytes, int]]:
    """Of the channels that have one, hashed: as long as each other, whatever somebody chose."""
    kinds = {
        kind: cls.token_field
        for kind, cls in registry.connectors.items()
        if issubclass(cls, Receives) and cls.token_field is not None
    }
    found = []
    for channel in unit.all(select(Channel).where(Channel.kind.in_(kinds)).order_by(Channel.id)):
        try:
            token = secrets_of(channel, unit.keys).get(str(kinds[channel.kind]))
        except Corrupt:  # its own address says so; the others are called all the same
            continue
        if token:
            found.append((_hashed(token), channel.id))
    return found


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _opened(unit: Unit, channel_id: int, registry: Registry) -> Receives[Any]:
    channel = unit.get(Channel, channel_id)
    cls = registry.connectors.get(channel.kind) if channel is not None else None
    if channel is None or cls is None or not issubclass(cls, Receives):
        raise NotFound("Nothing is called at this address.")
    if channel.paused_why is not None:
        raise Unavailable("This channel is paused: try again later.")
    connector = open_channel(channel, registry, unit.keys)
    assert isinstance(connector, Receives)  # by its kind
    return connector
