"""Character sets: bytes of unknown honesty to clean text. Never raises."""

import codecs
import re
from functools import lru_cache

from hub.formats.guess import guess

# What mail says -> what Python knows. A superset is taken where senders are known to use one (WHATWG Encoding).
_ALIASES = {
    name: codec
    for codec, names in {
        "us-ascii": "ascii ansi_x3.4-1968 646 us-ascii7 7bit iso646-us",
        "cp1252": "iso-8859-1 iso8859-1 iso_8859-1 iso-8859_1 iso88591 8859-1 iso-8859-1:1987 iso_8859-1:1987 latin1"
        " latin-1 iso-latin-1 l1 x-ansi ansi windows-1252 x-cp1252 win-1252 windows1252 cp-1252 windows-1252http"
        " ansi_x3.110-1983 western iso8859_1 iso-ir-100 windows-latin1",
        "utf-8": "unicode-1-1-utf-8 x-utf-8 utf8mb4 utf_8 utf-8-sig utf-8-mac x-utf8 unicode-utf-8 utf8n utf-8n",
        "utf-7": "unicode-1-1-utf-7 x-utf-7 unicode-2-0-utf-7 csunicode11utf7",
        "utf-16": "unicode ucs-2 iso-10646-ucs-2 ucs2",
        "iso-8859-8": "iso-8859-8-i iso-8859-8-e logical visual",
        "iso-8859-6": "iso-8859-6-i iso-8859-6-e",
        "cp1254": "iso-8859-9 iso8859-9 iso_8859-9 latin5",
        "cp1251": "win-1251 windows1251 cp-1251 win1251 x-cp1251",
        "cp1250": "win-1250 windows1250 cp-1250 win1250 x-cp1250",
        "cp949": "ks_c_5601 ks_c_5601-1987 ks_c_5601-1989 euc-kr euckr ksc5601 ksc_5601 ks-c-5601-1987 x-windows-949"
        " korean windows-949 uhc ks_c-5601-1987 ks_c_5601_1987",
        "gb18030": "gb2312 gbk x-gbk gb_2312-80 gb_2312 chinese csgb2312 euc-cn gb-2312 gb2312-80 x-gb2312 cp936 cp-936"
        " windows-936 x-euc-cn gb-18030 gbk2312 ms936 x-gb18030",
        "hz": "hz-gb-2312 hz-gb2312 hz-gb",
        "big5hkscs": "big5 big-5 x-x-big5 cn-big5 csbig5 big5-hkscs x-big5 cp950 ms950 windows-950",
        "cp932": "shift_jis shift-jis x-sjis windows-31j sjis s-jis ms_kanji ms932 shiftjis windows-932 x-ms-cp932"
        " cp943c csshiftjis shift_jis-ms",
        "euc-jp": "x-euc-jp x-eucjp eucjp x-euc cseucpkdfmtjapanese eucjp-ms",
        "iso2022_jp_ext": "iso-2022-jp iso-2022-jp-2 jis iso2022-jp iso-2022-jp-ms csiso2022jp",
        "cp874": "windows-874 tis-620 tis620 iso-8859-11 iso8859-11 iso_8859-11 x-windows-874 dos-874",
        "mac-roman": "x-mac-roman macintosh mac x-mac x-macroman csmacintosh",
        "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
        "mac-latin2": "x-mac-ce x-mac-centraleurroman",
        "mac-turkish": "x-mac-turkish",
        "mac-greek": "x-mac-greek",
        "mac-iceland": "x-mac-icelandic",
        "koi8-r": "koi8 koi koi8r cskoi8r koi-8",
        "koi8-u": "koi8-ru koi8u",
        "cp850": "cp-850 pc850 x-cp850",
    }.items()
    for name in names.split()
}
_JUNK = re.compile(r"[\s\"'<>;,()=]+")
_META = re.compile(rb"<(?:meta|\?xml)\b[^>]{0,400}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:+-]{2,40})", re.I)
_META_WITHIN = 4096
_JAPANESE = (b"\x1b$B", b"\x1b$@", b"\x1b(J", b"\x1b(I")
_JIS = "iso2022_jp_ext"
_JIS_LETTER = re.compile(rb"[\x21-\x7e]{2}")
_ESCAPE = 0x1B
_KOREAN = b"\x1b$)C"
_SURE = 8
"""Bytes beyond ASCII from which valid utf-8 is no accident."""
# Text codecs that are no charset of a mail; punycode is quadratic, the escapes would rewrite backslashes.
_NOT_CHARSETS = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
_NAME = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,39}")
_UNDEFINED = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(data: bytes, declared: str | None, html: bool = False) -> tuple[str, str | None]:
    """The text, and a sentence when it isn't what `declared` promised. Order: as declared, utf-8, cp1252.

    `html`: what the HTML says of itself counts where nothing was declared.
    """
    codec = codec_of(declared) if declared else None
    if data.isascii() and (declared is None or codec in ("us-ascii", "utf-8", "cp1252")):
        return _ascii(data), None
    if codec in (None, "us-ascii") and html and (told := _told_by_html(data)):
        declared, codec = told, codec_of(told)
    if codec is None or codec == "us-ascii":
        return _undeclared(data, declared)
    if codec == "cp1252":
        return _western(data, declared)
    return _declared(data, codec, declared)


@lru_cache(maxsize=512)
def codec_of(charset: str) -> str | None:
    """Python's name of a charset as mail spells it; None if there is none."""
    name = _JUNK.sub(" ", charset).strip().lower().partition(" ")[0]
    name = _ALIASES.get(name, name)
    name = _ALIASES.get(name.replace("_", "-"), name)
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
        # A character beyond the first plane that was written in two halves is put together; a lone half goes.
        return _SURROGATE.sub("", text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore"))
    return text


def raw_text(value: str, charset: str | None = None) -> str:
    """A header's text that may hold raw 8-bit bytes as surrogates (PEP 383): utf-8, else as the mail's text, cp1252."""
    if value.isascii():
        if charset and "\x1b$" in value:
            return decode(value.encode(), None)[0]
        return value
    data = value.encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        codec = codec_of(charset) if charset else None
        if codec and codec not in ("utf-8", "us-ascii", "cp1252"):
            try:
                return data.decode(codec)
            except (UnicodeError, ValueError):
                pass
        guessed = guess(data)
        return data.decode(guessed, "replace") if guessed else _cp1252(data)


@lru_cache(maxsize=256)
def _is_single(codec: str) -> bool:
    """Whether each byte is a letter: such a charset takes anything, and can't contradict."""
    return codec != "utf-8" and len(bytes(range(0xC0, 0xD0)).decode(codec, "ignore")) > 12  # noqa: PLR2004 - of sixteen letters


def _surely_utf8(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if len(data.translate(None, bytes(range(0x80)))) >= _SURE else None


def _ascii(data: bytes) -> str:
    """Where nothing else was told: the charsets that write by escapes are seven bits wide, too."""
    if b"\x1b" in data:
        if any(mark in data for mark in _JAPANESE):
            return _declared(data, _JIS, _JIS)[0]
        if _KOREAN in data:
            return data.decode("iso2022_kr", "replace")
    return data.decode("ascii")


def _as_shift_jis(data: bytes) -> bytes:
    """ISO-2022-JP with what programs add to it, such as letters in circles, which only the other form of it has."""
    out = bytearray()
    double = kana = False
    at = 0
    while at < len(data):
        if data[at] == _ESCAPE:
            sequence = data[at : at + 3]
            double, kana = sequence[:2] == b"\x1b$", sequence == b"\x1b(I"
            at += 3
        elif double and _JIS_LETTER.match(data, at):
            row, cell = data[at] - 0x21, data[at + 1] - 0x21
            out.append(row // 2 + (0x81 if row < 62 else 0xC1))  # noqa: PLR2004 - JIS X 0208, annex 1
            cell += 0x9F if row % 2 else 0x40 + (cell >= 63)  # noqa: PLR2004 - JIS X 0208, annex 1
            out.append(cell)
            at += 2
        else:
            out.append(data[at] | 0x80 if kana and data[at] > 0x20 else data[at])  # noqa: PLR2004 - a blank
            at += 1
    return bytes(out)


def _told_by_html(data: bytes) -> str | None:
    """What its head says, unless that can't be."""
    found = _META.search(data[:_META_WITHIN])
    told = found[1].decode("ascii") if found else ""
    return told if codec_of(told) not in (None, "us-ascii", "utf-16") else None


def _declared(data: bytes, codec: str, declared: str | None) -> tuple[str, str | None]:
    if codec == "utf-16" and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16-le" if data[1:400:2].count(0) > data[:400:2].count(0) else "utf-16-be"
    if _is_single(codec) and (text := _surely_utf8(data)) is not None:
        return text, f"The text says {declared} and is utf-8: it was read as utf-8."
    try:
        return _bare(data.decode(codec)), None
    except (UnicodeError, ValueError):
        if codec != _JIS or not data.isascii():
            return _broken(data, "cp932" if codec == _JIS else codec, declared)
    text = _as_shift_jis(data).decode("cp932", "replace")
    bad = text.count("\ufffd")
    return text, f"The text isn't wholly {declared}: {bad} characters can't be read." if bad else None


def _bare(text: str) -> str:
    """Without a byte order mark."""
    return text.removeprefix("\ufeff")


def _undeclared(data: bytes, declared: str | None) -> tuple[str, str | None]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), _read_as("utf-16", declared)
    try:
        text = _bare(data.decode())
    except UnicodeDecodeError:
        guessed = guess(data)
        if guessed:
            return data.decode(guessed, "replace"), _read_as(guessed, declared)
        return _cp1252(data), _read_as("windows-1252", declared)
    return text, _read_as("utf-8", declared) if declared else None


def _read_as(charset: str, declared: str | None) -> str:
    if declared:
        return f"The character set {declared[:40]!r} is unknown or wrong: the text was read as {charset}."
    return f"No character set is given: the text was read as {charset}."


def _western(data: bytes, declared: str | None) -> tuple[str, str | None]:
    """Latin-1 never fails, so the test is the other way: bytes that are valid utf-8 are utf-8."""
    try:
        return _bare(data.decode()), f"The text says {declared} and is utf-8: it was read as utf-8."
    except UnicodeDecodeError:
        guessed = guess(data)
        if guessed:
            return data.decode(guessed, "replace"), f"The text isn't {declared}: it was read as {guessed}."
        return _cp1252(data), None


def _broken(data: bytes, codec: str, declared: str | None) -> tuple[str, str | None]:
    if codec != "utf-8":
        try:
            return _bare(data.decode()), f"The text says {declared} and is utf-8: it was read as utf-8."
        except UnicodeDecodeError:
            pass
    try:
        text = data.decode(codec, "replace")
    except (UnicodeError, ValueError):
        return _cp1252(data), f"The text isn't {declared}: it was read as windows-1252."
    bad = text.count("\ufffd")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    # One damaged letter in a text that is otherwise as declared; a charset of the East is seldom written by mistake.
    most = beyond_ascii // 2 if codec != "utf-8" and not _is_single(codec) else (beyond_ascii - bad) // 4
    if bad <= most or (_is_single(codec) and bad * 2 <= beyond_ascii):
        return text, f"The text isn't wholly {declared}: {bad} characters can't be read."
    return _cp1252(data), f"The text isn't {declared}: it was read as windows-1252."


def _cp1252(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1").translate(_UNDEFINED)
