"""Long base64 bodies, kept out of the standard library's parser, which would take them line by line.

Such a body has no hyphen and no colon: no boundary and no header can lie in it, so leaving it out changes no structure.
"""

import hashlib
import re
from collections.abc import Mapping

LONG = 24 * 1024
"""Bytes from which leaving a body out pays."""
_MARK = re.compile(rb"cut\.[0-9a-f]{64}\.[0-9]+")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n \t"


def cut(body: bytes) -> tuple[bytes, Mapping[bytes, bytes]]:
    """The mail with a mark in place of each long base64 body, and the bodies by their marks."""
    if len(body) < LONG:
        return body, {}
    pieces: list[bytes] = []
    bodies: dict[bytes, bytes] = {}
    done = start = 0
    while start < len(body):
        end = body.find(b"\n--", start + 1)
        end = len(body) if end < 0 else end
        content = _content(body, start, end) if end - start >= LONG else end
        if end - content >= LONG and not body[content:end].translate(None, _BASE64):
            # No mail can hold its own digest: nobody can write a mark.
            mark = b"cut.%s.%d" % (hashlib.sha256(body).hexdigest().encode(), len(bodies))
            stop = end - body.endswith(b"\r", content, end)  # the line's end is the boundary's
            bodies[mark] = body[content:stop]
            pieces += [body[done:content], mark]
            done = stop
        start = end
    return b"".join([*pieces, body[done:]]), bodies


def restore(payload: bytes, bodies: Mapping[bytes, bytes]) -> bytes:
    """The part's payload as it lay in the mail. What follows a mark may be text: not every `--` is a boundary."""
    return _MARK.sub(lambda found: bodies.get(found.group(), found.group()), payload) if bodies else payload


def _content(body: bytes, start: int, end: int) -> int:
    """Where the header block of a part ends; `end` when it doesn't."""
    found = [at + len(blank) for blank in (b"\n\r\n", b"\n\n") if (at := body.find(blank, start, end)) >= 0]
    return min(found, default=end)
