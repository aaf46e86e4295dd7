"""Entries: the message as it was sent, in a frame that runs nothing, and files to keep."""

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from hub.edge import glances, looking, picturing
from hub.edge.desk import Desk
from hub.edge.download import download
from hub.edge.parameters import PathId
from hub.edge.person import READ
from inbox_ui.rendering import Asking, is_part, page
from inbox_ui.words import gettext as _

FRAME_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""Nothing runs, nothing remote loads; what the mail says of its own looks may stand. The frame is sandboxed as well."""
Pass = Annotated[str, QueryParameter(max_length=80, pattern=r"^[0-9a-f-]*$")]
PublicId = Annotated[str, PathParameter(max_length=100)]


@get("/entries/{entry_id:int}/html", opt=READ)
async def show_html(
    request: Asking, desk: NamedDependency[Desk], entry_id: PathId, images: Pass = ""
) -> Response[bytes]:
    """What was sent as HTML, sanitised when it came; with the images from elsewhere for who has just asked for them."""
    if images:
        html = await picturing.html_of(desk, entry_id, _("A picture that can't be shown"), images)
    else:
        html = await desk.write(glances.html_of, entry_id, _("A picture that can't be shown"))
    return _framed(request, html)


@post("/entries/{entry_id:int}/images", opt=READ, status_code=200)
async def show_images(request: Asking, desk: NamedDependency[Desk], entry_id: PathId) -> Response[bytes]:
    """They are fetched by the server from public addresses, and that somebody asked is written down."""
    given = await desk.write(picturing.allow, entry_id)
    if is_part(request):
        return page(request, "entries/_images.html", src=f"/entries/{entry_id}/html?images={given}")
    return _framed(request, await picturing.html_of(desk, entry_id, _("A picture that can't be shown"), given))


def _framed(request: Asking, html: str) -> Response[bytes]:
    answer = page(request, "entries/frame.html", html=html)
    answer.headers["Content-Security-Policy"] = FRAME_POLICY
    return answer


@get("/attachments/{public_id:str}", opt=READ)
async def fetch_attachment(desk: NamedDependency[Desk], public_id: PublicId) -> Response[bytes]:
    """A file's content, to keep."""
    return download(*await desk.write(looking.file_of, public_id))


ROUTES = (show_html, show_images, fetch_attachment)
