"""What lookups are given in these tests: a clock that can be set, and a way out."""

from datetime import datetime
from typing import Any

from hub.contract import Answer, Lookup
from hub.lookups.open import MOST_BYTES
from hub.lookups.request import Allowed
from hub.plugin_host.http import Gate
from tests.connectors.tools import TestTools


class Out:
    """The hub's own way out, to a stand-in: a new one for each request, as each test asks in a loop of its own."""

    def __init__(self, lookup: type[Lookup[Any]], base_url: str, seconds: float = 5.0) -> None:
        self.lookup, self.base_url, self.seconds = lookup, base_url, seconds

    async def request(self, method: str, path: str, **of: Any) -> Answer:
        gate = Gate(
            self.base_url,
            Allowed(self.lookup.allowed_paths, self.lookup.allowed_posts),
            seconds=self.seconds,
            most_bytes=MOST_BYTES,
        )
        try:
            return await gate.request(method, path, **of)
        finally:
            await gate.close()


class Said:
    """A source that gives the same answer to everything, and keeps what it was asked."""

    def __init__(self, content: bytes, status: int = 200) -> None:
        self.content, self.status = content, status
        self.asked: list[bytes] = []

    async def request(self, *_: str, content: bytes = b"", **__: object) -> Answer:
        self.asked.append(content)
        return Answer(self.status, {"content-type": "text/xml"}, self.content)


class LookupTools(TestTools):
    """The real thing, but for the network; `at`: what time it is."""

    def __init__(self, http: Out | Said, at: datetime | None = None) -> None:
        self.http, self._at = http, at

    def now(self) -> datetime:
        return self._at or super().now()
