"""What a mail says and carries: its parts in order, as text, HTML and attachments (RFC 2045, 2046, 2183, 3676)."""

import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from email.message import Message
from html import escape
from typing import NamedTuple

from hub.contract.messages import ReceivedAttachment
from hub.formats import charsets, html, long_bodies
from hub.formats.headers import Headers, base64_word, one_line
from hub.formats.limits import Span

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n \t"
_BASE64_TAIL = re.compile(rb"[A-Za-z0-9+/=\s]*")
_BROKEN_QUOTE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*\Z)")
_EXTENSIONS = {
    "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv", "text/vcard": ".vcf",
    "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "application/pdf": ".pdf",
    "application/zip": ".zip", "application/ms-tnef": ".dat", "message/delivery-status": ".txt",
}  # fmt: skip
_LONGEST_NAME = 255


class Bodies(NamedTuple):
    """`text`: all shown parts; `html`: sanitised, None if no part was HTML."""

    text: str
    html: str | None
    attachments: Sequence[ReceivedAttachment]
    problems: Sequence[str]


def read(mail: Message, body: bytes, messages: Sequence[Span], long: Mapping[bytes, bytes]) -> Bodies:
    """`messages`: where the outermost message/* parts lie in `body`, so that they are kept as they came.

    `long`: what `long_bodies` has kept out of `mail`.
    """
    reading = _Reading(body, messages, long)
    for part, alternative in _leaves(mail, reading.problems):
        reading.part(part, alternative)
    return reading.bodies()


def _leaves(mail: Message, problems: list[str]) -> Iterator[tuple[Message, int]]:
    """Parts in order, each with the outermost multipart/alternative around it (0: none). A stack, no recursion."""
    todo: list[tuple[Message, int]] = [(mail, 0)]
    count = 0
    while todo:
        part, alternative = todo.pop()
        if part.defects and any(type(defect).__name__ == "CloseBoundaryNotFoundDefect" for defect in part.defects):
            problems.append("The last part isn't closed: the mail may be cut off.")
        # Without parts, `get_payload` would decode the text by whatever is said to be its charset.
        children = part.get_payload() if part.get_content_maintype() == "multipart" and part.is_multipart() else None
        if not isinstance(children, list):
            yield part, alternative
            continue
        if not alternative and part.get_content_subtype() == "alternative":
            count += 1
            alternative = count
        todo.extend((child, alternative) for child in reversed(children) if isinstance(child, Message))


class _Shown:
    """One thing shown: a body part, or all the forms of one alternative."""

    def __init__(self, alternative: int) -> None:
        self.alternative = alternative
        self.plain: list[str] = []
        self.html: list[str] = []


class _Reading:
    def __init__(self, body: bytes, messages: Sequence[Span], long: Mapping[bytes, bytes]) -> None:
        self.body, self.long = body, long
        self.messages = iter(messages)
        self.shown: list[_Shown] = []
        self.attachments: list[ReceivedAttachment] = []
        self.problems: list[str] = []

    def part(self, part: Message, alternative: int) -> None:
        headers = Headers(part)
        media_type, parameters = headers.media_type()
        disposition, about_file = headers.parameters("content-disposition")
        name = about_file.get("filename") or parameters.get("name") or ""
        if part.is_multipart() or media_type.startswith("message/"):
            self._attach_message(part, headers, media_type, name)
            return
        if media_type.startswith("multipart/"):
            self.problems.append(f"A {media_type} has no parts: it was read as text.")
            media_type = "text/plain"
        data = self._decoded(long_bodies.restore(_payload(part), self.long), headers)
        if media_type not in ("text/plain", "text/html") or disposition == "attachment" or name:
            self._attach(data, headers, media_type, disposition, name)
            return
        text, problem = charsets.decode(data, parameters.get("charset"))
        if problem:
            self.problems.append(problem)
        text = charsets.clean(text.replace("\r\n", "\n").replace("\r", "\n"))
        if media_type == "text/plain" and parameters.get("format", "").lower() == "flowed":
            text = unflow(text, parameters.get("delsp", "").lower() == "yes")
        self._show(text, media_type, alternative)

    def bodies(self) -> Bodies:
        any_html = any(shown.html for shown in self.shown)
        texts: list[str] = []
        htmls: list[str] = []
        for shown in self.shown:
            plain = "\n\n".join(text.strip("\n") for text in shown.plain if text.strip())
            safe = [self._sanitised(one) for one in shown.html]
            texts.append(plain or "\n\n".join(text for _, text in safe if text) or self._to_text(shown.html))
            if any_html:
                rich = [one for one, _ in safe if one is not None]
                htmls.extend(rich or [f"<p>{escape(texts[-1], quote=False).replace(chr(10), '<br>')}</p>"])
        return Bodies(
            "\n\n".join(text for text in texts if text),
            "\n".join(htmls) if any_html else None,
            self.attachments,
            self.problems,
        )

    def _sanitised(self, source: str) -> tuple[str | None, str]:
        """The safe HTML; or None and its text, with a problem, when sanitising would take too long."""
        problem = html.too_costly(source)
        if problem is None:
            return html.sanitise(source), ""
        self.problems.append(problem)
        return None, html.to_text(source)

    def _to_text(self, sources: list[str]) -> str:
        return "\n\n".join(filter(None, map(html.to_text, sources)))

    def _show(self, text: str, media_type: str, alternative: int) -> None:
        if not self.shown or not alternative or self.shown[-1].alternative != alternative:
            self.shown.append(_Shown(alternative))
        (self.shown[-1].plain if media_type == "text/plain" else self.shown[-1].html).append(text)

    def _attach(self, data: bytes, headers: Headers, media_type: str, disposition: str, name: str) -> None:
        content_id = one_line(headers.raw("content-id")).strip("<> ") or None
        self.attachments.append(
            ReceivedAttachment(
                name=_file_name(name, media_type),
                media_type=media_type,
                size=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                inline=disposition == "inline" or (content_id is not None and disposition != "attachment"),
                content_id=charsets.clean(charsets.raw_text(content_id)) if content_id else None,
                content=data,
            )
        )

    def _attach_message(self, part: Message, headers: Headers, media_type: str, name: str) -> None:
        """A forwarded mail or a report, byte for byte as it lies in the body."""
        start, end = next(self.messages, (0, 0))
        data = self._decoded(self.body[start:end], headers)
        inner = part.get_payload() if part.is_multipart() else None
        if not name and media_type == "message/rfc822" and isinstance(inner, list) and inner:
            name = (Headers(inner[0]).text("subject") if isinstance(inner[0], Message) else "") or "message"
            name = name[: _LONGEST_NAME - 4] + ".eml"
        self._attach(data, headers, media_type, "attachment", name)

    def _decoded(self, data: bytes, headers: Headers) -> bytes:
        """Content-Transfer-Encoding undone, as far as it goes."""
        encoding = headers.raw("content-transfer-encoding").partition(";")[0].strip().lower()
        if encoding in ("", "7bit", "8bit", "binary"):
            return data
        if encoding == "quoted-printable":
            if _BROKEN_QUOTE.search(data):
                self.problems.append("The quoted-printable is broken: what couldn't be read stands as it came.")
            return binascii.a2b_qp(data)
        if encoding == "base64":
            return self._base64(data)
        self.problems.append(f"The transfer encoding {one_line(encoding)[:40]!r} is unknown: read as it stands.")
        return data

    def _base64(self, data: bytes) -> bytes:
        end = data.find(b"=")
        padded = end >= 0 and data[end:].strip(b"=\r\n \t")
        if not padded and not data.translate(None, _BASE64):
            try:
                return binascii.a2b_base64(data)
            except binascii.Error:
                self.problems.append("The base64 is cut off: it was read as far as it goes.")
                return base64_word(data)
        self.problems.append("The base64 is broken: what couldn't be read was left out.")
        # Whole runs up to a padding are decoded each for itself: a program joined several, or wrote a footer after it.
        found = _BASE64_TAIL.match(data)
        usable = data[: found.end()] if found and found.end() > len(data) // 2 else data
        return b"".join(base64_word(run) for run in re.split(rb"=+", usable))


def _payload(part: Message) -> bytes:
    """The part as it lies in the mail: without the header, `decode` only makes bytes of it; 8-bit ones survive."""
    del part["content-transfer-encoding"]
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _file_name(name: str, media_type: str) -> str:
    """Data, never a path: only what no text column takes is removed, and the length is bounded."""
    name = charsets.clean(one_line(name)) or "unnamed" + _EXTENSIONS.get(media_type, "")
    if len(name) <= _LONGEST_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    return stem[: _LONGEST_NAME - 11] + dot + extension[:10] if dot else name[:_LONGEST_NAME]


def unflow(text: str, delsp: bool) -> str:
    """RFC 3676: soft-broken lines joined within one depth of quotes; the quotes are written `> ` per level."""
    out: list[str] = []
    flowing: list[str] | None = None  # the pieces of a line that goes on
    depth_before = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        if flowing is not None and depth != depth_before:
            out.append("".join(flowing))
            flowing = None
        if flowing is None:
            flowing = [">" * depth + " " if depth else ""]
        soft = content.endswith(" ") and content != "-- "
        flowing.append(content[:-1] if soft and delsp else content)
        depth_before = depth
        if not soft:
            out.append("".join(flowing))
            flowing = None
    if flowing is not None:
        out.append("".join(flowing))
    return "\n".join(out)
