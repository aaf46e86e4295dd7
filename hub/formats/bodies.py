"""What a mail says and carries: its parts in order, as text, HTML and attachments (RFC 2045, 2046, 2183, 1847)."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from hub.contract.errors import Unreadable
from hub.contract.messages import Invitation, ReceivedAttachment
from hub.formats import charsets, html, invitations, names, parts, plain, signed, tnef, transfer
from hub.formats.headers import one_line
from hub.formats.parts import Part

_NOT_SHOWN = frozenset({
    "text/calendar", "text/csv", "text/vcard", "text/x-vcard", "text/directory", "text/rtf", "text/css", "text/xml",
    "text/javascript", "text/rfc822-headers", "text/rfc822-header", "text/x-amp-html", "text/watch-html",
    "text/tab-separated-values", "text/x-vcalendar",
})  # fmt: skip
"""Kinds of text that are files, or other forms of what is shown."""
_XHTML = frozenset({"application/xhtml+xml", "text/xhtml"})
_FORMS_OF_HTML = frozenset({"text/x-amp-html", "text/watch-html"})
_SIGNATURES = re.compile(r"application/(?:pgp-signature|(?:x-)?pkcs7-signature|x-pgp-signature)")
_CALENDARS = frozenset({"text/calendar", "text/x-vcalendar", "application/ics"})
_ENVELOPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_LEVELS = 4
"""Mails opened within one another: what is signed and then signed again."""
_MOST_OPENED = 10
"""Calendars, signatures and envelopes that are looked into."""
_MOST_INNER = 20
"""Texts of mails within, where a mail has none of its own."""
_STUB = 200
_FAR_MORE = 4


class Bodies(NamedTuple):
    """`text`: all shown parts; `html`: sanitised, None if no part was HTML."""

    text: str
    html: str | None
    attachments: Sequence[ReceivedAttachment]
    problems: Sequence[str]
    remote_images: Sequence[str] = ()
    invitations: Sequence[Invitation] = ()


class _Place(NamedTuple):
    """Where a leaf stands: the outermost alternative around it (0: none), and what its parent is."""

    alternative: int
    parent: str
    first: bool


def read(mail: Part) -> Bodies:
    """All of it. Raises Unreadable where a mail within a signature breaks a limit."""
    reading = _Reading(mail)
    reading.mail(mail, 0)
    return reading.bodies()


def _leaves(mail: Part) -> Iterator[tuple[Part, _Place]]:
    """Parts in order. A stack, no recursion."""
    todo = [(mail, _Place(0, "", True))]
    count = 0
    while todo:
        part, place = todo.pop()
        children = parts.inner(part)
        if not children:
            yield part, place
            continue
        kind = part.media_type
        alternative = place.alternative
        if not alternative and kind == "multipart/alternative":
            count += 1
            alternative = count
        todo.extend(
            (children[n], _Place(alternative, kind, place.first and n == 0)) for n in range(len(children) - 1, -1, -1)
        )


class _Shown:
    """One thing shown: a body part, or all the forms of one alternative."""

    def __init__(self, alternative: int) -> None:
        self.alternative = alternative
        self.plain: list[str] = []
        self.html: list[str] = []


class _Reading:
    def __init__(self, root: Part) -> None:
        self.root = root
        self.shown: list[_Shown] = []
        self.attachments: list[ReceivedAttachment] = []
        self.problems: list[str] = []
        self.inner: list[Part | bytes] = []
        self.reports: list[Part] = []
        self.invitations: list[Invitation] = []
        self.level = self.opened = 0

    def mail(self, mail: Part, level: int) -> None:
        """All parts of one. `level`: how many signatures it is in."""
        self.level = level
        if mail.boundary is not None and mail.parts and not mail.closed:
            self.problems.append("The last part isn't closed: the mail may be cut off.")
        for part, place in _leaves(mail):
            self._part(part, place)

    def _part(self, part: Part, place: _Place) -> None:
        disposition, about_file = part.headers.parameters("content-disposition")
        name = about_file.get("filename") or about_file.get("name") or part.parameters.get("name") or ""
        kind = part.media_type
        if kind.startswith("multipart/"):
            self.problems.append(f"A {kind} has no parts: it was read as text.")
            kind = "text/html" if plain.looks_like_html(part.raw) else "text/plain"
        if kind in _XHTML and not name and not disposition.startswith("attachment"):
            kind = "text/html"
        if kind.startswith("message/"):
            self._message(part, name)
        elif kind == "application/pgp-encrypted" and place.parent == "multipart/encrypted":
            return  # a line that says how the next part is encrypted
        elif kind.startswith("text/") and self._is_text(part, kind, disposition, name, place):
            self._text(part, kind, place)
        else:
            self._file(part, kind, disposition, name, place)

    def _is_text(self, part: Part, kind: str, disposition: str, name: str, place: _Place) -> bool:
        """To be shown, and no file. The one text of a mail is shown with a name, too, unless it says it's a file."""
        if kind in _NOT_SHOWN:
            return False
        if disposition.startswith("attachment"):
            return part is self.root and not name
        return not name or bool(place.alternative) or (place.first and not self.shown)

    def _text(self, part: Part, kind: str, place: _Place) -> None:
        data = transfer.content(part, self.problems)
        is_html = kind == "text/html"
        files: list[tuple[bytes, bytes]] = []
        if not is_html:
            data, files = transfer.cut_uuencoded(data)
        text, problem = charsets.decode(data, part.parameters.get("charset"), html=is_html)
        if problem:
            self.problems.append(problem)
        text = charsets.clean(text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text)
        if kind in ("text/enriched", "text/richtext"):
            text = plain.from_enriched(text)
        elif not is_html:
            if part.parameters.get("format", "").lower() == "flowed":
                text = plain.unflow(text, part.parameters.get("delsp", "").lower() == "yes")
            text, sealed = plain.without_armour(text, self.problems)
            files += [(b"encrypted.asc", each.encode()) for each in sealed]
        self._show(text, is_html, place.alternative)
        for name, content in files:
            self._attach(content, "application/octet-stream", names.file_name(names.raw(name), ""), None, False)

    def _show(self, text: str, is_html: bool, alternative: int) -> None:
        if not self.shown or not alternative or self.shown[-1].alternative != alternative:
            self.shown.append(_Shown(alternative))
        (self.shown[-1].html if is_html else self.shown[-1].plain).append(text)

    def _file(self, part: Part, kind: str, disposition: str, name: str, place: _Place) -> None:
        if kind in _FORMS_OF_HTML and place.alternative:
            return
        data = transfer.content(part, self.problems)
        lower = name.lower()
        if self.opened >= _MOST_OPENED:
            pass  # each takes its time, and no mail has as many
        elif kind in _CALENDARS or lower.endswith(".ics"):
            self.opened += 1
            text, _ = charsets.decode(data, part.parameters.get("charset") or "utf-8")
            self.invitations += invitations.read(text, part.parameters.get("method", ""))
        elif signed.is_smime(kind, lower):
            if self._smime(data):
                return
        elif kind in _ENVELOPES or lower == "winmail.dat":
            if self._tnef(data):
                return
        elif kind == "application/octet-stream" and place.parent == "multipart/encrypted":
            self.problems.append(signed.ENCRYPTED)
            name = name or "encrypted.asc"
        content_id = one_line(part.headers.raw("content-id")).strip("<> ")
        # What it's signed with is no file that anybody reads.
        signature = place.parent == "multipart/signed" and bool(_SIGNATURES.fullmatch(kind))
        inline = (
            signature
            or disposition.startswith("inline")
            or (bool(content_id) and not disposition.startswith("attachment"))
        )
        self._attach(data, kind, names.file_name(name, kind), content_id, inline)

    def _attach(self, data: bytes, kind: str, name: str, content_id: str | None, inline: bool) -> None:
        problem = names.deceptive_file(name)
        if problem:
            self.problems.append(problem)
        self.attachments.append(
            ReceivedAttachment(
                name=names.without_overrides(name),
                media_type=kind,
                size=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                inline=inline,
                content_id=charsets.clean(charsets.raw_text(content_id)) if content_id else None,
                content=data,
            )
        )

    def _message(self, part: Part, name: str) -> None:
        """A forwarded mail or a report, byte for byte as it lies in the mail."""
        data = transfer.content(part, self.problems)
        if part.is_message:
            self.inner.append(part.parts[0] if part.parts else data)
            headers = part.parts[0].headers if part.parts else parts.headers_of(data)
            name = name or names.of_mail(headers.text("subject"))
        elif part.media_type not in ("message/partial", "message/external-body"):
            self.reports.append(part)
        self._attach(data, part.media_type, names.file_name(name, part.media_type), None, False)

    def _smime(self, data: bytes) -> bool:
        """Whether it was opened: what is signed is read as the mail it is."""
        self.opened += 1
        found = signed.opened(data)
        if found.problem:
            self.problems.append(found.problem)
        if found.content is None or self.level >= _LEVELS:
            return False
        try:
            mail = parts.parse(found.content)
        except Unreadable as error:
            self.problems.append(str(error))
            return False
        before = self.level
        self.mail(mail, before + 1)
        self.level = before
        return True

    def _tnef(self, data: bytes) -> bool:
        """Whether Outlook's envelope was opened: what is in it stands for it."""
        self.opened += 1
        found = tnef.opened(data)
        if found is None:
            self.problems.append("The winmail.dat can't be read: it was kept as it came.")
            return False
        if not any(one.strip() for shown in self.shown for one in (*shown.plain, *shown.html)):
            if found.html:
                self._show(charsets.clean(found.html), True, 0)
            elif found.text:
                self._show(charsets.clean(found.text), False, 0)
        for file in found.files:
            self._attach(
                file.content, file.media_type, names.file_name(file.name, file.media_type), file.content_id, False
            )
        return True

    def bodies(self) -> Bodies:
        """Everything put together."""
        self._merge_forms()
        any_html = any(shown.html for shown in self.shown)
        texts: list[str] = []
        htmls: list[str] = []
        remote: list[str] = []
        for shown in self.shown:
            safe = [self._sanitised(one, remote) for one in shown.html]
            texts.append(self._words(shown, [text for _, text in safe if text]))
            if any_html:
                rich = [one for one, _ in safe if one is not None]
                htmls.extend(rich or [f"<p>{escape(texts[-1], quote=False).replace(chr(10), '<br>')}</p>"])
        text = "\n\n".join(text for text in texts if text)
        return Bodies(
            text if text.strip() else self._instead(),
            "\n".join(htmls) if any_html else None,
            self.attachments,
            self.problems,
            remote,
            self.invitations,
        )

    def _words(self, shown: _Shown, unsafe: list[str]) -> str:
        """The plain form; the HTML's words where there is none, or a line that only says to look at the HTML."""
        said = "\n\n".join(text.strip("\n") for text in shown.plain if text.strip())
        if said.startswith("<") and shown.html and plain.looks_like_html(said[:100].encode()):
            said = ""  # the HTML's source once more, called plain text
        if said and (len(said) > _STUB or sum(map(len, shown.html)) < _FAR_MORE * _STUB):
            return said
        told = "\n\n".join(unsafe) or "\n\n".join(filter(None, map(html.to_text, shown.html)))
        return told if not said or len(told) > _FAR_MORE * len(said) else said

    def _merge_forms(self) -> None:
        """Plain text and then the same as HTML are two forms of one, also where the program didn't say so."""
        merged: list[_Shown] = []
        for shown in self.shown:
            before = merged[-1] if merged else None
            if before and before.plain and not before.html and shown.html and not shown.plain and _same(before, shown):
                before.html = shown.html
            else:
                merged.append(shown)
        self.shown = merged

    def _sanitised(self, source: str, remote: list[str]) -> tuple[str | None, str]:
        """The safe HTML; or None and its text, with a problem, when sanitising would take too long."""
        problem = html.too_costly(source)
        if problem is None:
            return html.sanitised(source, remote), ""
        self.problems.append(problem)
        return None, html.to_text(source)

    def _instead(self) -> str:
        """For a mail without a word of its own: the mails in it, a report, or what stands around its parts."""
        if self.root.media_type != "multipart/report":
            found = [text for mail in self.inner[:_MOST_INNER] if (text := _of_inner(mail))]
            if found:
                return "\n\n".join(found)
        for report in self.reports:
            text = charsets.clean(charsets.decode(transfer.content(report, []), "utf-8")[0])
            if text.strip():
                return text.replace("\r\n", "\n").strip("\n")
        if self.root.parts and not self.attachments and not self.invitations:
            around = self.root.source[self.root.start : self.root.end][: self.root.parts[0].start - self.root.start]
            words = plain.around(around, self.root.boundary or b"")
            return charsets.clean(charsets.decode(words, None)[0]).strip()
        return ""


def _of_inner(found: Part | bytes) -> str:
    """Who wrote it, and its words. It is taken as a forwarded mail."""
    try:
        mail = found if isinstance(found, Part) else parts.parse(found)
    except Unreadable:
        return ""
    inner = _Reading(mail)
    for part, place in _leaves(mail):
        if part.media_type in ("text/plain", "text/html") and not part.headers.raw("content-disposition"):
            inner._text(part, part.media_type, place)
    words = inner.bodies().text
    if not words.strip():
        return ""
    headers = mail.headers
    head = [f"{label}: {text}" for label in ("From", "Date", "Subject") if (text := headers.text(label.lower()))]
    return "\n".join(["---------- Forwarded message ----------", *head, "", words])


def _same(before: _Shown, after: _Shown) -> bool:
    if len(after.html[0]) > 100_000:  # noqa: PLR2004 - not worth the time
        return False
    return _letters("".join(before.plain)) == _letters("".join(map(html.to_text, after.html)))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))
