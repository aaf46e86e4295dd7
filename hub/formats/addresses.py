"""Mail addresses out of From, To, Cc and Reply-To: one linear pass, no recursion, never raises.

RFC 5322 as it is broken in practice: unquoted commas belong to the list, nested comments are skipped by counting,
groups are opened up. Encoded words are decoded after splitting only, so what is inside one can't become an address.
"""

import re

from hub.contract.messages import Address
from hub.formats import charsets
from hub.formats.headers import decode_words, one_line

_TOKEN = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=|\s+|[^\s\",;:<>()=]+|.", re.S)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.S)
_PAREN = re.compile(r"[()\\]")
_ATOM = re.compile(r"[\w.+-]+")
_SHORT = 200
_MOST_COMMAS = 3
_SIMPLE = re.compile(r"(?:\"?([\w .'-]*)\"?\s*<([\w.+=-]+@[\w.-]+)>|([\w.+=-]+@[\w.-]+))", re.A)


def read(value: str, most: int, charset: str | None = None) -> tuple[list[Address], bool]:
    """The addresses of an unfolded, undecoded header, at most `most`; whether some were left out.

    `charset`: of raw bytes in names that aren't utf-8.
    """
    value = value.strip()
    simple = _SIMPLE.fullmatch(value) if len(value) < _SHORT else None
    if simple:  # nine of ten
        if not most:
            return [], True
        return [Address((simple[1] or "").strip(), simple[2] or simple[3])], False
    reading = _Reading(value, charset)
    return reading.addresses(most)


class _Reading:
    """One header on its way through the tokens: the words, comments and address since the last comma."""

    def __init__(self, value: str, charset: str | None) -> None:
        self.value, self.charset = value, charset
        self.found: list[Address] = []
        self.words: list[str] = []
        self.comments: list[str] = []
        self.address: str | None = None
        self.loose: list[str] = []
        """Pieces before this one that are no address: of a name with an unquoted comma, if its address comes now."""
        self.quotes_close = self.comments_close = True

    def addresses(self, most: int) -> tuple[list[Address], bool]:
        at = 0
        while at < len(self.value):
            if len(self.found) >= most:
                return self.found[:most], bool(self.value[at:].strip(" \t,;"))
            at = self._step(at)
        self._flush()
        return self.found[:most], len(self.found) > most

    def _step(self, at: int) -> int:
        token = _TOKEN.match(self.value, at)
        assert token is not None  # `.` matches anything
        char = token[0]
        if char == '"' and self.quotes_close:
            quoted = _QUOTED.match(self.value, at)
            if quoted:
                self.words.append(_as_written(quoted[1], self.value[quoted.end() : quoted.end() + 1]))
                return quoted.end()
            self.quotes_close = False  # nothing after this closes either: don't search again
        elif char == "(" and self.comments_close:
            return self._comment(at)
        elif char == "<":
            return self._angle(at)
        elif char in ",;":
            self._flush(char)
        elif char == ":" and self.address is None:
            self.words.clear()  # the name of a group
        elif char.isspace():
            self.words.append(" ")
        elif char not in '">)':
            self.words.append(char)
        return token.end()

    def _comment(self, at: int) -> int:
        depth, start = 1, at + 1
        end = start
        while depth and (found := _PAREN.search(self.value, end)):
            end = found.end() + (found[0] == "\\")
            depth += {"(": 1, ")": -1, "\\": 0}[found[0]]
        if depth:  # never closed: a name like "Anna (kundtjänst", not a comment
            self.comments_close = False
            return at
        self.comments.append(self.value[start : end - 1])
        return end

    def _angle(self, at: int) -> int:
        if self.address is not None:
            self._flush()
        end = self.value.find(">", at)
        inner = self.value[at + 1 : end if end >= 0 else len(self.value)]
        if end < 0:
            end = len(self.value)
        again = inner.rfind("<")
        inner = inner[again + 1 :].strip()
        if (
            inner.lower().startswith("undisclosed") and ":" in inner
        ):  # an empty group that a program took for an address
            self.words.clear()
            return end + 1
        if inner.startswith("@") and ":" in inner:  # a source route, long obsolete
            inner = inner.rpartition(":")[2]
        self.address = inner[7:] if inner[:7].lower() == "mailto:" else inner
        return end + 1

    def _flush(self, end: str = "") -> None:
        """What stands between two commas becomes an address; nothing becomes nothing."""
        name = "".join(self.words).strip()
        if self.loose and self.address is not None and "@" in self.address and name:
            del self.found[-len(self.loose) :]
            name = "".join([*self.loose, name])
        loose = f"{name}{end} " if name and self.address is None and "@" not in name else ""
        before = len(self.found)
        if not name and "" in self.words and self.address is None and self.comments:
            self.address = ""  # `"" (Mail Delivery System)`: somebody without an address
        if self.address is None and name:
            name, self.address = _bare(name)
        if self.address is not None or name:
            if not name and self.comments:
                name = self.comments[-1]
            address = one_line(charsets.raw_text("".join((self.address or "").split())))
            name = decode_words(name, self.charset)
            if address or name:
                self.found.append(Address(name, address))
        goes_on = loose and len(self.found) > before and len(self.loose) < _MOST_COMMAS
        self.loose = [*self.loose, loose] if goes_on else []
        self.words, self.comments, self.address = [], [], None


def _as_written(quoted: str, after: str) -> str:
    """A quoted string without its quotes, unless it's a local part that needs them."""
    if after == "@" and not _ATOM.fullmatch(quoted):
        return f'"{quoted}"'
    return re.sub(r"\\(.)", r"\1", quoted, flags=re.S)


def _bare(text: str) -> tuple[str, str]:
    """Name and address of an entry without angle brackets."""
    if "@" not in text:
        return (text, "") if " " in text or "=?" in text else ("", text)
    words = text.replace(" @", "@").replace("@ ", "@").split()
    at = max(n for n, word in enumerate(words) if "@" in word)
    return " ".join(words[:at] + words[at + 1 :]), words[at]
