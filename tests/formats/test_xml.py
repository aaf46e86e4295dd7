"""XML of another system: entities, files and sheer size get nothing; the rest is read, names without namespaces."""

import pytest

from hub.contract import Unreadable
from hub.formats.xml import DEPTH, ELEMENTS, LARGEST, read_xml

BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
FILE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>'
FETCHED = '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>'
PARAMETERS = '<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1:9/"> %b;]><a/>'


def test_names_are_without_their_namespaces_and_text_is_as_it_is() -> None:
    root = read_xml('<a xmlns="u" xmlns:v="w"><v:b c="1">å &amp; &#228;<![CDATA[<ö>]]></v:b></a>'.encode())
    (child,) = root
    assert (root.tag, child.tag, child.get("c"), child.text) == ("a", "b", "1", "å & ä<ö>")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_declared_encoding_is_read(encoding: str) -> None:
    assert read_xml(f'<?xml version="1.0" encoding="{encoding}"?><a>Åvägen</a>'.encode(encoding)).text == "Åvägen"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [BOMB, FILE, FETCHED, PARAMETERS, "<!DOCTYPE html><a/>"])
def test_a_document_type_is_refused_in_every_disguise(text: str, encoding: str) -> None:
    with pytest.raises(Unreadable):
        read_xml(text.encode(encoding))


def test_it_is_refused_for_its_document_type_before_that_is_read() -> None:
    with pytest.raises(Unreadable, match="document type"):
        read_xml(b"<!DOCTYPE a [<!ENTITY b " + b"this is no declaration at all")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no xml",
        b"<a><b></a></b>",
        b"<a>&b;</a>",
        b"<a>\xff</a>",
        b"<a>\0</a>",
        b'<?xml version="1.0" encoding="x-none"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b"<a/><a/>",
        b"<a>" * DEPTH + b"<a>",
        b"<a>" * (DEPTH + 1) + b"</a>" * (DEPTH + 1),
        b"<a>" + b"<b/>" * ELEMENTS + b"</a>",
        b"<a>" + b" " * LARGEST + b"</a>",
    ],
    ids=range(13),
)
def test_what_is_damaged_or_too_much_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_xml(content)
