"""Reply token: what an outgoing mail carries in its Reply-To and Message-ID, so that the answer finds its conversation.

27 bytes in base32, 44 letters, so that `address+token` fits the 64 octets of a local part (RFC 5321 4.5.3.1.1): key
number (1), conversation id (8), expiry in days since 1970 (2), and the first 16 bytes of an HMAC over those, the
municipality and the recipient. A token that was forwarded is no token: its recipient is another one.
"""

import base64
import hmac
import re
from collections.abc import Iterable, Iterator

from hub import clock
from hub.storage.keys import Keys

LIFETIME_DAYS = 400
_KEY_NUMBER = 1
_LENGTH = 44
_LONGEST_LOCAL_PART = 64
_SHAPE = re.compile(rf"(?<![a-z2-7])[a-z2-7]{{{_LENGTH}}}(?![a-z2-7])")


def make(keys: Keys, conversation_id: int, municipality_id: int, recipient: str) -> str:
    """44 lower-case letters and digits."""
    days = clock.now() // clock.DAY + LIFETIME_DAYS
    said = bytes([_KEY_NUMBER]) + conversation_id.to_bytes(8) + days.to_bytes(2)
    return _written(said + _mac(keys, said, municipality_id, recipient))


def read(keys: Keys, token: str, municipality_id: int, sender: str) -> int | None:
    """The conversation's id, if we made this token for this sender and it hasn't expired. No query is made."""
    try:
        raw = base64.b32decode(token.upper() + "=" * (-_LENGTH % 8))
    except ValueError:  # binascii.Error, and what isn't ASCII
        return None
    if _written(raw) != token:  # the last letter has four bits to spare
        return None
    said, mac = raw[:11], raw[11:]
    genuine = hmac.compare_digest(mac, _mac(keys, said, municipality_id, sender))
    live = int.from_bytes(said[9:11]) >= clock.now() // clock.DAY
    return int.from_bytes(said[1:9]) if genuine and live and said[0] == _KEY_NUMBER else None


def candidates(texts: Iterable[str]) -> Iterator[str]:
    """What has a token's shape in addresses and Message-IDs, at most twenty."""
    found = 0
    for text in texts:
        for match in _SHAPE.finditer(text.lower()):
            yield match.group()
            found += 1
            if found == 20:  # noqa: PLR2004 - more than a thread's last answers; each costs an HMAC
                return


def address_with(token: str, address: str) -> str | None:
    """`local+token@domain`; None when the local part would be too long: then the Message-ID alone carries it."""
    local, _, domain = address.rpartition("@")
    tagged = f"{local}+{token}"
    return f"{tagged}@{domain}" if len(tagged.encode()) <= _LONGEST_LOCAL_PART else None


def _written(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _mac(keys: Keys, said: bytes, municipality_id: int, recipient: str) -> bytes:
    return keys.mac("reply-token", said + municipality_id.to_bytes(8) + recipient.strip().lower().encode())[:16]
