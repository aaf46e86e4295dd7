"""Draft: what a person is writing and hasn't sent, with the files that shall go along.

One per person, conversation and kind; of a new message, which has no conversation yet, one per person. The last one
saved wins. What is sent takes its draft away in the same unit.
"""

import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import count
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ForeignKey, Select, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.errors import Invalid, NotFound
from hub.inbox.colleagues import PERSON
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment
from hub.inbox.outgoing import File
from hub.storage.base import MunicipalityRow, own, partial_index, same_municipality
from hub.storage.types import Json
from hub.storage.unit import Unit

KINDS = ("reply", "note", "forward")
"""Of a conversation."""
NEW = "new"
"""Of none yet."""
MOST_UPLOADS = 20
OPAQUE = "application/octet-stream"
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_LONGEST_NAME = 150


class Draft(MunicipalityRow):
    """`seen_entry_id`: the newest entry its writer had seen, so that sending over a newer one can ask first.

    `conversation_id`: null for a new message. It is of the municipality that it shall be from, and moves with that; a
    person who can't reach the other one any more may have one in each, of which the one saved last counts.
    """

    __tablename__ = "draft"
    __table_args__ = (
        own(),
        same_municipality("conversation_id", "conversation"),
        UniqueConstraint("conversation_id", "person_id", "kind"),
        partial_index("ix_draft_new", "person_id", "municipality_id", where="conversation_id IS NULL", unique=True),
    )
    conversation_id: Mapped[int | None]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    body: Mapped[Any] = mapped_column(Json)
    seen_entry_id: Mapped[int | None]
    saved_at: Mapped[int]


class Place(Struct, frozen=True):
    """Whose draft it is, and of what. `municipality_id`: whose row it is; None where it is only looked for.

    `conversation_id`: None for a new message, whose kind is NEW.
    """

    person_id: int
    kind: str = NEW
    conversation_id: int | None = None
    municipality_id: int | None = None

    @property
    def home(self) -> int:
        """The municipality, where it is written."""
        assert self.municipality_id is not None
        return self.municipality_id


class Written(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the composer, finished or not.

    `along`: what of the citizen's shall go along with a forward, ids of messages and files; null: nobody has chosen.
    `queue`: the id of the one that a new message shall be from; `topics`: ids of what its conversation is about.
    """

    text: str = ""
    cc: Sequence[str] = ()
    to: Sequence[str] = ()
    subject: str = ""
    along: Sequence[str] | None = None
    queue: str | None = None
    topics: Sequence[str] = ()


class UploadLine(Struct, frozen=True):
    """A file that shall go along. `size` in bytes."""

    id: str
    name: str
    media_type: str
    size: int


class DraftLine(Struct, frozen=True):
    """A draft as its writer sees it."""

    kind: str
    municipality_id: str
    written: Written
    uploads: Sequence[UploadLine]
    seen_entry_id: str | None
    saved_at: datetime


class Writer(Struct, frozen=True):
    """Somebody who has a draft here."""

    id: str
    name: str
    kind: str
    saved_at: datetime


def of(conversation: Conversation, person_id: int, kind: str) -> Place:
    """In a conversation. Raises Invalid for a kind that there isn't."""
    if kind not in KINDS:
        raise Invalid("kind", f"a draft is one of {', '.join(KINDS)}")
    return Place(person_id, kind, conversation.id, conversation.municipality_id)


def save(unit: Unit, place: Place, written: Written, seen_entry_id: int | None = None) -> Draft:
    """Writes it over what was there; its uploads stay."""
    row = _at(unit, place)
    row.body = {**msgspec.to_builtins(written), "uploads": _uploads(row)}
    row.seen_entry_id, row.saved_at = seen_entry_id, clock.now()
    return row


def find(unit: Unit, place: Place) -> Draft | None:
    """This person's own, in whichever of their municipalities."""
    return unit.first(_there(place))


def drop(unit: Unit, place: Place) -> None:
    """It was sent, or isn't wanted any more. That there is none is all right."""
    for row in unit.all(_there(place)):
        unit.remove(row)


_OWN = (
    select(Draft)
    .where(Draft.conversation_id == bindparam("conversation"), Draft.person_id == bindparam("person"))
    .order_by(Draft.kind)
)
_OTHERS = (
    select(Draft.person_id, PERSON.c.name, Draft.kind, Draft.saved_at)
    .join(PERSON, PERSON.c.id == Draft.person_id)
    .where(Draft.conversation_id == bindparam("conversation"), Draft.person_id != bindparam("person"))
    .order_by(Draft.saved_at.desc())
)


def drafts_of(unit: Unit, person_id: int, conversation: Conversation) -> Sequence[DraftLine]:
    """A person's drafts in a conversation, at most one of each kind."""
    return [line(each) for each in unit.all(_OWN, conversation=conversation.id, person=person_id)]


def other_writers(unit: Unit, person_id: int, conversation: Conversation) -> Sequence[Writer]:
    """Who else has a draft here, whoever saved last first: names, never words."""
    others = unit.rows(_OTHERS, conversation=conversation.id, person=person_id)
    return [Writer(str(who), name, kind, clock.to_datetime(at)) for who, name, kind, at in others]


def line(row: Draft) -> DraftLine:
    """Without what only the sending needs to know."""
    said = {name: row.body[name] for name in Written.__struct_fields__ if name in row.body}
    return DraftLine(
        kind=row.kind,
        municipality_id=str(row.municipality_id),
        written=msgspec.convert(said, Written),
        uploads=[upload_line(each) for each in files(row)],
        seen_entry_id=None if row.seen_entry_id is None else str(row.seen_entry_id),
        saved_at=clock.to_datetime(row.saved_at),
    )


def upload_line(file: File) -> UploadLine:
    """What a page shows of it."""
    return UploadLine(file.id, file.name, file.media_type, file.size)


def blob_name(municipality_id: int, sha256: str) -> str:
    """Where a file of this municipality lies."""
    return f"attachments/{municipality_id}/{sha256}"


def add_upload(unit: Unit, place: Place, file: File, most_bytes: int) -> File:
    """One more file, whose content is in the blob folder already. All of a draft's together have `most_bytes`.

    No two are called the same: what is pasted has one name always, and pictures are named in the text.
    """
    row = _at(unit, place)
    file = replace(file, name=_unlike({each.name for each in files(row)}, file.name))
    there = [*files(row), file]
    expect_room(there, most_bytes)
    _keep(row, there)
    return file


def expect_room(along: Sequence[File], most_bytes: int | None) -> None:
    """Raises Invalid for more files than go along with one mail."""
    if len(along) > MOST_UPLOADS:
        raise Invalid("file", "{most} files go along with a mail at most", most=MOST_UPLOADS)
    if most_bytes is not None and sum(each.size for each in along) > most_bytes:
        most = most_bytes // 1_000_000
        raise Invalid("file", "the files of a mail have {most} MB together at most", most=most)


def remove_upload(unit: Unit, person_id: int, conversation: Conversation | None, upload_id: str) -> None:
    """Of whichever kind of draft in this conversation, or in none. Raises NotFound."""
    within = Draft.conversation_id == (None if conversation is None else conversation.id)
    for row in unit.all(select(Draft).where(within, Draft.person_id == person_id).with_for_update()):
        there = files(row)
        kept = [each for each in there if each.id != upload_id]
        if len(kept) < len(there):
            _keep(row, kept)
            return
    raise NotFound("There is no such upload in your drafts here.")


def take(unit: Unit, place: Place, upload_ids: Sequence[str]) -> list[File]:
    """The files to send, in the order named; the draft itself goes. Raises Invalid for one that isn't in it."""
    row = find(unit, place)
    known = {each.id: each for each in files(row)} if row is not None else {}
    unknown = [each for each in upload_ids if each not in known]
    if unknown:
        raise Invalid("uploads", "a file isn't in your draft any more: add it again")
    drop(unit, place)
    return _brought(unit, [known[each] for each in dict.fromkeys(upload_ids)], place.home)


def put_back(unit: Unit, place: Place, written: Written, sent: Sequence[Attachment], seen_entry_id: int | None) -> bool:
    """What was taken back before it left is a draft again, unless its writer has begun another: then False."""
    if find(unit, place) is not None:
        return False
    row = save(unit, place, written, seen_entry_id)
    again = [File(new_upload_id(), each.name, each.media_type, each.size, each.sha256, each.blob) for each in sent]
    _keep(row, again)
    return True


def files(row: Draft) -> list[File]:
    """Those that shall go along, oldest first."""
    return msgspec.convert(_uploads(row), list[File])


def _unlike(taken: Collection[str], name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (name, "")
    return next(each for n in count(1) if (each := name if n == 1 else f"{stem}-{n}{ending}") not in taken)


def new_upload_id() -> str:
    """128 random bits: once sent, the file's address."""
    return secrets.token_urlsafe(16)


def clean_name(name: str) -> str:
    """A file's name as data: without what could break a header, a path or the direction of writing."""
    clean = "".join(sign if sign.isprintable() and sign not in '/\\"' else "_" for sign in name).strip(" .")
    return clean[-_LONGEST_NAME:] or "file"


def clean_media_type(media_type: str) -> str:
    """What the browser claims, if it has the shape of one; nobody acts on it but by offering a download."""
    claimed = media_type.partition(";")[0].strip().lower()
    return claimed if _MEDIA_TYPE.fullmatch(claimed) else OPAQUE


def _there(place: Place) -> Select[Draft]:
    """Newest first: of a new message there may be one in each of several municipalities."""
    return (
        select(Draft)
        .where(
            Draft.conversation_id == place.conversation_id,
            Draft.person_id == place.person_id,
            Draft.kind == place.kind,
        )
        .order_by(Draft.saved_at.desc())
    )


def _at(unit: Unit, place: Place) -> Draft:
    """The row, ours until the unit ends; made if it isn't there. One of another municipality comes here."""
    there = unit.all(_there(place).with_for_update())
    if there and there[0].municipality_id == place.home:
        return there[0]
    uploads = _brought(unit, files(there[0]), place.home) if there else []
    for row in there:
        unit.remove(row)
    made = Draft(
        municipality_id=place.home,
        conversation_id=place.conversation_id,
        person_id=place.person_id,
        kind=place.kind,
        body={"uploads": msgspec.to_builtins(uploads)},
        saved_at=clock.now(),
    )
    unit.add(made)
    return made


def _brought(unit: Unit, those: Sequence[File], municipality_id: int) -> list[File]:
    """As files of this municipality, which has its own. Flushed inside the unit: rare enough for others to wait."""
    found = []
    for each in those:
        here = blob_name(municipality_id, each.sha256)
        if each.blob not in {None, here}:
            unit.blobs.put_many({here: unit.blobs.get(str(each.blob))})
        found.append(each if each.blob is None else replace(each, blob=here))
    return found


def _uploads(row: Draft) -> list[Any]:
    found: list[Any] = row.body.get("uploads", [])
    return found


def _keep(row: Draft, there: Sequence[File]) -> None:
    row.body = {**row.body, "uploads": msgspec.to_builtins(list(there))}
