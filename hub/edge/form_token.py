"""Form token: that a page of ours showed this version of a form, and when. Sent with what is filled in, once.

It is no secret of anybody's: who has it has seen the form. Its name is what is kept once only.
"""

import hmac
import secrets

from msgspec import Struct

from hub import clock
from hub.inbox.form import GRACE
from hub.storage.keys import Keys

LASTS = GRACE
"""How long a form may stand open before it is shown again, with all that was typed."""
_PURPOSE = "form-token"
_MAC = 16
"""Bytes of it."""
_PARTS = 5
_ASKED = "asked"
"""A sixth part."""


class FormToken(Struct, frozen=True):
    """`shown_at`: microseconds UTC. `name`: of what will be sent with it. `asked`: it was shown again, to be looked
    through once more, because it might have been a program's."""

    form_id: int
    version: int
    shown_at: int
    name: str
    asked: bool = False

    @property
    def is_expired(self) -> bool:
        """It stood open for too long."""
        return clock.now() - self.shown_at > LASTS


def make(keys: Keys, form_id: int, version: int) -> str:
    """For a page that is shown now."""
    return write(keys, FormToken(form_id, version, clock.now(), secrets.token_hex(12)))


def write(keys: Keys, token: FormToken) -> str:
    """As a page carries it: the same one again for a page that goes on from another."""
    said = f"{token.form_id:x}.{token.version:x}.{token.shown_at:x}.{token.name}{f'.{_ASKED}' if token.asked else ''}"
    return f"{said}.{_mac(keys, said)}"


def read(keys: Keys, token: str) -> FormToken | None:
    """None: it isn't one of ours."""
    parts = token.split(".")
    asked = len(parts) == _PARTS + 1 and parts[_PARTS - 1] == _ASKED
    if not (asked or len(parts) == _PARTS) or not token.isascii():
        return None
    said = token.rpartition(".")[0]
    if not hmac.compare_digest(parts[-1], _mac(keys, said)):
        return None
    form_id, version, shown_at = (int(each, 16) for each in parts[:3])
    return FormToken(form_id, version, shown_at, parts[3], asked)


def make_receipt(keys: Keys, conversation_id: int) -> str:
    """What the page is addressed by that shows its number: to nobody but who was led there."""
    said = f"{conversation_id:x}"
    return f"{said}.{_mac(keys, f'receipt:{said}')}"


def read_receipt(keys: Keys, token: str) -> int | None:
    """None: it isn't one of ours."""
    said, dot, mac = token.partition(".")
    if not dot or not token.isascii() or not hmac.compare_digest(mac, _mac(keys, f"receipt:{said}")):
        return None
    return int(said, 16)


def _mac(keys: Keys, said: str) -> str:
    return keys.mac(_PURPOSE, said.encode())[:_MAC].hex()
