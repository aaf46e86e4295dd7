"""What a lookup may ask: each request is checked whole before anything is sent."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from hub.plugin_host.request import Asked, Forbidden, Request, asks_for_other_method, read_request

READS = ("GET", "HEAD")

_OTHER_METHOD_IN_JSON = re.compile(rb'"_+method"\s*:', re.IGNORECASE)
_ENCODING = re.compile(r"""<\?xml[^>]*encoding\s*=\s*["'](?!utf-8["'])""", re.IGNORECASE)
_ACTION = re.compile(r"\baction\s*=")
"""SOAP 1.2's place for it."""
_CHARSET = re.compile(r"charset\s*=\s*\"?(?!utf-8\b)", re.IGNORECASE)


class Allowed:
    """What a lookup's class lists, as it was when the lookup was opened.

    `paths`: patterns of whole paths; `posts`: a pattern of a whole path, and the SOAPAction or empty.
    """

    __slots__ = ("_posts", "_reads")

    def __init__(self, paths: Sequence[str], posts: Sequence[tuple[str, str]]) -> None:
        self._reads = tuple(re.compile(path) for path in paths)
        self._posts = tuple((re.compile(path), action) for path, action in posts)

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | Sequence[str]],
        headers: Mapping[str, str],
        content: bytes,
    ) -> Request:
        """Raises Forbidden."""
        asked = read_request(method, path, query, headers, content)
        if asked.method in READS:
            self._check_read(asked)
        elif asked.method == "POST":
            self._check_post(asked)
        else:
            raise Forbidden("A lookup reads: GET and HEAD, and POST to what its class lists.")
        return asked.written()

    def _check_read(self, asked: Asked) -> None:
        if not any(pattern.fullmatch(asked.path) for pattern in self._reads):
            raise Forbidden("The path isn't in the class's allowed_paths.")
        if asked.content or "soapaction" in asked.headers:
            raise Forbidden("GET and HEAD have no content and no SOAPAction.")

    def _check_post(self, asked: Asked) -> None:
        action = asked.headers.get("soapaction", "")
        if len(action) > 1 and action[0] == action[-1] == '"':
            action = action[1:-1]
        if not any(pattern.fullmatch(asked.path) and listed == action for pattern, listed in self._posts):
            raise Forbidden("The path with this SOAPAction isn't in the class's allowed_posts.")
        kind = asked.headers.get("content-type", "").lower()
        if "multipart" in kind or _ACTION.search(kind):
            raise Forbidden("A POST that reads is no multipart, and names its action in SOAPAction only.")
        fields = parse_qsl(asked.content.decode("latin-1"), keep_blank_values=True)
        if any(asks_for_other_method(name) for name, _ in fields) or _OTHER_METHOD_IN_JSON.search(asked.content):
            raise Forbidden("The content asks for another method.")
        if action:
            _check_soap(asked.content, kind, action)


def _check_soap(content: bytes, kind: str, action: str) -> None:
    """The message asks for the operation that its action names: many servers go by the body, not by the header.

    Document/literal wrapped, as .NET and Java write it: the body's only element is called as the action's last part.
    """
    try:
        text = content.decode()
        plain = "\0" not in text and "<!DOCTYPE" not in text and not _ENCODING.match(text.lstrip("\ufeff \t\r\n"))
        if not plain or _CHARSET.search(kind):
            raise Forbidden("A SOAP message is UTF-8, without a document type.")
        envelope = ElementTree.fromstring(text.lstrip("\ufeff"))  # noqa: S314 - written by the plugin, no entities in it
    except (UnicodeDecodeError, ElementTree.ParseError) as error:
        raise Forbidden("With a SOAPAction the content is a SOAP message.") from error
    bodies = [part for part in envelope if _local(part) == "Body"]
    addressed = [part.text for part in envelope.iterfind("{*}Header/{*}Action")]
    if (
        _local(envelope) != "Envelope"
        or len(bodies) != 1
        or any(_local(part) not in {"Header", "Body"} for part in envelope)
    ):
        raise Forbidden("A SOAP message is an envelope with one body.")
    if [_local(part) for part in bodies[0]] != [re.split(r"[/:#]", action)[-1]] or any(
        to != action for to in addressed
    ):
        raise Forbidden("The SOAP message asks for another operation than its SOAPAction.")


def _local(element: "ElementTree.Element[str]") -> str:
    """A tag without its namespace."""
    return element.tag.rpartition("}")[2]
