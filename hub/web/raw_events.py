"""Raw events: what came, byte for byte. IT sees that it came; what it says only by breaking glass, with a reason."""

from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct
from sqlalchemy import select

from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.edge.desk import Desk
from hub.edge.download import OPAQUE, download
from hub.edge.parameters import After, Limit, PathId, QueryId
from hub.edge.person import IT
from hub.errors import NotFound
from hub.inbound import overview
from hub.inbound.overview import RawEventLine, Wanted
from hub.inbound.raw_event import RawEvent
from hub.storage.unit import Unit
from hub.web.page import Page

State = Annotated[Literal["new", "read", "quarantined", "erased"] | None, QueryParameter(name="state")]
Why = Annotated[
    str,
    QueryParameter(
        name="reason", min_length=3, max_length=500, pattern=r"^[^\x00]*$", description="Kept in the reading log."
    ),
]


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
    after: After = None,
    limit: Limit = 50,
) -> Page[RawEventLine]:
    """Newest first, without content."""
    return await desk.read(_list, Wanted(which, channel, after, limit))


@get("/raw-events/{raw_event_id:int}", opt=IT)
async def show_raw_event(desk: NamedDependency[Desk], raw_event_id: PathId) -> RawEventLine:
    """One of them, without content."""
    return await desk.read(_show, raw_event_id)


@get("/raw-events/{raw_event_id:int}/content", opt=IT, media_type=OPAQUE)
async def fetch_raw_event(desk: NamedDependency[Desk], raw_event_id: PathId, reason: Why) -> Response[bytes]:
    """What came, byte for byte. Who asked and why is kept in the reading log and the audit."""
    content = await desk.write(_content, raw_event_id, reason)
    return download(content, f"{raw_event_id}.bin")


@post("/raw-events/{raw_event_id:int}/replay", opt=IT, status_code=200)
async def replay_raw_event(
    request: Request[Actor, Any, Any], desk: NamedDependency[Desk], raw_event_id: PathId
) -> Replay:
    """Read it again: what parsing decides is replaced, nothing else. Doing it twice changes nothing more."""
    await desk.write(_log_replay, raw_event_id)
    ended = await request.app.state.replay(raw_event_id)
    return Replay(str(raw_event_id), ended.state, ended.reason)


def _list(unit: Unit, actor: Actor, wanted: Wanted) -> Page[RawEventLine]:
    own = [each for each in sorted(actor.municipality_ids) if policy.runs_channels(actor, each)]
    return Page(*overview.raw_events(unit, own, wanted))


def _show(unit: Unit, actor: Actor, raw_event_id: int) -> RawEventLine:
    return overview.raw_event_line(_found(unit, actor, raw_event_id))


def _content(unit: Unit, actor: Actor, raw_event_id: int, reason: str) -> bytes:
    row = _found(unit, actor, raw_event_id)
    log_reading(unit, actor, "raw_event", row.id, reason=reason)
    _log(unit, actor, "raw_event.read", row, reason)
    if row.state == "erased":
        raise NotFound("This raw event was erased: only that it came is still known.")
    if row.blob is not None:
        return unit.blobs.get(row.blob)
    return unit.first(select(RawEvent.body).where(RawEvent.id == row.id)) or b""


def _log_replay(unit: Unit, actor: Actor, raw_event_id: int) -> None:
    _log(unit, actor, "raw_event.replay", _found(unit, actor, raw_event_id), None)


def _found(unit: Unit, actor: Actor, raw_event_id: int) -> RawEvent:
    """What has no municipality yet is shown by the command line alone: it may be anybody's."""
    row = unit.get(RawEvent, raw_event_id)
    if row is None or row.municipality_id is None or not policy.runs_channels(actor, row.municipality_id):
        raise NotFound("There is no such raw event.")
    return row


def _log(unit: Unit, actor: Actor, act: str, row: RawEvent, purpose: str | None) -> None:
    log_act(unit, act, actor, municipality_id=row.municipality_id, subject=("raw_event", row.id), purpose=purpose)


ROUTES = (list_raw_events, show_raw_event, fetch_raw_event, replay_raw_event)
