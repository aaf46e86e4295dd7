"""S/MIME (RFC 8551, RFC 5652): what is signed is taken out of its envelope; what is encrypted stays as it is.

Signatures are not checked here: that a mail is readable says nothing of who wrote it. Nothing is ever decrypted.
"""

import binascii
import re
from typing import NamedTuple

ENCRYPTED = "This mail is encrypted and can't be read here: its content is attached as it came."
NOT_OPENED = "The signed part of this mail can't be opened: it is attached as it came."

_KINDS = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_ENVELOPED = {bytes.fromhex("2a864886f70d010703"), bytes.fromhex("2a864886f70d0109100117")}
_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----\s+([A-Za-z0-9+/=\s]+)-----END ")
_BASE64 = re.compile(rb"\s*MI[A-Za-z0-9+/=\s]+\Z")
_DEPTH = 40
_STEPS = 20_000
_SEQUENCE, _OID, _OCTETS, _MANY_OCTETS, _EXPLICIT = 0x30, 0x06, 0x04, 0x24, 0xA0


class Opened(NamedTuple):
    """`content`: the mail that was signed, or None. `problem`: why it can't be read, if there is one to tell."""

    content: bytes | None
    problem: str | None = None


class _Broken(Exception):
    """No BER."""


class _Value(NamedTuple):
    tag: int
    start: int
    end: int
    after: int


def is_smime(kind: str, name: str) -> bool:
    """By type or, where the type says nothing, by name."""
    return kind in _KINDS or (kind == "application/octet-stream" and name.endswith(".p7m"))


def opened(data: bytes) -> Opened:
    """Of a CMS structure, whole or in pieces (BER), also as PEM."""
    data = _plain(data)
    try:
        return _Reader(data).opened()
    except (_Broken, IndexError):
        return Opened(None, NOT_OPENED)


def _plain(data: bytes) -> bytes:
    pem = _PEM.search(data[:200_000_000])
    text = pem[1] if pem else data if _BASE64.match(data) else None
    if text is None:
        return data
    try:
        return binascii.a2b_base64(text)
    except binascii.Error:
        return data


class _Reader:
    """A walk over BER, bounded in depth and steps."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.steps = 0

    def opened(self) -> Opened:
        info = self.value(0, 0)
        kind = self.value(info.start, 1)
        if info.tag != _SEQUENCE or kind.tag != _OID:
            raise _Broken
        name = self.data[kind.start : kind.end]
        if name in _ENVELOPED:
            return Opened(None, ENCRYPTED)
        if name != _SIGNED_DATA:
            return Opened(None, NOT_OPENED)
        explicit = self.value(kind.after, 1)
        inside = self.value(explicit.start, 2)
        version = self.value(inside.start, 3)
        algorithms = self.value(version.after, 3)
        signed = self.value(algorithms.after, 3)
        what = self.value(signed.start, 4)
        if what.after >= signed.end or self.data[what.after] != _EXPLICIT:
            return Opened(None)  # certificates alone, or a signature of what lies beside it
        octets = self.value(self.value(what.after, 4).start, 5)
        return Opened(self.octets(octets, 5))

    def octets(self, value: _Value, depth: int) -> bytes:
        """A string, also one written in pieces."""
        if value.tag == _OCTETS:
            return self.data[value.start : value.end]
        if value.tag != _MANY_OCTETS or depth > _DEPTH:
            raise _Broken
        pieces = []
        at = value.start
        while at < value.end:
            piece = self.value(at, depth + 1)
            pieces.append(self.octets(piece, depth + 1))
            at = piece.after
        return b"".join(pieces)

    def value(self, at: int, depth: int) -> _Value:
        """Tag, content and what follows. One that goes on to a mark of its end is walked through to find it."""
        self.steps += 1
        if depth > _DEPTH or self.steps > _STEPS:
            raise _Broken
        tag, length = self.data[at], self.data[at + 1]
        start = at + 2
        if length == 0x80:  # noqa: PLR2004 - X.690, 8.1.3.6: an end that is marked
            end = start
            while self.data[end : end + 2] != b"\0\0":
                end = self.value(end, depth + 1).after
            return _Value(tag, start, end, end + 2)
        if length > 0x80:  # noqa: PLR2004 - X.690, 8.1.3.5: a length of several bytes
            count = length & 0x7F
            length = int.from_bytes(self.data[start : start + min(count, 8)])
            start += count
        # One that was cut off is read as far as it goes.
        end = min(start + length, len(self.data))
        return _Value(tag, start, end, end)
