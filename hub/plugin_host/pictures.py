"""Pictures from elsewhere, that a mail would have its reader load: fetched here, so that its sender learns nothing of
who reads, and from public addresses only, so that a mail reaches nothing inside.

By the one gate: each name is resolved, the addresses are checked, and we connect to one of those; no redirects, no
cookies, no word of who asks. What comes is shown only when its bytes are a picture's, whatever it is called.
"""

import asyncio
from collections.abc import Mapping, Sequence

import httpx
from msgspec import Struct

from hub.contract import PluginError
from hub.plugin_host.http import Gate
from hub.plugin_host.request import Request

MOST = 40
"""Pictures of a mail that are fetched."""
MOST_BYTES = 2_000_000
MOST_TOGETHER = 8_000_000
SECONDS = 5.0
ALL_SECONDS = 15.0
SIDE_BY_SIDE = 6
PORTS = {"http": {None, 80}, "https": {None, 443}}
"""No other: a mail doesn't look for servers by our hand."""
_OK = 200
_TYPES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
"""By how they begin. SVG is no picture here: it is a document that may run."""


class Picture(Struct, frozen=True):
    """A raster picture."""

    media_type: str
    content: bytes


class _OnePicture:
    """What the gate lets through: GET of that very address, as it is written, and nothing about us."""

    def __init__(self, target: str) -> None:
        self._target = target

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | Sequence[str]],
        headers: Mapping[str, str],
        content: bytes,
    ) -> Request:
        """Whatever it is asked."""
        del method, path, query, headers, content
        return Request("GET", self._target, {"accept": "image/png, image/jpeg, image/gif, image/webp"}, b"")


async def fetch(addresses: Sequence[str]) -> dict[int, Picture]:
    """By their place in the list. Those that can't be had are missing: they may be anywhere, and it matters to none."""
    found: dict[int, Picture] = {}
    turns, room = asyncio.Semaphore(SIDE_BY_SIDE), MOST_TOGETHER

    async def one(at: int, address: str) -> None:
        nonlocal room
        async with turns:
            picture = await _fetch(address)
        if picture is not None and len(picture.content) <= room:
            room -= len(picture.content)
            found[at] = picture

    tasks = [asyncio.create_task(one(at, each)) for at, each in enumerate(addresses[:MOST])]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=ALL_SECONDS)
        for each in late:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def _fetch(address: str) -> Picture | None:
    try:
        url = httpx.URL(address)
        if url.scheme not in PORTS or url.port not in PORTS[url.scheme] or url.userinfo:
            return None
        place = f"{url.scheme}://{url.netloc.decode('ascii')}"
        target = url.raw_path.decode("ascii")
        gate = Gate(
            place, _OnePicture(target), seconds=SECONDS, most_bytes=MOST_BYTES, in_the_open=True, public_only=True
        )
    except (httpx.InvalidURL, PluginError, UnicodeError, ValueError):
        return None
    try:
        answer = await gate.request("GET", "/")
    except PluginError:
        return None
    finally:
        await gate.close()
    media_type = _type_of(answer.content) if answer.status == _OK else ""
    return Picture(media_type, answer.content) if media_type else None


def _type_of(content: bytes) -> str:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((name for begins, name in _TYPES if content.startswith(begins)), "")
