"""Mail as it comes: headers, charsets, parts, attachments."""

import email
import hashlib
from email import policy
from email.message import EmailMessage

import msgspec
import pytest

from hub.contract.messages import Address, RawEvent
from hub.formats import addresses, dates, mail
from tests.formats import samples


@pytest.mark.parametrize("name", samples.HEADERS)
def test_headers(name: str) -> None:
    header, field, expected = samples.HEADERS[name]
    message = mail.parse_mail(samples.HEAD + header + b"\n\nhej", "k")
    if name == "emoji split in surrogates":
        assert message.subject.encode()  # no lone surrogate is left
        return
    assert getattr(message, field) == expected


@pytest.mark.parametrize("name", samples.ADDRESSES)
def test_addresses(name: str) -> None:
    header, expected = samples.ADDRESSES[name]
    message = mail.parse_mail(b"From: x@y\nTo: " + header + b"\n\nhej", "k")
    assert message.to == [Address(*one) for one in expected]


@pytest.mark.parametrize("value", samples.DATES)
def test_dates(value: str) -> None:
    expected = samples.DATES[value]
    assert dates.read(value) == (None if expected is None else expected * 1_000_000)


@pytest.mark.parametrize("name", samples.AUTOMATIC)
def test_automatic(name: str) -> None:
    header, expected = samples.AUTOMATIC[name]
    assert mail.parse_mail(samples.HEAD + header + b"\n\nhej", "k").automatic == expected


@pytest.mark.parametrize("name", samples.CHARSETS)
def test_charsets_and_encodings(name: str) -> None:
    content_type, body, text, problem = samples.CHARSETS[name]
    message = mail.parse_mail(samples.HEAD + b"Content-Type: " + content_type + b"\n\n" + body, "k")
    assert message.text.rstrip("\n") == text
    assert bool(message.problems) == problem, message.problems


@pytest.mark.parametrize("name", samples.FILE_NAMES)
def test_file_names(name: str) -> None:
    header, expected = samples.FILE_NAMES[name]
    body = (
        samples.HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhej\n--b\n" + header + b"\n\nabc\n--b--\n"
    )
    message = mail.parse_mail(body, "k")
    assert [file.name for file in message.attachments] == [expected]
    assert message.attachments[0].content == b"abc"
    assert message.text == "hej"


def test_fields_equal_the_standard_library_on_300_mails() -> None:
    for message_id, body in samples.bench_mails(300):
        ours = mail.parse_mail(body, "k")
        theirs = email.message_from_bytes(body, policy=policy.default)
        assert isinstance(theirs, EmailMessage)
        assert ours.message_id == message_id
        assert ours.subject == theirs["Subject"]
        for field, name in (([ours.sender], "From"), (ours.to, "To")):
            assert [(one.name, one.address) for one in field] == [
                (one.display_name, one.addr_spec) for one in theirs[name].addresses
            ]
        assert ours.in_reply_to == theirs["In-Reply-To"]
        assert ours.references == (theirs["References"] or "").split()
        assert ours.sent_at == theirs["Date"].datetime.timestamp() * 1_000_000
        plain = theirs.get_body(("plain",))
        assert plain is not None
        assert ours.text.strip() == plain.get_content().replace("\r\n", "\n").strip()
        assert (ours.html is not None) == (theirs.get_body(("html",)) is not None)
        assert [(file.name, file.media_type, file.content) for file in ours.attachments] == [
            (part.get_filename(), part.get_content_type(), part.get_content()) for part in theirs.iter_attachments()
        ]
        assert ours.problems == []
        assert ours.automatic is None


def test_a_group_gives_one_message_per_event_and_doubled_events_one() -> None:
    first = RawEvent(key="1", body=samples.HEAD + b"\nett", media_type="message/rfc822")
    second = RawEvent(key="2", body=samples.HEAD + b"\ntv\xc3\xa5", media_type="message/rfc822")
    items = mail.parse([second, first, second])
    assert {item.key: item.text for item in items} == {"1": "ett", "2": "två"}
    assert len(items) == 2


def test_a_stub_says_what_is_missing() -> None:
    event = RawEvent(key="1", body=samples.HEAD + b"\nett", media_type="message/rfc822", whole_size=60_000_000)
    assert "60000000" in mail.parse([event])[0].problems[0]


def test_html_alone_gives_text_and_is_sanitised() -> None:
    body = (
        b"Content-Type: text/html; charset=utf-8\n\n<p>Hej <b>du</b></p><script>x()</script><img src='http://t/x.gif'>"
    )
    message = mail.parse_mail(samples.HEAD + body, "k")
    assert message.text == "Hej du"
    assert message.html is not None
    assert "<b>du</b>" in message.html
    assert "script" not in message.html
    assert "http" not in message.html


def test_all_shown_parts_are_joined_and_files_are_not_text() -> None:
    body = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nett\n--b\nContent-Type: image/png\n"
        b"Content-ID: <bild@x>\n\nPNG\n--b\nContent-Type: text/plain\n\ntv\xc3\xa5\n--b\n"
        b"Content-Type: text/plain; name=x.txt\n\nfil\n--b--\n"
    )
    message = mail.parse_mail(samples.HEAD + body, "k")
    assert message.text == "ett\n\ntvå"
    picture, file = message.attachments
    assert (picture.content_id, picture.inline, picture.sha256) == ("bild@x", True, hashlib.sha256(b"PNG").hexdigest())
    assert (file.name, file.inline, file.size) == ("x.txt", False, 3)


def test_alternative_with_a_file_between_two_html_parts() -> None:
    body = (
        b"Content-Type: multipart/alternative; boundary=a\n\n--a\n\nslatt\n--a\n"
        b"Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: text/html\n\n<p>ett</p>\n--m\n"
        b"Content-Type: application/pdf\n\nPDF\n--m\nContent-Type: text/html\n\n<p>tva</p>\n--m--\n--a--\n"
    )
    message = mail.parse_mail(samples.HEAD + body, "k")
    assert message.text == "slatt"
    assert message.html is not None
    assert message.html.index("ett") < message.html.index("tva")
    assert [file.name for file in message.attachments] == ["unnamed.pdf"]


def test_plain_part_beside_html_is_shown_in_both() -> None:
    body = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nett < tv\xc3\xa5\n--b\n"
        b"Content-Type: text/html\n\n<p>fot</p>\n--b--\n"
    )
    message = mail.parse_mail(samples.HEAD + body, "k")
    assert message.text == "ett < två\n\nfot"
    assert message.html == "<p>ett &lt; två</p>\n<p>fot</p>"


def test_forwarded_mail_is_an_attachment_as_it_came() -> None:
    inner = b"From: b@x\r\nSubject: =?utf-8?Q?Bl=C3=A5?=\r\n\r\nFrom here\r\n  --b is no boundary\r\n"
    body = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nse nedan\r\n--b\r\n"
        b"Content-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    )
    message = mail.parse_mail(samples.HEAD.replace(b"\n", b"\r\n") + body, "k")
    assert message.text == "se nedan"
    (file,) = message.attachments
    assert (file.name, file.media_type, file.content) == ("Blå.eml", "message/rfc822", inner)


def test_bounce_keeps_its_parts() -> None:
    body = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nDet gick inte.\n--b\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n--b\n"
        b"Content-Type: message/rfc822\n\nSubject: hej\nMessage-ID: <1@x>\n\ntext\n--b--\n"
    )
    message = mail.parse_mail(b"Return-Path: <>\n" + samples.HEAD + body, "k")
    assert (message.automatic, message.text) == ("bounce", "Det gick inte.")
    assert [file.name for file in message.attachments] == ["unnamed.txt", "hej.eml"]
    assert b"5.1.1" in message.attachments[0].content
    assert message.attachments[1].content == b"Subject: hej\nMessage-ID: <1@x>\n\ntext"


def test_format_flowed() -> None:
    body = b"Content-Type: text/plain; format=flowed; delsp=yes\n\n>> a \n>> b\n> c\nen lang \nrad\n From x\n-- \nAnna"
    message = mail.parse_mail(samples.HEAD + body, "k")
    assert message.text == ">> ab\n> c\nen langrad\nFrom x\n-- \nAnna"


def test_cut_off_multipart_is_told() -> None:
    message = mail.parse_mail(samples.HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhej", "k")
    assert message.text == "hej"
    assert any("cut off" in problem for problem in message.problems)


def test_no_headers_at_all_is_still_a_message() -> None:
    message = mail.parse_mail(b"", "k")
    assert (message.sender, message.text, message.sent_at) == (Address("", ""), "", None)
    assert len(message.problems) == 2


def test_addresses_over_the_limit_are_left_out_and_told() -> None:
    to = b", ".join(b"a%d@x.se" % n for n in range(900))
    message = mail.parse_mail(b"From: x@y\nTo: " + to + b"\nCc: late@x.se\n\nhej", "k")
    assert len(message.to) == 499
    assert message.cc == []
    assert sum("500 addresses" in problem for problem in message.problems) == 2


def test_a_long_header_is_cut_and_told() -> None:
    message = mail.parse_mail(samples.HEAD + b"Subject: " + b"x" * 40_000 + b"\n\nhej", "k")
    assert len(message.subject) <= 32 * 1024
    assert any("32768" in problem for problem in message.problems)


def test_address_parser_bounds_what_it_builds() -> None:
    found, more = addresses.read("a@x, " * 10, 3)
    assert (len(found), more) == (3, True)


def test_who_got_a_blind_copy_is_nowhere_in_what_is_read() -> None:
    """A mailbox's own Sent folder, or a clumsy program, keeps the header (A38): only the raw event has it."""
    raw = b"From: a@x.se\r\nTo: b@x.se\r\nBcc: hemlig@x.se\r\nResent-Bcc: hemlig@x.se\r\nSubject: s\r\n\r\nHej\r\n"
    read = mail.parse_mail(raw, "k")
    assert b"hemlig" not in msgspec.json.encode(read)
