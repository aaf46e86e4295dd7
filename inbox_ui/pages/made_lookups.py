"""Made lookups: a department's questions to its systems: what each says, its versions, what differs between two."""

from typing import Annotated, Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from hub.access import policy
from hub.edge import defining
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import USE
from inbox_ui import made as words_of
from inbox_ui.administration import administration
from inbox_ui.changed import changes
from inbox_ui.rendering import Asking, page

LIST = "/made-lookups"
Name = Annotated[str, PathParameter(pattern="^[a-z][a-z0-9_]{1,39}$")]
Number = Annotated[int, PathParameter(ge=0, le=1_000_000)]
Against = Annotated[int | None, QueryParameter(ge=0, le=1_000_000)]


@get(LIST, opt=USE)
async def show_made(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """Those of one's department, or of where one audits."""
    values = await administration(request, desk)
    lines = await desk.read(defining.made)
    held = desk.actor.memberships
    makes = [
        home
        for home in values["names"].municipalities.values()
        if any(policy.makes_lookup(desk.actor, int(home.id), each.department_id) for each in held)
    ]
    return page(
        request,
        "made_lookups/page.html",
        **values,
        lines=lines,
        makes=makes,
        kinds=words_of.kinds(defining.kinds(request.app.state.registry)),
    )


@get("/made-lookups/{municipality_id:int}/{name:str}/versions/{number:int}", opt=USE)
async def show_version(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, name: Name, number: Number
) -> Response[bytes]:
    """As it was published; as a file, too."""
    return await shown(request, desk, municipality_id, name, number)


@get("/made-lookups/{municipality_id:int}/{name:str}/versions/{number:int}/changes", opt=USE)
async def show_changes(
    request: Asking,
    desk: NamedDependency[Desk],
    municipality_id: PathId,
    name: Name,
    number: Number,
    against: Against = None,
) -> Response[bytes]:
    """What a version says otherwise than the one before it, or than another."""
    values = await administration(request, desk)
    registry = request.app.state.registry
    made = await desk.read(defining.one, municipality_id, name, registry, number)
    older = words_of.before(made) if against is None else against
    lines = await desk.read(defining.compared, municipality_id, name, registry, older, number)
    before = await desk.read(defining.one, municipality_id, name, registry, older)
    shown_: dict[str, Any] = {
        "made": made,
        "older": older,
        "lines": lines,
        "changes": changes(before, made),
        "title": words_of.title(made.declared),
    }
    return page(request, "made_lookups/changes.html", **values, **shown_)


@get("/made-lookups/{municipality_id:int}/{name:str}/versions/{number:int}/file", opt=USE)
async def download(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, name: Name, number: Number
) -> Response[bytes]:
    """The same as a file."""
    made = await desk.read(defining.one, municipality_id, name, request.app.state.registry, number)
    headers = {"Content-Disposition": f'attachment; filename="{name}.toml"'}
    return Response(made.text.encode(), media_type="application/toml; charset=utf-8", headers=headers)


async def shown(
    request: Asking, desk: Desk, municipality_id: int, name: str, number: int | None = None
) -> Response[bytes]:
    """A version that is read, and not changed."""
    values = await administration(request, desk)
    registry = request.app.state.registry
    made = await desk.read(defining.one, municipality_id, name, registry, number)
    shown_: dict[str, Any] = {
        "made": made,
        "facts": words_of.facts(made),
        "title": words_of.title(made.declared),
        "newest": made.newest,
        "before": {each.number: words_of.before(made, each.number) for each in made.versions},
    }
    return page(request, "made_lookups/show.html", **values, **shown_)


ROUTES = (show_made, show_version, show_changes, download)
