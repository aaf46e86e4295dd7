"""Use: how lookups are used, for the departments whose systems they ask: by role and unit, without a name."""

from typing import Annotated, Any, Literal

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from hub.edge import auditing
from hub.edge.desk import Desk
from hub.edge.person import USE
from inbox_ui import looked, source_health, used
from inbox_ui.administration import administration
from inbox_ui.rendering import Asking, page

Days = Annotated[Literal[7, 28], QueryParameter(name="days")]


@get("/lookups", opt=USE)
async def show_use(request: Asking, desk: NamedDependency[Desk], span: Days = 7) -> Response[bytes]:
    """Of the last days, what is asked most first."""
    values = await administration(request, desk)
    lookups = [used.shown(each) for each in await desk.read(auditing.used, span)]
    found = await source_health.listed(desk, request.app.state.registry)
    values["healths"] = {(each.of.municipality_id, each.of.name): each for each in found}
    shown: dict[str, Any] = {"lookups": lookups, "days": span, "offices": looked.offices, "purpose_of": looked.purpose}
    return page(request, "use/page.html", **values, **shown)


ROUTES = (show_use,)
