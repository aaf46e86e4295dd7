"""Who may come in, encrypted or not, by way of whom; and who holds a place without bringing anything."""

import asyncio
import smtplib
import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

from connectors import smtp_in
from connectors.smtp_in import conversation, door
from hub.contract import Misconfigured
from tests.connectors.smtp.certificates import Authority, encrypted
from tests.connectors.smtp_in.conftest import Listener, read_to_end
from tests.connectors.smtp_in.test_settings import check
from tests.line import until

MAIL = b"From: Anna <anna@exempel.example>\r\nSubject: Hej\r\n\r\nHej!\r\n"
ENVELOPE = ("MAIL FROM:<a@b.example>", "RCPT TO:<post@holmo.example>", "DATA", "hej", ".")
Start = Callable[..., Listener]
Loop = Callable[[], asyncio.AbstractEventLoop]
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
"""`torg serve` runs on uvloop, whose transports are their own."""


class Shown:
    """A certificate in two files, and what a client trusts."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key = folder / "mx.pem", folder / "mx.key"
        self.authority = Authority(folder)
        self.renew()

    def renew(self, days: int = 1) -> None:
        certificate, key = self.authority.pair("localhost", days)
        self.certificate.write_text(certificate)
        self.key.write_text(key)

    @property
    def settings(self) -> dict[str, str]:
        return {"certificate": str(self.certificate), "private_key": str(self.key)}

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority.trusted))


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path)


def secure_client(listener: Listener, trusted: ssl.SSLContext) -> smtplib.SMTP:
    client = smtplib.SMTP("localhost", listener.port, local_hostname="client.example", timeout=60)
    client.starttls(context=trusted)
    return client


@pytest.mark.parametrize("loop", LOOPS)
def test_mail_comes_encrypted(start: Start, shown: Shown, loop: Loop) -> None:
    listener = start(loop=loop, **shown.settings, tls_required=True)
    with listener.client() as client:
        client.ehlo()
        assert client.has_extn("starttls")
        assert client.mail("a@b.example")[0] == 530
    with secure_client(listener, shown.trusted()) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        assert not client.has_extn("auth")
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 504
        client.sendmail("anna@exempel.example", ["post@holmo.example"], MAIL * 2_000)
    assert [event.origin["tls"] for event in listener.kept] == ["TLSv1.3"]
    assert listener.kept[0].body == MAIL * 2_000


def test_in_the_open_it_comes_where_it_may(start: Start, shown: Shown) -> None:
    listener = start(**shown.settings)
    with listener.client() as client:
        client.sendmail("a@b.example", ["post@holmo.example"], MAIL)
    assert "tls" not in listener.kept[0].origin


def test_what_was_said_before_tls_counts_for_nothing(start: Start, shown: Shown) -> None:
    """Commands slipped in behind STARTTLS in the open (CVE-2024-34083), and an envelope from before it."""
    listener = start(**shown.settings)
    with listener.socket() as plain:
        plain.sendall(b"EHLO c\r\nMAIL FROM:<a@b.example>\r\nSTARTTLS\r\nRCPT TO:<post@holmo.example>\r\nNOOP\r\n")
        received = b""
        while b"220 Ready" not in received:
            received += plain.recv(4096)
        with shown.trusted().wrap_socket(plain, server_hostname="localhost") as secure:
            secure.sendall(b"QUIT\r\n")
            assert [line[:3] for line in read_to_end(secure)] == ["221"]
    with secure_client(listener, shown.trusted()) as client:
        assert client.docmd("RCPT", "TO:<post@holmo.example>")[0] == 503
    assert listener.kept == []


def test_a_renewed_certificate_is_shown_without_a_restart(start: Start, shown: Shown) -> None:
    listener = start(**shown.settings)

    def serial() -> str:
        with secure_client(listener, shown.trusted()) as client:
            assert isinstance(client.sock, ssl.SSLSocket)
            return str((client.sock.getpeercert() or {})["serialNumber"])

    first = serial()
    shown.renew()
    second = serial()
    assert second != first
    shown.certificate.write_text("half a certif")
    assert serial() == second, "the last good one"
    shown.renew()
    assert serial() not in {first, second}


@pytest.mark.parametrize("what", ["no file", "no PEM", "another's key", "a locked key", "over", "required, and none"])
def test_a_certificate_that_cannot_be_shown_is_told_before_it_is_saved(shown: Shown, what: str, tmp_path: Path) -> None:
    settings: dict[str, object] = dict(shown.settings)
    field = "private_key"
    match what:
        case "no file":
            settings["certificate"], field = str(tmp_path / "none.pem"), "certificate"
        case "no PEM":
            shown.certificate.write_text("hej")
        case "another's key":
            shown.key.write_text(shown.authority.pair("other")[1])
        case "a locked key":
            shown.key.write_text(encrypted(shown.key.read_text()))
        case "over":
            shown.renew(days=-1)
            field = "certificate"
        case _:
            settings, field = {"tls_required": True}, "certificate"
    with pytest.raises(Misconfigured) as wrong:
        check(**settings)
    assert wrong.value.field == field
    assert str(wrong.value).endswith(".")


def test_a_good_certificate_passes(shown: Shown) -> None:
    check(**shown.settings, tls_required=True)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"peers": ["10.1.0.0/8"]}, "peers"),
        ({"peers": ["mail.granvik.example"]}, "peers"),
        ({"proxies": ["10.1.0.300"]}, "proxies"),
        ({"host": "0.0.0.0"}, "peers"),  # noqa: S104 - that it is refused is what is tested
    ],
)
def test_networks_that_are_none_are_named(settings: dict[str, object], field: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        check(**settings)
    assert wrong.value.field == field


@pytest.mark.parametrize("loop", LOOPS)
def test_mail_is_taken_from_the_listed_networks_only(start: Start, loop: Loop) -> None:
    with start(loop=loop, peers=["192.0.2.0/24", "2001:db8::/32"]).socket() as stranger:
        assert read_to_end(stranger) == [door.NOT_FROM_THERE]
    listener = start(peers=["192.0.2.0/24", "127.0.0.1"])
    with listener.client() as client:
        client.sendmail("a@b.example", ["post@holmo.example"], MAIL)
    assert len(listener.kept) == 1


def test_one_address_has_so_many_connections(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    doors: list[door.Door] = []

    class Seen(door.Door):
        def enter(self, peer: str) -> None:
            doors.append(self)
            super().enter(peer)

    monkeypatch.setattr(smtp_in, "Door", Seen)
    listener = start(connections_per_peer=2)
    for _ in range(2):  # and has its places back afterwards
        with listener.client(), listener.client(), listener.socket() as third:
            assert read_to_end(third) == [door.TOO_MANY_OF_YOURS]
        until(lambda: not doors[0]._inside)


def v2(source: str, command: int = 0x21) -> bytes:
    """haproxy's proxy-protocol.txt 2.2."""
    addresses = socket.inet_aton(source) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 40_000, 25)
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", command, 0x11, len(addresses)) + addresses


@pytest.mark.parametrize(
    "said",
    [b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 25\r\n", b"PROXY TCP6 2001:db8::7 ::1 40000 25\r\n", v2("192.0.2.7")],
)
def test_a_listed_proxy_says_for_whom_it_speaks(start: Start, said: bytes) -> None:
    listener = start(proxies=["127.0.0.0/8"], peers=["192.0.2.7", "2001:db8::7"])
    answers = listener.say(said + b"EHLO c", *ENVELOPE, "QUIT")
    assert [line[:3] for line in answers[-2:]] == ["250", "221"]
    assert listener.kept[0].origin["peer"] in {"192.0.2.7", "2001:db8::7"}


@pytest.mark.parametrize("said", [b"PROXY TCP4 192.0.2.8 127.0.0.1 40000 25\r\n", v2("192.0.2.8")])
def test_whom_a_proxy_speaks_for_is_let_in_or_not(start: Start, said: bytes) -> None:
    listener = start(proxies=["127.0.0.1"], peers=["192.0.2.7"])
    with listener.socket() as connection:
        connection.sendall(said)
        assert read_to_end(connection) == [door.NOT_FROM_THERE]


def test_nobody_else_names_an_address_by_the_proxy_protocol(start: Start) -> None:
    answers = start(peers=["127.0.0.1"]).say("PROXY TCP4 192.0.2.7 127.0.0.1 40000 25", "EHLO c", *ENVELOPE, "QUIT")
    assert answers[1].startswith("500")


@pytest.mark.parametrize(
    "said",
    [b"EHLO c\r\n", b"PROXY TCP4 x y 1 2\r\n", b"PROXY " + b"x" * 200 + b"\r\n", b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\0"],
)
def test_a_proxy_that_says_something_else_is_hung_up_on(start: Start, said: bytes) -> None:
    listener = start(proxies=["127.0.0.1"])
    with listener.socket() as connection:
        connection.sendall(said)
        assert read_to_end(connection) == []


def test_a_proxy_that_only_looks_whether_we_live_is_itself(start: Start) -> None:
    listener = start(proxies=["127.0.0.1"], peers=["127.0.0.1"])
    assert listener.say(b"PROXY UNKNOWN\r\nQUIT")[-1].startswith("221")
    assert listener.say(v2("192.0.2.9", command=0x20) + b"QUIT")  # LOCAL


def test_who_sends_a_byte_now_and_then_is_sent_away(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "SLOW_AFTER", 0.3)
    with listener.socket() as slow:
        slow.sendall(b"EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<post@holmo.example>\r\nDATA\r\n")
        slow.settimeout(0.05)
        assert _last_words(slow, b"x") == conversation.TOO_SLOW
    assert listener.kept == []
    with listener.client() as client:
        client.sendmail("a@b.example", ["post@holmo.example"], MAIL)


def test_who_talks_without_bringing_a_mail_is_sent_away(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "WITHOUT_MAIL", 0.4)
    with listener.socket() as busy:
        busy.settimeout(0.05)
        assert _last_words(busy, b"NOOP\r\n") == conversation.TOO_SLOW


def _last_words(connection: socket.socket, saying: bytes) -> str:
    """What it is told last, while it says the same again and again."""
    received = b""
    for _ in range(200):
        with suppress(OSError):  # hung up on: what it was told lies there yet
            connection.sendall(saying)
        try:
            chunk = connection.recv(4096)
        except TimeoutError:
            continue
        except OSError:
            break
        if not chunk:
            break
        received += chunk
        time.sleep(0.05)
    return received.decode().splitlines()[-1]
