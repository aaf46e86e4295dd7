"""Made lookups: what a department's lookups say and in which versions, for those who make them or watch over them."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from hub.access.person import Actor
from hub.edge import defining
from hub.edge.defining import Made, MadeLine
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import USE
from hub.web.page import Page

Name = Annotated[str, PathParameter(pattern="^[a-z][a-z0-9_]{1,39}$")]
Number = Annotated[
    int | None, QueryParameter(name="version", ge=0, le=1_000_000, description="0: the draft; none: it or the newest.")
]


@get("/made-lookups", opt=USE)
async def list_made(desk: NamedDependency[Desk]) -> Page[MadeLine]:
    """Lookups of one's department, or of where one audits."""
    return Page(await desk.read(defining.made), None)


@get("/municipalities/{municipality_id:int}/made-lookups/{name:str}", opt=USE)
async def show_made(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    municipality_id: PathId,
    name: Name,
    number: Number = None,
) -> Made:
    """A version as it is declared, as a file too, and all versions there are. Secrets are named, and never told."""
    return await desk.read(defining.one, municipality_id, name, request.app.state.registry, number)


ROUTES = (list_made, show_made)
"""Read from outside; made on the page, where it is tried first."""
