"""Replies and notes: what is added to a conversation. An answer waits for the undo time before it leaves."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, delete, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct
from sqlalchemy import select

from hub import clock, faults
from hub.access.person import Actor
from hub.channels.route import reply_route
from hub.edge import versions, work
from hub.edge.answer import created
from hub.edge.desk import Desk
from hub.edge.idempotency import Answer, Asked, IdempotencyKey, Made, asked, once
from hub.edge.parameters import PathId, Said
from hub.edge.person import WORK
from hub.edge.versions import IfMatch, etag
from hub.errors import NotFound
from hub.inbox import note, queries, reply
from hub.inbox.entry import Entry
from hub.inbox.queries import ConversationLine
from hub.storage.unit import Unit


class NewText(Struct, forbid_unknown_fields=True):
    """What is written."""

    text: Said


class Added(Struct, frozen=True):
    """The entry that was made. `undo_until`: until then DELETE takes an answer back; null for a note."""

    id: str
    conversation_id: str
    version: int
    undo_until: datetime | None


@post("/conversations/{conversation_id:int}/replies", opt=WORK)
async def add_reply(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    data: JSONBody[NewText],
    idempotency_key: IdempotencyKey = None,
) -> Response[Added]:
    """An answer to the citizen, by the channel they wrote to."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    undo_seconds = desk.settings.undo_seconds
    answer = await desk.write(_reply, conversation_id, data.text, creation, undo_seconds=undo_seconds)
    faults.point("reply_committed")
    return created(answer)


@delete("/conversations/{conversation_id:int}/replies/{entry_id:int}", opt=WORK, status_code=200)
async def undo_reply(
    desk: NamedDependency[Desk], conversation_id: PathId, entry_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """Take an answer back that hasn't left yet; 409 when it is too late. `If-Match: *` will do here."""
    line = await desk.write(_undo, conversation_id, entry_id, if_match)
    return Response(line, headers={"ETag": etag(line.version)})


@post("/conversations/{conversation_id:int}/notes", opt=WORK)
async def add_note(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    data: JSONBody[NewText],
    idempotency_key: IdempotencyKey = None,
) -> Response[Added]:
    """A note for the others: it never leaves the house."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    return created(await desk.write(_note, conversation_id, data.text, creation))


def _reply(unit: Unit, actor: Actor, conversation_id: int, text: str, creation: Asked, *, undo_seconds: int) -> Answer:
    found = work.held(unit, actor, conversation_id)

    def create() -> Made:
        entry = reply.reply(unit, found, actor.id, text, reply_route(unit, found), undo_seconds)
        work.log(unit, actor, "conversation.reply", found, entry)
        undo_until = clock.to_datetime(entry.recorded_at + undo_seconds * clock.SECOND)
        return Made(Added(str(entry.id), str(found.id), found.version, undo_until), found.version)

    return once(unit, actor, creation, found.municipality_id, create)


def _undo(unit: Unit, actor: Actor, conversation_id: int, entry_id: int, if_match: str | None) -> ConversationLine:
    found = work.held(unit, actor, conversation_id)
    versions.expect(found.version, if_match, any_will_do=True)
    entry = unit.first(
        select(Entry).where(
            Entry.id == entry_id, Entry.conversation_id == found.id, Entry.kind == "mail", Entry.author_kind == "person"
        )
    )
    if entry is None:
        raise NotFound("There is no such answer in this conversation.")
    reply.undo(unit, found, actor.id, entry)
    work.log(unit, actor, "conversation.undo", found, entry)
    return queries.conversation_line(unit, found.id)


def _note(unit: Unit, actor: Actor, conversation_id: int, text: str, creation: Asked) -> Answer:
    found = work.held(unit, actor, conversation_id)

    def create() -> Made:
        entry = note.add(unit, found, actor.id, text)
        work.log(unit, actor, "conversation.note", found, entry)
        return Made(Added(str(entry.id), str(found.id), found.version, None), found.version)

    return once(unit, actor, creation, found.municipality_id, create)


ROUTES = (add_reply, undo_reply, add_note)
