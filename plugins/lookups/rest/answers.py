"""An answer as plain mappings, lists and texts; numbers of JSON exact."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal
from xml.etree.ElementTree import Element

import msgspec

from hub.contract import Unreadable, paths
from hub.contract.mapping import Row
from hub.formats.xml import read_xml

OWN_TEXT = "value"
"""Of an element that has attributes or others in it as well; `@name` is an attribute."""

OF = "^"


class _Element(dict[str, Any]):
    """XML leaves out what JSON has an empty list for."""


_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_JSON = msgspec.json.Decoder(float_hook=Decimal)


def read(content: bytes, form: Literal["json", "xml"], unwrap: str = "") -> object:
    """`unwrap`: where in it stands a text that is JSON itself. Raises Unreadable."""
    if form == "xml":
        root = _plain(read_xml(content))
        return root if isinstance(root, Mapping) else _Element()
    said = _json(content)
    if not unwrap:
        return said
    try:
        inner = paths.one(said, unwrap)
    except ValueError as error:
        raise Unreadable(f"What stands at {unwrap} is no single text.") from error
    if not isinstance(inner, str):
        raise Unreadable(f"What stands at {unwrap} is no text with JSON in it.")
    return _json(inner.encode("utf-8", "replace"))


def rows_in(answer: object, path: str) -> list[Row]:
    """What isn't a mapping is one with a `value`. Raises Unreadable, also where the answer is of another kind."""
    head = path.partition(".")[0].removesuffix("[]")
    if head and not isinstance(answer, _Element) and not (isinstance(answer, Mapping) and {head, path} & answer.keys()):
        raise Unreadable(f"rows: the answer has nothing at {path}: is it that of another question?")
    try:
        found = _found(answer, path)
    except ValueError as error:
        raise Unreadable(f"What stands at {path or 'rows'} is a list: write [] behind it.") from error
    return [each if isinstance(each, Mapping) else {OWN_TEXT: each} for each in found if each is not None]


def _found(answer: object, path: str) -> list[object]:
    """Of rows within rows each has the one it is of as `^`: whom an answer is about often stands there."""
    outer, many, inner = path.rpartition("[].")
    if not outer:
        return paths.found(answer, path)
    return [
        {**each, OF: row} if isinstance(each, Mapping) else each
        for row in _found(answer, outer + many[:2])
        for each in paths.found(row, inner)
    ]


def _json(content: bytes) -> Any:
    try:
        return _JSON.decode(content)
    except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError) as error:  # its words may be personal
        raise Unreadable("The answer isn't JSON: is this the address of the API?") from error


def _plain(element: Element) -> object:
    """Text of an element with nothing in it; else a mapping, of what comes more than once a list."""
    if element.get(_NIL) in {"true", "1"}:
        return None
    text = (element.text or "").strip()
    if not len(element) and not element.attrib:
        return text
    plain: dict[str, Any] = {f"@{name.rpartition('}')[2]}": value for name, value in element.attrib.items()}
    for child in element:
        inner = _plain(child)
        if child.tag not in plain:
            plain[child.tag] = inner
        elif isinstance(plain[child.tag], list):
            plain[child.tag].append(inner)
        else:
            plain[child.tag] = [plain[child.tag], inner]
    return _Element({OWN_TEXT: text, **plain} if text else plain)
