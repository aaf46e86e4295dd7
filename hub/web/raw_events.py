"""Raw events: what came, byte for byte. IT sees that it came; what it says only by breaking glass, with a reason."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from hub import clock
from hub.access.person import Actor
from hub.edge import running
from hub.edge.desk import Desk
from hub.edge.download import OPAQUE, download
from hub.edge.parameters import After, Limit, PathId, QueryId
from hub.edge.person import IT
from hub.inbound.overview import RawEventLine, Wanted
from hub.web.page import Page

State = Annotated[Literal["new", "read", "quarantined", "erased"] | None, QueryParameter(name="state")]
Why = Annotated[
    str,
    QueryParameter(
        name="reason", min_length=3, max_length=500, pattern=r"^[^\x00]*$", description="Kept in the reading log."
    ),
]


Find = Annotated[
    str,
    QueryParameter(
        name="find", max_length=1000, pattern=r"^[^\x00]*$", description="A sender's address or a Message-ID, whole."
    ),
]
Time = Annotated[datetime | None, QueryParameter(description="ISO 8601; the list ends before `until`.")]


class Replay(Struct, frozen=True):
    """`state`: how it was read this time; `reason`: why it couldn't be."""

    id: str
    state: str
    reason: str | None


@get("/raw-events", opt=IT)
async def list_raw_events(
    desk: NamedDependency[Desk],
    which: State = None,
    channel: QueryId = None,
    find: Find = "",
    since: Time = None,
    until: Time = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[RawEventLine]:
    """Newest first, without content. A search by sender or Message-ID is in the audit."""
    if find.strip():
        await desk.write(running.note_search, find)
    wanted = Wanted(which, channel, after, limit, find.strip(), _instant(since), _instant(until))
    return Page(*await running.raw_events(desk, wanted))


@get("/raw-events/{raw_event_id:int}", opt=IT)
async def show_raw_event(desk: NamedDependency[Desk], raw_event_id: PathId) -> RawEventLine:
    """One of them, without content."""
    return await running.raw_event(desk, raw_event_id)


@get("/raw-events/{raw_event_id:int}/content", opt=IT, media_type=OPAQUE)
async def fetch_raw_event(desk: NamedDependency[Desk], raw_event_id: PathId, reason: Why) -> Response[bytes]:
    """What came, byte for byte. Who asked and why is kept in the reading log and the audit."""
    content = await running.read_raw_event(desk, raw_event_id, reason)
    return download(content, f"{raw_event_id}.bin")


@post("/raw-events/{raw_event_id:int}/replay", opt=IT, status_code=200)
async def replay_raw_event(
    request: Request[Actor, Any, Any], desk: NamedDependency[Desk], raw_event_id: PathId
) -> Replay:
    """Read it again: what parsing decides is replaced, nothing else. Doing it twice changes nothing more."""
    ended = await running.replay_raw_event(desk, request.app.state.replay, raw_event_id)
    return Replay(str(raw_event_id), ended.state, ended.reason)


def _instant(at: datetime | None) -> int | None:
    return None if at is None else clock.from_datetime(at if at.tzinfo else at.replace(tzinfo=UTC))


ROUTES = (list_raw_events, show_raw_event, fetch_raw_event, replay_raw_event)
