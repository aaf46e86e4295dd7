"""A mailbox on a real Dovecot: where it begins, what is done afterwards, encryption, tokens, copies of what left."""

import asyncio
import base64
import hashlib
import hmac
import imaplib
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.imap import Imap, settings
from connectors.imap.settings import ImapConfig
from hub.contract import Answer, AuthFailed, Misconfigured, PluginError, Unreachable
from hub.contract.config import read_config
from hub.proof.ports import free_ports
from tests.connectors.imap import conftest
from tests.connectors.imap.conftest import KOMMUNEN, Hub, Real, imap, letter
from tests.connectors.smtp.certificates import Authority
from tests.connectors.tools import TestTools
from tests.dovecot import Dovecot


def play(connector: Imap, story: Callable[[Hub], Awaitable[None]]) -> None:
    async def run() -> None:
        try:
            await story(Hub(connector))
        finally:
            await connector.close()

    asyncio.run(run())


def token(user: str) -> str:
    """As an identity provider signs it, for Dovecot to check."""

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    now = int(time.time())
    claims = {"email": user, "sub": user, "iat": now, "nbf": now, "exp": now + 600}
    said = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return (said + b"." + part(hmac.digest(Dovecot.secret, said, hashlib.sha256))).decode()


class Issuer(TestTools):
    """Where tokens are asked for, played."""

    def __init__(self, user: str) -> None:
        self.user, self.asked, self.bad = user, 0, 0

    def elsewhere(self, name: str) -> "Issuer":
        assert name == "token"
        return self

    async def request(self, *_: Any, **__: Any) -> Answer:
        self.asked += 1
        if self.asked <= self.bad:
            return Answer(200, {}, b'{"access_token": "taken-back", "expires_in": 600}')
        return Answer(200, {}, json.dumps({"access_token": token(self.user), "expires_in": 600}).encode())


def test_from_now_leaves_the_past(real: Real) -> None:
    real.bring(letter(1))

    async def story(hub: Hub) -> None:
        assert await hub.all() == []
        real.bring(letter(2))
        assert await hub.all() == [letter(2)]
        (box,) = await hub.connector.tally(hub.cursor)
        assert (box.at_source, len(box.keys), box.waiting, box.left_out) == (2, 1, 0, 1)

    play(imap({**real.settings, "start": "now"}), story)


def test_from_a_day_brings_what_came_since(real: Real) -> None:
    old = imaplib.Time2Internaldate(datetime.now(UTC) - timedelta(days=40))
    real.client.append("INBOX", "", old, letter(1))
    real.bring(letter(2))
    since = (datetime.now(UTC) - timedelta(days=10)).date().isoformat()

    async def story(hub: Hub) -> None:
        assert await hub.all() == [letter(2)]

    play(imap({**real.settings, "start": since}), story)


@pytest.mark.parametrize("start", ["2999-01-31", "2026-02-30"])
def test_a_day_to_come_is_no_beginning(start: str) -> None:
    """A slip of the year: the mailbox would look well, and nothing would come."""
    with pytest.raises(Misconfigured, match=r"is still to come|is no day") as wrong:
        asyncio.run(imap(conftest.settings(143, start=start)).check())
    assert wrong.value.field == "start"


def test_where_nobody_answers_the_sentence_says_what_to_see_to() -> None:
    with pytest.raises(Unreachable) as nobody:
        asyncio.run(imap(conftest.settings(free_ports(1)[0])).check())
    assert str(nobody.value).startswith("The mail server 127.0.0.1 isn't reached: nothing answers there")
    assert "Errno" not in str(nobody.value)


def test_all_is_joined_in_batches_with_progress_and_what_is_new_comes_first(
    real: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.imap.fetching.AT_ONCE", 4)
    for number in range(10):
        real.bring(letter(number))

    async def story(hub: Hub) -> None:
        behind = [(await hub.once()).behind for _ in range(2)]
        real.bring(letter(99))
        batch = await hub.once()
        assert [event.body for event in batch.events] == [letter(99)]
        behind.append(batch.behind)
        assert behind == [6, 2, 2]
        assert len(await hub.all()) == 11

    play(imap(real.settings), story)


def test_nothing_is_ever_marked_as_read(real: Real) -> None:
    real.bring(letter(1))

    async def story(hub: Hub) -> None:
        await hub.connector.check()
        await hub.all()
        assert b"\\Seen" not in real.ask("fetch", "1:*", "(FLAGS)", to_change=False)[0]

    play(imap({**real.settings, "after": "flag", "flag": r"\Flagged"}), story)
    assert b"\\Flagged" in real.ask("fetch", "1:*", "(FLAGS)", to_change=False)[0]


@pytest.mark.parametrize("folder", ["Årenden & 'fel'", 'a "b" \\c', "Täby/Frågor"])
def test_a21_a_folder_is_called_what_it_likes(real: Real, folder: str) -> None:
    real.bring(letter(1))

    async def story(hub: Hub) -> None:
        await hub.connector.check()
        await hub.all()

    play(imap({**real.settings, "after": "move", "move_to": folder}), story)

    async def again(hub: Hub) -> None:
        assert await hub.all() == [letter(1)]

    play(imap({**real.settings, "folders": {folder: KOMMUNEN}}), again)


def test_a_sent_mail_is_kept_once(real: Real) -> None:
    async def story(hub: Hub) -> None:
        for _ in range(2):
            await hub.connector.keep_sent(letter(7), "<7@exempel.example>")
        with pytest.raises(Misconfigured):
            await hub.connector.keep_sent(letter(7), "<7@x>\r\nA1 LOGOUT")

    play(imap(real.settings), story)
    real.client.select("Sent", readonly=True)
    assert real.client.search(None, "ALL")[1] == [b"1"]


def test_which_of_our_addresses_it_came_to_decides_where_it_goes(real: Real) -> None:
    both = {KOMMUNEN: "granvik/1", "va@granvik.example": "granvik/2"}
    real.bring(b"Delivered-To: va+tok.en@granvik.example\r\nTo: x@y.example\r\n\r\nHej")
    real.bring(b"To: Kommunen <KOMMUNEN@granvik.example>,\r\n va@granvik.example\r\n\r\nHej")
    real.bring(b"To: hemlig@lista.example\r\n\r\nva@granvik.example")

    async def story(hub: Hub) -> None:
        await hub.all()
        where = [(event.origin["to"], event.origin["route"]) for event in hub.kept.values()]
        assert where == [
            ("va+tok.en@granvik.example", "granvik/2"), (KOMMUNEN, "granvik/1"), (KOMMUNEN, "granvik/1"),
        ]  # fmt: skip

    play(imap({**real.settings, "addresses": both}), story)


@pytest.mark.parametrize("how", ["xoauth2", "oauthbearer"])
def test_a_log_in_by_token(real: Real, how: str) -> None:
    real.bring(letter(1))
    issuer = Issuer(real.user)
    values = {
        **real.settings, "login": how, "token_url": "https://idp.example/token", "client_id": "torg",
        "client_secret": "hemligt",
    }  # fmt: skip
    connector = Imap(read_config(ImapConfig, values), issuer)

    async def story(hub: Hub) -> None:
        await hub.connector.check()
        assert await hub.all() == [letter(1)]
        assert issuer.asked == 1

    play(connector, story)


@pytest.mark.parametrize("bad", [1, 2])
def test_a_token_that_was_taken_back_is_asked_for_anew_once(real: Real, bad: int) -> None:
    issuer = Issuer(real.user)
    issuer.bad = bad
    values = {
        **real.settings, "login": "xoauth2", "token_url": "https://idp.example/token", "client_id": "torg",
        "client_secret": "hemligt",
    }  # fmt: skip

    async def story(hub: Hub) -> None:
        if bad == 1:
            assert await hub.all() == []
        else:
            with pytest.raises(AuthFailed):
                await hub.all()
        assert issuer.asked == 2

    play(Imap(read_config(ImapConfig, values), issuer), story)


def test_a_wrong_password_is_for_somebody_to_see_to(real: Real) -> None:
    async def story(hub: Hub) -> None:
        with pytest.raises(AuthFailed, match=r"refuses the log-in: [^b].*[^.]\.$"):
            await hub.all()

    play(imap({**real.settings, "password": "fel"}), story)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_is_who_its_certificate_says(tmp_path: Path, security: str) -> None:
    authority = Authority(tmp_path)
    with Dovecot(authority.pair("localhost")) as server:
        port = server.tls_port if security == "tls" else server.port
        given = {
            "port": port, "security": security, "username": "a@granvik.example", "password": "hemligt", "timeout": 5.0,
            "addresses": {KOMMUNEN: "granvik/1"},
        }  # fmt: skip

        async def story(hub: Hub) -> None:
            assert await hub.all() == []

        play(imap({**given, "host": "localhost", "authorities": str(authority.trusted)}), story)
        for wrong in ({"host": "localhost"}, {"host": "127.0.0.1", "authorities": str(authority.trusted)}):

            async def refused(hub: Hub) -> None:
                with pytest.raises(Misconfigured, match=r"isn't trusted: .*[^.]\.$"):
                    await hub.all()

            play(imap({**given, **wrong}), refused)

        def told(**settings: str) -> list[tuple[str, bool]]:
            connector = imap({**given, "host": "localhost", "authorities": str(authority.trusted), **settings})
            error = None
            try:
                asyncio.run(connector.check())
            except PluginError as raised:
                error = raised
            taken = connector.tools.steps.taken(error)  # type: ignore[attr-defined]  # of tests
            return [(each.title, each.failed) for each in taken]

        there = [("Server localhost found", False), ("Certificate valid", False)]
        assert told() == [*there, ("Signed in", False), ("Folder INBOX", False)]
        assert told(password="fel") == [*there, ("Signed in", True)]
        assert told(authorities="") == [*there[:1], ("Certificate valid", True)]
        elsewhere: Any = {"folders": {"INBOX/Nytt": KOMMUNEN}}
        assert told(**elsewhere) == [*there, ("Signed in", False), ("Folder INBOX/Nytt", True)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("addresses", {}),
        ("addresses", {"kommunen": "granvik/1"}),
        ("addresses", {"a+b@granvik.example": "granvik/1"}),
        ("folders", {"IN\r\nBOX": KOMMUNEN}),
        ("folders", {"INBOX": "okänd@granvik.example"}),
        ("move_to", ""),
        ("move_to", "INBOX"),
        ("flag", "\\Seen"),
        ("flag", "två ord"),
        ("flag", "a\r\nb"),
        ("secret_ends", "imorgon"),
        ("password", None),
        ("security", "none"),
        ("token_url", ""),
    ],
)
def test_settings_that_cannot_be_right_name_their_field(field: str, value: Any) -> None:
    values: dict[str, Any] = {
        "host": "mail.granvik.example", "username": "a", "password": "hemligt", "addresses": {KOMMUNEN: "granvik/1"},
    }  # fmt: skip
    if field == "move_to":
        values["after"] = "move"
    if field == "token_url":
        values["login"] = "xoauth2"
    config = read_config(ImapConfig, {**values, field: value})
    with pytest.raises(Misconfigured) as wrong:
        settings.check(config)
    assert wrong.value.field == field
