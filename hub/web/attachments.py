"""Attachments: files that came with an entry. Who may open its conversation may have them, asked anew every time."""

from typing import Annotated

from litestar import Response, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import PathParameter
from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.edge.desk import Desk
from hub.edge.download import OPAQUE, download
from hub.edge.person import READ
from hub.errors import NotFound
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry
from hub.storage.unit import Unit

PublicId = Annotated[str, PathParameter(max_length=100)]


@get(
    "/attachments/{public_id:str}",
    opt=READ,
    media_type=OPAQUE,
    response_headers=[ResponseHeader(name="Content-Disposition", description="attachment", documentation_only=True)],
)
async def fetch_attachment(desk: NamedDependency[Desk], public_id: PublicId) -> Response[bytes]:
    """Its content, to keep."""
    content, name, media_type = await desk.write(_fetch, public_id)
    return download(content, name, media_type)


def _fetch(unit: Unit, actor: Actor, public_id: str) -> tuple[bytes, str, str]:
    found = unit.first(select(Attachment).where(Attachment.public_id == public_id.replace("\0", "")))
    entry = unit.get(Entry, found.entry_id) if found is not None else None
    conversation = unit.get(Conversation, entry.conversation_id) if entry is not None else None
    if found is None or conversation is None or not policy.may_open(actor, conversation):
        raise NotFound("There is no such attachment.")
    log_reading(unit, actor, "attachment", found.id, conversation.id)
    content = found.body if found.blob is None else unit.blobs.get(found.blob)
    return content or b"", found.name, found.media_type


ROUTES = (fetch_attachment,)
