"""Whose a conversation is: who shares its address, and citizens that are one or two after all."""

from typing import Annotated, Literal

from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct

from hub.edge import knowing
from hub.edge.answer import changed
from hub.edge.desk import Desk
from hub.edge.knowing import Choice, Done, Whose
from hub.edge.parameters import IdText, PathId, id_of
from hub.edge.person import READ, WORK
from hub.edge.versions import IfMatch, etag
from hub.errors import Invalid
from hub.inbox.queries import ConversationLine
from hub.web.page import Page


class OfWhom(Struct, forbid_unknown_fields=True):
    """`citizen`: the id of another who uses the address; else `name`, of somebody new who does."""

    citizen: IdText | None = None
    name: Annotated[str, Meta(max_length=200)] = ""


class OfKind(Struct, forbid_unknown_fields=True):
    """What a citizen is."""

    kind: Literal["person", "organisation"]


@get("/conversations/{conversation_id:int}/citizen", opt=READ)
async def show_whose(desk: NamedDependency[Desk], conversation_id: PathId) -> Whose:
    """Who else uses its address, and what was changed about its citizen and can be undone."""
    return await desk.read(knowing.shown, conversation_id)


@get("/conversations/{conversation_id:int}/citizen/candidates", opt=WORK)
async def list_citizen_candidates(
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    q: Annotated[str, QueryParameter(max_length=200)] = "",
) -> Page[Choice]:
    """Citizens who may be the same one: by `q`, as search has it, else by the name."""
    return Page(await desk.read(knowing.candidates, conversation_id, q), None)


@put("/conversations/{conversation_id:int}/citizen", opt=WORK)
async def give_to_citizen(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[OfWhom], if_match: IfMatch = None
) -> Response[Done]:
    """This conversation is of another who uses the address."""
    if (data.citizen is None) == (not data.name.strip()):
        raise Invalid("citizen", "say which citizen, or what a new one is called")
    citizen_id = None if data.citizen is None else id_of("citizen", data.citizen)
    return _done(await desk.write(knowing.give, conversation_id, if_match, citizen_id, data.name))


@put("/conversations/{conversation_id:int}/citizen/kind", opt=WORK)
async def set_citizen_kind(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[OfKind], if_match: IfMatch = None
) -> Response[ConversationLine]:
    """A person or an organisation: an address that many write by is no person's."""
    return changed(await desk.write(knowing.set_kind, conversation_id, if_match, data.kind))


@put("/conversations/{conversation_id:int}/citizen/merges/{other_id:int}", opt=WORK)
async def merge_citizens(
    desk: NamedDependency[Desk], conversation_id: PathId, other_id: PathId, if_match: IfMatch = None
) -> Response[Done]:
    """The other citizen is this conversation's: all that is theirs is of one."""
    return _done(await desk.write(knowing.merge, conversation_id, if_match, other_id))


@put("/conversations/{conversation_id:int}/citizen/splits/{point_id:int}", opt=WORK)
async def split_citizen(
    desk: NamedDependency[Desk], conversation_id: PathId, point_id: PathId, if_match: IfMatch = None
) -> Response[Done]:
    """The address is another citizen's, with the conversations in which nobody else takes part."""
    return _done(await desk.write(knowing.split_off, conversation_id, if_match, point_id))


@delete("/conversations/{conversation_id:int}/citizen/moves/{move_id:int}", opt=WORK, status_code=200)
async def undo_citizen_move(
    desk: NamedDependency[Desk], conversation_id: PathId, move_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """What it moved goes back."""
    return changed(await desk.write(knowing.undo, conversation_id, if_match, move_id))


def _done(done: Done) -> Response[Done]:
    return Response(done, headers={"ETag": etag(done.conversation.version)})


ROUTES = (
    show_whose, list_citizen_candidates, give_to_citizen, set_citizen_kind, merge_citizens, split_citizen,
    undo_citizen_move,
)  # fmt: skip
