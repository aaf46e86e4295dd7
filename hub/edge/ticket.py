"""Ticket: what a visitor's page is given before it begins a chat. A chat begun twice with one ticket is one chat.

128 random bits and the time, signed for the channel; nothing of it is stored. The visitor's secret is made of it, so
that a start whose answer was lost can be asked for again.
"""

import base64
import hmac
import secrets

from hub import clock
from hub.errors import Invalid
from hub.storage.keys import Keys

LASTS = clock.DAY
_PURPOSE = "chat-ticket"
_RANDOM, _TIME, _MAC = 16, 8, 16


def make(keys: Keys, channel_id: int) -> str:
    """54 letters, digits, - and _."""
    said = secrets.token_bytes(_RANDOM) + clock.now().to_bytes(_TIME)
    return _written(said + _mac(keys, channel_id, said))


def secret_of(keys: Keys, channel_id: int, ticket: str) -> str:
    """The visitor's secret, 192 bits that nobody has but by this ticket. Raises Invalid for one that isn't ours."""
    try:
        raw = base64.b64decode(ticket + "=" * (-len(ticket) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    said, mac = raw[: _RANDOM + _TIME], raw[_RANDOM + _TIME :]
    genuine = len(raw) == _RANDOM + _TIME + _MAC and hmac.compare_digest(mac, _mac(keys, channel_id, said))
    if not genuine or not 0 <= clock.now() - int.from_bytes(said[_RANDOM:]) <= LASTS:
        raise Invalid("ticket", "this page is out of date: load it again")
    return _written(keys.mac("chat-visitor", channel_id.to_bytes(8) + raw)[:24])


def _mac(keys: Keys, channel_id: int, said: bytes) -> bytes:
    return keys.mac(_PURPOSE, channel_id.to_bytes(8) + said)[:_MAC]


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
