"""RTF as Outlook sends it: packed (MS-OXRTFCP), around HTML (MS-OXRTFEX) or as words. Linear, bounded."""

import re
from typing import NamedTuple

_LARGEST = 1_000_000
_DEEPEST = 500
_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor"
    b" MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20"
    b"\\b\\i\\u\\tab\\tx"
)
_WINDOW = 4096
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([\r\n]+)|([^\\{}\r\n]+)|.", re.S
)
_SILENT = frozenset({
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "headerl", "headerr", "footerl",
    "footerr", "ftnsep", "listtable", "listoverridetable", "themedata", "datastore", "generator", "xmlnstbl",
    "mhtmltag",
})  # fmt: skip
_WORDS = {
    "par": "\n", "line": "\n", "row": "\n", "sect": "\n", "page": "\n", "tab": "\t", "cell": "\t", "emdash": "—",
    "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ",
    "enspace": " ",
}  # fmt: skip
_SYMBOLS = {"~": "\xa0", "_": "-", "-": "", "\n": "\n", "\r": "\n", "{": "{", "}": "}", "\\": "\\"}
_CHARSETS = {
    0: "cp1252", 77: "mac-roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250",
}  # fmt: skip


class Words(NamedTuple):
    """HTML, where the RTF was made of it, or text."""

    html: str | None
    text: str | None


def unpacked(data: bytes) -> bytes | None:
    """LZFu, and what isn't packed at all; None if it is neither."""
    if len(data) < 16:  # noqa: PLR2004 - bytes of its header
        return None
    size, kind = int.from_bytes(data[4:8], "little"), data[8:12]
    if kind == b"MELA":
        return data[16 : 16 + size]
    if kind != b"LZFu" or size > _LARGEST:
        return None
    out = bytearray(_START)
    most = len(_START) + size
    at, end = 16, len(data)
    while at < end and len(out) < most:
        flags = data[at]
        at += 1
        for bit in range(8):
            if at >= end or len(out) >= most:
                break
            if not flags >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            pair = int.from_bytes(data[at : at + 2])
            at += 2
            place, count = pair >> 4, (pair & 15) + 2
            back = (len(out) - place - 1) % _WINDOW + 1
            if place == len(out) % _WINDOW or back > len(out):  # the end, or nothing that was written yet
                return bytes(out[len(_START) :])
            for _ in range(count):
                out.append(out[-back])
    return bytes(out[len(_START) : most])


class _State(NamedTuple):
    silent: bool = False
    tag: bool = False  # inside a piece of the HTML
    hidden: bool = False  # what RTF readers show and the HTML doesn't have
    skip: int = 1  # characters after \u that stand for it
    charset: str = ""


def words(data: bytes) -> Words:
    """What it says. Anything may be broken; what can't be read is left out."""
    reading = _Reading(b"\\fromhtml1" in data[:4000])
    for found in _TOKEN.finditer(data[:_LARGEST]):
        reading.token(found)
    text = reading.done()
    return Words(text, None) if reading.from_html else Words(None, text.strip("\n"))


class _Reading:
    def __init__(self, from_html: bool) -> None:
        self.from_html = from_html
        self.state = _State()
        self.stack: list[_State] = []
        self.out: list[str] = []
        self.run = bytearray()
        self.charset = "cp1252"
        self.fonts: dict[int, str] = {}
        self.font = 0
        self.in_fonts = 0  # the depth of the font table
        self.starred = False
        self.to_skip = 0

    def token(self, found: re.Match[bytes]) -> None:
        """One word, character, brace or run of text."""
        if found[5]:
            self._brace(found[5])
        elif found[1]:
            self._word(found[1].decode(), int(found[2]) if found[2] else None)
        elif found[3]:
            self._bytes(bytes.fromhex(found[3].decode()))
        elif found[4]:
            if found[4] == b"*":
                self.starred = True
            else:
                self._text(_SYMBOLS.get(found[4].decode("latin-1"), ""))
        elif found[7]:
            self._bytes(found[7])

    def done(self) -> str:
        """All of it."""
        self._flush()
        return "".join(self.out)

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self.starred, self.to_skip = False, 0
        if brace == b"{":
            if len(self.stack) < _DEEPEST:
                self.stack.append(self.state)
        elif self.stack:
            if len(self.stack) == self.in_fonts:
                self.in_fonts = 0
            self.state = self.stack.pop()

    def _word(self, word: str, number: int | None) -> None:
        starred, self.starred = self.starred, False
        if word == "htmltag" and self.from_html:
            self.state = self.state._replace(tag=True)
        elif word == "fonttbl":
            self.in_fonts = len(self.stack)
            self.state = self.state._replace(silent=True)
        elif word in _SILENT or starred:
            self.state = self.state._replace(silent=True)
        elif word == "htmlrtf":
            self._flush()
            self.state = self.state._replace(hidden=number != 0)
        elif word == "u" and number is not None:
            self._text(chr(number % 65536))
            self.to_skip = self.state.skip
        elif word == "uc":
            self.state = self.state._replace(skip=min(max(number or 0, 0), 10))
        elif word in ("ansicpg", "fcharset", "f"):
            self._charset(word, number or 0)
        elif word in _WORDS:
            self._text(("\n" if self.from_html and word in ("par", "line") else None) or _WORDS[word])

    def _charset(self, word: str, number: int) -> None:
        self._flush()
        if word == "ansicpg":
            self.charset = _codec(f"cp{number}") or self.charset
        elif word == "fcharset":
            if self.in_fonts and number in _CHARSETS and number:
                self.fonts[self.font] = _CHARSETS[number]
        elif self.in_fonts:
            self.font = number
        else:
            self.state = self.state._replace(charset=self.fonts.get(number, ""))

    def _bytes(self, data: bytes) -> None:
        if self.to_skip:
            skipped = min(self.to_skip, len(data))
            self.to_skip -= skipped
            data = data[skipped:]
        self.run += data

    def _text(self, text: str) -> None:
        self._flush()
        if self._heard():
            self.out.append(text)

    def _heard(self) -> bool:
        return not self.state.silent and (self.state.tag or not self.state.hidden)

    def _flush(self) -> None:
        if self.run:
            if self._heard():
                self.out.append(bytes(self.run).decode(self.state.charset or self.charset, "replace"))
            self.run.clear()


def _codec(name: str) -> str | None:
    name = {"cp65001": "utf-8", "cp936": "gb18030", "cp10000": "mac-roman"}.get(name, name)
    try:
        "".encode(name)
    except LookupError:
        return None
    return name
