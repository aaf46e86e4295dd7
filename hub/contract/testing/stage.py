"""What the tests stand on: tools without a hub, and a blocking call beside the test."""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from msgspec import Struct

from hub.contract.config import Secret
from hub.contract.errors import Unreachable
from hub.contract.lookup import Bounds, Place
from hub.contract.outside import Answer, Http, Outside
from hub.contract.steps import Proof, Steps

R = TypeVar("R")

PATIENCE = 30.0
"""Seconds until something that should happen counts as never happening."""


class InThread:
    """A blocking call, beside the test."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.ended = threading.Event()
        self._outcome: Any = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, args=(call,), daemon=True).start()

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            self._outcome = call()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            self._error = error
        self.ended.set()

    def result(self) -> Any:
        assert self.ended.wait(2 * PATIENCE), "it never ended"
        if self._error is not None:
            raise self._error
        return self._outcome


class TestTools:
    """The tools of a plugin without a hub."""

    __test__ = False  # pytest: no test, whatever the name

    called_at = "/calls/1"

    def __init__(
        self,
        http: "ReplayingHttp | None" = None,
        places: Mapping[str, Outside] | None = None,
        secrets: Sequence[str] = (),
    ) -> None:
        """`secrets`: what may stand in no address that a place is asked at."""
        self.http, self._places, self._secrets = http, places or {}, secrets
        self.kept_secrets: dict[str, Secret] = {}
        self.steps = Steps()

    def elsewhere(self, name: str) -> Http:
        """A place of the connector's; or the same, to another address of the lookup's bounds."""
        if name in self._places:
            return PlacedHttp(self._places[name], self._secrets)
        assert self.http is not None, f"`places` names no {name}; it names {', '.join(self._places) or 'none'}"
        return self.http.at(name)

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def block(self, call: Callable[[], R]) -> R:
        return await asyncio.to_thread(call)

    def step(self, title: str) -> AbstractContextManager[Proof]:
        """Kept in `steps`."""
        return self.steps.step(title)

    async def renew_secret(self, field: str, renew: Callable[[Secret | None], Awaitable[Secret | None]]) -> None:
        if (new := await renew(self.kept_secrets.get(field))) is not None:
            self.kept_secrets[field] = new

    async def known(self, keys: Sequence[str]) -> frozenset[str]:  # noqa: ARG002 - without a hub nothing is
        return frozenset()

    async def open_calls(self) -> Sequence[str]:
        return ()


class Request(Struct, frozen=True):
    """What a lookup asked its source. `at`: the name of another address, when it isn't the source's own."""

    method: str
    path: str
    query: Mapping[str, str | Sequence[str]]
    headers: Mapping[str, str]
    content: bytes
    at: str = ""


class WentAstray(BaseException):
    """It asked what it doesn't list, or without end. Not an Exception, so that no `except Exception` hides it."""


class PlacedHttp:
    """The way out of a connector, to whom its settings name: lets through what is listed, a connection a request."""

    def __init__(self, place: Outside, secrets: Sequence[str] = ()) -> None:
        self._place, self._secrets = place, secrets

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Answer:
        if not any(listed == method and re.fullmatch(pattern, path) for listed, pattern in self._place.asks):
            raise WentAstray(f"{method} {path} isn't listed in its `places`")
        if any(secret in f"{path} {dict(query or {})}" for secret in self._secrets):
            raise WentAstray("a secret is in the address, which stands in every log on its way: send it in a header")
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=self._place.seconds) as client:
                said = await client.request(
                    method, self._place.base_url + path, params=dict(query or {}), headers=headers, content=content
                )
        except httpx.TransportError as error:
            raise Unreachable("Nobody answers.") from error
        headers = {name.lower(): value for name, value in said.headers.items() if name.lower() != "content-encoding"}
        return Answer(said.status_code, headers, said.content)


class ReplayingHttp:
    """The way out of a lookup, to nobody: answers as it is told to, keeps a ledger, lets through what is listed."""

    MOST = 200
    """Requests for one question."""

    def __init__(self, bounds: Bounds, answer: Callable[[Request], Answer]) -> None:
        self.ledger: list[Request] = []
        self.astray: list[str] = []
        self._bounds, self._answer = bounds, answer
        self._name, self._place = "", Place("", bounds.allowed_paths, bounds.allowed_posts)

    def at(self, name: str) -> "ReplayingHttp":
        """To another address, with the same ledger."""
        other = copy(self)
        other._name, other._place = name, self._bounds.elsewhere.get(name, Place(""))
        return other

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Answer:
        request = Request(method, path, query or {}, headers or {}, content, self._name)
        self.ledger.append(request)
        if not self._is_listed(request):
            self._stop(f"{method} {path} isn't listed")
        if len(self.ledger) % (self.MOST + 1) == 0:
            self._stop(f"more than {self.MOST} requests for one question")
        return self._answer(request)

    def _stop(self, why: str) -> None:
        self.astray.append(why)
        raise WentAstray(why)

    def _is_listed(self, request: Request) -> bool:
        if request.method in {"GET", "HEAD"}:
            return any(re.fullmatch(pattern, request.path) for pattern in self._place.allowed_paths)
        action = next((value for name, value in request.headers.items() if name.lower() == "soapaction"), "")
        return request.method == "POST" and any(
            re.fullmatch(pattern, request.path) and listed == action.strip('"')
            for pattern, listed in self._place.allowed_posts
        )
