"""Names of files and senders as data: bounded, and marked where they look like what they are not (threats.md, A40)."""

import re
import unicodedata
from functools import lru_cache

from hub.formats import charsets
from hub.formats.headers import decode_words, one_line

_EXTENSIONS = {
    "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv", "text/vcard": ".vcf",
    "text/x-vcard": ".vcf", "text/directory": ".vcf", "text/rtf": ".rtf", "application/rtf": ".rtf", "text/xml": ".xml",
    "text/css": ".css", "text/javascript": ".js", "application/json": ".json", "application/xml": ".xml",
    "image/jpeg": ".jpg", "image/jpg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/tiff": ".tif",
    "image/webp": ".webp", "image/bmp": ".bmp", "image/svg+xml": ".svg", "image/heic": ".heic",
    "audio/mpeg": ".mp3", "audio/wav": ".wav", "audio/basic": ".au", "video/mp4": ".mp4", "video/mpeg": ".mpg",
    "application/pdf": ".pdf", "application/zip": ".zip", "application/gzip": ".gz", "application/ms-tnef": ".dat",
    "application/postscript": ".ps", "application/msword": ".doc", "application/vnd.ms-excel": ".xls",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/pgp-encrypted": ".asc", "application/pgp-keys": ".asc", "application/pgp-signature": ".asc",
    "application/pkcs7-mime": ".p7m", "application/x-pkcs7-mime": ".p7m", "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s", "message/delivery-status": ".txt", "message/rfc822": ".eml",
    "message/disposition-notification": ".txt", "message/feedback-report": ".txt", "text/rfc822-headers": ".txt",
    "message/global": ".eml", "message/global-delivery-status": ".txt", "message/partial": ".eml",
}  # fmt: skip
_FOLDERS = re.compile(r"^[A-Za-z]:[\\/](?:[^\\/]*[\\/])*")
_LONGEST = 255
_LONGEST_LABEL = 63
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile("[\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
"""Not the joiners and marks of direction, which emoji and names written from the right have."""
_OURS = frozenset("åäöæøéüáíóúýþðšžõč")
"""Letters of Nordic and Baltic domains: nobody takes them for others here."""
_WORD = re.compile(r"[^\W\d_]+")
_MIXES = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
"""Scripts with letters that look like one another's."""


def file_name(name: str, kind: str) -> str:
    """Data, never a path: only what no text column takes, and a drive with its folders, is removed; it is bounded."""
    name = charsets.clean(_FOLDERS.sub("", one_line(name))) or "unnamed" + _EXTENSIONS.get(kind, "")
    if len(name) <= _LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    return stem[: _LONGEST - 11] + dot + extension[:10] if dot else name[:_LONGEST]


def of_mail(subject: str) -> str:
    """Of a mail that is attached: its subject."""
    return (subject or "message")[: _LONGEST - 4] + ".eml"


def raw(name: bytes) -> str:
    """A name that stands in a text."""
    return decode_words(name.decode("ascii", "surrogateescape"))


def without_overrides(name: str) -> str:
    """In the order that it's stored in: `gpj.exe` can't be made to look like `exe.jpg`."""
    return name if name.isascii() else _OVERRIDES.sub("", name)


def deceptive_file(name: str) -> str | None:
    """A sentence, when the name of a file is written to look like another."""
    if not name.isascii() and _OVERRIDES.search(name):
        return "The name of a file turns its letters round to look like another kind of file: it is shown unturned."
    return None


def deceptive_sender(name: str, address: str) -> str | None:
    """A sentence, when a sender's name or address is written to look like another."""
    if name.isascii() and address.isascii():
        if "xn--" not in address:
            return None
        return _of_address(address, f"The sender's domain is written {readable(address)}, which may look like another.")
    if _INVISIBLE.search(name) or _INVISIBLE.search(address):
        return "The sender's name or address has invisible characters in it."
    if _mixed(address):
        return "The sender's address mixes letters of several scripts that look alike."
    if _mixed(name):
        return "The sender's name mixes letters of several scripts that look alike."
    return None


def readable(address: str) -> str:
    """With the letters of its domain (RFC 3492) instead of their code; as it stands where it has none."""
    local, at, domain = address.rpartition("@")
    labels = []
    for label in domain.split(".")[:40]:
        coded = label.lower().startswith("xn--") and label.isascii() and len(label) <= _LONGEST_LABEL
        try:
            labels.append(label[4:].encode().decode("punycode") if coded else label)
        except UnicodeError:
            labels.append(label)
    return charsets.clean(local + at + ".".join(labels))


def _of_address(address: str, sentence: str) -> str | None:
    shown = readable(address)
    return sentence if shown != address and not set(filter(lambda each: each > "\x7f", shown)) <= _OURS else None


def _mixed(text: str) -> bool:
    """Whether one word has letters of two scripts that look alike."""
    return any(len(_scripts(word)) > 1 for word in _WORD.findall(text[:500]) if not word.isascii())


@lru_cache(maxsize=1024)
def _scripts(word: str) -> frozenset[str]:
    return frozenset(unicodedata.name(letter, "").partition(" ")[0] for letter in word) & _MIXES
