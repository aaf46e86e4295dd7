"""Citizens: one of them, and their conversations. Opening one writes the reading log in the same unit of work."""

from litestar import get
from litestar.di import NamedDependency

from hub.access import policy
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.edge.desk import Desk
from hub.edge.parameters import After, Limit, PathId
from hub.edge.person import READ
from hub.errors import NotFound
from hub.inbox import queries
from hub.inbox.citizen import Citizen
from hub.inbox.queries import CitizenPage, ConversationLine
from hub.storage.unit import Unit
from hub.web.page import Page


@get("/citizens/{citizen_id:int}", opt=READ)
async def open_citizen(desk: NamedDependency[Desk], citizen_id: PathId) -> CitizenPage:
    """With the points they are reached or known by, masked: to reveal one takes a conversation and a purpose."""
    return await desk.write(_open, citizen_id)


@get("/citizens/{citizen_id:int}/conversations", opt=READ)
async def list_conversations_of_citizen(
    desk: NamedDependency[Desk], citizen_id: PathId, after: After = None, limit: Limit = 50
) -> Page[ConversationLine]:
    """Those this person may open, newest first."""
    return await desk.write(_conversations, citizen_id, after, limit)


def _open(unit: Unit, actor: Actor, citizen_id: int) -> CitizenPage:
    return queries.citizen_page(unit, _citizen(unit, actor, citizen_id))


def _conversations(unit: Unit, actor: Actor, citizen_id: int, after: str | None, limit: int) -> Page[ConversationLine]:
    found = _citizen(unit, actor, citizen_id)
    return Page(*queries.conversations_of(unit, policy.within(actor), found, after, limit))


def _citizen(unit: Unit, actor: Actor, citizen_id: int) -> Citizen:
    found = unit.get(Citizen, citizen_id)
    if found is None or not policy.reads_citizens(actor, found.municipality_id):
        raise NotFound("There is no such citizen.")
    log_reading(unit, actor, "citizen", found.id)
    return found


ROUTES = (open_citizen, list_conversations_of_citizen)
