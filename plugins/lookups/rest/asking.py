"""A request, written out of its template: what is asked by stands in its place and can be nothing else."""

import base64
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from hub.contract import Subject, Unreadable, days, paths
from hub.contract.houses import folded, parts
from plugins.lookups.rest.settings import Ask, RestConfig

MOST_VALUE = 200

_SEGMENT = re.compile(r"[\w .~!$&'()*+,=:@-]+")
"""What can stand between two slashes, however often the other side decodes it."""
_BRACES = re.compile(r"\{([^{}]+)\}")
_TEN = 10


class Request(Struct, frozen=True):
    """One, as it goes out; without log-in."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes = b""


class Known:
    """What stands in braces: parts of what was asked by, days beside today, rows of earlier steps by their names."""

    def __init__(
        self, values: Mapping[str, str], rows: Mapping[str, object] | None = None, today: date | None = None
    ) -> None:
        self.values, self.rows, self.today = values, rows or {}, today

    def get(self, name: str) -> str:
        """Raises Unreadable."""
        if name in self.values:
            return self.values[name]
        if self.today and (day := days.named(name, self.today)):
            return day.isoformat()
        try:
            return paths.text(paths.one(self.rows, name))
        except ValueError as error:
            raise Unreadable(f"What stands at {name} is no single text.") from error


def values_of(subject: Subject) -> Mapping[str, str]:
    """By their names in braces. Raises Unreadable for what no source is asked by."""
    value = subject.value
    if not value.strip() or len(value) > MOST_VALUE or not value.isprintable():
        raise Unreadable(f"What is asked by is one line of at most {MOST_VALUE} letters.")
    if subject.by == "address":
        return {"value": folded(value), **parts(value)}
    if subject.by == "identity":
        return {"value": value, "ten": value[-_TEN:], "dashed": f"{value[:-4]}-{value[-4:]}"}
    return {"value": folded(value)}


def written_out(ask: Ask, known: Known) -> Request:
    """Raises Unreadable where something that it needs isn't known, or can't stand in a path."""
    path = _filled(ask.path, known, _segment)
    query = {name: _filled(text, known) for name, text in ask.query.items()}
    if ask.body is not None:
        # `&` as JSON may write it, too: no form parser finds a second field in what somebody typed.
        content = msgspec.json.encode(_everywhere(ask.body, known)).replace(b"&", b"\\u0026")
        return Request("POST", path, query, {"content-type": "application/json; charset=utf-8"}, content)
    if ask.form is not None:
        form = {name: _filled(text, known) for name, text in ask.form.items()}
        headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        return Request("POST", path, query, headers, urlencode(form).encode())
    return Request("GET", path, query, {})


def headers_of(config: RestConfig) -> Mapping[str, str]:
    """Those that it wants, and the log-in but for a token."""
    own = {name.lower(): value for name, value in config.headers.items()}
    if config.username and config.password:
        pair = base64.b64encode(f"{config.username}:{config.password.reveal()}".encode()).decode()
        own["authorization"] = f"Basic {pair}"
    if config.api_key and config.key_header:
        own[config.key_header.lower()] = config.key_prefix + config.api_key.reveal()
    return own


def _filled(template: str, known: Known, check: Callable[[str], str] = str) -> str:
    values = {name: known.get(name) for name in paths.names_in(template)}
    names = [name for name in values if not days.NAMED.fullmatch(name)]
    if names and not any(values[name] for name in names):
        if set(names) & {"house", "number"}:
            raise Unreadable("This source wants an address with its house number: Storgatan 1.")
        if not set(names) <= {"letter", "postcode"}:
            raise Unreadable(f"Nothing stands at {names[0]}, which the next question is asked by.")
    return _BRACES.sub(lambda match: check(values[match[1]]), template)


def _segment(value: str) -> str:
    composed = unicodedata.normalize("NFC", value)
    whole = _SEGMENT.fullmatch(composed) and ".." not in composed and composed.strip(". ")
    if not whole or unicodedata.normalize("NFKC", composed) != composed:
        raise Unreadable("What is asked by has signs that can't stand in this source's address.")
    return composed


def _everywhere(value: Any, known: Known) -> Any:
    if isinstance(value, str):
        return _filled(value, known)
    if isinstance(value, Mapping):
        return {name: _everywhere(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [_everywhere(each, known) for each in value]
    return value
