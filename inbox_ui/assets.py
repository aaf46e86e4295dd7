"""Assets: what the screen's pages load, under addresses that hold a hash of the content and are kept for a year.

They are read once, compressed once, and served from memory: some 90 kB.
"""

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter
from msgspec import Struct

from hub.edge.headers import UNCHANGING
from hub.edge.person import ANYONE
from hub.errors import NotFound

_FOLDER = Path(__file__).parent / "static"
_PREFIX = "/static"
_SHOWN = frozenset({".css", ".js", ".svg"})
_JOINED = {
    "vendor/htmx.js": ("vendor/htmx.min.js", "vendor/hx-sse.min.js"),
    "chat/frame.css": ("tokens.css", "chat/chat.css"),
}
"""One script of several: htmx looks at the page by a timer, which may go off before a second script has run; then what
that adds isn't there, and the page never listens. One sheet of two: a chat's frame waits for fewer answers."""


class Asset(Struct, frozen=True):
    """A file as it is sent. `packed`: the same, by gzip."""

    content: bytes
    packed: bytes
    media_type: str


@get("/static/{version:str}/{path:path}", opt=ANYONE, include_in_schema=False)
async def show_asset(
    request: Request[Any, Any, Any],
    version: Annotated[str, PathParameter(max_length=20)],
    path: Annotated[str, PathParameter(max_length=100)],
) -> Response[bytes]:
    """`version` is for the browser's memory: another one is answered with what there is now, and not kept."""
    asset = _assets().get(str(path).lstrip("/"))
    if asset is None:
        raise NotFound("There is nothing at this address.")
    headers = {"Vary": "Accept-Encoding"}
    if version == _version():
        headers["Cache-Control"] = UNCHANGING
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def asset_url(name: str) -> str:
    """Where a page finds it. Raises KeyError for what isn't there: a template's mistake."""
    if name not in _assets():
        raise KeyError(f"there is no static file {name}")
    return f"{_PREFIX}/{_version()}/{name}"


def content_of(name: str) -> bytes:
    """A file as it is sent, for what is served under an address of its own."""
    return _assets()[name].content


@cache
def _assets() -> dict[str, Asset]:
    files = [path for path in sorted(_FOLDER.rglob("*")) if path.suffix in _SHOWN]
    contents = {path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in files}
    for name, parts in _JOINED.items():
        contents[name] = (b";\n" if name.endswith(".js") else b"\n").join(contents[part] for part in parts)
    found = {}
    for name, content in contents.items():
        media_type = mimetypes.types_map.get(Path(name).suffix, "application/octet-stream")
        found[name] = Asset(content, gzip.compress(content, 9, mtime=0), media_type)
    return found


@cache
def _version() -> str:
    """Of all of them together: scripts import each other by relative addresses, so they change together."""
    together = hashlib.sha256()
    for name, asset in _assets().items():
        together.update(name.encode() + b"\0" + asset.content)
    return together.hexdigest()[:12]


ROUTES = (show_asset,)
