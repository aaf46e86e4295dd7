"""The screen: what people see. Pages and their parts are rendered here; what they show and do is `hub.edge`'s.

`hub.app` mounts it because the setting `screen` names it, and knows nothing of it but `routers`.
"""

from litestar import Router
from litestar.di import Provide

from hub.edge.desk import provide_desk
from hub.edge.headers import PAGE_HEADERS
from hub.edge.session import LOG_IN_FIRST, admit_page
from inbox_ui import assets, live
from inbox_ui.context import speak_to_reader
from inbox_ui.pages import (
    changes,
    channels,
    citizens,
    composer,
    confidential,
    conversations,
    drafts,
    entries,
    forwards,
    inbox,
    matters,
    merges,
    messages,
    picked,
    plugins,
    raw_events,
    sessions,
    settings,
)
from inbox_ui.problems import PAGE_PROBLEMS
from inbox_ui.view import current_view

MOST_BYTES = 1_000_000
"""A form's size, at most; uploads have a limit of their own."""


def routers() -> list[Router]:
    """Everything the screen serves. Each page states who may ask it; `admit_page` sees to that."""
    pages = Router(
        "/",
        route_handlers=[
            *sessions.ROUTES,
            *inbox.ROUTES,
            *conversations.ROUTES,
            *entries.ROUTES,
            *changes.ROUTES,
            *picked.ROUTES,
            *matters.ROUTES,
            *composer.ROUTES,
            *drafts.ROUTES,
            *forwards.ROUTES,
            *messages.ROUTES,
            *merges.ROUTES,
            *confidential.ROUTES,
            *citizens.ROUTES,
            *channels.ROUTES,
            *raw_events.ROUTES,
            *plugins.ROUTES,
            *settings.ROUTES,
            *live.ROUTES,
        ],
        guards=[admit_page],
        before_request=speak_to_reader,
        dependencies={
            "desk": Provide(provide_desk, sync_to_thread=False),
            "view": Provide(current_view, sync_to_thread=False),
        },
        exception_handlers={**LOG_IN_FIRST, **PAGE_PROBLEMS},
        response_headers=PAGE_HEADERS,
        request_max_body_size=MOST_BYTES,
        include_in_schema=False,
    )
    return [pages, Router("/", route_handlers=[*assets.ROUTES], guards=[admit_page], include_in_schema=False)]
