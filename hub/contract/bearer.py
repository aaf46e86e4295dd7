"""What many lookups need of HTTP: a token by OAuth2, a name for what went wrong, JSON read exactly."""

import asyncio
import base64
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

import msgspec
from msgspec import Struct

from hub.contract.config import Secret
from hub.contract.errors import AuthFailed, Misconfigured, Unreachable, Unreadable
from hub.contract.lookup import LookupTools
from hub.contract.outside import Answer

T = TypeVar("T")

_NOTHING: Mapping[str, str] = MappingProxyType({})

EARLY = timedelta(seconds=30)
"""A token isn't used in its last seconds."""
LONG = 100_000
"""Bytes that take a millisecond to read."""


class Bearer:
    """GET with a token of RFC 6749 4.4, that is kept until shortly before it expires; without a client id, with none.

    `path` is a listed POST of the lookup. In `scope`, `{uuid}` is one of our own: a gateway that keeps one token for
    each client and scope doesn't take another's from it then. `who`: how sentences call the other side. `at`: the name
    of the address that tokens are at, where that isn't the source's; `headers`: what that wants beside; `setting`: the
    one that names the path.
    """

    def __init__(
        self,
        tools: LookupTools,
        client_id: str,
        secret: Secret | None,
        path: str,
        scope: str,
        who: str,
        *,
        at: str = "",
        setting: str = "token_path",
        headers: Mapping[str, str] = _NOTHING,
    ) -> None:
        self._tools, self._who = tools, who
        self._at, self._headers, self._setting = at, headers, setting
        self._client_id, self._secret = client_id, secret.reveal() if secret else ""
        self._path, self._scope = path, scope.replace("{uuid}", str(uuid4()))
        self._token = ""
        self._good_until: datetime | None = None
        self._fetching = asyncio.Lock()

    def check(self) -> None:
        """For settings that are called so."""
        if bool(self._client_id) != bool(self._secret):
            raise Misconfigured("client_secret", "A client id and its secret go together: give both or none.")

    async def get(
        self, path: str, query: Mapping[str, str | Sequence[str]] | None = None, accept: str = "application/json"
    ) -> Answer:
        """As it came, unless it names an error."""

        async def get(token: Mapping[str, str]) -> Answer:
            return await self._tools.http.request("GET", path, query=query or {}, headers={"Accept": accept, **token})

        answer = await self.asked(get)
        complain(answer, self._who)
        return answer

    async def asked(self, ask: Callable[[Mapping[str, str]], Awaitable[Answer]]) -> Answer:
        """As it came. `ask` is given the header with the token; one that isn't taken is fetched anew, once."""
        token = await self._authorised()
        answer = await ask(_header(token))
        if answer.status == HTTPStatus.UNAUTHORIZED and token:
            if self._token == token:
                self._token = ""
            answer = await ask(_header(await self._authorised()))
        return answer

    async def prove(self) -> None:
        """That there is a token to be had."""
        await self._authorised()

    async def read(self, answer: Answer, kind: type[T]) -> T:
        """As `read_json`; a long answer in the plugin's own thread, so that nobody else waits for it."""
        if len(answer.content) > LONG:
            return await self._tools.block(lambda: read_json(answer, kind))
        return read_json(answer, kind)

    async def _authorised(self) -> str:
        if not self._client_id:
            return ""
        async with self._fetching:
            if not self._token or (self._good_until and self._tools.now() >= self._good_until):
                self._token, seconds = await self._fetch()
                # -1 is how WSO2 says that it doesn't expire by itself.
                self._good_until = self._tools.now() + timedelta(seconds=seconds) - EARLY if seconds > 0 else None
            return self._token

    async def _fetch(self) -> tuple[str, int]:
        pair = f"{quote(self._client_id, safe='')}:{quote(self._secret, safe='')}"  # RFC 6749 2.3.1
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        http = self._tools.elsewhere(self._at) if self._at else self._tools.http
        answer = await http.request(
            "POST",
            self._path,
            headers={
                **self._headers,
                "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            content=urlencode(form).encode(),
        )
        if answer.status == HTTPStatus.BAD_REQUEST:  # RFC 6749 5.2: so it may say invalid_client, too
            raise AuthFailed("The gateway doesn't accept the client id, its secret or the scope (400).")
        if answer.status == HTTPStatus.NOT_FOUND:
            raise Misconfigured(self._setting, "The gateway gives no tokens at this path (404).")
        complain(answer, "The gateway")
        token = read_json(answer, _Token)
        if not token.access_token.isascii() or not token.access_token.isprintable() or not token.access_token:
            raise Unreadable("The gateway's token can't be written in a header.")
        return token.access_token, min(token.expires_in or 0, _A_YEAR)


def _header(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


_A_YEAR = 365 * 24 * 3600


class _Token(Struct, frozen=True):
    """RFC 6749 5.1. `expires_in`: seconds."""

    access_token: str
    expires_in: int | None = None


def complain(answer: Answer, who: str) -> None:
    """By the status alone: what is written beside it may be personal. 400 and 404 pass: they are about the question."""
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise AuthFailed(f"{who} doesn't accept our log-in ({answer.status}).")
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Unreachable(f"{who} can't answer now ({answer.status}).")
    if answer.status not in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
        raise Unreadable(f"{who} answers {answer.status}, which it has no reason to.")


def read_json(answer: Answer, kind: type[T]) -> T:
    """Amounts exactly as written: JSON's digits go into a Decimal through no float. Raises Unreadable."""
    if "json" not in answer.headers.get("content-type", ""):
        raise Unreadable("The answer isn't JSON: is this the address of the API?")
    try:
        return msgspec.json.decode(answer.content.removeprefix(BOM_UTF8), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable("The answer isn't what the API says it answers.") from error  # its words may be personal
