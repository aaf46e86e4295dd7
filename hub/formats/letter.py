"""A mail's words in both forms: plain text, and HTML made from the same words. Nothing of it is markup but ours.

Below what was written stand the signature, after the line `-- ` by which mail programs know one (RFC 3676 4.3), and
what is answered, as a quotation. An attachment with an `inline_id` is shown where its name stands in brackets in the
text.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape

from hub.contract.messages import OutgoingMessage, SentAttachment
from hub.formats.charsets import clean

_LINK = re.compile(r"(?i:https?)://[^\s<>\"'\[\]\x00-\x1f]{1,2000}")
_ENDS_SENTENCE = ".,;:!?)]}»”’"
_SOFT = "color:#555"
_QUOTE = "margin:0 0 0 .8ex;border-left:2px solid #bbb;padding-left:1ex;color:#555"
_FITS = "max-width:100%"
_NONE: Mapping[str, str] = {}
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def mark_of(name: str) -> str:
    """What stands in the text where a picture of this name is to be shown."""
    return f"[{name}]"


def is_picture(media_type: str) -> bool:
    """Every mail program shows it, and nothing in it runs."""
    return media_type.lower() in _PICTURES


def shown_in_text(message: OutgoingMessage) -> Sequence[SentAttachment]:
    """Those of its files that its HTML shows."""
    return [
        each
        for each in message.attachments
        if each.inline_id and is_picture(each.media_type) and mark_of(each.name) in message.text
    ]


def plain(message: OutgoingMessage) -> str:
    """For programs and people that read no HTML; the whole, with LF."""
    parts = [_lines(message.text).rstrip("\n")]
    if message.signature.strip():
        parts.append(f"-- \n{_lines(message.signature).strip(chr(10))}")
    if message.quoted is not None:
        quoted = "\n".join(f"> {line}".rstrip() for line in _lines(message.quoted.text).strip("\n").split("\n"))
        parts.append(f"{_lines(message.quoted.heading)}\n{quoted}")
    return "\n\n".join(parts)


def html(message: OutgoingMessage) -> str:
    """The same words. No style sheet, no script, nothing remote."""
    pictures = {
        mark_of(each.name): f'<img src="cid:{escape(each.inline_id or "")}" alt="{escape(each.name)}" style="{_FITS}">'
        for each in shown_in_text(message)
    }
    parts = [_paragraphs(message.text, pictures)]
    if message.signature.strip():
        parts.append(f'<div style="{_SOFT}">-- <br>\n{_broken(message.signature.strip(chr(10)))}</div>')
    if message.quoted is not None:
        parts.append(
            f'<p style="{_SOFT}">{_broken(message.quoted.heading)}</p>\n'
            f'<blockquote type="cite" style="{_QUOTE}">\n{_paragraphs(message.quoted.text)}\n</blockquote>'
        )
    head = '<head><meta charset="utf-8"></head>'
    language = escape(message.language)
    return f'<!DOCTYPE html>\n<html lang="{language}">\n{head}\n<body>\n' + "\n".join(parts) + "\n</body>\n</html>\n"


def _paragraphs(text: str, pictures: Mapping[str, str] = _NONE) -> str:
    """An empty line parts them."""
    parts = re.split(r"\n(?:[ \t]*\n)+", _lines(text).strip("\n"))
    return "\n".join(f"<p>{_broken(part, pictures)}</p>" for part in parts)


def _broken(text: str, pictures: Mapping[str, str] = _NONE) -> str:
    marks = "|".join(map(re.escape, sorted(pictures, key=len, reverse=True)))
    special = re.compile(f"{marks}|{_LINK.pattern}" if marks else _LINK.pattern)
    return "<br>\n".join(_line(each, special, pictures) for each in _lines(text).split("\n"))


def _line(line: str, special: re.Pattern[str], pictures: Mapping[str, str]) -> str:
    """Escaped; pictures are shown, addresses of pages are links. Blanks that would fall together stay apart."""
    out, at = [], 0
    for found in special.finditer(line):
        said = found[0] if found[0] in pictures else found[0].rstrip(_ENDS_SENTENCE)
        out.append(_words(line[at : found.start()]))
        out.append(pictures.get(said) or f'<a href="{escape(said)}">{escape(said)}</a>')
        at = found.start() + len(said)
    return "".join([*out, _words(line[at:])])


def _words(text: str) -> str:
    return escape(text).replace("\t", "    ").replace("  ", "\u00a0 ")


def _lines(text: str) -> str:
    return clean(text.replace("\r\n", "\n").replace("\r", "\n"))
