"""A request to the outside as a plugin asks for it: read once, checked, copied, and then written out by us."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import quote, urlencode

from msgspec import Struct

SAFE = "-._~!$&'()*+,=:@"
_PATH = re.compile(rf"(?:/[\w {re.escape(SAFE)}]+)*/?")
"""No percent sign, backslash, question mark, semicolon or control character, and no segment without a name: what is
matched against the patterns is then what the other side reads, however often it decodes and tidies."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?")
_NOT_THEIRS = re.compile(
    # Ours, or of the connection (RFC 9110 7.6.1); `Content-Encoding` would hide what a POST says.
    r"host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|http2-settings|via"
    r"|accept-encoding|content-encoding|forwarded|proxy-.*"
    # What servers and proxies take for another method or path than those of the first line.
    r"|.*method.*|.*override.*|x-forwarded-.*|x-original-.*|x-rewrite-.*|destination"
)
_OTHER_METHOD = frozenset({"xhttpmethodoverride", "xhttpmethod", "xmethodoverride", "methodoverride", "httpmethod"})


class Forbidden(Exception):
    """A plugin asked for what its class doesn't list: a fault of the plugin. Nothing was sent.

    The message names the rule, never what was asked: that may hold an identity number.
    """


class Request(Struct, frozen=True):
    """One that may go out. `target`: path and query as in the first line. `headers`: none of the connection's."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes


class Allows(Protocol):
    """What may be asked of one place."""

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | Sequence[str]],
        headers: Mapping[str, str],
        content: bytes,
    ) -> Request:
        """Raises Forbidden."""
        ...


class Asked(Struct, frozen=True):
    """A request as a plugin wants it, in plain values: none of them can say one thing now and another later."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    content: bytes

    def written(self) -> Request:
        """As it goes out."""
        target = quote(self.path, safe="/" + SAFE)
        if self.query:
            target += "?" + urlencode(self.query, quote_via=quote, safe="")
        return Request(self.method, target, self.headers, self.content)


def read_request(
    method: str, path: str, query: Mapping[str, str | Sequence[str]], headers: Mapping[str, str], content: bytes
) -> Asked:
    """Everything is read once and copied. Raises Forbidden."""
    path, pairs, own = plain_path(path), _query(query), _headers(headers)
    if type(content) is not bytes:  # a buffer may change after it was looked at
        raise Forbidden("The content of a request is bytes.")
    return Asked(_text(method), path, pairs, own, content)


def plain_path(path: str) -> str:
    """Composed (NFC). Raises Forbidden for what servers may read as another path than the one written."""
    path = unicodedata.normalize("NFC", _text(path))
    if not _PATH.fullmatch(path) or ".." in path or "." in path.split("/"):
        raise Forbidden("A path begins with a slash and is written plainly: letters, digits, spaces, " + SAFE)
    if unicodedata.normalize("NFKC", path) != path:  # a fullwidth full stop is one, over there
        raise Forbidden("A path has no letters that are another way of writing others.")
    return path


def _query(query: Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, given in query.items():
        values = [given] if isinstance(given, str) else given
        if not isinstance(values, Sequence):
            raise Forbidden("A query has text, or several.")
        pairs.extend((_text(name), _text(value)) for value in values)
    if any(asks_for_other_method(name) for name, _ in pairs):
        raise Forbidden("The query asks for another method.")
    return pairs


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Names in lower case."""
    own: dict[str, str] = {}
    for given, value in headers.items():
        name = _text(given).lower()
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(_text(value)):
            raise Forbidden("A header is a name and one line of ASCII.")
        if _NOT_THEIRS.fullmatch(re.sub(r"[^a-z0-9]", "-", name)):  # CGI and PHP take _ and . for -
            raise Forbidden("A header of the connection, or for another method or path, isn't a plugin's to set.")
        if name in own:
            raise Forbidden("A header is given once.")
        own[name] = value
    return own


def _text(value: str) -> str:
    """Plain text: of a class of its own it could say one thing now and another later."""
    if type(value) is not str:
        raise Forbidden("Method, path, query and headers are plain text.")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Forbidden("Half a surrogate pair is no text.")
    return value


def asks_for_other_method(name: str) -> bool:
    """`_method` as Rails, Symfony and Spring read it; a field `method` is one like any other."""
    letters = re.sub(r"[^a-z]", "", name.lower())
    return letters in _OTHER_METHOD or (letters == "method" and name.strip().lower() != "method")
