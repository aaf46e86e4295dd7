"""winmail.dat: the envelope that Outlook puts around text and files (MS-OXTNEF). Bounded; damaged ones stay files."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from hub.formats import charsets, rtf

_SIGNATURE = b"\x78\x9f\x3e\x22"
_STORAGE = b"\xd0\xcf\x11\xe0"
_CODEPAGES = {65001: "utf-8", 20127: "us-ascii", 28591: "iso-8859-1", 28605: "iso-8859-15", 20866: "koi8-r"}
_DEPTH = 4
_MOST_FILES = 500
_MOST_PROPERTIES = 20_000
_ATTACHMENT = 2
_RENDERING, _TITLE, _DATA, _OF_FILE, _OF_MAIL, _BODY, _CODEPAGE = 0x9002, 0x8010, 0x800F, 0x9005, 0x9003, 0x800C, 0x9007
_TEXT, _RTF, _HTML, _CPID, _SUBJECT = 0x1000, 0x1009, 0x1013, 0x3FDE, 0x0037
_LONG_NAME, _NAME, _DISPLAY, _MIME, _BIN, _CID = 0x3707, 0x3704, 0x3001, 0x370E, 0x3701, 0x3712
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING, _UNICODE, _OBJECT, _BINARY, _MULTIPLE, _NAMED = 0x1E, 0x1F, 0x0D, 0x102, 0x1000, 0x8000


class File(NamedTuple):
    """A file in the envelope."""

    name: str
    media_type: str
    content: bytes
    content_id: str | None


class Envelope(NamedTuple):
    """What is in it."""

    html: str | None
    text: str | None
    files: list[File]


def opened(data: bytes, depth: int = 0) -> Envelope | None:
    """None when it is no such envelope, or so damaged that something in it would be lost."""
    if not data.startswith(_SIGNATURE) or depth > _DEPTH:
        return None
    try:
        return _Reading(depth).read(data)
    except (struct.error, IndexError, _Damaged):
        return None


class _Damaged(Exception):
    """Something is longer than what there is, or more than there should be."""


class _Reading:
    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.charset = "cp1252"
        self.mail: dict[int, tuple[int, bytes]] = {}
        self.body: bytes | None = None
        self.files: list[tuple[dict[int, tuple[int, bytes]], dict[int, bytes]]] = []

    def read(self, data: bytes) -> Envelope:
        for level, key, value in _attributes(data):
            if level == _ATTACHMENT:
                self._of_file(key, value)
            elif key == _CODEPAGE and len(value) >= 4:  # noqa: PLR2004 - one number of four bytes
                self.charset = charsets.codec_of(f"cp{int.from_bytes(value[:4], 'little')}") or self.charset
            elif key == _OF_MAIL:
                self.mail.update(_properties(value))
            elif key == _BODY:
                self.body = value
        html, text = self._words()
        files: list[File] = []
        for properties, attributes in self.files:
            files += self._files(properties, attributes)
        return Envelope(html, text, files)

    def _of_file(self, key: int, value: bytes) -> None:
        if key == _RENDERING or not self.files:
            if len(self.files) >= _MOST_FILES:
                raise _Damaged
            self.files.append(({}, {}))
        properties, attributes = self.files[-1]
        if key == _OF_FILE:
            properties.update(_properties(value))
        else:
            attributes[key] = value

    def _words(self) -> tuple[str | None, str | None]:
        codepage = self.mail.get(_CPID)
        number = int.from_bytes(codepage[1][:4], "little") if codepage else 0
        charset = charsets.codec_of(_CODEPAGES.get(number, f"cp{number}")) or self.charset
        html = self.mail.get(_HTML)
        if html:
            return charsets.decode(html[1], charset, html=True)[0].rstrip("\0"), None
        packed = self.mail.get(_RTF)
        if packed and (unpacked := rtf.unpacked(packed[1])):
            found = rtf.words(unpacked)
            if (found.html or found.text or "").strip():
                return found.html, found.text
        text = self.mail.get(_TEXT)
        if text:
            return None, self._string(text)
        return None, self._string((_STRING, self.body)) if self.body else None

    def _files(self, properties: dict[int, tuple[int, bytes]], attributes: dict[int, bytes]) -> Iterator[File]:
        def said(*keys: int) -> str:
            return next((text for key in keys if key in properties and (text := self._string(properties[key]))), "")

        name = said(_LONG_NAME, _NAME) or self._string((_STRING, attributes.get(_TITLE, b""))) or said(_DISPLAY)
        kind, content = properties.get(_BIN, (_BINARY, b""))
        if kind == _OBJECT:
            inner = opened(content[16:], self.depth + 1)
            if inner:  # a mail within: its words and its files come out
                words = inner.html or inner.text
                if words:
                    ending = ".html" if inner.html else ".txt"
                    yield File(
                        (name or "message") + ending, "text/html" if inner.html else "text/plain", words.encode(), None
                    )
                yield from inner.files
                return
            content = content[16:] if content[16:].startswith(_STORAGE) else content
        content = attributes.get(_DATA) or content
        if content or name:
            yield File(
                name, said(_MIME).lower() or "application/octet-stream", content, said(_CID).strip("<> ") or None
            )

    def _string(self, value: tuple[int, bytes]) -> str:
        kind, data = value
        text = data.decode("utf-16-le", "replace") if kind == _UNICODE else charsets.decode(data, self.charset)[0]
        return charsets.clean(text.partition("\0")[0])


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(level, id, value). What follows the last whole one is noise that programs write."""
    at = 6
    while at + 9 <= len(data):
        level, key, _, size = struct.unpack_from("<BHHI", data, at)
        if level not in (1, _ATTACHMENT):
            return
        if at + 9 + size > len(data):
            raise _Damaged
        yield level, key, data[at + 9 : at + 9 + size]
        at += 9 + size + 2
    if data[at : at + 1] in (b"\1", b"\2"):  # cut off where something begins
        raise _Damaged


def _properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """MAPI properties by their id: type and first value."""
    found: dict[int, tuple[int, bytes]] = {}
    count = int.from_bytes(data[:4], "little")
    if count > _MOST_PROPERTIES:
        raise _Damaged
    at = 4
    for _ in range(count):
        if at >= len(data):
            break
        kind, key = struct.unpack_from("<HH", data, at)
        at += 4
        if key >= _NAMED:
            named = int.from_bytes(data[at + 16 : at + 20], "little")
            size = int.from_bytes(data[at + 20 : at + 24], "little")
            at += 24 + (_padded(size) if named else 0)
        at, value = _value(data, at, kind)
        if key < _NAMED:
            found.setdefault(key, (kind & ~_MULTIPLE, value))
    return found


def _value(data: bytes, at: int, kind: int) -> tuple[int, bytes]:
    base = kind & ~_MULTIPLE
    count = 1
    if kind & _MULTIPLE or base in (_STRING, _UNICODE, _OBJECT, _BINARY):
        count = int.from_bytes(data[at : at + 4], "little")
        at += 4
    first = b""
    if base in _FIXED:
        return at + _FIXED[base] * count, data[at : at + _FIXED[base]]
    if base not in (_STRING, _UNICODE, _OBJECT, _BINARY) or count > len(data):
        raise _Damaged
    for n in range(count):
        size = int.from_bytes(data[at : at + 4], "little")
        if at + 4 + size > len(data):
            raise _Damaged
        if not n:
            first = data[at + 4 : at + 4 + size]
        at += 4 + _padded(size)
    return at, first


def _padded(size: int) -> int:
    return size + (-size) % 4
