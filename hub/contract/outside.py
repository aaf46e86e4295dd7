"""Between a plugin and the outside by HTTP: what it may ask where, what it is answered, and who calls it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct


class Answer(Struct, frozen=True):
    """Of the other side, or to it. Names of headers in lower case."""

    status: int
    headers: Mapping[str, str] = {}
    content: bytes = b""


class Http(Protocol):
    """The one way out: hosts and paths that are listed, no redirects, limits. Raises Unreachable, TooLarge.

    A lookup's lets through GET and HEAD on `allowed_paths`, and POST to `allowed_posts`; a connector's what its
    `places` list.
    """

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] = ...,
        headers: Mapping[str, str] = ...,
        content: bytes = b"",
    ) -> Answer:
        """`path` follows the address in the plugin's settings."""
        ...


class Outside(Struct, frozen=True):
    """A place that a connector goes to, and all that it asks there: methods, each with a pattern of whole paths."""

    base_url: str
    asks: Sequence[tuple[str, str]]
    seconds: float = 60.0
    """For a whole request."""
    most_bytes: int = 8_000_000
    """Of an answer. What is larger raises TooLarge."""


class WebCall(Struct, frozen=True):
    """A request that the other side makes to a channel's own address. Nothing in it is true until `accept` says so."""

    query: Mapping[str, str] = {}
    """Decoded; of a name that is there twice, the first."""
    headers: Mapping[str, str] = {}
    """Names in lower case."""
    content: bytes = b""


class Ring(Struct, frozen=True):
    """The source has something, and didn't bring it along: the channel is pulled now. `word`: what `rung` is told."""

    word: str = ""
