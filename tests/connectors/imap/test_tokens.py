"""Tokens: renewed before they end, a new refresh token kept, and word of what is about to run out."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.imap import tokens
from connectors.imap.tokens import Client, Tokens
from hub.contract import Answer, AuthFailed, Misconfigured, Secret, Unreachable
from tests.connectors.tools import TestTools

DAY = 86_400
NOW = datetime(2026, 11, 26, tzinfo=UTC)


class Issuer(TestTools):
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, *answers: tuple[int, dict[str, Any]]) -> None:
        self.at, self.answers = NOW, list(answers)
        self.forms: list[dict[str, list[str]]] = []
        self.kept: dict[str, str] = {}

    def now(self) -> datetime:
        return self.at

    def elsewhere(self, name: str) -> "Issuer":
        assert name == tokens.PLACE
        return self

    async def renew_secret(self, field: str, renew: Callable[[Secret | None], Awaitable[Secret | None]]) -> None:
        new = await renew(Secret(self.kept[field]) if field in self.kept else None)
        self.kept |= {field: new.reveal()} if new else {}

    async def request(self, method: str, path: str, *, headers: Any, content: bytes) -> Answer:
        assert (method, path) == ("POST", "/t/oauth2/v2.0/token")
        assert headers["Content-Type"] == "application/x-www-form-urlencoded"
        self.forms.append(parse_qs(content.decode()))
        status, said = self.answers.pop(0)
        return Answer(status, {}, json.dumps(said).encode())


def tokens_of(issuer: Any, given: Client) -> Tokens:
    return Tokens(issuer, given)


def client(refresh: str | None = None) -> Client:
    url = "https://login.example/t/oauth2/v2.0/token"
    return Client(url, "torg", Secret("hemligt"), Secret(refresh) if refresh else None, "scope/.default")


def granted(token: str, **more: Any) -> tuple[int, dict[str, Any]]:
    return 200, {"access_token": token, "expires_in": 3600, **more}


def test_a_client_logs_in_as_itself_and_again_before_the_token_ends() -> None:
    issuer = Issuer(granted("one"), granted("two"))

    async def story() -> None:
        made = tokens_of(issuer, client())
        assert [await made.get(), await made.get()] == ["one", "one"]
        issuer.at += timedelta(seconds=3600 - tokens.EARLY + 1)
        assert await made.get() == "two"

    asyncio.run(story())
    assert issuer.forms[0] == {
        "client_id": ["torg"], "client_secret": ["hemligt"], "scope": ["scope/.default"],
        "grant_type": ["client_credentials"],
    }  # fmt: skip


def test_a_refresh_token_that_is_given_anew_is_kept_and_used() -> None:
    issuer = Issuer(granted("one", refresh_token="second"), granted("two"))

    async def story() -> None:
        made = tokens_of(issuer, client("first"))
        await made.get()
        assert issuer.kept == {"refresh_token": "second"}
        assert made.given == int(NOW.timestamp())
        issuer.at += timedelta(hours=2)
        await made.get()

    asyncio.run(story())
    assert [form["refresh_token"] for form in issuer.forms] == [["first"], ["second"]]


@pytest.mark.parametrize(
    ("status", "error", "becomes"),
    [
        (400, "invalid_grant", AuthFailed),
        (401, "invalid_client", AuthFailed),
        (400, "invalid_scope", Misconfigured),
        (503, "temporarily_unavailable", Unreachable),
        (500, "", Unreachable),
    ],
)
def test_a_no_has_its_meaning(status: int, error: str, becomes: type[Exception]) -> None:
    issuer = Issuer((status, {"error": error, "error_description": "AADSTS70008: it has\r\nexpired"}))
    with pytest.raises(becomes, match="AADSTS70008: it has expired"):
        asyncio.run(tokens_of(issuer, client("first")).get())


def test_what_is_about_to_end_is_told_in_time() -> None:
    now = int(NOW.timestamp())
    assert tokens.warning(None, "", now, 30 * DAY) is None
    assert tokens.warning(now + 31 * DAY, "", now, 30 * DAY) is None
    assert "2026-12-25" in str(tokens.warning(now + 29 * DAY, "", now, 30 * DAY))
    assert tokens.warning(None, "2027-01-31", now, 30 * DAY) is None
    assert "2026-12-20" in str(tokens.warning(None, "2026-12-20", now, 30 * DAY))


@pytest.mark.parametrize("url", ["", "token", "https://", "https://login.example", "https://a.example/t?x=1"])
def test_an_address_of_tokens_is_one(url: str) -> None:
    with pytest.raises(Misconfigured):
        tokens.place(url)
