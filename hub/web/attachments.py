"""Attachments: files that came with an entry. Who may open its conversation may have them, asked anew every time."""

from typing import Annotated

from litestar import Response, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import PathParameter

from hub.edge import looking
from hub.edge.desk import Desk
from hub.edge.download import OPAQUE, download
from hub.edge.person import READ

PublicId = Annotated[str, PathParameter(max_length=100)]


@get(
    "/attachments/{public_id:str}",
    opt=READ,
    media_type=OPAQUE,
    response_headers=[ResponseHeader(name="Content-Disposition", description="attachment", documentation_only=True)],
)
async def fetch_attachment(desk: NamedDependency[Desk], public_id: PublicId) -> Response[bytes]:
    """Its content, to keep."""
    content, name, media_type = await desk.write(looking.file_of, public_id)
    return download(content, name, media_type)


ROUTES = (fetch_attachment,)
