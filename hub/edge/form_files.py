"""Files of a form that isn't sent yet: kept in the blob folder for a day, while something else in it is put right.

No row names them; the page does, by a description that only we can write. One that is never sent is forgotten with all
that was kept that day (`storage/blobs.py`); what is sent is kept anew, in its raw event.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from hub import clock
from hub.errors import Corrupt
from hub.formats.form import SentFile
from hub.inbox.form import GRACE
from hub.storage.blobs import passing
from hub.storage.keys import Keys
from hub.storage.unit import Storage

LASTS = GRACE
_PURPOSE = "form-file"
_MAC = 16
"""Bytes of it."""
_LONGEST = 4_000


class KeptFile(Struct, frozen=True):
    """As a page shows it; `token` brings it back."""

    name: str
    size: int
    token: str


class _Described(Struct, array_like=True):
    name: str
    media_type: str
    size: int
    sha256: str
    kept_at: int


async def keep(storage: Storage, municipality_id: int, files: Sequence[SentFile]) -> list[KeptFile]:
    """On disk when it returns. Raises Unavailable."""
    kept, blobs = [], {}
    for each in files:
        digest = hashlib.sha256(each.content).hexdigest()
        described = _Described(each.name, each.media_type, len(each.content), digest, clock.now())
        blobs[_blob(storage, municipality_id, described)] = each.content
        kept.append(KeptFile(each.name, len(each.content), _token(storage.keys, municipality_id, described)))
    await storage.put_blobs(blobs)
    return kept


def fetch(storage: Storage, municipality_id: int, token: str) -> SentFile | None:
    """None: it was kept for too long, isn't here any more, or was never kept here."""
    said, _, mac = token.rpartition(".")
    if len(token) > _LONGEST or not token.isascii():
        return None
    if not hmac.compare_digest(mac, _mac(storage.keys, municipality_id, said)):
        return None
    try:
        described = msgspec.json.decode(base64.urlsafe_b64decode(said), type=_Described)
        if clock.now() - described.kept_at > LASTS:
            return None
        content = storage.blobs.get(_blob(storage, municipality_id, described))
    except (Corrupt, msgspec.DecodeError, binascii.Error):
        return None
    return SentFile(described.name, described.media_type, content)


def _token(keys: Keys, municipality_id: int, described: _Described) -> str:
    said = base64.urlsafe_b64encode(msgspec.json.encode(described)).decode()
    return f"{said}.{_mac(keys, municipality_id, said)}"


def _mac(keys: Keys, municipality_id: int, said: str) -> str:
    return keys.mac(_PURPOSE, f"{municipality_id}:{said}".encode())[:_MAC].hex()


def _blob(storage: Storage, municipality_id: int, described: _Described) -> str:
    return storage.blobs.own(f"{passing(f'forms/{municipality_id}', described.kept_at)}/{described.sha256}")
