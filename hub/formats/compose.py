"""Our message to a mail's bytes (RFC 5322, 2045-2047, 2231): CRLF only, 7-bit, the same bytes on every attempt.

Nothing that came from outside can become a header or a recipient: values with line ends are refused, names are quoted
or encoded, an address must be one address. Only what a program answers carries Auto-Submitted (RFC 3834); no mail of
ours has a Bcc, or a header of mailing lists. The words stand in it twice, plain and as HTML: see `letter`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote

from hub.contract.errors import Refused
from hub.contract.messages import Address, OutgoingMessage, SentAttachment
from hub.formats import letter

_REFERENCES = 100
_LINE = 76
_WORD_BYTES = 42  # base64 makes 56 of them; with =?utf-8?b??= under the 75 of RFC 2047
_LONGEST_TOKEN = 900  # a line may have 998 (RFC 5322, 2.1.1)
_FORBIDDEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_TYPE = re.compile(r"(?!message/|multipart/)[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,100}", re.I)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_SEGMENT = 54


def compose(message: OutgoingMessage) -> bytes:
    """The whole mail. Raises Refused, naming the field, for a value that no header may carry."""
    if not _MESSAGE_ID.fullmatch(message.message_id):
        raise Refused("The message id isn't one: nothing was sent.")
    written = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=message.written_at)
    recipient = _mailbox("recipient", message.recipient)
    copies = [_header("Cc", _mailboxes("copy", message.cc))] if message.cc else []
    headers = [
        _header("From", _mailbox("sender", message.sender)),
        _header("To", _mailboxes("recipient", message.to) if message.to else recipient),
        *copies,
        _header("Reply-To", _mailbox("reply-to address", message.reply_to)),
        _header("Subject", _unstructured("subject", message.subject)),
        _header("Date", format_datetime(written)),
        _header("Message-ID", message.message_id),
        *_thread(message),
        *([_header("Auto-Submitted", "auto-replied")] if message.automatic else []),
        "MIME-Version: 1.0\r\n",
    ]
    if _LANGUAGE.fullmatch(_one_line("language", message.language)):
        headers.append(_header("Content-Language", message.language))
    return "".join(headers).encode("ascii") + _content(message)


def _thread(message: OutgoingMessage) -> list[str]:
    """What others wrote there may be malformed: such an id is left out, it would match nothing anyway."""
    for value in (message.in_reply_to or "", *message.references):
        _one_line("reference", value)
    headers = []
    if message.in_reply_to and _MESSAGE_ID.fullmatch(message.in_reply_to):
        headers.append(_header("In-Reply-To", message.in_reply_to))
    references = [one for one in message.references if _MESSAGE_ID.fullmatch(one)][-_REFERENCES:]
    if references:
        headers.append(_header("References", " ".join(references)))
    return headers


def check_address(address: str) -> None:
    """Raises Refused for what no header of ours could carry."""
    _mailbox("address", Address("", address))


def _mailboxes(field: str, who: Sequence[Address]) -> str:
    return ", ".join(_mailbox(field, each) for each in who)


def _mailbox(field: str, who: Address) -> str:
    name, address = _one_line(field, who.name).strip(), _one_line(field, who.address)
    local, _, domain = address.rpartition("@")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise Refused(f"The domain of the {field} can't be written in a mail: {address!r}.") from error
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise Refused(f"The {field} is no mail address: {address!r}.")
    if not name:
        return f"<{local}@{domain}>"
    if _PLAIN_NAME.fullmatch(name) and "=?" not in name:
        return f"{_shown(name)} <{local}@{domain}>"
    if name.isascii() and "=?" not in name and len(name) < _LONGEST_TOKEN // 2:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{local}@{domain}>'
    return f"{_encoded(name)} <{local}@{domain}>"


def _unstructured(field: str, text: str) -> str:
    text = " ".join(_one_line(field, text).split())
    return _shown(text) if text.isascii() and "=?" not in text else _encoded(text)


def _shown(text: str) -> str:
    """ASCII as it is, unless a word of it would make a line too long."""
    return text if max(map(len, text.split()), default=0) < _LONGEST_TOKEN else _encoded(text)


def _encoded(text: str) -> str:
    """RFC 2047 words, none splitting a character."""
    words, word = [], b""
    for char in text:
        data = char.encode()
        if len(word) + len(data) > _WORD_BYTES:
            words.append(word)
            word = b""
        word += data
    return " ".join(f"=?utf-8?b?{base64.b64encode(one).decode('ascii')}?=" for one in [*words, word])


def _one_line(field: str, value: str) -> str:
    found = _FORBIDDEN.search(value)
    if found:
        raise Refused(f"The {field} has a character that no mail header may carry (U+{ord(found[0]):04X}).")
    return value


def _header(name: str, value: str) -> str:
    """Folded at blanks: lines of 76 where the words allow it."""
    out, length = [f"{name}:"], len(name) + 1
    for word in value.split(" "):
        if length + 1 + len(word) > _LINE and length > len(name) + 1 and word:
            out.append("\r\n " + word)
            length = len(word) + 1
        else:
            out.append(" " + word)
            length += len(word) + 1
    return "".join(out) + "\r\n"


def _content(message: OutgoingMessage) -> bytes:
    """The words twice, plain and as HTML with its pictures (RFC 2046 5.1.4, 2387); around both, the other files."""
    html = _text_part("html", letter.html(message))
    pictures = letter.shown_in_text(message)
    if pictures:
        html = _multipart(message, 'related; type="text/html"', [html, *map(_picture_part, pictures)])
    words = _multipart(message, "alternative", [_text_part("plain", letter.plain(message)), html])
    files = [each for each in message.attachments if each not in pictures]
    return _multipart(message, "mixed", [words, *map(_attachment_part, files)]) if files else words


def _multipart(message: OutgoingMessage, kind: str, parts: Sequence[bytes]) -> bytes:
    digest = hashlib.sha256(message.message_id.encode())
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    # "=_" can't occur in quoted-printable or base64, so no part can hold the boundary; one within another is another.
    boundary = f"=_{digest.hexdigest()[:32]}"
    subtype, semicolon, parameter = kind.partition(";")
    head = f'Content-Type: multipart/{subtype};{parameter}{semicolon} boundary="{boundary}"\r\n\r\n'.encode()
    mark = f"--{boundary}\r\n".encode()
    return b"".join([head, *(mark + part + b"\r\n" for part in parts), mark[:-2], b"--\r\n"])


def _text_part(subtype: str, text: str) -> bytes:
    data = "\r\n".join(text.split("\n")).encode()
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    coded, encoding = binascii.b2a_qp(data, istext=True), "quoted-printable"
    if len(coded) > 2 * len(data):  # mostly beyond Latin letters: base64 is shorter
        coded, encoding = _base64(data), "base64"
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode("ascii") + coded


def _picture_part(file: SentAttachment) -> bytes:
    """One that the HTML shows."""
    named = f"<{_one_line('Content-ID', file.inline_id or '')}>"
    if not _MESSAGE_ID.fullmatch(named):
        raise Refused("A picture's Content-ID isn't one: nothing was sent.")
    head = (
        f"Content-Type: {_one_line('type of an attachment', file.media_type)}\r\n"
        f"Content-Transfer-Encoding: base64\r\n{_header('Content-ID', named)}"
        f"Content-Disposition: inline{_file_name(file.name)}\r\n\r\n"
    )
    return head.encode("ascii") + _base64(file.content)


def _attachment_part(file: SentAttachment) -> bytes:
    """A type that would be parsed as structure (message/*, multipart/*) goes as plain bytes."""
    media_type = _one_line("type of an attachment", file.media_type)
    if not _TYPE.fullmatch(media_type):
        media_type = "application/octet-stream"
    if media_type.startswith("text/") and _is_utf8(file.content):
        media_type += '; charset="utf-8"'  # browsers name none; a reader would take it for the mail's oldest
    head = (
        f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment{_file_name(file.name)}\r\n\r\n"
    )
    return head.encode("ascii") + _base64(file.content)


def _file_name(name: str) -> str:
    """RFC 2231 where plain ASCII won't do: in numbered pieces, so that no line grows long."""
    name = _one_line("name of an attachment", name)
    if not name:
        return ""
    if name.isascii() and len(name) <= _LINE - 20 and not re.search(r'["\\\t]|=\?', name):
        return f';\r\n filename="{name}"'
    coded = "utf-8''" + quote(name, safe="")
    pieces, at = [], 0
    while at < len(coded):
        end = at + _SEGMENT
        cut = coded.rfind("%", max(at, end - 2), end)
        end = cut if cut >= 0 and end < len(coded) else end  # not inside a %XX
        pieces.append(coded[at:end])
        at = end
    if len(pieces) == 1:
        return f";\r\n filename*={pieces[0]}"
    return "".join(f";\r\n filename*{n}*={piece}" for n, piece in enumerate(pieces))


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
