"""Does a request match a stub? As much of WireMock's language as the recordings use."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

_NOW = re.compile(rb"\{\{now(?: offset='(-?\d+) days')?\}\}")
_LOCAL_NAME = re.compile(r"//\*\[local-name\(\)\s*=\s*'([^']+)'\]\Z")


@dataclass
class Asked:
    """One request, and what it was answered."""

    method: str
    path: str
    url: str
    """Path and query as they came."""
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    status: int = 0


def matches(wanted: Mapping[str, Any], asked: Asked) -> bool:
    """All that the stub names, and nothing is asked of the rest."""
    body = asked.body.decode(errors="replace")
    return (
        wanted.get("method", "ANY") in {"ANY", asked.method}
        and wanted.get("url", asked.url) == asked.url
        and wanted.get("urlPath", asked.path) == asked.path
        and re.fullmatch(wanted.get("urlPattern", ".*"), asked.url) is not None
        and re.fullmatch(wanted.get("urlPathPattern", ".*"), asked.path) is not None
        and all(_all_match(pattern, asked.query.get(name, ())) for name, pattern in _of(wanted, "queryParameters"))
        and all(_header_matches(pattern, asked.headers.get(name.lower())) for name, pattern in _of(wanted, "headers"))
        and all(_text_matches(pattern, body) for pattern in wanted.get("bodyPatterns", ()))
    )


def filled_in(body: bytes) -> bytes:
    """`{{now}}` and `{{now offset='-30 days'}}` of a template."""
    return _NOW.sub(lambda found: _day(int(found[1] or 0)), body)


def _day(offset: int) -> bytes:
    return (datetime.now(UTC) + timedelta(days=offset)).strftime("%Y-%m-%dT%H:%M:%SZ").encode()


def _of(wanted: Mapping[str, Any], part: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
    return list(wanted.get(part, {}).items())


def _all_match(pattern: Mapping[str, Any], values: Sequence[str]) -> bool:
    if "hasExactly" in pattern:
        wanted = pattern["hasExactly"]
        return len(wanted) == len(values) and all(any(_text_matches(one, value) for value in values) for one in wanted)
    if pattern.get("absent"):
        return not values
    return any(_text_matches(pattern, value) for value in values)


def _header_matches(pattern: Mapping[str, Any], value: str | None) -> bool:
    return value is None if pattern.get("absent") else value is not None and _text_matches(pattern, value)


def _text_matches(pattern: Mapping[str, Any], text: str) -> bool:
    for how, wanted in pattern.items():
        if how == "equalTo":
            found = text == wanted
        elif how == "contains":
            found = wanted in text
        elif how == "matches":
            found = re.fullmatch(wanted, text) is not None
        elif how == "equalToJson":
            found = _json(text) == (_json(wanted) if isinstance(wanted, str) else wanted)
        elif how == "equalToXml":
            found = _plain(text) == _plain(wanted)
        elif how == "matchesXPath":
            found = _has_element(wanted, text)
        else:
            raise ValueError(f"A stub matches by {how}: teach it to tests/stand_ins/matching.py")
        if not found:
            return False
    return True


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _document(text: str) -> ElementTree.Element | None:
    try:
        return ElementTree.fromstring(text.encode())  # noqa: S314 - our own tests' documents
    except ElementTree.ParseError:
        return None


def _plain(text: str) -> Any:
    """An XML document without what doesn't matter in it: prefixes, order of attributes, blanks around text."""
    document = _document(text)
    return text if document is None else _plain_element(document)


def _plain_element(element: ElementTree.Element) -> Any:
    children = [_plain_element(child) for child in element]
    return element.tag, sorted(element.attrib.items()), (element.text or "").strip(), children


def _has_element(path: str, text: str) -> bool:
    found = _LOCAL_NAME.match(path)
    if not found:
        raise ValueError(f"A stub matches by the XPath {path}: teach it to tests/stand_ins/matching.py")
    document = _document(text)
    return document is not None and any(element.tag.rpartition("}")[2] == found[1] for element in document.iter())
