"""Log-in by OAuth2 (RFC 6749, as Exchange Online and Google have it): tokens, renewed before they end."""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from hub.contract import Answer, AuthFailed, ConnectorTools, Misconfigured, Outside, Secret, Unreachable

PLACE = "token"
EARLY = 300
"""Seconds before its end that a token is renewed."""
_DAY = 86_400
_WORDS = 200


class Granted(Struct):
    """What the other side answers."""

    access_token: str
    expires_in: int | float | str = 3600
    refresh_token: str | None = None
    refresh_token_expires_in: int | float | None = None


class Denied(Struct):
    """Or this."""

    error: str = ""
    error_description: str = ""


class Client(Struct, frozen=True):
    """Who asks for tokens, as the settings say. Without `refresh` the client logs in as itself."""

    url: str
    id: str
    secret: Secret | None
    refresh: Secret | None
    scope: str


def place(url: str) -> Outside:
    """Raises Misconfigured."""
    parts = urlsplit(url)
    if not parts.netloc or not parts.path or parts.query or parts.fragment:
        raise Misconfigured("token_url", f"{url!r} is no address of tokens: it is like https://host/path/token.")
    return Outside(
        f"{parts.scheme}://{parts.netloc}", [("POST", re.escape(parts.path))], seconds=30.0, most_bytes=200_000
    )


class Tokens:
    """Of one channel. `given`: when its refresh token was, seconds since 1970; None until that is known."""

    def __init__(self, tools: ConnectorTools, client: Client) -> None:
        self._tools, self._client = tools, client
        self._refresh = client.refresh.reveal() if client.refresh else ""
        self._token, self._ends = "", 0.0
        self.given: int | None = None
        self.refresh_ends: int | None = None

    async def get(self) -> str:
        """One that is good for some minutes. Raises AuthFailed, Unreachable, Misconfigured."""
        if not self._token or self._now() >= self._ends - EARLY:
            if self._refresh:
                await self._tools.renew_secret("refresh_token", self._refreshed)
            else:
                self._take(await self._ask())
        return self._token

    def forget(self) -> None:
        """The mail server doesn't take it: the next is a new one."""
        self._token = ""

    async def _refreshed(self, present: Secret | None) -> Secret | None:
        """By the token that the channel has now, which another object of it may have renewed."""
        if present is not None and present.reveal() != self._refresh:
            self._refresh, self.given = present.reveal(), self._now()
        granted = await self._ask()
        self._take(granted)
        if not granted.refresh_token or granted.refresh_token == self._refresh:
            return None
        self._refresh, self.given = granted.refresh_token, self._now()
        return Secret(granted.refresh_token)

    def _take(self, granted: Granted) -> None:
        now = self._now()
        self._token, self._ends = granted.access_token, now + max(float(granted.expires_in), EARLY + 60)
        if granted.refresh_token_expires_in:
            self.refresh_ends = now + int(granted.refresh_token_expires_in)

    async def _ask(self) -> Granted:
        client = self._client
        form = {"client_id": client.id, "scope": client.scope}
        form |= {"client_secret": client.secret.reveal()} if client.secret else {}
        form |= (
            {"grant_type": "refresh_token", "refresh_token": self._refresh}
            if self._refresh
            else {"grant_type": "client_credentials"}
        )
        answer = await self._tools.elsewhere(PLACE).request(
            "POST",
            urlsplit(client.url).path,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            content=urlencode({name: value for name, value in form.items() if value}).encode(),
        )
        if answer.status != HTTPStatus.OK:
            raise _refusal(answer, refreshing=bool(self._refresh))
        try:
            return msgspec.json.decode(answer.content, type=Granted)
        except msgspec.MsgspecError as error:
            raise Unreachable("Where tokens are asked for answers what is no token.") from error

    def _now(self) -> int:
        return int(self._tools.now().timestamp())


def warning(ends: int | None, secret_ends: str, now: int, most: int) -> str | None:
    """What is about to end, in a sentence; `most`: seconds before it that is told. `ends` of the refresh token."""
    if ends is not None and now > ends - most:
        return f"The log-in of this mailbox runs out on {_day(ends)} (UTC) unless a new refresh token is given before."
    if secret_ends:
        end = int(datetime.fromisoformat(secret_ends).replace(tzinfo=UTC).timestamp())
        if now > end - 30 * _DAY:
            return f"The client secret of this mailbox runs out on {secret_ends}: make a new one, and give it here."
    return None


def _refusal(answer: Answer, *, refreshing: bool) -> Exception:
    try:
        said = msgspec.json.decode(answer.content, type=Denied)
    except msgspec.MsgspecError:
        said = Denied()
    why = " ".join((said.error_description or said.error).split())[:_WORDS] or f"status {answer.status}"
    if said.error == "invalid_grant" and refreshing:
        return AuthFailed(f"The refresh token isn't taken any more: log in anew, and give the new one. It says: {why}")
    if said.error in {"invalid_client", "unauthorized_client", "invalid_grant"}:
        return AuthFailed(f"No token is given for this client: {why}")
    if said.error == "invalid_scope":
        return Misconfigured("scope", f"The scope isn't taken: {why}")
    return Unreachable(f"No token is given just now: {why}")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
