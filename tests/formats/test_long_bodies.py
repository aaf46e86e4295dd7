"""Leaving long base64 bodies out of the structure changes nothing but the time it takes."""

import base64
from email.message import EmailMessage

import pytest

from hub.formats import long_bodies
from hub.formats.mail import parse_mail
from tests.bench.gen_mail import mails

FILE = bytes(range(256)) * 200
LINES = base64.encodebytes(FILE)


def _with(content: bytes, headers: bytes = b"Content-Transfer-Encoding: base64\r\n") -> bytes:
    part = b"Content-Type: application/pdf; name=a.pdf\r\n" + headers + b"\r\n" + content
    return b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhej\r\n--x\r\n" + part


END = b"\r\n--x--\r\n"
SECOND = b"\r\n--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
ALONE = b"From: a@b.example\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
FORWARDED = _with(b"").replace(b"application/pdf; name=a.pdf", b"message/rfc822")
SAMPLES = {
    "closed": _with(LINES.replace(b"\n", b"\r\n") + END),
    "bare line feeds": _with(LINES + END).replace(b"\r\n", b"\n"),
    "not closed": _with(LINES),
    "one line": _with(base64.b64encode(FILE) + END),
    "a footer in it": _with(LINES + b"\r\n_____\r\nvirus free" + END),
    "a footer that begins as a boundary does": _with(LINES + b"\r\n-- \r\nvirus free" + END),
    "two runs with such a line between": _with(LINES + b"\r\n--no\r\n\r\n" + LINES + END),
    "7bit": _with(LINES + END, b""),
    "quoted-printable": _with(LINES + END, b"Content-Transfer-Encoding: quoted-printable\r\n"),
    "two": _with(LINES + SECOND + LINES + END),
    "the whole mail": ALONE + LINES,
    "as text": b"From: a@b.example\r\n\r\n" + LINES,
    "forwarded": FORWARDED + _with(LINES + END),
    "no header end": b"From: a@b.example\r\n" + LINES,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_mail_reads_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = parse_mail(SAMPLES[name], "k")
    monkeypatch.setattr(long_bodies, "LONG", 2**40)
    assert cut == parse_mail(SAMPLES[name], "k")


def test_generated_mails_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [mail for _, mail in mails(150, 9)]  # type: ignore[no-untyped-call]  # copied in unmodified
    monkeypatch.setattr(long_bodies, "LONG", 200)
    cut = [parse_mail(mail, "k") for mail in some]
    monkeypatch.setattr(long_bodies, "LONG", 2**40)
    assert cut == [parse_mail(mail, "k") for mail in some]


def test_a_long_body_is_left_out_of_the_structure() -> None:
    short, bodies = long_bodies.cut(SAMPLES["closed"])
    assert len(short) < 400
    assert [base64.b64decode(body) for body in bodies.values()] == [FILE]


def test_a_mark_in_a_mail_is_only_text() -> None:
    mail = EmailMessage()
    mail["From"] = "a@b.example"
    mail.set_content("cut." + "0" * 64 + ".0")
    mail.add_attachment(FILE, maintype="application", subtype="pdf", filename="a.pdf")
    read = parse_mail(mail.as_bytes(), "k")
    assert read.text == "cut." + "0" * 64 + ".0"
    assert read.attachments[0].content == FILE
