"""Conversations: lists, one of them, and its timeline. Opening one writes the reading log in the same unit of work."""

from functools import partial
from typing import Annotated, Literal

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct
from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor
from hub.edge import work
from hub.edge.counts import counts
from hub.edge.desk import Desk
from hub.edge.parameters import After, Limit, PathId, QueryId, id_of
from hub.edge.person import READ
from hub.edge.versions import etag
from hub.errors import Invalid
from hub.inbox import queries
from hub.inbox.desk_list import Counts
from hub.inbox.municipality import Municipality
from hub.inbox.queries import ConversationLine, ConversationPage, Filter
from hub.inbox.timeline import EntryLine, timeline
from hub.lookups.pin import as_shown
from hub.storage.unit import Unit
from hub.web.page import Page

Assignee = Annotated[
    str | None, QueryParameter(pattern="^(me|none|[1-9][0-9]{0,18})$", description="me, none, or a person's id.")
]
Which = Annotated[Literal["open", "closed"], QueryParameter(name="state", description="closed: newest first.")]
InMunicipality = Annotated[str | None, QueryParameter(max_length=100, description="A municipality's code or id.")]

Waiting = Annotated[bool, QueryParameter(description="Only those that wait until a time.")]
Overdue = Annotated[bool, QueryParameter(description="Only those whose due time has passed.")]
Kind = Annotated[str | None, QueryParameter(pattern="^[a-z]{1,20}$", description="Of its newest contact: mail.")]


class _Wanted(Struct, frozen=True):
    """A list as it was asked for."""

    closed: bool
    municipality: str | None
    queue: int | None
    assignee: str | None
    citizen: int | None
    waiting: bool
    overdue: bool
    kind: str | None
    after: str | None
    limit: int


@get("/conversations", opt=READ)
async def list_conversations(
    desk: NamedDependency[Desk],
    *,
    which: Which = "open",
    municipality: InMunicipality = None,
    queue: QueryId = None,
    assignee: Assignee = None,
    citizen: QueryId = None,
    waiting: Waiting = False,
    overdue: Overdue = False,
    kind: Kind = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ConversationLine]:
    """The open conversations this person may open, by due time; or the closed ones."""
    wanted = _Wanted(which == "closed", municipality, queue, assignee, citizen, waiting, overdue, kind, after, limit)
    return await desk.read(_list, wanted)


@get("/counts", opt=READ)
async def count_conversations(desk: NamedDependency[Desk]) -> Counts:
    """How many open ones this person may open, at most a second old."""
    return await counts(desk.storage, desk.actor)


@get("/conversations/{conversation_id:int}", opt=READ)
async def open_conversation(desk: NamedDependency[Desk], conversation_id: PathId) -> Response[ConversationPage]:
    """One conversation. Its version is in ETag, for If-Match."""
    shown = await desk.look(_open, conversation_id)
    return Response(shown, headers={"ETag": etag(shown.conversation.version)})


@get("/conversations/{conversation_id:int}/timeline", opt=READ)
async def show_timeline(
    desk: NamedDependency[Desk],
    conversation_id: PathId,
    order: Annotated[Literal["oldest", "newest"], QueryParameter(description="Which comes first.")] = "oldest",
    after: After = None,
    limit: Limit = 50,
) -> Page[EntryLine]:
    """Its entries: mails, notes and changes, what was undone too."""
    return await desk.look(_timeline, conversation_id, after, limit, newest_first=order == "newest")


def _list(unit: Unit, actor: Actor, wanted: _Wanted) -> Page[ConversationLine]:
    assignee = {None: None, "none": None, "me": str(actor.id)}.get(wanted.assignee, wanted.assignee)
    filtered = Filter(
        closed=wanted.closed,
        municipality_id=None if wanted.municipality is None else _municipality(unit, wanted.municipality),
        queue_id=wanted.queue,
        assignee_id=None if assignee is None else id_of("assignee", assignee),
        unassigned=wanted.assignee == "none",
        citizen_id=wanted.citizen,
        waiting=wanted.waiting,
        overdue=wanted.overdue,
        contact_kind=wanted.kind,
    )
    return Page(*queries.conversations(unit, policy.within(actor), filtered, wanted.after, wanted.limit))


def _municipality(unit: Unit, named: str) -> int:
    """Raises Invalid also for what is there, but not theirs."""
    rows = unit.all(select(Municipality).where(Municipality.id.in_(unit.scope.municipalities or ())))
    for row in rows:
        if named in {row.code, str(row.id)}:
            return row.id
    raise Invalid("municipality", "you have no such municipality")


def _open(unit: Unit, actor: Actor, conversation_id: int) -> ConversationPage:
    found = work.opened(unit, actor, conversation_id)
    return queries.conversation_page(unit, found, partial(policy.may_open, actor))


def _timeline(
    unit: Unit, actor: Actor, conversation_id: int, after: str | None, limit: int, *, newest_first: bool
) -> Page[EntryLine]:
    found = work.opened(unit, actor, conversation_id)
    may_open = partial(policy.may_open, actor)
    lines, further = timeline(unit, found, may_open, after, limit, newest_first=newest_first)
    return Page(as_shown(lines), further)


ROUTES = (list_conversations, count_conversations, open_conversation, show_timeline)
