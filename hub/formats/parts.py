"""The parts of a mail (RFC 5322, 2045, 2046), found in one linear pass over its bytes: no recursion, no copies.

It takes what programs get wrong: lines before the headers, a wrapped header that lost its indent, a boundary other than
the one that was told, one that never closes or goes on after its close. Limits are those of `limits`.
"""

import re
from collections.abc import Sequence

from hub.contract.errors import Unreadable
from hub.formats import limits
from hub.formats.headers import Headers

_BARE_CR = re.compile(rb"\r(?!\n)")
_LOOKED_AT = 16 * 1024
"""A mail whose lines end with a bare CR has one in here."""
_BLOCK = re.compile(rb"(?:[!-9;-~]++[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+(?:\n|\Z))*+")
_KNOWN = (
    rb"(?:return-path|received|from|sender|to|cc|subject|date|message-id|in-reply-to|references|reply-to|delivered-to"
    rb"|envelope-to|mime-version|content-[a-z-]+|x-[a-z-]+|dkim-signature|authentication-results)[ \t]*:"
)
_LEADING = re.compile(rb"(?:\xef\xbb\xbf)?[\s\0]*(?=>?From [^\n]*\n|" + _KNOWN + rb")", re.I)
_MBOX = re.compile(rb">?From [^\n]*\n(?:>?From [^\n]*\n)*")
_GOES_ON = re.compile(rb"(?!--)(?:[^\r\n][^\n]*\n){1,8}?" + _KNOWN, re.I)
_BLANK_BEFORE = re.compile(rb"\n[ \t]+\r?\n\Z")
_GUESS = re.compile(rb"(?:^|\n)--([^\s-][^\r\n]{0,200}?|-[^\r\n]{2,200}?)[ \t]*\r?\n(?:content-[a-z-]+[ \t]*:)", re.I)
_AS_IS = frozenset({"", "7bit", "8bit", "binary"})
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_GUESSES = 3
_CR = 13


class Part:
    """One part: a mail, or what lies within. `parts`: of a multipart, and the one mail in a message/rfc822."""

    __slots__ = (
        "after",
        "boundary",
        "closed",
        "end",
        "headers",
        "media_type",
        "parameters",
        "parts",
        "source",
        "start",
    )

    def __init__(self, source: bytes, headers: Headers, start: int, fallback: str) -> None:
        self.source = source
        self.headers = headers
        self.media_type, self.parameters = headers.media_type(fallback)
        self.start = start
        self.end = len(source)
        self.after = 0
        """Where what follows the last boundary of a multipart begins."""
        self.boundary: bytes | None = None
        self.closed = False
        self.parts: list[Part] = []

    @property
    def raw(self) -> bytes:
        """Its content as it lies in the mail."""
        return self.source[self.start : self.end]

    @property
    def is_message(self) -> bool:
        """A mail within a mail."""
        return self.media_type in _MESSAGES

    @property
    def charset(self) -> str | None:
        """Of the first part that names one: what raw bytes in the headers are likely written in, too."""
        part = self
        while True:
            if told := part.parameters.get("charset"):
                return told
            if not part.parts:
                return None
            part = part.parts[0]

    @property
    def encoding(self) -> str:
        """The Content-Transfer-Encoding, in lower case; empty for none."""
        raw = self.headers.raw("content-transfer-encoding")
        return raw.partition(";")[0].partition("(")[0].strip(" \t\"'.").lower() if raw else ""


def parse(body: bytes) -> Part:
    """The whole mail. Raises Unreadable when it breaks a limit."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        body = body.decode("utf-16", "replace").encode()
    first = body.find(b"\n", 0, _LOOKED_AT)
    if body[max(first - 2, 0) : max(first, 0)] == b"\r\r":  # line ends that were made into line ends once more
        body = body.replace(b"\r\r\n", b"\r\n")
    text = body
    if _BARE_CR.search(body[:_LOOKED_AT]):  # same length: places in it are places in `body`
        text = _BARE_CR.sub(b"\n", body)
    walk = _Walk(text, body)
    leading = _LEADING.match(text)
    root = walk.enter(leading.end() if leading else 0, None)
    if len(walk.open) > 1 or root.boundary is not None:
        walk.run(root.start)
    return root


def headers_of(body: bytes) -> Headers:
    """Of a mail that isn't to be read itself."""
    end = min((at for blank in (b"\n\n", b"\n\r\n") if (at := body.find(blank, 0, limits.HEADER)) >= 0), default=-1)
    headers = Headers()
    found = _BLOCK.match(body[: end + 1] if end >= 0 else body[: limits.HEADER])
    headers.add(found[0] if found else b"")
    return headers


class _Walk:
    """The open parts at one place of the mail: multiparts, messages and the leaf."""

    def __init__(self, text: bytes, source: bytes) -> None:
        self.text, self.source = text, source
        self.open: list[Part] = []
        self.levels: dict[bytes, int] = {}
        """Boundary -> its place in `open`; the innermost wins."""
        self.count = self.header_bytes = self.guesses = 0

    def run(self, at: int) -> None:
        """Look at each line that starts with `--`."""
        find, text = self.text.find, self.text
        at = find(b"\n--", at - 1)
        while at >= 0:
            end = find(b"\n", at + 3)
            line = text[at + 3 : end if end >= 0 else len(text)].rstrip(b" \t\r")
            level = self.levels.get(line)
            if level is not None:
                self._leave(level + 1, at)
                self.enter(end + 1 if end >= 0 else len(text), self.open[level])
            elif line.endswith(b"--") and (level := self.levels.get(line[:-2])) is not None:
                self._close(level, at, end + 1 if end >= 0 else len(text))
            at = find(b"\n--", at + 3)

    def enter(self, at: int, parent: Part | None) -> Part:
        """Read the header block at `at`, and those of the messages that start right after it."""
        first: Part | None = None
        while True:
            headers, start = self._headers(at)
            part = Part(self.source, headers, start, _default(parent))
            first = first or part
            if parent is not None:
                parent.parts.append(part)
            self._push(part)
            if not part.is_message or part.encoding not in _AS_IS:
                return first
            parent, at = part, start

    def _headers(self, at: int) -> tuple[Headers, int]:
        text = self.text
        begin = at
        if text.startswith((b"From ", b">From "), at) and (mbox := _MBOX.match(text, at)):
            at = mbox.end()
        headers = Headers()
        while True:
            found = _BLOCK.match(text, at)
            end = found.end() if found else at
            headers.add(text[at:end])
            if text.startswith((b"\n", b"\r\n"), end) or end >= len(text) or end - begin > limits.HEADERS:
                break
            # A line that is no header: one that was wrapped without an indent, when headers that mail has follow.
            if end == begin or _BLANK_BEFORE.search(text, max(at, end - 200), end) or not _GOES_ON.match(text, end):
                break
            at = text.find(b"\n", end) + 1
            headers.continued(text[end:at])
        self._bound(end - begin, headers)
        return headers, end + (2 if text.startswith(b"\r\n", end) else 1 if text.startswith(b"\n", end) else 0)

    def _bound(self, header_bytes: int, headers: Headers) -> None:
        self.count += 1
        self.header_bytes += header_bytes
        if self.header_bytes > limits.HEADERS:
            raise Unreadable(
                f"The mail has {self.header_bytes} bytes of headers or more; the limit is {limits.HEADERS}."
            )
        if self.count > limits.PARTS:
            raise Unreadable(f"The mail has {self.count} parts or more; the limit is {limits.PARTS}.")
        if (size := headers.size("content-type")) > limits.HEADER:
            raise Unreadable(f"A Content-Type header has {size} bytes; the limit is {limits.HEADER}.")

    def _push(self, part: Part) -> None:
        self.open.append(part)
        if len(self.open) > limits.DEPTH + 1:
            raise Unreadable(
                f"The mail's parts are nested {len(self.open)} deep or deeper; the limit is {limits.DEPTH}."
            )
        if part.media_type.startswith("multipart/"):
            part.boundary = self._boundary(part)
            if part.boundary is not None:
                self.levels[part.boundary] = len(self.open) - 1

    def _boundary(self, part: Part) -> bytes | None:
        """As it's told, or as it's used where the one that is told never comes."""
        told = part.headers.boundary()
        # A line of its own: the mail may tell the boundary's name elsewhere, too.
        if told and self.text.find(b"\n--" + told, part.start - 1) >= 0:
            return told
        if self.guesses < _GUESSES:
            self.guesses += 1
            guess = _GUESS.search(self.text, max(part.start - 1, 0))
            if guess and guess[1] not in self.levels:
                return guess[1]
        return told or None

    def _leave(self, level: int, at: int) -> None:
        """End what is open from `level` on, before the line break at `at`."""
        end = at - 1 if at and self.text[at - 1] == _CR else at
        for part in self.open[level:]:
            part.end = max(part.start, end)
        if len(self.open) > level:
            del self.open[level:]
            self.levels = {part.boundary: n for n, part in enumerate(self.open) if part.boundary is not None}

    def _close(self, level: int, at: int, after: int) -> None:
        self._leave(level + 1, at)
        part = self.open[level]
        part.closed, part.after = True, after
        # Programs go on with a boundary after its close; unless it is an outer one's, too.
        if any(outer.boundary == part.boundary for outer in self.open[:level]):
            self._leave(level, at)


def _default(parent: Part | None) -> str:
    return "message/rfc822" if parent is not None and parent.media_type == "multipart/digest" else "text/plain"


def inner(part: Part) -> Sequence[Part]:
    """What a multipart has; a multipart without parts is a leaf."""
    return part.parts if part.boundary is not None else ()
