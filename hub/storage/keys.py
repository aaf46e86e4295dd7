"""Keys of this installation, derived from one secret file: encryption of secrets, keyed hashes, reply tokens.

The file holds 32 random bytes in hex. Without it stored secrets can't be read: it belongs in the backup, apart from the
database.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.errors import Corrupt, Invalid

_NONCE = 12


class Keys:
    """`master`: 32 bytes. A purpose gives a key of its own: what is known of one says nothing of another."""

    def __init__(self, master: bytes) -> None:
        self._master = master

    @lru_cache(maxsize=32)  # noqa: B019 - one Keys lives as long as its process
    def _derive(self, purpose: str) -> bytes:
        return HKDF(SHA256(), 32, None, b"torg:" + purpose.encode()).derive(self._master)

    def mac(self, purpose: str, message: bytes) -> bytes:
        """HMAC-SHA256, 32 bytes."""
        return hmac.digest(self._derive(purpose), message, hashlib.sha256)

    def encrypt(self, purpose: str, place: str, plain: bytes) -> bytes:
        """AES-256-GCM: nonce and ciphertext. `place` (a row) is bound in: moved elsewhere it can't be read."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self._derive(purpose)).encrypt(nonce, plain, place.encode())

    def decrypt(self, purpose: str, place: str, cipher: bytes) -> bytes:
        """Raises Corrupt when the key is another one or the bytes were changed or moved."""
        try:
            return AESGCM(self._derive(purpose)).decrypt(cipher[:_NONCE], cipher[_NONCE:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise Corrupt(
                "The secrets of {place} can't be read with this key file. Restore the key they were made with.",
                place=place,
            ) from error


def load_keys(path: Path) -> Keys:
    """The key file; made with mode 0600 when there is none."""
    if not path.exists():
        _make(path)
    try:
        master = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        raise Invalid("key_file", f"{path} holds no key: 64 hexadecimal digits are expected") from error
    if len(master) != 32:  # noqa: PLR2004 - 256 bits
        raise Invalid("key_file", f"{path} holds no key: 64 hexadecimal digits are expected")
    return Keys(master)


def _make(path: Path) -> None:
    """Whole or not at all; of two processes that start at once, the second takes the first's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(passing)
    finally:
        passing.unlink()
