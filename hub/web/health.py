"""Health of the process, for whoever watches it, and the plain page at `/` of a hub without a screen."""

from typing import Any, Literal

from litestar import MediaType, Request, Response, get
from msgspec import Struct
from sqlalchemy import select

from hub.edge.person import ANYONE
from hub.edge.problems import RETRY_SECONDS
from hub.errors import Unavailable
from hub.inbox.municipality import Municipality
from hub.storage.scope import Scope
from hub.storage.unit import Unit

WELCOME = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Torg</title><meta name="viewport" content="width=device-width"></head>
<body>
<h1>Torg</h1>
<p>One inbox for a municipality's contact centre. This process serves its API, and no screen.</p>
<ul>
<li><a href="/api/v1/openapi.json">What the API offers</a> (OpenAPI). It wants an API token:
<code>torg token add EMAIL --name NAME</code>.</li>
<li><a href="/health">Health</a></li>
</ul>
</body>
</html>
"""


class Health(Struct, frozen=True):
    """`status`: ok | trouble."""

    status: Literal["ok", "trouble"]


@get("/health", opt=ANYONE)
async def show_health(request: Request[Any, Any, Any]) -> Response[Health]:
    """Whether the database answers: 200 or 503."""
    try:
        await request.app.state.storage.read(Scope.everything("health"), _answers)
    except Unavailable:
        return Response(Health("trouble"), status_code=503, headers={"Retry-After": str(RETRY_SECONDS)})
    return Response(Health("ok"))


@get("/", opt=ANYONE, media_type=MediaType.HTML, include_in_schema=False)
async def welcome() -> str:
    """What is here."""
    return WELCOME


def _answers(unit: Unit) -> None:
    unit.first(select(Municipality.id))


ROUTES = (show_health,)
