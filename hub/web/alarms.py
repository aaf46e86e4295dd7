"""Alarms: whom IT is told by when something is the matter with a channel."""

from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from hub.edge import alarming
from hub.edge.alarming import TargetLine, TargetMade, TargetSaid
from hub.edge.desk import Desk
from hub.edge.parameters import IdText, PathId, id_of
from hub.edge.person import IT
from hub.edge.versions import IfMatch
from hub.errors import Invalid
from hub.watch import target
from hub.web.page import Page

Address = Annotated[str, Meta(max_length=target.LONGEST)]


class NewTarget(Struct, forbid_unknown_fields=True):
    """`mail` or `webhook`. `municipality` null: of all channels. `key` of a webhook's signature; else one is made."""

    mail: Address | None = None
    webhook: Address | None = None
    municipality: IdText | None = None
    again_hours: int = target.AGAIN_HOURS
    key: Annotated[str, Meta(max_length=200)] | None = None


class ChangedTarget(Struct, forbid_unknown_fields=True):
    """`address` and `key` null: as they are. `municipality` null: of all channels."""

    municipality: IdText | None
    again_hours: int
    address: Address | None = None
    key: Annotated[str, Meta(max_length=200)] | None = None


@get("/alarm-targets", opt=IT)
async def list_targets(desk: NamedDependency[Desk]) -> Page[TargetLine]:
    """Of these municipalities and of all channels, and how the last notice to each ended."""
    return Page(await alarming.lines(desk), None)


@post("/alarm-targets", opt=IT)
async def add_target(desk: NamedDependency[Desk], data: JSONBody[NewTarget]) -> Response[TargetMade]:
    """One more. The key of a webhook is told here, and never again."""
    if (data.mail is None) == (data.webhook is None):
        raise Invalid("", "say how: mail or webhook")
    kind, address = ("mail", data.mail) if data.mail is not None else ("webhook", data.webhook or "")
    home = None if data.municipality is None else id_of("municipality", data.municipality)
    said = TargetSaid(kind, address or "", home, data.again_hours, data.key or "")
    return Response(await alarming.add(desk, said), status_code=201)


@put("/alarm-targets/{target_id:int}", opt=IT)
async def change_target(
    desk: NamedDependency[Desk], target_id: PathId, data: JSONBody[ChangedTarget], if_match: IfMatch = None
) -> TargetLine:
    """Where it is told, of what and how often, from now on. Its `version`, quoted, goes in If-Match."""
    home = None if data.municipality is None else id_of("municipality", data.municipality)
    said = TargetSaid("", data.address or "", home, data.again_hours, data.key or "")
    return await alarming.change(desk, target_id, said, if_match)


@post("/alarm-targets/{target_id:int}/trials", opt=IT)
async def try_target(desk: NamedDependency[Desk], target_id: PathId) -> TargetLine:
    """A notice that only says that it would arrive. It leaves within a minute; the list tells how it ended."""
    return await alarming.try_out(desk, target_id)


@delete("/alarm-targets/{target_id:int}", opt=IT)
async def remove_target(desk: NamedDependency[Desk], target_id: PathId) -> None:
    """It is told no more."""
    await alarming.remove(desk, target_id)


ROUTES = (list_targets, add_target, change_target, try_target, remove_target)
