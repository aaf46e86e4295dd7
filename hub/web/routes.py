"""Routes: the table of contents of what is served, and what holds for all of it."""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

from hub.edge.desk import provide_desk
from hub.edge.headers import secure
from hub.edge.person import ANYONE, admit
from hub.edge.problems import PROBLEMS
from hub.web import (
    attachments,
    centre,
    changes,
    channels,
    citizens,
    confidentiality,
    conversations,
    drafts,
    health,
    identity,
    matters,
    merges,
    misdirection,
    raw_events,
    replies,
    search,
    uploads,
)

PREFIX = "/api/v1"
MOST_BYTES = 1_000_000
"""A body's size, at most."""


def create(pages: Sequence[Router] | None = None, **options: Any) -> Litestar:
    """The application, with the screen's `pages` or a plain one; `options` are Litestar's own, `lifespan` above all.

    It expects in `app.state`: storage, settings, registry, and `replay`, an async callable of a raw event's id.
    """
    plain = Router("/", route_handlers=[health.welcome], guards=[admit])
    return Litestar(
        [*routes(), *(pages if pages is not None else [plain])],
        openapi_config=_openapi(),
        exception_handlers=PROBLEMS,
        before_send=[secure],
        request_max_body_size=MOST_BYTES,
        logging_config=None,  # `torg serve` sets it up
        **options,
    )


def routes() -> list[ControllerRouterHandler]:
    """Everything that is served. Each route states who may ask it; `admit` sees to that."""
    api = Router(
        PREFIX,
        route_handlers=[
            *conversations.ROUTES,
            *replies.ROUTES,
            *drafts.ROUTES,
            *uploads.ROUTES,
            *changes.ROUTES,
            *confidentiality.ROUTES,
            *identity.ROUTES,
            *merges.ROUTES,
            *misdirection.ROUTES,
            *matters.ROUTES,
            *search.ROUTES,
            *citizens.ROUTES,
            *attachments.ROUTES,
            *channels.ROUTES,
            *raw_events.ROUTES,
            *centre.ROUTES,
        ],
        guards=[admit],
        dependencies={"desk": Provide(provide_desk, sync_to_thread=False)},
    )
    plain = Router("/", route_handlers=[*health.ROUTES], guards=[admit])
    return [api, plain]


def _openapi() -> OpenAPIConfig:
    """JSON alone: the pages that show it load from elsewhere."""
    address = f"{PREFIX}/openapi.json"
    return OpenAPIConfig(
        title="Torg",
        version="1",
        description="One inbox for a municipality's contact centre. Ids are text; times ISO 8601 in UTC.",
        use_handler_docstrings=True,
        components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"token": []}],
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"], media_type="application/json")],  # type: ignore[arg-type]  # any media type is fine
        openapi_router=Router(address, route_handlers=[], include_in_schema=False, opt=ANYONE, guards=[admit]),
    )
