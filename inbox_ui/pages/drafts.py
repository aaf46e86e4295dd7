"""Drafts: what stands in the composer, kept every other second; and the files that shall go along."""

from typing import Annotated, Any, Literal

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import MultipartBody, PathParameter, QueryParameter, URLEncodedBody
from msgspec import Meta, Struct

from hub.edge import drafting
from hub.edge.desk import Desk
from hub.edge.drafting import MEGABYTE, Upload
from hub.edge.parameters import PathId, id_of
from hub.edge.person import WORK
from hub.inbox.draft import Written
from inbox_ui.context import fragment
from inbox_ui.rendering import Asking, page
from inbox_ui.view import View

_MOST_BYTES = 101 * MEGABYTE
Kind = Annotated[Literal["reply", "note", "forward"], PathParameter()]
OfDraft = Annotated[Literal["reply", "note", "forward"], QueryParameter()]
UploadId = Annotated[str, PathParameter(max_length=50)]


class Writing(Struct):
    """The composer's fields, finished or not; addresses, and what goes along, with commas between them."""

    text: Annotated[str, Meta(max_length=100_000)] = ""
    cc: Annotated[str, Meta(max_length=5_000)] = ""
    to: Annotated[str, Meta(max_length=5_000)] = ""
    subject: Annotated[str, Meta(max_length=300)] = ""
    along: Annotated[str, Meta(max_length=10_000)] | None = None
    seen: Annotated[str, Meta(pattern="^([1-9][0-9]{0,18})?$")] = ""


@post("/conversations/{conversation_id:int}/drafts/{kind:str}", opt=WORK, status_code=204)
async def save_draft(
    desk: NamedDependency[Desk], conversation_id: PathId, kind: Kind, data: URLEncodedBody[Writing]
) -> None:
    """As it is now; the last one saved wins. Nothing in it: there is none."""
    written = Written(
        text=data.text.replace("\r\n", "\n").replace("\0", ""),
        cc=_parts(data.cc),
        to=_parts(data.to),
        subject=data.subject,
        along=None if data.along is None else _parts(data.along),
    )
    if not any((written.text, written.cc, written.to, written.subject)):
        drafts = await desk.read(drafting.drafts_of, conversation_id)
        if not any(each.kind == kind and each.uploads for each in drafts.own):
            await desk.write(drafting.drop, conversation_id, kind)
            return
    seen = id_of("seen", data.seen) if data.seen else None
    await desk.write(drafting.save, conversation_id, kind, written, seen)


@post("/conversations/{conversation_id:int}/uploads", opt=WORK, status_code=200, request_max_body_size=_MOST_BYTES)
async def add_upload(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: MultipartBody[Upload],
    kind: OfDraft = "reply",
) -> Response[bytes]:
    """One file, dropped, pasted or chosen."""
    try:
        content = await data.file.read()
    finally:
        await data.file.close()
    await drafting.upload(desk, conversation_id, kind, data.file.filename, data.file.content_type, content)
    return await _files(request, desk, view, conversation_id, kind)


@post("/conversations/{conversation_id:int}/uploads/{upload_id:str}/end", opt=WORK, status_code=200)
async def remove_upload(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    upload_id: UploadId,
    kind: OfDraft = "reply",
) -> Response[bytes]:
    """It doesn't go along after all."""
    await desk.write(drafting.remove_upload, conversation_id, upload_id)
    return await _files(request, desk, view, conversation_id, kind)


async def _files(request: Asking, desk: Desk, view: View, conversation_id: int, kind: str) -> Response[bytes]:
    values = await fragment(request, desk, view)
    drafts = await desk.read(drafting.drafts_of, conversation_id)
    draft = next((each for each in drafts.own if each.kind == kind), None)
    shown: dict[str, Any] = {"one": {"id": str(conversation_id)}, "kind": kind, "draft": draft}
    return page(request, "composer/_files.html", **values, **shown)


def _parts(line: str) -> list[str]:
    return [each.strip() for each in line.replace(";", ",").split(",") if each.strip()]


ROUTES = (save_draft, add_upload, remove_upload)
