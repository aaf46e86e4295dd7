"""Drafting: what somebody writes before they send it, and the files they add, as every route and page keeps it."""

import hashlib
from collections.abc import Sequence

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Struct

from hub.access import policy
from hub.access.person import Actor
from hub.edge.desk import Desk
from hub.edge.idempotency import Answer, Asked, Made, asked, once
from hub.errors import Invalid
from hub.inbox import draft
from hub.inbox.conversation import Conversation
from hub.inbox.draft import DraftLine, Writer, Written
from hub.inbox.outgoing import File
from hub.storage.unit import Unit

MEGABYTE = 1_000_000


class Upload(Struct):
    """A form with a file in it, under this name: one without would be an error of Litestar's, were it asked for any."""

    file: UploadFile


class Drafts(Struct, frozen=True):
    """A person's own drafts of a conversation, and who else has one there."""

    own: Sequence[DraftLine]
    others: Sequence[Writer]


class _Sent(Struct):
    """An upload, to be told from another that is asked for with the same key."""

    kind: str
    name: str
    media_type: str
    sha256: str


class _Kept(Struct):
    """What is remembered of one: its name would tell of a citizen longer than the file does."""

    id: str


def drafts_of(unit: Unit, actor: Actor, conversation_id: int) -> Drafts:
    """Raises NotFound. No reading is logged: of others' drafts only their names are shown."""
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    return Drafts(draft.drafts_of(unit, actor.id, found), draft.other_writers(unit, actor.id, found))


def save(
    unit: Unit, actor: Actor, conversation_id: int, kind: str, written: Written, seen_entry_id: int | None
) -> DraftLine:
    """Saved every other second, so it takes no lock on the conversation and writes no audit: sending does."""
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    return draft.line(draft.save(unit, found, actor.id, kind, written, seen_entry_id))


def drop(unit: Unit, actor: Actor, conversation_id: int, kind: str) -> None:
    """Gone, with its uploads."""
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    draft.drop(unit, found, actor.id, kind)


async def upload(
    desk: Desk,
    conversation_id: int,
    kind: str,
    name: str,
    media_type: str,
    content: bytes,
    *,
    key: str | None = None,
    route: str = "",
) -> Answer:
    """A file for one's draft: on disk, flushed, before the row that names it. Raises Invalid when it is too large.

    What is answered is an UploadLine. `key`: asked for again with it, the file is there once; `route`: method and path.
    """
    most = most_bytes(desk)
    if len(content) > most:
        megabytes = desk.settings.upload_megabytes
        raise Invalid("file", "this file is larger than {most} MB, which is the most", most=megabytes)
    if not content:
        raise Invalid("file", "this file is empty")
    sha256, blob = await desk.read(_place, conversation_id, content)
    await desk.storage.put_blobs({blob: content})
    file = File(
        draft.new_upload_id(), draft.clean_name(name), draft.clean_media_type(media_type), len(content), sha256, blob
    )
    creation = asked(key, route, _Sent(kind, file.name, file.media_type, sha256))
    answer = await desk.write(_add, conversation_id, kind, file, most, creation)
    kept = msgspec.json.decode(answer.body, type=_Kept)
    # The second time as the first, from what was sent again.
    line = draft.upload_line(msgspec.structs.replace(file, id=kept.id))
    return msgspec.structs.replace(answer, body=msgspec.json.encode(line).decode())


def most_bytes(desk: Desk) -> int:
    """Of all files of one mail."""
    return desk.settings.upload_megabytes * MEGABYTE


def remove_upload(unit: Unit, actor: Actor, conversation_id: int, upload_id: str) -> None:
    """It doesn't go along after all. Raises NotFound."""
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    draft.remove_upload(unit, found, actor.id, upload_id)


def _place(unit: Unit, actor: Actor, conversation_id: int, content: bytes) -> tuple[str, str]:
    """In storage's thread, where reckoning keeps nobody waiting."""
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    sha256 = hashlib.sha256(content).hexdigest()
    return sha256, draft.blob_name(found, sha256)


def _add(
    unit: Unit, actor: Actor, conversation_id: int, kind: str, file: File, most_bytes: int, creation: Asked
) -> Answer:
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))

    def create() -> Made:
        added = draft.add_upload(unit, found, actor.id, kind, file, most_bytes)
        return Made(_Kept(added.id), None, found.municipality_id)

    return once(unit, actor, creation, create)
