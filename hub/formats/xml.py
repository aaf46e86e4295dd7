"""XML of another system, read by the standard library behind a guard: no document type, hence no entities; limits.

A DOCTYPE is refused when its name is read, before what it declares (entities, their expansion, files to fetch). The
parser has worked out the encoding by then, so that no disguise of the bytes hides it.
"""

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from hub.contract.errors import Unreadable

LARGEST = 16 * 2**20
"""Bytes."""
ELEMENTS, DEPTH = 200_000, 64


def read_xml(content: bytes) -> Element:
    """Its root, names without their namespaces. Raises Unreadable."""
    if len(content) > LARGEST:
        raise Unreadable("The XML is too large to be read.")
    parser: XMLParser[Any] = XMLParser(target=_Careful())  # noqa: S314 - no DOCTYPE gets past it, so no entity
    try:
        parser.feed(content)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError) as error:  # the last two: encodings
        raise Unreadable("It isn't XML, or it is cut off.") from error
    return root


class _Careful(TreeBuilder):
    """Raises Unreadable at a DOCTYPE, and at too much."""

    def __init__(self) -> None:
        super().__init__()
        self._elements, self._depth = 0, 0

    def doctype(self, *_: str | None) -> None:
        raise Unreadable("The XML declares a document type, which isn't read.")

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._elements += 1
        self._depth += 1
        if self._elements > ELEMENTS or self._depth > DEPTH:
            raise Unreadable("The XML is too large to be read.")
        return super().start(tag.rpartition("}")[2], attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag.rpartition("}")[2])
