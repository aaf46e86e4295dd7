"""Routes: the table of contents of what is served, and what holds for all of it."""

from collections.abc import Sequence
from typing import Any, Literal

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

from hub.edge.desk import provide_desk
from hub.edge.headers import secure
from hub.edge.meter import Meter, metered
from hub.edge.person import ANYONE, admit
from hub.edge.problems import Nowhere, problems
from hub.web import (
    alarms,
    asked,
    attachments,
    centre,
    changes,
    channel_calls,
    channels,
    chats,
    citizens,
    confidentiality,
    contacts,
    conversations,
    deliveries,
    drafts,
    duties,
    forms,
    health,
    identity,
    letters,
    lookups,
    made_lookups,
    matters,
    merges,
    misdirection,
    phones,
    questions,
    raw_events,
    receipts,
    replies,
    search,
    turns,
    uploads,
    whose,
)

PREFIX = "/api/v1"
Face = Literal["both", "public", "inside"]
MOST_BYTES = 1_000_000
"""A body's size, at most."""


def create(
    pages: Sequence[Router] | None = None,
    face: Face = "both",
    nowhere: Nowhere | None = None,
    meter: Meter | None = None,
    **options: Any,
) -> Litestar:
    """The application, with the screen's `pages` or a plain one; `options` are Litestar's own, `lifespan` above all.

    `face` public: what strangers ask for, and nothing of ours; inside: the rest.
    `nowhere` makes the screen's page for an address at which there is nothing; without it there is a problem in JSON.

    It expects in `app.state`: storage, settings, registry, `replay`, an async callable of a raw event's id, and
    `called`, one of a channel's id and a call.
    """
    plain = [] if face == "public" else [Router("/", route_handlers=[health.welcome], guards=[admit])]
    return Litestar(
        [*routes(face), *(pages if pages is not None else plain)],
        openapi_config=None if face == "public" else _openapi(),
        exception_handlers=problems(nowhere),
        before_send=[secure],
        request_max_body_size=MOST_BYTES,
        logging_config=None,  # `torg serve` sets it up
        middleware=[metered(meter or Meter())],
        **options,
    )


def routes(face: Face = "both") -> list[ControllerRouterHandler]:
    """Everything that is served. Each route states who may ask it; `admit` sees to that."""
    found: list[ControllerRouterHandler] = [Router("/", route_handlers=[*health.ROUTES], guards=[admit])]
    if face != "public":
        found += [_inside(), Router("/", route_handlers=[*health.INSIDE], guards=[admit])]
    if face != "inside":
        found.append(Router(PREFIX, route_handlers=[*forms.ROUTES], guards=[admit]))
        found.append(Router("/", route_handlers=[*channel_calls.ROUTES, *chats.ROUTES], guards=[admit]))
    return found


def _inside() -> Router:
    return Router(
        PREFIX,
        route_handlers=[
            *conversations.ROUTES,
            *contacts.ROUTES,
            *replies.ROUTES,
            *turns.ROUTES,
            *phones.ROUTES,
            *deliveries.ROUTES,
            *drafts.ROUTES,
            *uploads.ROUTES,
            *changes.ROUTES,
            *confidentiality.ROUTES,
            *identity.ROUTES,
            *lookups.ROUTES,
            *merges.ROUTES,
            *questions.ROUTES,
            *whose.ROUTES,
            *misdirection.ROUTES,
            *matters.ROUTES,
            *search.ROUTES,
            *citizens.ROUTES,
            *attachments.ROUTES,
            *channels.ROUTES,
            *raw_events.ROUTES,
            *alarms.ROUTES,
            *receipts.ROUTES,
            *asked.ROUTES,
            *made_lookups.ROUTES,
            *letters.ROUTES,
            *centre.ROUTES,
            *duties.ROUTES,
        ],
        guards=[admit],
        dependencies={"desk": Provide(provide_desk, sync_to_thread=False)},
    )


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
