"""Content-Transfer-Encoding undone, as far as it goes (RFC 2045, 6), also as programs get it wrong."""

import binascii
import re

from hub.formats.headers import base64_word, one_line
from hub.formats.parts import Part

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n \t"
_BASE64_TAIL = re.compile(rb"[A-Za-z0-9+/=\s]*")
_BROKEN_QUOTE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*\Z)")
_BLANKS_AT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]*={0,2}[ \t]*\r?\n?\Z")
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.M)
_MOST_FAILED = 20
"""Lines that begin a file and don't, looked at in one text."""
_NAMES = {
    "quoted printable": "quoted-printable", "quoted_printable": "quoted-printable", "qp": "quoted-printable",
    "quotedprintable": "quoted-printable", "quoted-printible": "quoted-printable",
    "base-64": "base64", "base_64": "base64",
    "b64": "base64", "x-base64": "base64", "8-bit": "8bit", "7-bit": "7bit", "8 bit": "8bit", "7 bit": "7bit",
    "utf-8": "8bit", "utf8": "8bit", "iso-8859-1": "8bit", "us-ascii": "7bit", "ascii": "7bit", "none": "7bit",
    "plain": "7bit", "text/plain": "7bit", "8bits": "8bit", "7bits": "7bit", "binary8": "8bit",
    "uuencode": "x-uuencode", "uue": "x-uuencode", "x-uue": "x-uuencode",
}  # fmt: skip


def content(part: Part, problems: list[str]) -> bytes:
    """The part's content; what was wrong is told in `problems`."""
    encoding = part.encoding
    encoding = _NAMES.get(encoding, encoding)
    data = part.raw
    if encoding in ("", "7bit", "8bit", "binary"):
        return data
    if encoding == "quoted-printable":
        return quoted(data, problems)
    if encoding == "base64":
        return _base64_text(data, problems) if part.media_type.startswith("text/") else base64(data, problems)
    if encoding == "x-uuencode":
        found = _UU_BEGIN.search(data)
        return uudecode(data[found.end() :]) or data if found else data
    problems.append(f"The transfer encoding {one_line(encoding)[:40]!r} is unknown: read as it stands.")
    return data


def quoted(data: bytes, problems: list[str]) -> bytes:
    """Quoted-printable."""
    if b"=" not in data:
        return data
    if _BROKEN_QUOTE.search(data):
        problems.append("The quoted-printable is broken: what couldn't be read stands as it came.")
    return binascii.a2b_qp(_BLANKS_AT_BREAK.sub(b"=", data))


def base64(data: bytes, problems: list[str]) -> bytes:
    """Base64, also cut off, joined of several, with a footer after it."""
    try:
        return binascii.a2b_base64(data, strict_mode=False) if _clean(data) else _mended(data, problems)
    except binascii.Error:
        problems.append("The base64 is cut off: it was read as far as it goes.")
        return base64_word(data)


def _base64_text(data: bytes, problems: list[str]) -> bytes:
    """Of a text: what programs have added to it, such as a list's footer, and one that isn't base64 at all, is kept."""
    if _clean(data) and b" " not in data.strip():
        return base64(data, problems)
    lines = data.splitlines(keepends=True)
    end = next((n for n, line in enumerate(lines) if not _BASE64_LINE.match(line)), len(lines))
    coded, rest = b"".join(lines[:end]), b"".join(lines[end:])
    decoded = base64(coded, []) if coded.strip() else b""
    words = rest.strip()
    if not words or (b" " not in words and words[:2] not in (b"__", b"--")):  # damaged rather than added to
        return base64(data, problems)
    if _NO_TEXT.search(decoded):  # the first words of a text look like base64 as well
        return _as_it_stands(data, problems)
    return _as_it_stands(b"\n".join(each for each in (decoded, rest) if each.strip()), problems)


def _as_it_stands(data: bytes, problems: list[str]) -> bytes:
    problems.append("Not all of the text is base64, as it says: the rest was read as it stands.")
    return data


def _clean(data: bytes) -> bool:
    end = data.find(b"=")
    padded = end >= 0 and data[end:].strip(b"=\r\n \t")
    return not padded and not data.translate(None, _BASE64)


def _mended(data: bytes, problems: list[str]) -> bytes:
    problems.append("The base64 is broken: what couldn't be read was left out.")
    # Whole runs up to a padding are decoded each for itself: a program joined several, or wrote a footer after it.
    found = _BASE64_TAIL.match(data)
    usable = data[: found.end()] if found and found.end() > len(data) // 2 else data
    return b"".join(base64_word(run) for run in re.split(rb"=+", usable))


def uudecode(lines: bytes) -> bytes | None:
    """What follows a `begin` line, up to `end`; None if it isn't uuencoded."""
    out: list[bytes] = []
    for line in lines.splitlines():
        if line.rstrip() == b"end":
            return b"".join(out)
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            size = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0  # some programs write more than they count
            try:
                out.append(binascii.a2b_uu(line[:size]))
            except binascii.Error:
                return None
    return None


def cut_uuencoded(data: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """A text without the uuencoded files in it, and those: (name, content)."""
    if b"\nend" not in data or b"begin" not in data:
        return data, []
    files: list[tuple[bytes, bytes]] = []
    kept: list[bytes] = []
    at = failed = 0
    while failed < _MOST_FAILED and (found := _UU_BEGIN.search(data, at)):
        end = data.find(b"\nend", found.end() - 1)
        if end < 0:
            break
        content = uudecode(data[found.end() : end + 4])
        if content is None:
            kept.append(data[at : found.end()])
            at, failed = found.end(), failed + 1
            continue
        kept.append(data[at : found.start()])
        files.append((found[1].strip(), content))
        at = end + 4
    return b"".join([*kept, data[at:]]), files
