"""Confidentiality of a conversation, and its glass: broken to read it from outside, put back."""

from typing import Annotated

from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from hub.edge import guarding
from hub.edge.answer import changed
from hub.edge.desk import Desk
from hub.edge.guarding import Breakage, Gate, Opened
from hub.edge.parameters import IdText, PathId, id_of
from hub.edge.person import READ, WORK
from hub.edge.versions import IfMatch
from hub.inbox.queries import ConversationLine
from hub.web.page import Page


class Confidentiality(Struct, forbid_unknown_fields=True):
    """`queue`: the id of the one whose named members alone may open it."""

    queue: IdText


class Breaking(Struct, forbid_unknown_fields=True):
    """`reason`: a sentence; those inside read it, and it is kept."""

    reason: Annotated[str, Meta(min_length=10, max_length=500, pattern=r"^[^\x00]*$")]


@put("/conversations/{conversation_id:int}/confidentiality", opt=WORK)
async def make_confidential(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[Confidentiality], if_match: IfMatch = None
) -> Response[ConversationLine]:
    """Limited to a queue of its municipality; who makes it so may not be able to open it afterwards."""
    return changed(await desk.write(guarding.limit, conversation_id, if_match, id_of("queue", data.queue)))


@delete("/conversations/{conversation_id:int}/confidentiality", opt=WORK, status_code=200)
async def lift_confidentiality(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """For all of its own queue again."""
    return changed(await desk.write(guarding.lift, conversation_id, if_match))


@get("/conversations/{conversation_id:int}/glass", opt=READ)
async def show_gate(desk: NamedDependency[Desk], conversation_id: PathId) -> Gate:
    """What those outside are told of a confidential conversation; 404 for whoever may open it, or not know of it."""
    return await desk.read(guarding.gate, conversation_id)


@put("/conversations/{conversation_id:int}/glass", opt=WORK)
async def break_glass(desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[Breaking]) -> Opened:
    """To read it for 30 minutes, and nothing else. The head of its queue is told at once."""
    return await desk.write(guarding.break_glass, conversation_id, data.reason)


@delete("/conversations/{conversation_id:int}/glass", opt=WORK)
async def put_glass_back(desk: NamedDependency[Desk], conversation_id: PathId) -> None:
    """Before its time."""
    await desk.write(guarding.put_back, conversation_id)


@get("/glass", opt=READ)
async def list_breakages(desk: NamedDependency[Desk]) -> Page[Breakage]:
    """For the head of a queue: who broke the glass of what is confidential to it in the last month, newest first."""
    return Page(await desk.read(guarding.breakages), None)


ROUTES = (make_confidential, lift_confidentiality, show_gate, break_glass, put_glass_back, list_breakages)
