"""The bytes that a mail server hears (A21, A22, A23): lines of commands and of the mail, whatever the fields hold.

The server here reads what comes as it comes, line ends and all; aiosmtpd would mend some of it.
"""

import asyncio
import email
import re
from collections.abc import Callable, Sequence
from email import policy
from email.message import EmailMessage

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.smtp import Smtp, SmtpConfig
from hub.contract import Address, OutgoingMessage, Quoted, Refused, SentAttachment
from hub.contract.config import read_config
from tests.connectors.tools import TestTools, outgoing

EVIL = (
    "a\r\nBcc: x@evil.example", "a\nRCPT TO:<x@evil.example>", "a\rb", "a\0b", "a\u2028b", "a\u2029b", "a\x85b",
    "a\x0bb",
    "a\r\n.\r\nMAIL FROM:<x@evil.example>", "a\x1bb",
)  # fmt: skip
PICTURE = SentAttachment("karta.png", "image/png", b"\x89PNG", "u1@granvik.example")
FIELDS: dict[str, Callable[[str], dict[str, object]]] = {
    "subject": lambda evil: {"subject": evil},
    "message id": lambda evil: {"message_id": f"<{evil}@granvik.example>"},
    "sender's name": lambda evil: {"sender": Address(evil, "kommunen@granvik.example")},
    "sender's address": lambda evil: {"sender": Address("", f"{evil}@granvik.example")},
    "reply-to": lambda evil: {"reply_to": Address("", f"kommunen@{evil}.example")},
    "recipient's name": lambda evil: {"recipient": Address(evil, "anna@exempel.example")},
    "recipient's local part": lambda evil: {"recipient": Address("", f"{evil}@exempel.example")},
    "recipient's domain": lambda evil: {"recipient": Address("", f"anna@{evil}")},
    "to": lambda evil: {"to": [Address("", f"anna@exempel.example{evil}")]},
    "cc": lambda evil: {"cc": [Address(evil, "anna@exempel.example")]},
    "in-reply-to": lambda evil: {"in_reply_to": f"<{evil}>"},
    "references": lambda evil: {"references": [f"<{evil}>"]},
    "language": lambda evil: {"language": evil},
    "file's name": lambda evil: {"attachments": [SentAttachment(evil, "text/plain", b"a")]},
    "file's type": lambda evil: {"attachments": [SentAttachment("a", f"text/{evil}", b"a")]},
    "picture's id": lambda evil: {
        "text": "[karta.png]", "attachments": [msgspec.structs.replace(PICTURE, inline_id=evil)]
    },
}  # fmt: skip
WORDS: dict[str, Callable[[str], dict[str, object]]] = {
    "text": lambda evil: {"text": evil},
    "signature": lambda evil: {"signature": evil},
    "quotation": lambda evil: {"quoted": Quoted(evil, evil)},
    "file": lambda evil: {"attachments": [SentAttachment("a.txt", "text/plain", evil.encode("utf-8", "replace"))]},
}


class Ear:
    """Says yes to everything and keeps every byte: `commands`, and each mail up to its dot."""

    def __init__(self) -> None:
        self.commands: list[bytes] = []
        self.mails: list[bytes] = []

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ear.example\r\n")
        while line := await reader.readline():
            self.commands.append(line)
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 taken\r\n")
            elif verb == b"EHLO":
                writer.write(b"250-ear.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n")
            else:
                writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 OK\r\n")
            await writer.drain()
            if verb == b"QUIT":
                break
        writer.close()


def heard(message: OutgoingMessage) -> Ear:
    """All that was heard of it; nothing at all where it was refused."""
    ear = Ear()

    async def send() -> None:
        server = await asyncio.start_server(ear.hear, "127.0.0.1", 0, limit=10_000_000)
        values = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "security": "none", "timeout": 5}
        try:
            await Smtp(read_config(SmtpConfig, {**values, "hostname": "torg.example"}), TestTools()).send(
                message, _nothing
            )
        finally:
            server.close()

    try:
        asyncio.run(send())
    except Refused:
        assert ear.mails == []
    return ear


async def _nothing() -> None:
    """Nobody asks what is handed over."""


def well_said(ear: Ear, recipient: bytes = b"anna@exempel.example") -> EmailMessage | None:
    """One mail to one recipient, CRLF and nothing else at line ends, every dot stuffed, no header but ours."""
    for line in ear.commands:
        assert line.endswith(b"\r\n")
        assert not re.search(rb"[\r\n\0]", line[:-2])
    assert [line for line in ear.commands if line[:4] == b"RCPT"] in ([], [b"RCPT TO:<" + recipient + b">\r\n"])
    if not ear.mails:
        return None
    assert len(ear.mails) == 1
    body = ear.mails[0][:-3]
    assert body.count(b"\r") == body.count(b"\n") == body.count(b"\r\n")
    assert b"\0" not in body
    lines = body.split(b"\r\n")
    assert not [line for line in lines if line.startswith(b".") and not line.startswith(b"..")]
    read = email.message_from_bytes(
        b"\r\n".join(line[line.startswith(b"..") :] for line in lines), policy=policy.default
    )
    assert isinstance(read, EmailMessage)
    assert set(map(str.lower, read.keys())) <= {
        "from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version",
        "content-language", "content-type",
    }  # fmt: skip
    return read


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_carries_a_line_end_to_the_wire(field: str) -> None:
    """A21: refused before a server is spoken to at all, or at least before the mail."""
    for evil in EVIL:
        ear = heard(msgspec.structs.replace(outgoing(), **FIELDS[field](evil)))
        assert ear.mails == [], (field, evil)
        well_said(ear)


@pytest.mark.parametrize("field", WORDS)
def test_words_are_words_whatever_they_hold(field: str) -> None:
    """A22: dots, bare line ends and commands in a text, a signature, a quotation or a file stay in it."""
    for evil in (*EVIL, ".", "\n.\n", "\r.\r", "..", "\n.\r\nQUIT\r\n", "a\r\n..\r\n.b", "x" * 5000 + "\n.\n"):
        read = well_said(heard(msgspec.structs.replace(outgoing(), **WORDS[field](evil))))
        assert read is not None
        assert read["Bcc"] is None


def test_a_line_of_a_dot_comes_through_as_one() -> None:
    read = well_said(heard(msgspec.structs.replace(outgoing(), text="ett\n.\n..två\n.tre")))
    assert read is not None
    plain = read.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == "ett\n.\n..två\n.tre\n"


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("a.\r\n\0 å\u2028<>@"), max_size=60))
def test_any_text_of_dots_and_line_ends_is_one_mail(text: str) -> None:
    well_said(heard(msgspec.structs.replace(outgoing(), text=text, signature=text, quoted=Quoted("Skrev:", text))))


@pytest.mark.parametrize(
    "name",
    [
        "a@x.se, b@evil.example", "<b@evil.example>", 'a" <b@evil.example>, "c', "a@x.se>\u00a0<b@evil.example",
        "x;y:z",
        "(c) b@evil.example", "=?utf-8?q?=2C_b=40evil=2Eexample?=", "a\\", 'Å", <b@evil.example>', "b@evil.example",
        "group: b@evil.example;",
    ],
)  # fmt: skip
def test_a_display_name_is_nobodys_address(name: str) -> None:
    """A23: in the envelope and in every header that names somebody."""
    who = Address(name, "anna@exempel.example")
    message = msgspec.structs.replace(
        outgoing(), recipient=who, to=[who], cc=[who], sender=Address(name, "k@g.example")
    )
    read = well_said(heard(message))
    assert read is not None
    for header, address in (("To", who.address), ("Cc", who.address), ("From", "k@g.example")):
        shown: Sequence[object] = [(one.display_name, one.addr_spec) for one in read[header].addresses]
        assert shown == [(" ".join(name.split()) if "\u00a0" not in name else name, address)]
