"""The one way out of a plugin by HTTP: places that are named, what may be asked there, limits.

httpx's transport, not its client: that has no redirects, cookies, proxies of the environment or log of addresses to
be turned off. In no log and no sentence of ours stands what was asked or answered: it may hold an identity number.
"""

import asyncio
import logging
import os
import ssl
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import httpx

from hub.contract import Answer, Misconfigured, TooLarge, Unreachable
from hub.contract.steps import Steps
from hub.plugin_host.address import Address, is_host, is_this_machine, resolve
from hub.plugin_host.first_line import FirstLine
from hub.plugin_host.request import Allows, Forbidden, Request, plain_path

__all__ = ["Forbidden", "Gate"]

logging.getLogger("httpcore").setLevel(logging.INFO)  # at DEBUG it tells the headers of each answer

_NO_ADDRESS = "base_url isn't an address: write it as https://host/path."
_NOTHING: Mapping[str, str] = MappingProxyType({})
_OF_THE_CONNECTION = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive"})
_PORTS = {"http": 80, "https": 443}
_POSSIBLE_PORTS = {None, *range(1, 65_536)}
_REDIRECTS = range(300, 400)
_GZIP = 16 + zlib.MAX_WBITS


class Gate:
    """The contract's Http, of one place. Raises Unreachable, and Forbidden for what `allows` doesn't.

    `seconds`: for all of a request, from the name's resolution to the answer's last byte; `most_bytes`: of an answer,
    as it came and unpacked; `in_the_open`: http:// also to another machine; `public_only`: to no private address;
    `tls`: with authorities or a certificate of the plugin's own, else the machine's authorities; `steps`: of a check,
    which are told how the first line came about.
    """

    __slots__ = ("_allows", "_base", "_host", "_most", "_public_only", "_seconds", "_steps", "_transport", "_url")

    def __init__(
        self,
        base_url: str,
        allows: Allows,
        *,
        seconds: float,
        most_bytes: int,
        in_the_open: bool = False,
        public_only: bool = False,
        tls: ssl.SSLContext | None = None,
        steps: Steps | None = None,
    ) -> None:
        """Raises Misconfigured."""
        self._url = _base(base_url, in_the_open=in_the_open)
        self._host, self._base = self._url.raw_host.decode("ascii"), self._url.raw_path.decode("ascii")
        self._allows, self._steps = allows, steps
        self._seconds, self._most, self._public_only = seconds, most_bytes, public_only
        self._transport = httpx.AsyncHTTPTransport(verify=tls or _authorities(), trust_env=False)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        content: bytes = b"",
    ) -> Answer:
        """`path` follows the base_url. An answer with any status but a redirect is an Answer."""
        asked = self._allows.request(method, path, query, headers, content)
        line, self._steps = FirstLine(self._steps, self._host), None
        with line.told():
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._ask(asked, line)
            except TimeoutError:
                raise Unreachable(f"{self._host} gave no whole answer within {self._seconds:g} seconds.") from None

    async def close(self) -> None:
        """Hangs up."""
        await self._transport.aclose()

    async def _ask(self, asked: Request, line: FirstLine) -> Answer:
        addresses = await resolve(self._host, self._port, public_only=self._public_only)
        why = ""
        for address in addresses:
            try:
                return await self._ask_at(address, asked, line, seconds=self._seconds / len(addresses))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                why = why or _why(error)
            except (httpx.TransportError, ssl.SSLError) as error:
                # `from None`: it holds the request, and quotes what came.
                raise Unreachable(f"{self._host} {_how_it_ended(error)}") from None
        raise Unreachable(f"{self._host} port {self._port}: {why}.")

    async def _ask_at(self, address: Address, asked: Request, line: FirstLine, *, seconds: float) -> Answer:
        """`seconds`: to connect."""
        lines: list[Any] = []

        async def trace(event: str, said: Mapping[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                lines.append(said["return_value"])
            line.traced(event, said)

        request = self._write(asked, address)
        request.extensions |= {"timeout": {"connect": seconds}, "trace": trace}
        response = None
        try:
            response = await self._transport.handle_async_request(request)
            return await self._read(response)
        finally:
            if response is not None:
                await response.aclose()
            else:  # cancelled while TLS begins, httpcore leaves the line open for as long as the other side likes
                for one in lines:
                    await one.aclose()

    @property
    def _port(self) -> int:
        return self._url.port or _PORTS[self._url.scheme]

    def _write(self, asked: Request, address: Address) -> httpx.Request:
        """To that very address; certificate and Host by the name."""
        base = self._base.removesuffix("/") if asked.target.startswith("/") else self._base
        return httpx.Request(
            asked.method,
            self._url.copy_with(host=str(address), raw_path=b"/"),
            headers={
                "user-agent": "torg",
                "accept": "*/*",
                **asked.headers,
                "host": self._url.netloc.decode("ascii"),
                "accept-encoding": "gzip",
            },
            content=asked.content,
            extensions={
                "target": (base + asked.target).encode("ascii"),
                "sni_hostname": self._host,
            },
        )

    async def _read(self, response: httpx.Response) -> Answer:
        host = self._host
        if response.status_code in _REDIRECTS:
            raise Unreachable(f"{host} sends us elsewhere ({response.status_code}): set base_url to where it is now.")
        packing = response.headers.get("content-encoding", "identity").strip().lower()
        if packing not in {"identity", "", "gzip", "x-gzip"}:
            raise Unreachable(f"{host} packs its answer in a way that wasn't asked for.")
        assert isinstance(response.stream, httpx.AsyncByteStream)
        unpacker = zlib.decompressobj(_GZIP) if "gzip" in packing else None
        came, content = 0, bytearray()
        async for part in response.stream:
            came += len(part)
            try:  # no more than fits: a thousandth of it may be what came
                content += unpacker.decompress(part, self._most + 1 - len(content)) if unpacker else part
            except zlib.error:
                raise Unreachable(f"{host} answers with what can't be unpacked.") from None
            if max(came, len(content)) > self._most:
                raise TooLarge(f"{host} answers with more than {self._most:,} bytes.")
        if unpacker and came and (not unpacker.eof or unpacker.unused_data):
            raise Unreachable(f"{host} answers with what can't be unpacked.")
        headers = {name: value for name, value in response.headers.items() if name not in _OF_THE_CONNECTION}
        return Answer(response.status_code, headers, bytes(content))


def _base(base_url: str, *, in_the_open: bool) -> httpx.URL:
    """Raises Misconfigured, without repeating what may hold a password."""
    try:
        url = httpx.URL(base_url)
        plain_path(url.path)
    except (httpx.InvalidURL, Forbidden) as error:
        raise Misconfigured("base_url", _NO_ADDRESS) from error
    if url.scheme not in _PORTS or not is_host(url.raw_host.decode("ascii")) or url.port not in _POSSIBLE_PORTS:
        raise Misconfigured("base_url", _NO_ADDRESS)
    if url.userinfo or "?" in base_url or "#" in base_url:
        raise Misconfigured("base_url", "base_url has host and path only: a log-in has settings of its own.")
    if url.scheme == "http" and not in_the_open and not is_this_machine(url.host):
        raise Misconfigured("base_url", "What is asked isn't sent over an open line: begin base_url with https://.")
    return url


@cache
def _authorities() -> ssl.SSLContext:
    """The machine's, where IT adds its own. Read once: it takes a while."""
    return ssl.create_default_context()


def _why(error: httpx.TransportError) -> str:
    """What the system or TLS says. Nothing of the request was sent when this is asked."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate doesn't hold ({cause.verify_message.rstrip('.')})"
        if isinstance(cause, ssl.SSLError):
            return "no encrypted line comes about"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)
    return "nobody answers there" if isinstance(error, httpx.ConnectTimeout) else "no connection comes about"


def _how_it_ended(error: Exception) -> str:
    """An alert of TLS 1.3 comes only when the request is on its way (RFC 8446 4.4.2.4)."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return "ends the encrypted line: it may want a certificate of ours."
    return "hung up, or answers in no HTTP."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
