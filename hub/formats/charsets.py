"""Character sets: bytes of unknown honesty to clean text. Never raises."""

import codecs
import re
from functools import lru_cache

# What mail says -> what Python knows. A superset is taken where senders are known to use one (WHATWG Encoding).
_ALIASES = {
    "ascii": "us-ascii",
    "ansi_x3.4-1968": "us-ascii",
    "646": "us-ascii",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "x-ansi": "cp1252",
    "ansi": "cp1252",
    "windows-1252": "cp1252",
    "x-cp1252": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-6-e": "iso-8859-6",
    "ks_c_5601": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "x-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "cp-850": "cp850",
}
# Text codecs that are no charset of a mail; punycode is quadratic, the escapes would rewrite backslashes.
_NOT_CHARSETS = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
_NAME = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,39}")
_UNDEFINED = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(data: bytes, declared: str | None) -> tuple[str, str | None]:
    """The text, and a sentence when it isn't what `declared` promised. Order: as declared, utf-8, cp1252."""
    if data.isascii() and (declared is None or codec_of(declared) in ("us-ascii", "utf-8", "cp1252")):
        return data.decode("ascii"), None
    codec = codec_of(declared) if declared else None
    if codec is None or codec == "us-ascii":
        return _undeclared(data, declared)
    if codec == "cp1252":
        return _western(data, declared)
    try:
        return data.decode(codec), None
    except (UnicodeError, ValueError):
        return _broken(data, codec, declared)


@lru_cache(maxsize=256)
def codec_of(charset: str) -> str | None:
    """Python's name of a charset as mail spells it; None if there is none."""
    name = charset.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if name == "us-ascii":
        return name
    if not _NAME.fullmatch(name):
        return None
    try:
        found = codecs.lookup(name)
        bytes(4).decode(found.name)  # refuses codecs that don't give text (base64, zlib)
    except (LookupError, ValueError):
        return None
    return None if found.name.replace("_", "-") in _NOT_CHARSETS else found.name


def clean(text: str) -> str:
    """Without NUL and lone surrogates, which no text column takes."""
    if text.isascii():
        return text.replace("\0", "") if "\0" in text else text
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("", text)
    return text


def raw_text(value: str) -> str:
    """A header's text that may hold raw 8-bit bytes as surrogates (PEP 383): utf-8, else cp1252."""
    if value.isascii():
        return value
    data = value.encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _cp1252(data)


def _undeclared(data: bytes, declared: str | None) -> tuple[str, str | None]:
    said = f"The character set {declared[:40]!r}" if declared else "No character set"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        why = "is unknown or wrong" if declared else "is given"
        return _cp1252(data), f"{said} {why}: the text was read as windows-1252."
    return text, f"{said} is unknown or wrong: the text was read as utf-8." if declared else None


def _western(data: bytes, declared: str | None) -> tuple[str, str | None]:
    """Latin-1 never fails, so the test is the other way: bytes that are valid utf-8 are utf-8."""
    try:
        return data.decode(), f"The text says {declared} and is utf-8: it was read as utf-8."
    except UnicodeDecodeError:
        return _cp1252(data), None


def _broken(data: bytes, codec: str, declared: str | None) -> tuple[str, str | None]:
    if codec != "utf-8":
        try:
            return data.decode(), f"The text says {declared} and is utf-8: it was read as utf-8."
        except UnicodeDecodeError:
            pass
    try:
        text = data.decode(codec, "replace")
    except (UnicodeError, ValueError):
        return _cp1252(data), f"The text isn't {declared}: it was read as windows-1252."
    bad = text.count("\ufffd")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    if bad * 4 <= beyond_ascii - bad:  # one damaged letter in a text that is otherwise as declared
        return text, f"The text isn't wholly {declared}: {bad} characters can't be read."
    return _cp1252(data), f"The text isn't {declared}: it was read as windows-1252."


def _cp1252(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1").translate(_UNDEFINED)
