"""Drafts: what somebody is writing in a conversation, one of each kind, or as a new message, which has none yet."""

from typing import Annotated, Literal

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from hub.edge import drafting
from hub.edge.beginning import Sender
from hub.edge.desk import Desk
from hub.edge.drafting import Drafts, Within
from hub.edge.parameters import IdText, PathId, id_of
from hub.edge.person import READ, WORK
from hub.edge.writing import Addresses, Along, Maybe, Subject, Topics
from hub.inbox.draft import DraftLine, Written

Kind = Annotated[Literal["reply", "note", "forward"], PathParameter()]


class NewDraft(Struct, forbid_unknown_fields=True):
    """What is in the composer; addresses may be half written. Uploads come and go by routes of their own."""

    text: Maybe = ""
    cc: Addresses = ()
    to: Addresses = ()
    subject: Subject = ""
    along: Along = None
    seen_entry_id: IdText | None = None


class NewMessageDraft(Struct, forbid_unknown_fields=True):
    """The same of a new message, and whence it shall be: a municipality's code or id, and a queue's id."""

    municipality: Annotated[str, Meta(max_length=100)]
    queue: IdText
    text: Maybe = ""
    cc: Addresses = ()
    to: Addresses = ()
    subject: Subject = ""
    topics: Topics = ()


@get("/conversations/{conversation_id:int}/drafts", opt=READ)
async def show_drafts(desk: NamedDependency[Desk], conversation_id: PathId) -> Drafts:
    """One's own, and the names of the others who are writing here."""
    return await desk.read(drafting.drafts_of, conversation_id)


@put("/conversations/{conversation_id:int}/drafts/{kind:str}", opt=WORK)
async def save_draft(
    desk: NamedDependency[Desk], conversation_id: PathId, kind: Kind, data: JSONBody[NewDraft]
) -> DraftLine:
    """One's own of this kind, as it is now; the last one saved wins."""
    written = Written(text=data.text, cc=data.cc, to=data.to, subject=data.subject, along=data.along)
    seen = None if data.seen_entry_id is None else id_of("seen_entry_id", data.seen_entry_id)
    return await desk.write(drafting.save, Within(conversation_id, kind), written, seen)


@delete("/conversations/{conversation_id:int}/drafts/{kind:str}", opt=WORK)
async def drop_draft(desk: NamedDependency[Desk], conversation_id: PathId, kind: Kind) -> None:
    """With its uploads. That there is none is all right."""
    await desk.write(drafting.drop, Within(conversation_id, kind))


@get("/drafts", opt=READ)
async def show_new_draft(desk: NamedDependency[Desk]) -> Drafts:
    """One's own of a new message, if there is one."""
    return await desk.read(drafting.new_draft)


@put("/drafts/new", opt=WORK)
async def save_new_draft(desk: NamedDependency[Desk], data: JSONBody[NewMessageDraft]) -> DraftLine:
    """A person has one. From another municipality than before, it goes there with its uploads."""
    written = Written(text=data.text, cc=data.cc, to=data.to, subject=data.subject, topics=data.topics)
    return await desk.write(drafting.save, Sender(data.municipality, data.queue), written)


@delete("/drafts/new", opt=WORK)
async def drop_new_draft(desk: NamedDependency[Desk]) -> None:
    """With its uploads. That there is none is all right."""
    await desk.write(drafting.drop, None)


ROUTES = (show_drafts, save_draft, drop_draft, show_new_draft, save_new_draft, drop_new_draft)
