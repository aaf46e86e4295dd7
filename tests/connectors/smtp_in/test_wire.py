"""The wire: dots and line ends, pipelining, sizes, limits, and an ending that loses nothing."""

import smtplib
import socket
import threading
import time
from collections.abc import Callable

import pytest

from connectors.smtp_in import conversation, door
from tests.connectors.smtp_in.conftest import Listener, read_to_end

START = ("EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<post@holmo.example>", "DATA")


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (b".\r\n", b""),
        (b"hej\r\n.\r\n", b"hej\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"..hej\r\nx..\r\n...\r\n.\r\n", b".hej\r\nx..\r\n..\r\n"),
        (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
        (b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n"),
        (b"a\n.\r\nb\r\n.\nc\r\n.\r\n", b"a\n.\r\nb\r\n\nc\r\n"),
        (b"a\r.\r\nb\r\n.\r\n", b"a\r.\r\nb\r\n"),
        (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n"),
        (b"\x00\xff\xe5\r\n.\r\n", b"\x00\xff\xe5\r\n"),
    ],
)
def test_only_a_dot_between_two_crlf_ends_a_mail(listener: Listener, wire: bytes, body: bytes) -> None:
    """RFC 5321 4.5.2; whoever also took a bare LF would let a second mail be smuggled in the first (CVE-2023-51764)."""
    said = listener.say(*START, wire + b"QUIT")
    assert [line[:3] for line in said[-2:]] == ["250", "221"]
    assert [event.body for event in listener.kept] == [body]


def test_it_does_not_matter_where_the_network_cuts(listener: Listener) -> None:
    """Each byte alone, at every position of the ending."""
    with listener.socket() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = b"\r\n".join(line.encode() for line in START) + b"\r\n..a\r\n.b\n.\r\r\n.\r\nQUIT\r\n"
        for position in range(len(wire)):
            connection.sendall(wire[position : position + 1])
            time.sleep(0.001)
        read_to_end(connection)
    assert [event.body for event in listener.kept] == [b".a\r\nb\n.\r\r\n"]


def test_commands_after_the_dot_may_be_pipelined(listener: Listener) -> None:
    """RFC 2920: three mails and QUIT in one write, answered in order."""
    one = (*START[1:], "hej", ".")
    said = listener.say("EHLO c", *one, *one, *one, "QUIT")
    assert "250-PIPELINING" in said
    assert [line[:3] for line in said[-13:]] == ["250", "250", "354", "250"] * 3 + ["221"]
    assert len(listener.kept) == 3


def test_a_large_mail_with_the_next_one_behind_it(start: Callable[..., Listener]) -> None:
    listener = start(size_limit=5_000_000)
    large = b"x" * 70 + b"\r\n"
    large *= 60_000
    said = listener.say(*START, large + b".", *START[1:], "hej", ".", "QUIT")
    assert [line[:3] for line in said[-5:]] == ["250", "250", "354", "250", "221"]
    assert [len(event.body) for event in listener.kept] == [len(large), 5]


def test_the_largest_size_is_told_and_held(listener: Listener) -> None:
    with listener.client() as client:
        client.ehlo()
        assert client.esmtp_features["size"] == "200000"
        assert client.mail("a@b.example", ["SIZE=200001"])[0] == 552
    fits = b"." * 98 + b"\r\n"
    fits *= 2_000  # 200,000 bytes, and 2,000 dots more on the wire
    wire = fits.replace(b"\r\n.", b"\r\n..")
    said = listener.say(*START, b"." + wire + b".", *START[1:], b"." + wire + b"x\r\n.", "NOOP", "QUIT")
    assert [line[:3] for line in said[-7:]] == ["250", "250", "250", "354", "552", "250", "221"]
    assert [event.body for event in listener.kept] == [fits]


def test_sixty_megabytes_are_read_to_the_end_and_refused(start: Callable[..., Listener]) -> None:
    listener = start(size_limit=50_000_000)
    mail = b"Subject: stor\r\n\r\n" + (b"x" * 998 + b"\r\n") * 60_000
    with listener.client() as client:
        client.ehlo()
        client.esmtp_features.pop("size")  # a client that doesn't say beforehand
        with pytest.raises(smtplib.SMTPResponseException) as refusal:
            client.sendmail("a@b.example", ["post@holmo.example"], mail)
    assert refusal.value.smtp_code == 552
    assert listener.kept == []


def test_what_arrives_at_once_is_bounded(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "IN_HAND", 100_000)
    said = listener.say(*START, b"x" * 150_000 + b"\r\n.", *START[1:], "hej", ".", "QUIT")
    assert [line[:3] for line in said[-5:]] == ["452", "250", "250", "354", "250", "221"][-5:]
    assert any(line.startswith("452") for line in said)
    assert [event.body for event in listener.kept] == [b"hej\r\n"]


def test_one_connection_too_many_is_told_so(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "CONNECTIONS", 2)
    with listener.client(), listener.client(), listener.socket() as third:
        assert read_to_end(third)[0].startswith("421")
    with listener.client() as client:
        assert client.noop()[0] == 250


def test_one_recipient_too_many_is_told_so(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "RECIPIENTS", 2)
    recipient = "RCPT TO:<post@holmo.example>"
    said = listener.say("EHLO c", "MAIL FROM:<a@b.example>", *[recipient] * 3, "DATA", "hej", ".", "QUIT")
    assert [line[:3] for line in said[-6:]] == ["250", "250", "452", "354", "250", "221"]


def test_silence_ends_a_conversation_and_a_slow_mail_does_not(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "IDLE", 3)
    with listener.socket() as silent, listener.socket() as slow:
        slow.sendall(b"\r\n".join(line.encode() for line in START) + b"\r\n")
        for _ in range(8):
            slow.sendall(b"x\r\n")
            time.sleep(0.5)
        slow.sendall(b".\r\nQUIT\r\n")
        assert read_to_end(slow)[-2].startswith("250")
        assert len(read_to_end(silent)) == 1
    assert len(listener.kept) == 1


@pytest.mark.parametrize(
    "junk",
    [
        b"\r\n" * 200,
        b"FROB\r\n" * 200,
        b"RCPT TO:<a@b.example>\r\n" * 200,
        (b"MAIL " + b"x" * 70_000 + b"\r\n") * 200,
        b"NOOP\r\n" * 6_000,
        b"\xff\xfe\r\n" * 200,
    ],
)
def test_junk_is_sent_away(listener: Listener, junk: bytes) -> None:
    with listener.socket() as connection:
        received = b""
        try:
            connection.sendall(b"EHLO c\r\n" + junk)
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass  # what it hadn't read when it hung up
    assert len(received.splitlines()) < 6_000
    with listener.client() as client:
        assert client.noop()[0] == 250


def test_a_command_too_long_is_answered(listener: Listener) -> None:
    said = listener.say("EHLO c", "MAIL FROM:<" + "a" * 2_000 + "@b.example>", "NOOP" + " x" * 100_000, "NOOP", "QUIT")
    assert [line[:3] for line in said[-4:]] == ["500", "500", "250", "221"]


def test_a_mail_in_hand_is_answered_when_it_stops(start: Callable[..., Listener]) -> None:
    listener = start()
    hold = listener.hold_storing()
    with listener.socket() as busy, listener.socket() as idle:
        busy.sendall("\r\n".join([*START, "hej", ".", ""]).encode())
        assert listener.storing.wait(60)
        stopping = threading.Thread(target=listener.stop)
        stopping.start()
        assert read_to_end(idle)[-1].startswith("421")
        with pytest.raises(ConnectionRefusedError):
            listener.socket().close()
        listener.in_loop(hold.set)
        assert [line[:3] for line in read_to_end(busy)[-2:]] == ["250", "421"]
        stopping.join(60)
    assert len(listener.kept) == 1
