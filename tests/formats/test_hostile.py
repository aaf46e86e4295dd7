"""The inputs that stop other parsers (threats.md, 1), each within a bound of time, and mail bent at random."""

import random
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract.errors import Unreadable
from hub.formats import html, mail, quotes
from tests.formats import samples
from tests.pace import in_time

PIECES = [
    b"\r\n", b"\n", b"\r", b"\0", b"=?", b"?=", b"=?utf-8?q?", b"<", b">", b"@", b"(", b")", b'"', b"\\", b";", b":",
    b"--", b"=", b"\xff", b"\xc3", b"Content-Type: multipart/mixed; boundary=x\n\n--x\n", b"boundary*99999999999=a",
    b"Content-Type: message/rfc822\n\n", b"Content-Type: message/delivery-status\n\n", b"charset=utf-16",
    b"Content-Transfer-Encoding: base64\n", b"filename*0*=", b"Date: 99 Xyz 0000 99:99:99 +9999\n",
    b"Content-Type: text/html\n\n<b><table><p>", b"format=flowed",
]  # fmt: skip


def nested_multiparts(depth: int) -> bytes:
    return samples.HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)
    )


def nested_messages(depth: int) -> bytes:
    return samples.HEAD + b"Content-Type: message/rfc822\n\n" * depth + b"Subject: x\n\nx"


UNREADABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "depth 1000": (lambda: nested_multiparts(1000), "50"),
    "depth 51": (lambda: nested_multiparts(51), "50"),
    "messages 1000 deep": (lambda: nested_messages(1000), "50"),
    "digest in digest": (
        lambda: samples.HEAD + b"Content-Type: multipart/digest; boundary=b\n\n" + b"--b\n\n\nx\n" * 2000,
        "1000",
    ),
    "100,000 empty parts": (
        lambda: samples.HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n\n" * 100_000,
        "1000",
    ),
    "100,000 parts by bare CR": (
        lambda: samples.HEAD + b"Content-Type: multipart/mixed; boundary=b\r\r" + b"--b\r\r\r" * 100_000,
        "1000",
    ),
    "1 MB of headers": (lambda: b"X-A: b\n" * 150_000 + b"\nhej", "262144"),
    "one huge Content-Type": (lambda: samples.HEAD + b"Content-Type: text/plain; a=" + b"b;" * 20_000, "32768"),
}
READABLE: dict[str, Callable[[], bytes]] = {
    "3,000 nested comments": lambda: b"From: " + b"(" * 3000 + b")" * 3000 + b" a@x.se\n\nhej",
    "3,000 open comments": lambda: b"From: " + b"(" * 9000 + b" a@x.se\n\nhej",
    "comments of escapes": lambda: b"From: " + b"(\\)" * 9000 + b" a@x.se\n\nhej",
    "open quotes": lambda: b"From: " + b'"\\' * 15_000 + b" a@x.se\n\nhej",
    "open angles": lambda: b"From: " + b"<" * 30_000 + b" a@x.se\n\nhej",
    "nested groups": lambda: b"To: " + b"g:" * 15_000 + b" a@x.se\n\nhej",
    "20,000 addresses": lambda: b"To: " + b"\n ,".join([b"a@x.example"] * 15_000) + b"\n\nhej",
    "5,000 encoded words": lambda: samples.HEAD + b"Subject: " + b"=?utf-8?Q?=C3=A5?= " * 5000 + b"\n\nhej",
    "encoded words without end": lambda: samples.HEAD + b"Subject: " + b"=?a?q?" * 5000 + b"\n\nhej",
    "ids without end": lambda: samples.HEAD + b"References: " + b"<a" * 16_000 + b"\n\nhej",
    "blank ids": lambda: samples.HEAD + b"Message-ID: " + b" " * 32_000 + b"\n\nhej",
    "blank date": lambda: b"From: a@x\nDate: " + b"1 " * 16_000 + b"\n\nhej",
    "parameters without end": lambda: samples.HEAD + b"Content-Disposition: a" + b';x="' * 8000 + b"\n\nhej",
    "pieces of a name": lambda: (
        samples.HEAD + b"Content-Disposition: a" + b"".join(b";filename*%d=x" % n for n in range(1500)) + b"\n\nhej"
    ),
    "a charset with a NUL in it": lambda: samples.HEAD + b'Content-Type: text/plain; charset="\0a"\n\n\xe5\xe4\xf6',
    "the same of what has no parts": lambda: (
        samples.HEAD + b'Content-Type: multipart/mixed; boundary=b; charset="\0a"\n\n\xe5\xe4\xf6'
    ),
    "the same of a report without one": lambda: (
        samples.HEAD + b'Content-Type: multipart/report; charset="\0a"\n\n\xe5\xe4\xf6'
    ),
    "delivery status of 5,000 blocks": lambda: (
        samples.HEAD + b"Content-Type: message/delivery-status\n\n" + b"a: b\n\n" * 5000
    ),
    "signed texts without end": lambda: samples.HEAD + b"\n" + b"-----BEGIN PGP SIGNED MESSAGE-----\n\n" * 20_000,
    "files in the text without end": lambda: samples.HEAD + b"\n" + b"begin 644 a\n" * 60_000 + b"\nend\n",
    "enriched": lambda: samples.HEAD + b"Content-Type: text/enriched\n\n" + b"<param><" * 100_000,
    "boundaries that never come": lambda: (
        samples.HEAD
        + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"
        + (b"Content-Type: multipart/mixed; boundary=no\n\n--b\n" * 900)
        + b"--x\n" * 100_000
    ),
    "headers without a blank line": lambda: b"From: a@x\n" + b"x\n" * 300_000 + b"To: b@x\n\nhej",
    "octets in octets": lambda: (
        samples.HEAD
        + b"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: binary\n\n"
        + b"0\x80" * 50_000
    ),
    "an invitation of blanks": lambda: (
        samples.HEAD + b"Content-Type: text/calendar\n\nBEGIN:VEVENT\n" + b"A;B=" * 50_000 + b"\n " * 50_000
    ),
    "a boundary number beyond int": lambda: (
        samples.HEAD + b"Content-Type: multipart/mixed; boundary*" + b"9" * 5000 + b"=x\n\n--x\n"
    ),
    "50 levels": lambda: nested_multiparts(50),
    "1 MB of dashes": lambda: samples.HEAD + b"\n" + b"--\n" * 350_000,
    "1 MB without a line": lambda: samples.HEAD + b"\n" + b"x" * 1_000_000,
    "flowed": lambda: samples.HEAD + b"Content-Type: text/plain; format=flowed\n\n" + b">a \n" * 250_000,
    "base64 of padding": lambda: samples.HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"YQ==\n" * 200_000,
    "nested div": lambda: samples.HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 50_000,
    "open fonts": lambda: (
        samples.HEAD
        + b"Content-Type: text/html\n\n"
        + b"".join(b"<font size=%d>" % n for n in range(2000))
        + b"<p>x" * 20_000
    ),
    "attributes": lambda: (
        samples.HEAD + b"Content-Type: text/html\n\n<a " + b" ".join(b"a%d" % n for n in range(200_000)) + b">x</a>"
    ),
    "entities": lambda: samples.HEAD + b"Content-Type: text/html\n\n" + b"&a" * 450_000,
    "open comments in HTML": lambda: samples.HEAD + b"Content-Type: text/html\n\n" + b"<!--" * 200_000,
    "open scripts": lambda: samples.HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 1000 + b"<script" * 30_000,
    "open comments in deep HTML": lambda: (
        samples.HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 1000 + b"<!--x" * 100_000
    ),
    "open angles in HTML": lambda: samples.HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 1000 + b"<" * 900_000,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_over_a_limit_is_unreadable_and_says_which(name: str) -> None:
    build, limit = UNREADABLE[name]
    body = build()
    assert limit in in_time(0.3, lambda: _refusal(body))


def _refusal(body: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        mail.parse_mail(body, "k")
    return str(caught.value)


@pytest.mark.parametrize("name", READABLE)
def test_hostile_mail_is_read_in_time(name: str) -> None:
    body = READABLE[name]()
    assert in_time(1, lambda: mail.parse_mail(body, "k")).key == "k"


@pytest.mark.parametrize(
    "piece", ["On ", "Den ", "> ", ">", "skrev:\n", "Från: a\n", "_", "- ", "On a wrote:\n", "a:\n", "\n"]
)
def test_quotes_are_linear(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    in_time(0.12, lambda: quotes.visible(text))


def test_60_kb_of_on() -> None:
    assert in_time(0.02, lambda: quotes.visible("On " * 20_000))


@cache
def mails() -> Sequence[bytes]:
    return [body for _, body in samples.bench_mails(60, seed=3) if len(body) < 20_000]


@settings(max_examples=400, deadline=None)
@given(st.deferred(lambda: st.sampled_from(mails())), st.integers(0, 2**32), st.integers(1, 12))
def test_bent_mail_is_read_or_unreadable(straight: bytes, seed: int, changes: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    body = bytearray(straight)
    for _ in range(changes):
        at = chance.randrange(len(body) + 1)
        chosen = chance.random()
        if chosen < 0.5:
            body[at:at] = chance.choice(PIECES)
        elif chosen < 0.75:
            del body[at : at + chance.randrange(1, 40)]
        else:
            body[at:at] = body[chance.randrange(len(body)) :][: chance.randrange(1, 400)]
    check(bytes(body))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=60))
def test_made_up_mail_is_read_or_unreadable(pieces: list[bytes]) -> None:
    check(b"".join(pieces))
    check(samples.HEAD + b"".join(pieces))


def check(body: bytes) -> None:
    try:
        message = mail.parse_mail(body, "k")
    except Unreadable:
        return
    texts = [message.text, message.visible_text, message.html or "", message.subject, message.message_id or ""]
    texts += [message.in_reply_to or "", *message.references, *message.problems]
    for one in (message.sender, *message.to, *message.cc, *message.reply_to):
        texts += [one.name, one.address]
    for file in message.attachments:
        texts += [file.name, file.media_type, file.content_id or ""]
    for text in texts:
        assert "\0" not in text
        text.encode()  # no lone surrogate
    for text in (message.subject, *message.references, *(file.name for file in message.attachments)):
        assert "\n" not in text
        assert "\r" not in text


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("<>/ab =\"'&;!-\n"), max_size=300))
def test_any_html_gives_safe_html_and_text(source: str) -> None:
    assert "<script" not in html.sanitise(source)
    assert isinstance(html.to_text(source), str)
