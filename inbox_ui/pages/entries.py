"""Entries: the message as it was sent, in a frame that runs nothing, and files to keep."""

from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import PathParameter

from hub.edge import glances, looking
from hub.edge.desk import Desk
from hub.edge.download import download
from hub.edge.parameters import PathId
from hub.edge.person import READ
from inbox_ui.rendering import Asking, page

FRAME_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""Nothing runs, nothing remote loads; what the mail says of its own looks may stand. The frame is sandboxed as well."""
PublicId = Annotated[str, PathParameter(max_length=100)]


@get("/entries/{entry_id:int}/html", opt=READ)
async def show_html(request: Asking, desk: NamedDependency[Desk], entry_id: PathId) -> Response[bytes]:
    """What was sent as HTML, sanitised when it came."""
    html = await desk.write(glances.html_of, entry_id)
    answer = page(request, "entries/frame.html", html=html)
    answer.headers["Content-Security-Policy"] = FRAME_POLICY
    return answer


@get("/attachments/{public_id:str}", opt=READ)
async def fetch_attachment(desk: NamedDependency[Desk], public_id: PublicId) -> Response[bytes]:
    """A file's content, to keep."""
    return download(*await desk.write(looking.file_of, public_id))


ROUTES = (show_html, fetch_attachment)
