"""Drafting: what somebody writes before they send it, and the files they add, as every route and page keeps it."""

import hashlib
from collections.abc import Sequence

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor
from hub.edge.beginning import Sender, sender
from hub.edge.desk import Desk
from hub.edge.idempotency import Answer, Asked, Made, asked, once
from hub.edge.parameters import id_of
from hub.errors import Invalid
from hub.inbox import draft
from hub.inbox.conversation import Conversation
from hub.inbox.draft import DraftLine, Place, Writer, Written
from hub.inbox.outgoing import File
from hub.inbox.topic import Topic
from hub.storage.unit import Unit

MEGABYTE = 1_000_000


class Upload(Struct):
    """A form with a file in it, under this name: one without would be an error of Litestar's, were it asked for any."""

    file: UploadFile

    async def read(self) -> tuple[str, str, bytes]:
        """Name, type and content; what it took on disk is given back."""
        try:
            content = await self.file.read()
        finally:
            await self.file.close()
        return self.file.filename, self.file.content_type, content


class Within(Struct, frozen=True):
    """What is written in a conversation; `kind`: one of `draft.KINDS`."""

    conversation_id: int
    kind: str


Where = Within | Sender
"""What a draft is of: something in a conversation, or a new message and whence it shall be."""


class Drafts(Struct, frozen=True):
    """A person's own drafts of a conversation, or of none; and who else has one there."""

    own: Sequence[DraftLine]
    others: Sequence[Writer]


class _Sent(Struct):
    """An upload, to be told from another that is asked for with the same key."""

    where: Where
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


def new_draft(unit: Unit, actor: Actor) -> Drafts:
    """Of a new message, which has no conversation yet: one's own, and nobody else's."""
    found = draft.find(unit, Place(actor.id))
    return Drafts([draft.line(found)] if found is not None else (), ())


def save(unit: Unit, actor: Actor, where: Where, written: Written, seen_entry_id: int | None = None) -> DraftLine:
    """Saved every other second, so it takes no lock on the conversation and writes no audit: sending does.

    Topics of another municipality, which it was to be from before, are left out.
    """
    place = _place(unit, actor, where)
    if isinstance(where, Sender):
        written = replace(written, queue=where.queue, topics=_topics_there(unit, place.home, written.topics))
    return draft.line(draft.save(unit, place, written, seen_entry_id))


def topics_of(unit: Unit, actor: Actor, where: Sender, topics: Sequence[str]) -> Sequence[str]:
    """Those that can go with a new message from there. Raises NotFound, NotAllowed, Invalid."""
    return _topics_there(unit, _place(unit, actor, where).home, topics)


def drop(unit: Unit, actor: Actor, where: Within | None) -> None:
    """Gone, with its uploads. None: that of a new message, wherever it was to be from."""
    draft.drop(unit, Place(actor.id) if where is None else _place(unit, actor, where))


async def upload(
    desk: Desk,
    where: Where,
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
    sha256, blob = await desk.read(_blob, where, content)
    await desk.storage.put_blobs({blob: content})
    file = File(
        draft.new_upload_id(), draft.clean_name(name), draft.clean_media_type(media_type), len(content), sha256, blob
    )
    creation = asked(key, route, _Sent(where, file.name, file.media_type, sha256))
    answer = await desk.write(_add, where, file, most, creation)
    kept = msgspec.json.decode(answer.body, type=_Kept)
    # The second time as the first; sent on or removed meanwhile, from what was sent again.
    line = draft.upload_line(await desk.read(_added, where, replace(file, id=kept.id)))
    return replace(answer, body=msgspec.json.encode(line).decode())


def most_bytes(desk: Desk) -> int:
    """Of all files of one mail."""
    return desk.settings.upload_megabytes * MEGABYTE


def remove_upload(unit: Unit, actor: Actor, conversation_id: int | None, upload_id: str) -> None:
    """It doesn't go along after all. None: out of a new message. Raises NotFound."""
    found = None
    if conversation_id is not None:
        found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    draft.remove_upload(unit, actor.id, found, upload_id)


def _place(unit: Unit, actor: Actor, where: Where) -> Place:
    """May they write there? Raises NotFound, NotAllowed."""
    if isinstance(where, Within):
        found = policy.require_work(actor, unit.get(Conversation, where.conversation_id))
        return draft.of(found, actor.id, where.kind)
    municipality, _ = sender(unit, actor, where)
    return Place(actor.id, municipality_id=municipality.id)


def _topics_there(unit: Unit, municipality_id: int, topics: Sequence[str]) -> Sequence[str]:
    ids = [id_of("topics", each) for each in topics]
    here = select(Topic.id).where(Topic.municipality_id == municipality_id, Topic.retired_at.is_(None))
    known = set(unit.all(here.where(Topic.id.in_(ids)))) if ids else set()
    return [str(each) for each in dict.fromkeys(ids) if each in known]


def _blob(unit: Unit, actor: Actor, where: Where, content: bytes) -> tuple[str, str]:
    """In storage's thread, where reckoning keeps nobody waiting."""
    place, sha256 = _place(unit, actor, where), hashlib.sha256(content).hexdigest()
    return sha256, draft.blob_name(place.home, sha256)


def _added(unit: Unit, actor: Actor, where: Where, file: File) -> File:
    """As it is called in the draft."""
    row = draft.find(unit, _place(unit, actor, where))
    there = draft.files(row) if row is not None else []
    return next((each for each in there if each.id == file.id), file)


def _add(unit: Unit, actor: Actor, where: Where, file: File, most_bytes: int, creation: Asked) -> Answer:
    place = _place(unit, actor, where)

    def create() -> Made:
        added = draft.add_upload(unit, place, file, most_bytes)
        return Made(_Kept(added.id), None, place.home)

    return once(unit, actor, creation, create)
