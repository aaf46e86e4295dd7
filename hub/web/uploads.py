"""Uploads: files of one's own draft. Once it is sent they are attachments of the entry."""

from typing import Annotated, Any, Literal

from litestar import Request, Response, delete, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers.base import BaseRouteHandler
from litestar.params import MultipartBody, PathParameter, QueryParameter

from hub.access.person import Actor
from hub.edge import drafting
from hub.edge.answer import created
from hub.edge.beginning import Sender
from hub.edge.desk import Desk
from hub.edge.drafting import MEGABYTE, Upload, Within
from hub.edge.idempotency import IdempotencyKey
from hub.edge.parameters import ID, PathId
from hub.edge.person import WORK
from hub.inbox.draft import UploadLine

_AROUND = 64_000
"""Bytes of a multipart body beside its file."""
_MOST_BYTES = 100 * MEGABYTE + _AROUND
"""What the setting may at most be; what it is, the guard knows."""

OfDraft = Annotated[Literal["reply", "note", "forward"], QueryParameter(description="Whose draft it goes into.")]
FromMunicipality = Annotated[str, QueryParameter(name="municipality", max_length=100, description="Its code or id.")]
FromQueue = Annotated[str, QueryParameter(name="queue", pattern=ID, description="An id.")]
UploadId = Annotated[str, PathParameter(max_length=50)]


def fits(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]  # whatever its state is
    """Guard: what says that it is too large isn't read at all."""
    length = connection.headers.get("content-length", "")
    if length.isdecimal() and int(length) > connection.app.state.settings.upload_megabytes * MEGABYTE + _AROUND:
        raise RequestEntityTooLarge


@post("/conversations/{conversation_id:int}/uploads", opt=WORK, guards=[fits], request_max_body_size=_MOST_BYTES)
async def add_upload(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    data: MultipartBody[Upload],
    kind: OfDraft = "reply",
    idempotency_key: IdempotencyKey = None,
) -> Response[UploadLine]:
    """One file, as multipart/form-data; its name and type are what the browser says they are."""
    within, route = Within(conversation_id, kind), f"POST {request.url.path}"
    return created(await drafting.upload(desk, within, *await data.read(), key=idempotency_key, route=route))


@delete("/conversations/{conversation_id:int}/uploads/{upload_id:str}", opt=WORK)
async def remove_upload(desk: NamedDependency[Desk], conversation_id: PathId, upload_id: UploadId) -> None:
    """Out of one's draft; what was sent stays."""
    await desk.write(drafting.remove_upload, conversation_id, upload_id)


@post("/uploads", opt=WORK, guards=[fits], request_max_body_size=_MOST_BYTES)
async def add_upload_to_new(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    municipality: FromMunicipality,
    queue: FromQueue,
    data: MultipartBody[Upload],
    idempotency_key: IdempotencyKey = None,
) -> Response[UploadLine]:
    """The same for the draft of a new message, and whence that shall be."""
    sender, route = Sender(municipality, queue), f"POST {request.url.path}"
    return created(await drafting.upload(desk, sender, *await data.read(), key=idempotency_key, route=route))


@delete("/uploads/{upload_id:str}", opt=WORK)
async def remove_upload_from_new(desk: NamedDependency[Desk], upload_id: UploadId) -> None:
    """Out of one's draft of a new message."""
    await desk.write(drafting.remove_upload, None, upload_id)


ROUTES = (add_upload, remove_upload, add_upload_to_new, remove_upload_from_new)
