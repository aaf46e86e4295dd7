"""Microsoft Graph by Microsoft's own SDK, which goes out through the hub's tools. What it says, in our words.

The SDK is imported when a channel is opened: it takes 200 MB of disk, and memory once it is used. So is httpx: whoever
only parses starts in a third less time. Nothing here is tried twice: the SDK's own retries are left out, for a mail
could leave twice by them.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from connectors.graph_mail.log_in import Tokens, retry_after
from hub.contract import AuthFailed, ConnectorTools, Misconfigured, PluginError, Unreachable

T = TypeVar("T")

IMMUTABLE = 'IdType="ImmutableId"'
"""Ids that stay when a person moves the message; of nobody else's."""
_CODE = re.compile(r"[^A-Za-z0-9_.]")
_RESYNC = frozenset({"syncstatenotfound", "resyncrequired", "syncstateinvalid", "resyncchangesapplydifferences"})
_NO_MAILBOX = frozenset({"errorinvaliduser", "mailboxnotenabledforrestapi", "request_resourcenotfound"})
_TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
_BEGAN = HTTPStatus.INTERNAL_SERVER_ERROR


class NotThere(PluginError):
    """What was asked for isn't at the source any more."""


class Resync(PluginError):
    """The source has forgotten how far we were (410): all of the folder is to be listed anew."""


class TokenRefused(AuthFailed):
    """It has ended, or the app's consent has."""


class Listed(Struct, frozen=True):
    """A message as a list names it. `received`: None where the source doesn't say."""

    id: str
    received: datetime | None
    is_draft: bool = False


class ListPage(Struct, frozen=True):
    """`link`: of what follows; `ends`: that is what will have changed then, not more of now."""

    found: Sequence[Listed]
    link: str
    ends: bool


class Named(Struct, rename="camel"):
    """A message of a list, with the little that is asked for; of one that has gone, its id."""

    id: str
    received_date_time: datetime | None = None
    is_draft: bool = False
    removed: dict[str, str] | None = field(name="@removed", default=None)

    def listed(self) -> Listed:
        """In our words."""
        return Listed(self.id, self.received_date_time, self.is_draft)


class Page(Struct):
    """A page of a list."""

    value: list[Named]
    next_link: str | None = field(name="@odata.nextLink", default=None)
    delta_link: str | None = field(name="@odata.deltaLink", default=None)


class Said(Struct, frozen=True):
    """An error of Graph's. Its words may be about a person, so its code is all we keep."""

    status: int
    code: str
    wait: float | None


class _TokenProvider:
    """The SDK's AccessTokenProvider, by its methods."""

    def __init__(self, tokens: Tokens, login_url: str, scope: str) -> None:
        self._tokens, self._login_url, self._scope = tokens, login_url, scope

    async def get_authorization_token(self, _uri: str, _context: dict[str, Any] | None = None) -> str:
        return await self._tokens.get(self._login_url, self._scope)


class Graph:
    """What the connector asks of Graph. Raises what a channel may raise; NotThere and Resync where they are awaited."""

    def __init__(self, tools: ConnectorTools, tokens: Tokens, graph_url: str, login_url: str, uploads_url: str) -> None:
        self._tools, self._tokens = tools, tokens
        self._graph_url, self._login_url = graph_url.rstrip("/"), login_url.rstrip("/")
        self._uploads_url = uploads_url
        self._sdk: Any = None
        self._opening = asyncio.Lock()

    async def sdk(self) -> Any:
        """The client, made once. Raises Misconfigured where the SDK isn't installed."""
        async with self._opening:
            if self._sdk is None:
                await self._tools.block(require_sdk)
                self._sdk = self._client()
            return self._sdk

    def _client(self) -> Any:
        import httpx  # noqa: PLC0415 - as above
        from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider  # noqa: PLC0415 - as above
        from msgraph.graph_request_adapter import GraphRequestAdapter  # noqa: PLC0415 - as above
        from msgraph.graph_service_client import GraphServiceClient  # noqa: PLC0415 - as above

        from connectors.graph_mail.through import Through  # noqa: PLC0415 - as above

        out = Through(self._tools.elsewhere("graph"), self._graph_url)
        tokens: Any = _TokenProvider(self._tokens, self._login_url, f"{self._graph_url}/.default")
        base = f"{self._graph_url}/v1.0"
        adapter = GraphRequestAdapter(
            BaseBearerTokenAuthenticationProvider(tokens), client=httpx.AsyncClient(transport=out, base_url=base)
        )
        adapter.base_url = base
        return GraphServiceClient(request_adapter=adapter)

    async def asked(self, ask: Callable[..., Awaitable[T]], *what: Any) -> T:
        """Its errors by name. A token that isn't taken any more is fetched anew, once: nothing was done by it."""
        try:
            return await self._asked(ask, what)
        except TokenRefused:
            self._tokens.forget()
        return await self._asked(ask, what)

    async def listed(self, builder: Any, asking: Any) -> Page:
        """A page, read by us: the SDK would take 5 ms of everybody's time for each message in it."""
        from msgraph.generated.models.o_data_errors.o_data_error import ODataError  # noqa: PLC0415 - as above

        adapter = (await self.sdk()).request_adapter

        def ask() -> Awaitable[bytes | None]:
            page: Awaitable[bytes | None] = adapter.send_primitive_async(
                builder.to_get_request_information(asking), "bytes", {"XXX": ODataError}
            )
            return page

        content = await self.asked(ask)
        try:
            return msgspec.json.decode(content or b"", type=Page)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreachable("Microsoft 365 lists messages in a way that can't be read.") from error

    async def upload(self, url: str, content: bytes, first: int, size: int) -> None:
        """A piece of a file, to an address that Graph gave and that needs no token. Raises Unreachable."""
        import httpx  # noqa: PLC0415 - as above

        where, piece = httpx.URL(url), content[first : first + size]
        if where.host != httpx.URL(self._uploads_url).host:
            raise Unreachable("Microsoft 365 sends a file to another host, where we don't go.")
        query: dict[str, list[str]] = {}
        for name, value in where.params.multi_items():
            query.setdefault(name, []).append(value)
        answer = await self._tools.elsewhere("uploads").request(
            "PUT",
            where.path,
            query=query,
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Range": f"bytes {first}-{first + len(piece) - 1}/{len(content)}",
            },
            content=piece,
        )
        if answer.status not in _TAKEN:
            raise Unreachable(
                f"Microsoft 365 doesn't take a file now ({answer.status}).",
                wait=retry_after(answer.headers.get("retry-after")),
            )

    async def _asked(self, ask: Callable[..., Awaitable[T]], what: tuple[Any, ...]) -> T:
        import httpx  # noqa: PLC0415 - as above
        from kiota_abstractions.api_error import APIError  # noqa: PLC0415 - as above

        try:
            return await ask(*what)
        except APIError as error:
            raise named(said_by(error)) from error
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            TypeError,
            ValueError,
            AttributeError,
        ) as error:  # an answer that the SDK can't read
            raise Unreachable("Microsoft 365 answers with what its own library can't read.") from error


def require_sdk() -> None:
    """Raises Misconfigured. It takes a second: the SDK imports as it goes, so all of it is gone through once."""
    try:
        import msgraph.graph_service_client  # noqa: F401, PLC0415 - heavy, and an extra
        from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory  # noqa: PLC0415 - the same
        from msgraph.generated.models.message import Message  # noqa: PLC0415 - the same
        from msgraph.generated.models.o_data_errors.o_data_error import ODataError  # noqa: PLC0415 - the same
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "kind", "Microsoft 365 needs a library that isn't installed: pip install 'torg[msgraph]', then try again."
        ) from error
    for kind in (Message, ODataError):
        JsonParseNodeFactory().get_root_parse_node("application/json", b"{}").get_object_value(kind)


def said_by(error: Any) -> Said:
    """Of the SDK's APIError or ODataError."""
    told = getattr(getattr(error, "error", None), "code", None) or ""
    headers = {str(name).lower(): str(value) for name, value in dict(error.response_headers or {}).items()}
    return Said(error.response_status_code or 0, _CODE.sub("", told)[:60], retry_after(headers.get("retry-after")))


def named(said: Said) -> PluginError:  # noqa: PLR0911 - a table, with conditions
    """What the hub shall do about it."""
    shown = f"{said.code or 'error'}, {said.status}"
    code = said.code.lower()
    if said.status == HTTPStatus.GONE or code in _RESYNC:
        return Resync(f"Microsoft 365 has forgotten how far the folder was fetched ({shown}).")
    if code in _NO_MAILBOX:
        return Misconfigured("mailbox", f"Microsoft 365 knows no such mailbox ({shown}).")
    if said.status == HTTPStatus.UNAUTHORIZED:
        return TokenRefused(f"Microsoft 365 doesn't accept the app's token ({shown}): is its consent withdrawn?")
    if said.status == HTTPStatus.FORBIDDEN:
        return AuthFailed(
            f"The app may not open the mailbox ({shown}): its consent was withdrawn, or its role for this mailbox "
            "(RBAC for Applications, application access policy). Grant it again, then torg channel resume."
        )
    if said.status == HTTPStatus.NOT_FOUND:
        return NotThere(f"It isn't in the mailbox ({shown}).")
    if said.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unreachable(f"Microsoft 365 wants fewer requests ({shown}).", wait=said.wait)
    if said.status >= _BEGAN:
        return Unreachable(f"Microsoft 365 can't answer now ({shown}).", wait=said.wait)
    return Unreachable(f"Microsoft 365 says no to what Torg asks ({shown}).", wait=said.wait)
