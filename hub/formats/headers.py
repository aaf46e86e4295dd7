"""Headers of a mail or a part, each read guarded: RFC 5322, 2047, 2231, with what mail programs really send."""

import binascii
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

from hub.formats import charsets, limits

REFERENCES = 100
"""References kept: the last ones, nearest to this mail."""

_FOLD = re.compile(r"\r?\n(?=[ \t])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_WORD = re.compile(r"=\?([^?\s]{1,75})\?([bBqQ])\?")
_HEX = re.compile(r"[0-9A-F]{2}")
_CUT = re.compile(r"[\w+/=.,:!-]{4,}\??", re.A)
_ID = re.compile(r"<([^<>]{1,998})>")
_PARAMETER = re.compile(r"\s*([^\s=;\"]+)\s*=\s*(\"(?:[^\"\\]|\\.)*+\"|[^;]*)", re.S)
_NAME = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_DRIVE = re.compile(r'"[A-Za-z]:\\[^\\]')
_CHARSET = re.compile(r"([\w.:+-]*)'[\w-]*'", re.A)
_TYPE = re.compile(r"[\s\"']*([a-z0-9!#$&^_.+-]{1,127} ?/ ?[a-z0-9!#$&^_.+-]{1,127})(?=[\s;,\"'/]|\Z)", re.I | re.A)
_BOUNDARY = re.compile(r";?\s*\bboundary\s*=\s*(?:\"((?:[^\"\\]|\\.)*+)\"|([^\s;\"]+))", re.I | re.A)
_HEADER = re.compile(r"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)")


class Headers:
    """The headers of one mail or part, as they came; raw 8-bit bytes are surrogates (PEP 383)."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._values: dict[str, list[str]] = {}
        self._last = ""
        self.charset: str | None = None
        """Of the mail's text: what raw bytes are read by that aren't utf-8."""

    def add(self, block: bytes) -> None:
        """Lines that are all headers."""
        values = self._values
        for name, value in _HEADER.findall(block.decode("ascii", "surrogateescape")):
            self._last = name.lower()
            values.setdefault(self._last, []).append(value.strip(" \t\r\n"))

    def continued(self, line: bytes) -> None:
        """A line that belongs to the header before it and lost its indent."""
        if self._last:
            text = line.decode("ascii", "surrogateescape").strip()
            self._values[self._last][-1] += f"\n {text}"

    def size(self, name: str) -> int:
        """Of the longest of that name."""
        return max(map(len, self._values.get(name, ())), default=0)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def all(self, name: str) -> list[str]:
        """Unfolded, not decoded. A header over the limit is cut, with a problem (References keep their newest end)."""
        return [self._bounded(name, value) for value in self._values.get(name, ())]

    def raw(self, name: str) -> str:
        """The first of that name, unfolded, not decoded; empty if there is none."""
        values = self._values.get(name)
        return self._bounded(name, values[0]) if values else ""

    def text(self, name: str) -> str:
        """The first of that name, decoded, on one line."""
        return decode_words(self.raw(name), self.charset)

    def id(self, name: str) -> str | None:
        found = self.ids(name)
        return found[0] if found else None

    def ids(self, name: str) -> list[str]:
        """Message ids with their angle brackets, each once, the last `REFERENCES`."""
        value = self.raw(name)
        if "=?" in value:
            value = decode_words(value)
        found = ["<" + "".join(inner.split()) + ">" for inner in _ID.findall(value)]
        if not found:  # no brackets at all: add them, so that it equals what others refer to
            found = [f"<{word}>" for word in value.split() if "@" in word and "<" not in word and ">" not in word]
        kept = dict.fromkeys(one_line(one) for one in reversed(found) if one != "<>")
        return list(kept)[:REFERENCES][::-1]

    def parameters(self, name: str) -> tuple[str, Mapping[str, str]]:
        """The value in lower case and its parameters, decoded (RFC 2231, RFC 2047, raw 8-bit)."""
        value, _, rest = self.raw(name).partition(";")
        if "=" in value:  # nothing before the parameters
            value, rest = "", f"{value};{rest}"
        return value.strip().lower(), _parameters(rest) if rest else {}

    def media_type(self, fallback: str = "text/plain") -> tuple[str, Mapping[str, str]]:
        """RFC 2045: `fallback` when there is none or it can't be read."""
        values = self._values.get("content-type")
        if values is None:
            return fallback, {}
        raw = self._bounded("content-type", values[0])
        found = _TYPE.match(raw)
        if found is None:
            # "html" alone, or nothing before the parameters
            _, _, rest = raw.partition(";")
            word = raw.strip(" \t\"'").partition(";")[0].strip().lower()
            parameters = _parameters(rest) if rest else {}
            if "name" in parameters:
                return "application/octet-stream", parameters
            return ("text/html" if word == "html" else fallback), parameters
        rest = raw[found.end() :]
        # "text/html charset=utf-8": the semicolon is forgotten now and then.
        return found[1].lower().replace(" ", ""), _parameters(rest.lstrip(" \t;,\"'")) if "=" in rest else {}

    def boundary(self) -> bytes:
        """Of the Content-Type: as it stands, since it is compared and not read. Empty if there is none."""
        raw = self.raw("content-type")
        found = _BOUNDARY.search(raw)
        if found:
            value = re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]
        else:
            value = _parameters(raw.partition(";")[2]).get("boundary", "")
        return value.encode("utf-8", "surrogateescape").rstrip()

    def _bounded(self, name: str, value: str) -> str:
        if len(value) > limits.HEADER:
            problem = f"The header {name} has {len(value)} bytes and was read up to the limit of {limits.HEADER}."
            if problem not in self.problems:
                self.problems.append(problem)
            value = value[-limits.HEADER :] if name == "references" else value[: limits.HEADER]
        return _FOLD.sub("", value) if "\n" in value else value


def one_line(text: str) -> str:
    """Without control characters, line ends and lone surrogates; trimmed."""
    text = text.strip()
    return text if text.isprintable() else _CONTROL.sub(" ", text).strip()


def decode_words(value: str, charset: str | None = None) -> str:
    """RFC 2047 in a header, also broken: raw 8-bit, missing padding, blanks inside, a character split over two words.

    Neighbours of one charset are joined as bytes before decoding: mailers do split inside a character.
    `charset`: of raw bytes that aren't utf-8.
    """
    if "=?" not in value:
        return one_line(charsets.raw_text(value, charset))
    out: list[str] = []
    run: list[bytes] = []  # bytes of neighbouring words
    run_charset = ""
    at = 0
    for start, end, word_charset, data in _words(value):
        between = value[at:start]
        at = end
        if run and (between.strip() or word_charset != run_charset):
            out.append(charsets.decode(b"".join(run), run_charset)[0])
            run = []
        if between.strip() or (not out and not run):
            out.append(charsets.raw_text(between, charset))
        run.append(data)
        run_charset = word_charset
    if run:
        out.append(charsets.decode(b"".join(run), run_charset)[0])
    out.append(charsets.raw_text(value[at:], charset))
    return one_line("".join(out))


def _words(value: str) -> Iterable[tuple[int, int, str, bytes]]:
    """(start, end, charset, bytes) of each encoded word. Linear: every search starts where the last one ended."""
    at = 0
    while found := _WORD.search(value, at):
        end = value.find("?=", found.end())
        after = end + 2
        if end >= 0 and _HEX.match(value, after):  # perhaps a question mark that should have been encoded
            later = value.find("?=", after)
            if later >= 0 and "=?" not in value[after:later] and " " not in value[after:later]:
                end, after = later, later + 2
        if end < 0:
            if not _CUT.fullmatch(value, found.end()):
                return
            end = after = len(value)  # a header that was cut off within its last word
        text = value[found.end() : end]
        if "=?" in text:  # the word before has no end: leave it as it stands
            at = found.end()
            continue
        data = text.encode("utf-8", "surrogateescape")
        decoded = base64_word(data) if found[2] in "bB" else binascii.a2b_qp(data, header=True)
        yield found.start(), after, found[1].partition("*")[0].lower(), decoded
        at = after


def base64_word(data: bytes) -> bytes:
    """As much as can be read: padding is restored, a lone last digit dropped."""
    digits = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _parameters(text: str) -> dict[str, str]:
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _split(text):
        key, value = found
        named = _NAME.fullmatch(key.lower())
        if named is None:
            continue
        name, number, encoded = named[1], named[2], bool(named[3])
        if number is None and not encoded:
            plain.setdefault(name, decode_words(value))
        else:
            pieces.setdefault(name, {}).setdefault(int(number or 0), (value, encoded))
    for name, parts in pieces.items():  # RFC 2231 wins over the plain form, which is there for old readers
        plain[name] = _join_2231([parts[n] for n in sorted(parts)])
    return plain


def _split(text: str) -> Iterable[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _PARAMETER.match(text, at)
        if found is None:  # no `=`, or an unclosed quote: go on after the next semicolon
            at = text.find(";", at) + 1 or len(text)
            continue
        value = found[2]
        if value.startswith('"') and value.endswith('"') and len(value) > 1:
            # Outlook Express and others write a path of Windows as it is, its strokes not doubled.
            path = _DRIVE.match(value) is not None
            value = value[1:-1] if path else re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.S)
        else:
            value = value.strip().strip('"')
        yield found[1], value
        at = text.find(";", found.end()) + 1 or len(text)


def _join_2231(parts: list[tuple[str, bool]]) -> str:
    charset = "utf-8"
    data = bytearray()
    for n, (value, encoded) in enumerate(parts):
        raw = value.encode("utf-8", "surrogateescape")
        if encoded and n == 0 and (told := _CHARSET.match(value)):
            charset = told[1]
            raw = raw[told.end() :]
        data += unquote_to_bytes(raw) if encoded else raw
    text = charsets.decode(bytes(data), charset or "utf-8")[0]
    return decode_words(text) if "=?" in text else one_line(text)
