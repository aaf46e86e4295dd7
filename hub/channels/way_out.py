"""The way out of a channel: the places that its connector names, and of each what it asks there."""

import re
from collections.abc import Mapping, Sequence

from hub.contract import Outside
from hub.contract.steps import Steps
from hub.plugin_host.http import Gate
from hub.plugin_host.request import Forbidden, Request, read_request


class Listed:
    """Methods, each with a pattern of whole paths, as they were when the channel was opened."""

    __slots__ = ("_asks",)

    def __init__(self, asks: Sequence[tuple[str, str]]) -> None:
        self._asks = tuple((method, re.compile(path)) for method, path in asks)

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | Sequence[str]],
        headers: Mapping[str, str],
        content: bytes,
    ) -> Request:
        """Raises Forbidden."""
        asked = read_request(method, path, query, headers, content)
        if not any(listed == asked.method and pattern.fullmatch(asked.path) for listed, pattern in self._asks):
            raise Forbidden("The connector doesn't list this method for this path.")
        return asked.written()


def way_out(place: Outside, steps: Steps | None = None) -> Gate:
    """Raises Misconfigured."""
    asks = Listed(place.asks)
    return Gate(place.base_url, asks, seconds=place.seconds, most_bytes=place.most_bytes, steps=steps)
