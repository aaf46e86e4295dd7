"""Drafts: what stands in the composer, kept every other second; and the files that shall go along.

Of a new message, which has no conversation yet, they lie under `/messages`.
"""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import MultipartBody, PathParameter, QueryParameter, URLEncodedBody
from msgspec import Meta, Struct

from hub.edge import drafting
from hub.edge.desk import Desk
from hub.edge.drafting import MEGABYTE, Upload, Within
from hub.edge.parameters import PathId, id_of
from hub.edge.person import WORK
from hub.inbox.draft import DraftLine, Written
from inbox_ui.context import fragment
from inbox_ui.forms import SENDER, sender_of
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import gettext as _

_MOST_BYTES = 101 * MEGABYTE
Kind = Annotated[Literal["reply", "note", "forward"], PathParameter()]
OfDraft = Annotated[Literal["reply", "note", "forward"], QueryParameter()]
UploadId = Annotated[str, PathParameter(max_length=50)]


class Writing(Struct):
    """The composer's fields, finished or not; addresses, topics, and what goes along, with commas between them.

    `sender`: whence a new message shall be.
    """

    text: Annotated[str, Meta(max_length=100_000)] = ""
    cc: Annotated[str, Meta(max_length=5_000)] = ""
    to: Annotated[str, Meta(max_length=5_000)] = ""
    subject: Annotated[str, Meta(max_length=300)] = ""
    along: Annotated[str, Meta(max_length=10_000)] | None = None
    seen: Annotated[str, Meta(pattern="^([1-9][0-9]{0,18})?$")] = ""
    topics: Annotated[str, Meta(max_length=500)] = ""
    sender: Annotated[str, Meta(pattern=SENDER)] | None = msgspec.field(name="from", default=None)


@post("/conversations/{conversation_id:int}/drafts/{kind:str}", opt=WORK, status_code=204)
async def save_draft(
    desk: NamedDependency[Desk], conversation_id: PathId, kind: Kind, data: URLEncodedBody[Writing]
) -> None:
    """As it is now; the last one saved wins. Nothing in it: there is none."""
    written, within = _written(data), Within(conversation_id, kind)
    if _is_empty(written, await _draft(desk, within)):
        await desk.write(drafting.drop, within)
    else:
        seen = id_of("seen", data.seen) if data.seen else None
        await desk.write(drafting.save, within, written, seen)


@post("/messages/drafts/new", opt=WORK, status_code=204)
async def save_new_draft(desk: NamedDependency[Desk], data: URLEncodedBody[Writing]) -> None:
    """The same of a new message."""
    written = _written(data)
    if _is_empty(written, await _draft(desk, None)):
        await desk.write(drafting.drop, None)
    else:
        await desk.write(drafting.save, sender_of(data.sender or ""), written)


@post("/messages/drafts/new/end", opt=WORK, status_code=200)
async def drop_new_draft(request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """Discarded, and back to the list."""
    await desk.write(drafting.drop, None)
    if not is_part(request):
        return onward(view.href)
    shown = {**await fragment(request, desk, view), "toast": Toast(_("Discarded"))}
    return page(request, "conversations/_gone.html", headers={"HX-Push-Url": view.href}, **shown)


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
    await drafting.upload(desk, Within(conversation_id, kind), *await data.read())
    return await _files(request, desk, view, Within(conversation_id, kind))


@post("/messages/uploads", opt=WORK, status_code=200, request_max_body_size=_MOST_BYTES)
async def add_upload_to_new(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    data: MultipartBody[Upload],
    sender: Annotated[str, QueryParameter(name="from", pattern=SENDER)],
) -> Response[bytes]:
    """One file for a new message."""
    await drafting.upload(desk, sender_of(sender), *await data.read())
    return await _files(request, desk, view, None)


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
    return await _files(request, desk, view, Within(conversation_id, kind))


@post("/messages/uploads/{upload_id:str}/end", opt=WORK, status_code=200)
async def remove_upload_from_new(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], upload_id: UploadId
) -> Response[bytes]:
    """Nor does it with a new message."""
    await desk.write(drafting.remove_upload, None, upload_id)
    return await _files(request, desk, view, None)


async def _files(request: Asking, desk: Desk, view: View, within: Within | None) -> Response[bytes]:
    values = await fragment(request, desk, view)
    shown: dict[str, Any] = {
        "at": "/messages" if within is None else f"/conversations/{within.conversation_id}",
        "kind": "new" if within is None else within.kind,
        "draft": await _draft(desk, within),
    }
    return page(request, "composer/_files.html", **values, **shown)


async def _draft(desk: Desk, within: Within | None) -> DraftLine | None:
    """None: of a new message."""
    if within is None:
        return next(iter((await desk.read(drafting.new_draft)).own), None)
    drafts = await desk.read(drafting.drafts_of, within.conversation_id)
    return next((each for each in drafts.own if each.kind == within.kind), None)


def _written(said: Writing) -> Written:
    return Written(
        text=said.text.replace("\r\n", "\n").replace("\0", ""),
        cc=_parts(said.cc),
        to=_parts(said.to),
        subject=said.subject,
        along=None if said.along is None else _parts(said.along),
        topics=_parts(said.topics),
    )


def _is_empty(written: Written, there: DraftLine | None) -> bool:
    """And no file in what is there."""
    said = any((written.text, written.cc, written.to, written.subject))
    return not said and not (there is not None and there.uploads)


def _parts(line: str) -> list[str]:
    return [each.strip() for each in line.replace(";", ",").split(",") if each.strip()]


ROUTES = (
    save_draft,
    save_new_draft,
    drop_new_draft,
    add_upload,
    add_upload_to_new,
    remove_upload,
    remove_upload_from_new,
)
