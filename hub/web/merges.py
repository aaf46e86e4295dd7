"""Merges: conversations that are part of another one, and those that may become it."""

from typing import Annotated

from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from hub.edge import merging
from hub.edge.answer import changed
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import READ, WORK
from hub.edge.versions import IfMatch
from hub.inbox.queries import ConversationLine
from hub.web.page import Page


class Merged(Struct, forbid_unknown_fields=True):
    """`version`: of the conversation that becomes part, as it was read."""

    version: Annotated[int, Meta(ge=1)]


@get("/conversations/{conversation_id:int}/merges", opt=READ)
async def list_merges(desk: NamedDependency[Desk], conversation_id: PathId) -> Page[ConversationLine]:
    """The conversations that are part of this one."""
    return Page(await desk.read(merging.parts, conversation_id), None)


@get("/conversations/{conversation_id:int}/merge-candidates", opt=READ)
async def list_merge_candidates(desk: NamedDependency[Desk], conversation_id: PathId) -> Page[ConversationLine]:
    """What may be the same exchange: the one it may be related to, and the citizen's other open ones."""
    return Page(await desk.read(merging.candidates, conversation_id), None)


@put("/conversations/{conversation_id:int}/merges/{other_id:int}", opt=WORK)
async def merge(
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    other_id: PathId,
    data: JSONBody[Merged],
    if_match: IfMatch = None,
) -> Response[ConversationLine]:
    """The other becomes part of this one. If-Match names this one's version."""
    return changed(await desk.write(merging.merge, conversation_id, if_match, other_id, data.version))


@delete("/conversations/{conversation_id:int}/merges/{other_id:int}", opt=WORK, status_code=200)
async def split(
    desk: NamedDependency[Desk], conversation_id: PathId, other_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """The other is on its own again, with all that was its own. If-Match names this one's version."""
    return changed(await desk.write(merging.split, conversation_id, if_match, other_id))


ROUTES = (list_merges, list_merge_candidates, merge, split)
