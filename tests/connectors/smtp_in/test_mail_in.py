"""A mail server delivers: who is let in, what is kept, what is answered and when."""

import hashlib
import smtplib
import time
from collections.abc import Callable

import pytest

from hub.contract import NotKept
from tests.connectors.smtp_in.conftest import Listener

MAIL = b"From: Anna <anna@exempel.example>\r\nSubject: Hej\r\n\r\nHej!\r\n"


def test_a_mail_is_kept_byte_for_byte_with_its_envelope(listener: Listener) -> None:
    with listener.client() as client:
        assert client.sendmail("anna@exempel.example", ["kommunen@granvik.example"], MAIL) == {}
    (event,) = listener.kept
    assert event.body == MAIL
    assert event.media_type == "message/rfc822"
    assert event.origin == {
        "from": "anna@exempel.example",
        "to": "kommunen@granvik.example",
        "peer": "127.0.0.1",
        "helo": "client.example",
        "route": "granvik/1",
    }


def test_the_key_is_the_hash_of_envelope_and_bytes(listener: Listener) -> None:
    for body in (MAIL, MAIL, MAIL + b"Igen\r\n"):
        with listener.client() as client:
            client.sendmail("anna@exempel.example", ["bygg@granvik.example", "kommunen@granvik.example"], body)
    envelope = b"\0".join([b"anna@exempel.example", b"bygg@granvik.example", b"kommunen@granvik.example"]) + b"\0\0"
    first, again, other = (event.key for event in listener.kept)
    assert first == again == hashlib.sha256(envelope + MAIL).hexdigest()
    assert other != first


def test_each_municipality_gets_its_own_with_its_own_recipients_only(listener: Listener) -> None:
    with listener.client() as client:
        client.sendmail("a@b.example", ["bygg@granvik.example", "post@holmo.example", "kommunen@granvik.example"], MAIL)
    granvik, holmo = listener.kept
    assert (granvik.origin["route"], granvik.origin["to"]) == (
        "granvik/2",
        "bygg@granvik.example,kommunen@granvik.example",
    )
    assert (holmo.origin["route"], holmo.origin["to"]) == ("holmo/7", "post@holmo.example")
    assert granvik.key != holmo.key


@pytest.mark.parametrize(
    "address",
    ["KOMMUNEN@Granvik.Example", "kommunen+c3Vk-_9@granvik.example", "Kommunen+a+b@granvik.example"],
)
def test_case_and_a_suffix_after_a_plus_do_not_matter(listener: Listener, address: str) -> None:
    with listener.client() as client:
        client.sendmail("a@b.example", [address], MAIL)
    assert listener.kept[0].origin["to"] == address


@pytest.mark.parametrize(
    "address",
    [
        "nobody@granvik.example",
        "kommunen@other.example",
        "kommunen",
        "+kommunen@granvik.example",
        "k+kommunen@granvik.example",
    ],
)
def test_nobody_else_receives_mail_here(listener: Listener, address: str) -> None:
    with listener.client() as client, pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        client.sendmail("a@b.example", [address], MAIL)
    assert refusal.value.recipients[address][0] == 550
    assert listener.kept == []


@pytest.mark.parametrize(
    "path", ["<a,b@c.example>", "<>>", "kommunen@granvik.example", "<a@b.example", "<a b@c.example>"]
)
def test_a_malformed_recipient_is_refused(listener: Listener, path: str) -> None:
    answers = listener.say("EHLO c", "MAIL FROM:<a@b.example>", f"RCPT TO:{path}", "QUIT")
    assert answers[-2].startswith(("553", "501"))


def test_a_bounce_has_no_sender(listener: Listener) -> None:
    with listener.client() as client:
        client.sendmail("", ["kommunen@granvik.example"], MAIL)
    assert listener.kept[0].origin["from"] == ""


def test_bytes_that_are_no_text_do_not_reach_the_envelope(listener: Listener) -> None:
    answers = listener.say(
        b"EHLO c\xff\x01",
        b"MAIL FROM:<a\xff@b.example>",
        b"MAIL FROM:<\xc3\xa5sa@b.example> SMTPUTF8",
        "RCPT TO:<kommunen@granvik.example>",
        *("DATA", "x", ".", "QUIT"),
    )
    assert "553 5.1.3 Error: malformed address" in answers
    assert listener.kept[0].origin["from"] == "åsa@b.example"
    assert listener.kept[0].origin["helo"] == "c??"


def test_it_is_acknowledged_only_after_it_was_kept(listener: Listener) -> None:
    hold = listener.hold_storing()
    with listener.socket() as connection:
        connection.sendall(b"EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<post@holmo.example>\r\nDATA\r\nhej\r\n.\r\n")
        assert listener.storing.wait(60)
        time.sleep(0.3)
        assert connection.recv(4096).splitlines()[-1].startswith(b"354")
        listener.in_loop(hold.set)
        assert connection.recv(4096).startswith(b"250")


@pytest.mark.parametrize(
    ("error", "answer"), [(NotKept("disk full"), "452"), (ValueError("a bug"), "451"), (ConnectionResetError(), "451")]
)
def test_a_mail_that_could_not_be_kept_shall_come_back(listener: Listener, error: Exception, answer: str) -> None:
    listener.fail = error
    said = listener.say(
        "EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<post@holmo.example>", "DATA", "hej", ".", "NOOP", "QUIT"
    )
    assert [line[:3] for line in said[-4:]] == ["354", answer, "250", "221"]
    assert "bug" not in "".join(said)


def test_a_bug_is_logged_without_what_it_said(listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    listener.fail = ValueError("hej@secret.example")
    listener.say("EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<post@holmo.example>", "DATA", "hej", ".", "QUIT")
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_nothing_of_a_conversation_is_logged(listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with listener.client() as client:
        client.sendmail("anna@exempel.example", ["kommunen@granvik.example"], MAIL)
    assert "anna" not in caplog.text


def test_lmtp_answers_for_each_recipient(start: Callable[..., Listener]) -> None:
    listener = start(protocol="lmtp")
    recipients = [f"RCPT TO:<{one}>" for one in ("post@holmo.example", "no@holmo.example", "bygg@granvik.example")]
    envelope = ("LHLO c", "MAIL FROM:<a@b.example>", *recipients, "DATA", "hej", ".")
    assert [line[:3] for line in listener.say(*envelope, "QUIT")[-4:]] == ["354", "250", "250", "221"]
    assert len(listener.kept) == 2
    for error, answer in ((NotKept(""), "452"), (ValueError(), "451")):
        listener.fail = error
        assert [line[:3] for line in listener.say(*envelope, "QUIT")[-4:]] == ["354", answer, answer, "221"]


def test_lmtp_knows_no_ehlo(start: Callable[..., Listener]) -> None:
    assert start(protocol="lmtp").say("EHLO c", "QUIT")[1].startswith("500")
