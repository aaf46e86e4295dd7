"""A message goes out: what each answer of the mail server, and each silence, becomes."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import aiosmtpd.smtp
import pytest
from msgspec.structs import replace

from connectors.smtp import Smtp, SmtpConfig
from hub.contract import (
    AuthFailed,
    Deferred,
    Misconfigured,
    OutgoingMessage,
    PluginError,
    Receipt,
    Refused,
    Unreachable,
)
from hub.contract.config import read_config
from hub.contract.steps import Steps
from hub.proof.stand_ins.smtp_sink import Sink, SinkConversation, serve
from tests.connectors.smtp.certificates import server_context
from tests.connectors.tools import TestTools, free_port, outgoing

Sending = Callable[["Attempt"], Coroutine[Any, Any, None]]


class Attempt:
    """One sending to a sink with a plan of misdeeds."""

    def __init__(self, folder: Path, **plan: str) -> None:
        self.ledger = folder / "ledger.jsonl"
        self.sink = Sink(self.ledger, plan)
        self.handed_over = 0
        self.taken_before_handing_over: list[dict[str, Any]] = []

    async def handing_over(self) -> None:
        self.handed_over += 1
        self.taken_before_handing_over = self.taken()

    async def send(self, message: OutgoingMessage | None = None, **settings: Any) -> Receipt:
        server = await serve(self.sink)
        port = server.sockets[0].getsockname()[1]
        try:
            if "hang" in self.sink.plan.values():
                settings["timeout"] = 1.0
            return await smtp(port=port, **settings).send(message or outgoing(), self.handing_over)
        finally:
            server.close()
            await self.sink.hang_up()

    def taken(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ledger.read_text().splitlines()] if self.ledger.exists() else []


def smtp(**settings: Any) -> Smtp:
    values = {"host": "127.0.0.1", "security": "none", "timeout": 20, "hostname": "torg.example", **settings}
    return Smtp(read_config(SmtpConfig, values), TestTools())


def test_a_message_is_taken(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    receipt = asyncio.run(attempt.send())
    assert receipt == Receipt(outside_id="OK, taken")
    assert (attempt.handed_over, attempt.taken_before_handing_over) == (1, [])
    (line,) = attempt.taken()
    assert (line["message_id"], line["recipient"]) == ("<1.a@granvik.example>", "anna@exempel.example")


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        ({"connect": "421"}, Unreachable),
        ({"connect": "554"}, Unreachable),
        ({"connect": "cut"}, Unreachable),
        ({"connect": "hang"}, Unreachable),
        ({"mail": "450"}, Deferred),
        ({"mail": "550"}, Refused),
        ({"mail": "530"}, AuthFailed),
        ({"mail": "hang"}, Unreachable),
        ({"rcpt": "421"}, Deferred),
        ({"rcpt": "450"}, Deferred),
        ({"rcpt": "550"}, Refused),
        ({"rcpt": "cut"}, Unreachable),
        ({"rcpt": "hang"}, Unreachable),
    ],
)
def test_what_goes_wrong_before_data_has_a_name(plan: dict[str, str], error: type[Exception], tmp_path: Path) -> None:
    attempt = Attempt(tmp_path, **plan)
    with pytest.raises(error) as wrong:
        asyncio.run(attempt.send())
    assert type(wrong.value) is error
    assert attempt.handed_over == 0
    assert attempt.taken() == []


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        ({"data": "450"}, Deferred),
        ({"data": "554"}, Refused),
        ({"after_dot": "450"}, Deferred),
        ({"after_dot": "550"}, Refused),
    ],
)
def test_a_no_after_data_is_a_no(plan: dict[str, str], error: type[Exception], tmp_path: Path) -> None:
    attempt = Attempt(tmp_path, **plan)
    with pytest.raises(error):
        asyncio.run(attempt.send())
    assert attempt.handed_over == 1
    assert attempt.taken() == []


@pytest.mark.parametrize(
    ("plan", "copies"),
    [
        ({"data": "hang"}, 0),
        ({"data": "cut"}, 0),
        ({"body": "cut"}, 0),
        ({"after_dot": "hang"}, 1),
        ({"after_dot": "cut"}, 1),
    ],
)
def test_no_answer_after_data_is_left_open(plan: dict[str, str], copies: int, tmp_path: Path) -> None:
    """TimeoutError and ConnectionError have no meaning in the contract: the hub calls the message uncertain."""
    attempt = Attempt(tmp_path, **plan)
    with pytest.raises((TimeoutError, ConnectionError)):
        asyncio.run(attempt.send())
    assert attempt.handed_over == 1
    assert len(attempt.taken()) == copies


def test_when_the_hub_gives_up_nothing_is_handed_over(tmp_path: Path) -> None:
    """The lease is lost: `handing_over` raises, and not a byte of the message leaves."""
    attempt = Attempt(tmp_path)

    async def lost() -> None:
        raise LookupError("the lease is another's now")

    attempt.handing_over = lost  # type: ignore[method-assign]  # the fault under test
    with pytest.raises(LookupError):
        asyncio.run(attempt.send())
    assert attempt.taken() == []


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        asyncio.run(smtp(port=free_port()).send(outgoing(), Attempt(Path()).handing_over))
    with pytest.raises(Unreachable):
        asyncio.run(smtp(port=25, host="no-such-host.invalid").check())


def test_the_servers_words_are_shown_without_the_citizens_address(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    attempt.sink.plan["rcpt"] = "550 <anna@exempel.example> unknown\x07"
    with pytest.raises(Refused) as refused:
        asyncio.run(attempt.send())
    assert str(refused.value).startswith("550 <the recipient> unknown")


def test_a_domain_beyond_ascii_is_written_in_ascii(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    asyncio.run(attempt.send(outgoing("asa@sjögård.example")))
    assert attempt.taken()[0]["recipient"] == "asa@xn--sjgrd-ora1j.example"


def test_a_local_part_beyond_ascii_is_refused(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    with pytest.raises(Refused):
        asyncio.run(attempt.send(outgoing("åsa@exempel.example")))
    assert (attempt.handed_over, attempt.taken()) == (0, [])


def test_all_mail_may_leave_with_one_address(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Reading(Sink):
        async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
            self, _server: SinkConversation, _session: aiosmtpd.smtp.Session, envelope: aiosmtpd.smtp.Envelope
        ) -> str:
            seen.append((envelope.mail_from, message_from_bytes(envelope.content or b"")["From"]))  # type: ignore[arg-type]  # on purpose
            return "250 OK"

    attempt = Attempt(tmp_path)
    attempt.sink = Reading(attempt.ledger)
    asyncio.run(attempt.send())
    asyncio.run(attempt.send(sender="post@centre.example"))
    asyncio.run(attempt.send(replace(outgoing(), automatic=True)))
    assert [(mail_from, parseaddr(header)[1]) for mail_from, header in seen] == [
        ("kommunen@granvik.example", "kommunen@granvik.example"),
        ("post@centre.example", "post@centre.example"),
        ("<>", "kommunen@granvik.example"),  # nobody is told when a program's answer can't be delivered
    ]


class Account(SinkConversation):
    """A server that wants TLS and a log-in; right is torg/lösen."""

    def __init__(self, sink: Sink, tls: ssl.SSLContext, *, down: bool) -> None:
        def authenticate(
            _server: object, _session: object, _envelope: object, _mechanism: str, given: Any
        ) -> aiosmtpd.smtp.AuthResult:
            right = (given.login, given.password) == (b"torg", "lösen".encode())
            message = "454 4.7.0 not now" if down else "535 5.7.8 wrong"
            good = right and not down
            return aiosmtpd.smtp.AuthResult(success=good, handled=False, message=None if good else message)

        super().__init__(sink, tls_context=tls, require_starttls=True, auth_required=True, authenticator=authenticate)


def with_account(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, down: bool = False, steps: Steps | None = None, **settings: Any
) -> None:
    context, authority = server_context(folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))

    async def run() -> None:
        sink = Sink(folder / "ledger")
        server = await asyncio.get_running_loop().create_server(
            lambda: Account(sink, context, down=down), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        try:
            channel = smtp(**{"host": "localhost", "port": port, "security": "starttls", "timeout": 5, **settings})
            channel.tools.steps = steps or Steps()  # type: ignore[attr-defined]  # of tests
            await channel.check()
            await channel.send(outgoing(), Attempt(folder).handing_over)
        finally:
            server.close()
            await sink.hang_up()

    asyncio.run(run())


def test_it_logs_in_over_starttls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_account(tmp_path, monkeypatch, username="torg", password="lösen")
    assert (tmp_path / "ledger").read_text().count("\n") == 1


TOMORROW = datetime.now(UTC).date() + timedelta(days=1)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {},
            [
                ("Server localhost found", None, False),
                ("Certificate valid", TOMORROW, False),
                ("Signed in", None, False),
            ],
        ),
        ({"host": "127.0.0.1"}, [("Server 127.0.0.1 found", None, False), ("Certificate valid", None, True)]),
        (
            {"password": "fel"},
            [
                ("Server localhost found", None, False),
                ("Certificate valid", TOMORROW, False),
                ("Signed in", None, True),
            ],
        ),
    ],
    ids=["all well", "another's certificate", "a wrong password"],
)
def test_a_check_tells_each_step_and_which_one_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], told: list[tuple[str, date | None, bool]]
) -> None:
    steps = Steps()
    given: dict[str, Any] = {"username": "torg", "password": "lösen", **settings}
    error = None
    try:
        with_account(tmp_path, monkeypatch, steps=steps, **given)
    except PluginError as raised:
        error = raised
    taken = steps.taken(error)
    days = {TOMORROW, TOMORROW - timedelta(days=1)}  # at midnight
    assert [(each.title, each.failed) for each in taken[: len(told)]] == [(title, no) for title, _, no in told]
    assert all(each.until in days for each, (_, until, _) in zip(taken, told, strict=False) if until)


def test_nobody_there_is_the_first_step(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    channel = smtp(host="127.0.0.1", port=port, security="tls", timeout=5)
    steps = channel.tools.steps = Steps()  # type: ignore[attr-defined]  # of tests
    with pytest.raises(Unreachable) as raised:
        asyncio.run(channel.check())
    assert [(each.title, each.failed) for each in steps.taken(raised.value)] == [("Server 127.0.0.1 found", True)]


def test_a_wrong_password_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AuthFailed):
        with_account(tmp_path, monkeypatch, username="torg", password="fel")


def test_a_server_that_cannot_check_the_password_now_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unreachable):
        with_account(tmp_path, monkeypatch, username="torg", password="lösen", down=True)


def test_no_log_in_where_one_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AuthFailed):
        with_account(tmp_path, monkeypatch)


def test_a_certificate_must_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name: it is made out to localhost, not to the address."""
    with pytest.raises(Unreachable, match=r"(?i)certificate"):
        with_account(tmp_path, monkeypatch, host="127.0.0.1", username="torg", password="lösen")


def test_starttls_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"^127\.0\.0\.1 port \d+, security starttls: .*STARTTLS.*[^.]\.$"):
        asyncio.run(Attempt(tmp_path).send(security="starttls"))


@pytest.mark.parametrize(
    ("greeting", "given", "told"),
    [
        ([b"421 mx busy, later"], {}, "it answers 421 mx busy, later"),
        ([b"HTTP/1.1 400 Bad Request"], {}, "it answers what can't be understood"),
        (
            [b"220 hej", b"250 mx"],
            {"username": "torg", "password": "x"},
            "it offers no log-in that we know: see at which ",
        ),
        ([b"220 hej", b"250 mx"], {"security": "starttls"}, "it offers no STARTTLS there: see which port "),
        ([b"220 hej"], {}, "it hung up"),
        ([], {}, "it hung up"),
    ],
)
def test_what_is_in_the_way_is_said_in_our_words(greeting: list[bytes], given: dict[str, Any], told: str) -> None:
    """Never in the library's; a server's own stand in a sentence of ours."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client = server.accept()[0]
            with client, client.makefile("rb") as said:
                for number, line in enumerate(greeting):
                    _ = number and said.readline()
                    client.sendall(line + b"\r\n")
                _ = greeting and said.readline()

        threading.Thread(target=answer, daemon=True).start()
        port = server.getsockname()[1]
        with pytest.raises(Unreachable) as wrong:
            asyncio.run(smtp(port=port, timeout=5, **given).check())
    there = f"127.0.0.1 port {port}, security {given.get('security', 'none')}: "
    assert str(wrong.value).startswith(there + told)
    assert str(wrong.value).endswith(".")
    assert not str(wrong.value).endswith("..")


def test_nobody_there_is_said_once() -> None:
    port = free_port()
    with pytest.raises(Unreachable) as nobody:
        asyncio.run(smtp(port=port).check())
    assert str(nobody.value).startswith(f"127.0.0.1 port {port}, security none: ")
    assert str(nobody.value).count(str(port)) == 1
    assert "nothing answers there" in str(nobody.value)
    assert str(nobody.value).endswith(".")


def test_tls_where_there_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable):
        asyncio.run(smtp(port=silent.getsockname()[1], security="tls", timeout=0.5).check())


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"sender": "post"}, "sender"),
        ({"username": "torg"}, "password"),
        ({"password": "lösen"}, "password"),
        ({"host": "mail.example", "username": "torg", "password": "lösen"}, "security"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        asyncio.run(smtp(**settings).check())
    assert wrong.value.field == field
    assert "lösen" not in repr(smtp(**settings).config)
