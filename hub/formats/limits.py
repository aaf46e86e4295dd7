"""How much structure a mail may have, found by one linear scan before the standard library's parser sees it.

The parser recurses per level and slows down per part (threats.md: 100,000 empty parts cost 10 s), so the scan walks the
boundaries as it would, without building anything. Where both could differ, the scan counts more, not less.
"""

import re
from email.message import Message
from typing import NamedTuple

from hub.contract.errors import Unreadable

DEPTH = 50
PARTS = 1_000
HEADERS = 256 * 1024
"""Bytes of all header blocks together."""
HEADER = 32 * 1024
"""Bytes of one header. A longer one is cut with a problem; a longer Content-Type makes the mail unreadable."""
ADDRESSES = 500
"""Read of all address headers together; the rest is left out with a problem."""

# The same notion of a header line as email.feedparser.
_HEADERS = re.compile(rb"(?:(?:From |[!-9;-~]*:|[ \t])[^\n]*+(?:\n|\Z))*+")
_CONTENT_TYPE = re.compile(rb"^content-type:([^\n]*(?:\n[ \t][^\n]*)*)", re.I | re.M)
_BARE_CR = re.compile(rb"\r(?!\n)")

Span = tuple[int, int]


def scan(body: bytes) -> list[Span]:
    """Where the outermost message/* parts lie, in order (start, end of their content). Raises Unreadable."""
    # The parser ends a line at a bare CR too. Same length, so that spans fit the original.
    text = body if body.count(b"\r") == body.count(b"\r\n") else _BARE_CR.sub(b"\n", body)
    walk = _Walk(text)
    walk.enter(0)
    at = text.find(b"\n--")
    while at >= 0:
        walk.line(at + 1)
        at = text.find(b"\n--", at + 1)
    walk.leave(0, len(text))
    return walk.messages


class _Open(NamedTuple):
    """A multipart (by its boundary) or a message that the walk is inside of."""

    kind: bytes
    boundary: bytes | None
    start: int


class _Walk:
    """The open multiparts and messages at one place of the mail."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.open: list[_Open] = []
        self.levels: dict[bytes, int] = {}  # boundary -> its place in `open`; the innermost wins
        self.parts = self.header_bytes = 0
        self.messages: list[Span] = []

    def enter(self, at: int) -> None:
        """Read the header block at `at`, and those of the messages that start right after it."""
        digest = bool(self.open) and self.open[-1].kind == b"multipart/digest"
        while True:
            found = _HEADERS.match(self.text, at)
            end = found.end() if found else at
            self._count(1, end - at)
            content_type = _CONTENT_TYPE.search(self.text, at, end)
            value = content_type.group(1) if content_type else b"message/rfc822" if digest else b""
            if len(value) > HEADER:
                raise Unreadable(f"A Content-Type header has {len(value)} bytes; the limit is {HEADER}.")
            at, digest = _after_blank(self.text, end), False
            kind = value.split(b";")[0].strip().lower()
            if kind.startswith(b"multipart/"):
                self._push(_Open(kind, _boundary(value), at))
            elif kind.startswith(b"message/"):
                self._push(_Open(kind, None, at))
            # The blocks of a delivery status become a message each: counted when it ends.
            if not kind.startswith(b"message/") or kind == b"message/delivery-status":
                return

    def line(self, at: int) -> None:
        """A line that starts with `--`: a boundary of an open multipart, or just text."""
        end = self.text.find(b"\n", at)
        line = self.text[at + 2 : end if end >= 0 else len(self.text)].rstrip(b" \t\r")
        level = self.levels.get(line)
        if level is not None:
            self.leave(level + 1, at - 1)
            self.enter(end + 1 if end >= 0 else len(self.text))
        elif line.endswith(b"--") and (level := self.levels.get(line[:-2])) is not None:
            self.leave(level, at - 1)

    def leave(self, level: int, at: int) -> None:
        """Close what is open from `level` on; its content ends before the line break at `at`."""
        end = at - 1 if self.text[max(at - 1, 0) : at + 1] == b"\r\n" else at
        outer = any(part.boundary is None for part in self.open[:level])
        for part in self.open[level:]:
            if part.boundary is None and not outer:
                self.messages.append((part.start, max(part.start, end)))
                outer = True
            if part.kind == b"message/delivery-status":
                blocks = self.text.count(b"\n\n", part.start, end) + self.text.count(b"\n\r\n", part.start, end)
                self._count(blocks, 0)
        del self.open[level:]
        self.levels = {part.boundary: n for n, part in enumerate(self.open) if part.boundary is not None}

    def _push(self, part: _Open) -> None:
        self.open.append(part)
        if part.boundary is not None:
            self.levels[part.boundary] = len(self.open) - 1
        if len(self.open) > DEPTH:
            raise Unreadable(f"The mail's parts are nested {len(self.open)} deep or deeper; the limit is {DEPTH}.")

    def _count(self, parts: int, header_bytes: int) -> None:
        self.parts += parts
        self.header_bytes += header_bytes
        if self.header_bytes > HEADERS:
            raise Unreadable(f"The mail has {self.header_bytes} bytes of headers or more; the limit is {HEADERS}.")
        if self.parts > PARTS:
            raise Unreadable(f"The mail has {self.parts} parts or more; the limit is {PARTS}.")


def _after_blank(text: bytes, at: int) -> int:
    if text[at : at + 1] == b"\n":
        return at + 1
    return at + 2 if text[at : at + 2] == b"\r\n" else at


def _boundary(content_type: bytes) -> bytes:
    """As the parser reads it: by its own code. A multipart without one has no parts."""
    header = Message()
    header["Content-Type"] = content_type.decode("ascii", "surrogateescape").replace("\r", "")
    try:
        return (header.get_boundary() or "\n").encode("ascii", "surrogateescape")
    except (ValueError, LookupError) as error:
        raise Unreadable(f"The boundary of a multipart can't be read: {error}.") from error
