"""What bounces and read receipts say became of a mail: RFC 3464, RFC 8098, and bounces that are only told in words.

Each outcome names the Message-ID of the mail it is about, as the returned headers or the report give it: whoever
doesn't know that can say nothing about it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from hub.contract.messages import Automatic, DeliveryReport, ReportedAction
from hub.formats import charsets, transfer
from hub.formats.headers import Headers, one_line
from hub.formats.parts import Part

MOST = 100
"""Outcomes that are read of one mail."""
_MOST_PARTS = 50
_LONGEST = 64 * 1024
"""Bytes of a report or of returned headers that are looked at."""
_BEGINNING = 8000
"""Characters of a text that are looked at."""
_LONGEST_WORDS = 500

_STATUS_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RECEIPT_PARTS = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_HEADER_PARTS = frozenset({
    "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global-headers",
})  # fmt: skip
_ACTIONS: Mapping[str, ReportedAction] = {
    "failed": "failed", "failure": "failed", "delayed": "delayed", "delivered": "delivered", "relayed": "relayed",
    "expanded": "relayed",
}  # fmt: skip
_DISPOSITIONS: Mapping[str, ReportedAction] = {
    "displayed": "read", "deleted": "delivered", "dispatched": "delivered", "processed": "delivered",
}  # fmt: skip
_ADDRESS = re.compile(r"[^\s<>@\"'(),;:\[\]]{1,64}@[\w.-]{1,255}[\w]")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_MESSAGE_ID = re.compile(r"^[ \t>*]{0,8}(?:original[- ])?message-id\s{0,3}[:=]\s{0,3}(<[^<>\s]{3,500}>)", re.I | re.M)
_RETURNED = re.compile(
    r"^\W{0,60}(?:below this line is a copy|original message|copy of (?:the|your) message|returned (?:mail|message)"
    r"|this is a copy of (?:the|your) message|header of the source mail|message header|return-path:|received:)",
    re.I | re.M,
)
_DELAYED = re.compile(
    r"delayed|warning|not (?:yet )?been delivered|still being retried|will (?:be )?(?:retried|continue|keep)"
    r"|fördröj|försena|forsinke|viivästy",
    re.I,
)


def read(mail: Part, kind: Automatic | None, text: str) -> list[DeliveryReport]:
    """None for a mail that is no bounce and no receipt, or doesn't tell which mail it is about."""
    if kind not in ("bounce", "receipt"):
        return []
    parts = list(_parts(mail))
    reports = [part for part in parts if part.media_type in _STATUS_PARTS | _RECEIPT_PARTS]
    returned = _returned_id(parts) or _named_in(text)
    found: list[DeliveryReport] = []
    for part in reports:
        blocks = _blocks(part)
        about = _about(blocks, returned)
        if about is not None:
            read_block = _receipt if part.media_type in _RECEIPT_PARTS else _status
            found += [each for block in blocks if (each := read_block(about, block))]
    if not found and kind == "bounce" and returned:
        found = list(_in_words(mail.headers, returned, text))
    return found[:MOST]


def _parts(mail: Part) -> Iterator[Part]:
    """Those of the report itself, not those of the mail it returns."""
    todo, count = [mail], 0
    while todo and count < _MOST_PARTS:
        part = todo.pop()
        count += 1
        yield part
        if not part.is_message:
            todo.extend(reversed(part.parts))
        elif part.parts:
            yield part.parts[0]  # for its headers


def _returned_id(parts: Sequence[Part]) -> str | None:
    """The Message-ID of the mail that comes back: its headers, or all of it."""
    for n, part in enumerate(parts):
        if part.is_message and n + 1 < len(parts) and part.parts:
            found = part.parts[0].headers.id("message-id")
        elif part.media_type in _HEADER_PARTS or part.is_message:
            headers = Headers()
            headers.add(_content(part).lstrip())
            found = headers.id("message-id")
        else:
            continue
        if found:
            return found
    return None


def _named_in(text: str) -> str | None:
    """Of a mail that is only told of, or returned, within the text."""
    found = _MESSAGE_ID.findall(text[:_LONGEST])
    return found[0] if len(set(found)) == 1 else None


def _content(part: Part) -> bytes:
    return transfer.content(part, [])[:_LONGEST].replace(b"\r\n", b"\n")


def _blocks(part: Part) -> list[Headers]:
    """Groups of fields between blank lines."""
    found: list[Headers] = []
    for raw in re.split(rb"\n[ \t]*\n", _content(part).lstrip()):
        if raw.strip() and len(found) <= MOST:
            headers = Headers()
            headers.add(raw + b"\n")
            found.append(headers)
    return found


def _about(blocks: Sequence[Headers], returned: str | None) -> tuple[str, str | None] | None:
    """The Message-ID of the mail, and the envelope's id, as far as they are told."""
    said = envelope = None
    for block in blocks:
        said = said or block.id("original-message-id") or block.id("x-original-message-id")
        envelope = envelope or one_line(block.raw("original-envelope-id")) or None
    about = said or returned or (f"<{envelope.strip('<>')}>" if envelope and "@" in envelope else None)
    return (about, envelope) if about else None


def _status(about: tuple[str, str | None], block: Headers) -> DeliveryReport | None:
    action = _ACTIONS.get(block.raw("action").partition("(")[0].strip().lower())
    recipients = _recipients(block)
    if action is None or not recipients:
        return None
    words = _value(block, "diagnostic-code") or _value(block, "x-diagnostic-code")
    told = _STATUS.search(block.raw("status"))
    if told is None or told[1].endswith(".0.0"):  # nothing more than yes or no: the server's answer may tell
        told = _STATUS.search(words) or told
    return DeliveryReport(
        kind="dsn",
        message_id=about[0],
        envelope_id=about[1],
        recipients=recipients,
        action=action,
        status=told[1] if told else None,
        words=words[:_LONGEST_WORDS],
    )


def _receipt(about: tuple[str, str | None], block: Headers) -> DeliveryReport | None:
    disposition = block.raw("disposition").rpartition(";")[2].partition("/")[0].strip().lower()
    action = _DISPOSITIONS.get(disposition)
    recipients = _recipients(block)
    if action is None or not recipients:
        return None
    return DeliveryReport(kind="mdn", message_id=about[0], envelope_id=about[1], recipients=recipients, action=action)


def _recipients(block: Headers) -> list[str]:
    """As we addressed it first, then where it went on to."""
    found: list[str] = []
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        address = _ADDRESS.search(_value(block, name))
        if address and address.group().lower() not in found:
            found.append(address.group().lower())
    return found


def _value(block: Headers, name: str) -> str:
    """Without its type: "rfc822; a@b" is an address."""
    raw = block.text(name)
    kind, semicolon, rest = raw.partition(";")
    said = rest if semicolon and " " not in kind.strip() else raw
    return " ".join(one_line(charsets.clean(said)).split())


def _in_words(headers: Headers, about: str, text: str) -> Iterator[DeliveryReport]:
    """An outcome for each address that the server's own words name: above what it returns."""
    returned = _RETURNED.search(text)
    own = text[: min(returned.start() if returned else len(text), _BEGINNING)]
    action: ReportedAction = "delayed" if _DELAYED.search(headers.text("subject")) else "failed"
    named = dict.fromkeys(
        each.lower() for each in (*_ADDRESS.findall(headers.raw("x-failed-recipients")), *_ADDRESS.findall(own))
    )
    for address in list(named)[:MOST]:
        at = own.lower().find(address)
        words = " ".join(own[max(at, 0) : max(at, 0) + _LONGEST_WORDS].split("\n\n")[0].split())
        told = _STATUS.search(words) or _STATUS.search(own)
        yield DeliveryReport(
            kind="dsn",
            message_id=about,
            recipients=[address],
            action=action,
            status=told[1] if told else None,
            words=words if at >= 0 else "",
        )
