"""Our mail: well-formed, the same bytes every time, and nothing smuggled in."""

import email
import re
from email import policy
from email.message import EmailMessage

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract.errors import Refused
from hub.contract.messages import Address, OutgoingMessage, SentAttachment
from hub.formats.compose import compose
from hub.formats.mail import parse_mail

MESSAGE = OutgoingMessage(
    message_id="<1.abc@torg.example>",
    sender=Address("Granviks kommun", "kommunen@granvik.example"),
    reply_to=Address("", "svar+abc@granvik.example"),
    recipient=Address("Åsa Öberg", "asa@exempel.example"),
    subject="Re: Överklagande – bygglov",
    text="Hej Åsa,\n\nDet är klart.\n.\nFrom oss\n\n-- \nSara",
    written_at=1_772_529_072_000_000,
    language="sv",
    in_reply_to="<x@exempel.example>",
    references=["<w@exempel.example>", "<x@exempel.example>"],
)
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=120)
TEXT = st.text(st.one_of(st.characters(exclude_categories=["C"]), st.just("\n")), max_size=400)


def changed(**fields: object) -> OutgoingMessage:
    return msgspec.structs.replace(MESSAGE, **fields)


def test_it_is_what_it_says() -> None:
    body = compose(MESSAGE)
    theirs = email.message_from_bytes(body, policy=policy.default)
    assert isinstance(theirs, EmailMessage)
    assert theirs["From"] == "Granviks kommun <kommunen@granvik.example>"
    assert theirs["To"] == "Åsa Öberg <asa@exempel.example>"
    assert theirs["Reply-To"] == "svar+abc@granvik.example"
    assert theirs["Subject"] == MESSAGE.subject
    assert theirs["Date"] == "Tue, 03 Mar 2026 09:11:12 +0000"
    assert theirs["Message-ID"] == MESSAGE.message_id
    assert theirs["In-Reply-To"] == "<x@exempel.example>"
    assert theirs["References"] == "<w@exempel.example> <x@exempel.example>"
    assert (theirs["MIME-Version"], theirs["Content-Language"]) == ("1.0", "sv")
    assert theirs["Auto-Submitted"] is None
    assert theirs.get_content_type() == "multipart/alternative"
    plain, html = theirs.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == MESSAGE.text
    assert "<p>Det är klart.<br>" in html.get_content()
    assert not theirs.defects
    well_formed(body)


def test_same_bytes_every_attempt_and_a_boundary_of_its_content() -> None:
    file = SentAttachment("blå karta.pdf", "application/pdf", bytes(range(256)) * 50)
    message = changed(attachments=[file])
    assert compose(message) == compose(message)
    other = changed(attachments=[SentAttachment("a", "application/pdf", b"")])
    assert boundary(compose(message)) != boundary(compose(other))
    read = parse_mail(compose(message), "k")
    assert [(one.name, one.media_type, one.content) for one in read.attachments] == [
        ("blå karta.pdf", "application/pdf", file.content)
    ]
    assert read.problems == []


def test_every_copy_names_all_and_differs_in_its_reply_to_alone() -> None:
    one, other = Address("Åsa Öberg", "asa@exempel.example"), Address("", "olle@exempel.example")
    first = changed(to=[one], cc=[other, Address("", "press@x.example")])
    second = msgspec.structs.replace(first, recipient=other, reply_to=Address("", "svar@granvik.example"))
    read = [email.message_from_bytes(compose(each), policy=policy.default) for each in (first, second)]
    assert {(each["To"], each["Cc"], each["Message-ID"]) for each in read} == {
        ("Åsa Öberg <asa@exempel.example>", "olle@exempel.example, press@x.example", MESSAGE.message_id)
    }
    assert [each["Reply-To"] for each in read] == ["svar+abc@granvik.example", "svar@granvik.example"]


def test_many_copies_are_folded() -> None:
    many = [Address("", f"{'a' * 60}{number}@exempel.example") for number in range(20)]
    body = compose(changed(to=many, cc=many))
    well_formed(body)
    assert str(email.message_from_bytes(body, policy=policy.default)["Cc"]).count("@") == 20


@pytest.mark.parametrize(
    "evil", ["a\r\nBcc: x@y", "a\nb", "a\rb", "a\0b", "a\u2028b", "a\u2029b", "a\x85b", "a\ud800b"]
)
@pytest.mark.parametrize(
    "field",
    [
        "subject",
        "message_id",
        "language",
        "in_reply_to",
        "references",
        "name",
        "address",
        "to",
        "cc",
        "from",
        "reply",
        "file",
        "type",
    ],
)
def test_line_ends_in_a_header_are_refused(field: str, evil: str) -> None:
    values: dict[str, dict[str, object]] = {
        "references": {"references": [evil]},
        "name": {"recipient": Address(evil, "a@x.se")},
        "address": {"recipient": Address("", evil + "@x.se")},
        "to": {"to": [Address("", "a@x.se"), Address("", "a@x.se" + evil)]},
        "cc": {"cc": [Address(evil, "a@x.se")]},
        "from": {"sender": Address(evil, "a@x.se")},
        "reply": {"reply_to": Address("", "a@" + evil)},
        "file": {"attachments": [SentAttachment(evil, "text/plain", b"")]},
        "type": {"attachments": [SentAttachment("a", "text/plain" + evil, b"")]},
    }
    with pytest.raises(Refused):
        compose(changed(**values.get(field, {field: evil})))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@x.se",
        "a@",
        "a@x, b@evil.example",
        "a@x.se>,<b@evil.example",
        "a b@x.se",
        "a@x@y",
        "a@[127.0.0.1]",
        "å@x.se",
        "a@-",
        "a@x..\u200b",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        compose(changed(recipient=Address("x", address)))


@pytest.mark.parametrize(
    "name",
    [
        "a@x, b@evil.example",
        "<b@evil.example>",
        'a" <b@evil.example>, "',
        "a\\",
        "x;y:z",
        "(c)",
        "=?utf-8?q?=2C?=",
        "Å, <b@evil.example>",
    ],
)
def test_a_name_never_becomes_a_recipient(name: str) -> None:
    theirs = email.message_from_bytes(compose(changed(recipient=Address(name, "a@x.se"))), policy=policy.default)
    assert [(one.display_name, one.addr_spec) for one in theirs["To"].addresses] == [(name, "a@x.se")]
    assert parse_mail(theirs.as_bytes(), "k").to == [Address(name, "a@x.se")]


def test_international_domains_are_punycode() -> None:
    assert b"To: <post@xn--nesy-ira.example>\r\n" in compose(changed(recipient=Address("", "post@nesøy.example")))


def test_malformed_references_of_others_are_left_out() -> None:
    read = parse_mail(
        compose(changed(in_reply_to="<å@x>", references=["<a b@x>", "<b@x>", "<" + "c" * 2000 + ">"])), "k"
    )
    assert (read.in_reply_to, read.references) == (None, ["<b@x>"])


def test_many_references_are_folded_and_bounded() -> None:
    references = [f"<{n}.{'x' * 60}@exempel.example>" for n in range(500)]
    body = compose(changed(references=references))
    assert parse_mail(body, "k").references == references[-100:]
    well_formed(body)


def test_text_that_is_utf8_says_so() -> None:
    ours = [SentAttachment("a.txt", "text/plain", "åäö".encode()), SentAttachment("b.txt", "text/plain", b"\xe5")]
    written = compose(changed(attachments=ours))
    assert written.count(b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: base64') == 1
    assert b"Content-Type: text/plain\r\n" in written


def test_structured_attachments_go_as_plain_bytes() -> None:
    read = parse_mail(
        compose(changed(attachments=[SentAttachment("a.eml", "message/rfc822", b"Subject: x\n\n--b")])), "k"
    )
    assert [(one.media_type, one.content) for one in read.attachments] == [
        ("application/octet-stream", b"Subject: x\n\n--b")
    ]


@settings(max_examples=200, deadline=None)
@given(subject=PRINTABLE, name=PRINTABLE, text=TEXT, file_name=PRINTABLE, content=st.binary(max_size=300))
def test_round_trip(subject: str, name: str, text: str, file_name: str, content: bytes) -> None:
    file = SentAttachment(file_name, "application/pdf", content)
    message = changed(subject=subject, recipient=Address(name, "a@x.se"), text=text, attachments=[file])
    body = compose(message)
    well_formed(body)
    read = parse_mail(body, "k")
    assert read.subject == " ".join(subject.split())
    assert [(" ".join(one.name.split()), one.address) for one in read.to] == [(" ".join(name.split()), "a@x.se")]
    assert read.text.strip() == text.strip()
    assert [one.name.strip() for one in read.attachments] == [file_name.strip() or "unnamed.pdf"]
    assert read.attachments[0].content == content
    assert (read.message_id, read.sent_at) == (message.message_id, message.written_at)
    assert read.problems == []


@settings(max_examples=200, deadline=None)
@given(TEXT, PRINTABLE)
def test_round_trip_without_files(text: str, subject: str) -> None:
    body = compose(changed(text=text, subject=subject))
    well_formed(body)
    assert parse_mail(body, "k").text.strip() == text.strip()


def boundary(body: bytes) -> bytes:
    found = re.search(rb'boundary="([^"]+)"', body)
    assert found
    return found[1]


def well_formed(body: bytes) -> None:
    assert body.isascii()
    assert body.endswith(b"\r\n")
    assert body.count(b"\r") == body.count(b"\n") == body.count(b"\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 998
