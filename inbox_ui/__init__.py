"""The screen: what people see. Pages and their parts are rendered here; what they show and do is `hub.edge`'s.

`hub.app` mounts it because the setting `screen` names it, and knows nothing of it but `routers`, `nowhere` and `say`.
"""

from collections.abc import Callable
from contextvars import copy_context

from litestar import Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException

from hub.edge.desk import provide_desk
from hub.edge.headers import PAGE_HEADERS
from hub.edge.session import LOG_IN_FIRST, admit_page
from inbox_ui import assets, live, stored, words
from inbox_ui.context import speak_to_reader
from inbox_ui.pages import (
    alarms,
    callbacks,
    canned,
    changes,
    channel_settings,
    channels,
    chat,
    chats,
    citizens,
    composer,
    confidential,
    contacts,
    conversations,
    deliveries,
    drafts,
    duties,
    entries,
    forwards,
    inbox,
    letterheads,
    looked,
    lookup_beginning,
    lookup_cards,
    lookup_editing,
    lookup_reveals,
    made_forms,
    made_lookups,
    matters,
    merges,
    messages,
    picked,
    plugins,
    public_forms,
    questions,
    raw_events,
    receipts,
    sessions,
    settings,
    use,
    whose,
)
from inbox_ui.problems import PAGE_PROBLEMS, of_http
from inbox_ui.public.problems import PUBLIC_PROBLEMS, is_public, went_wrong
from inbox_ui.rendering import Asking
from inbox_ui.turns import in_turn
from inbox_ui.view import current_view

MOST_BYTES = 1_000_000
"""A form's size, at most; uploads have a limit of their own."""


def say(sentence: str, language: str) -> str:
    """A sentence of the hub's in a language, where there are words in it: for what is sent, with nobody's page open."""

    def said() -> str:
        words.speak(language, "UTC")
        return stored.stored(sentence)

    return copy_context().run(said)


def routers(face: str = "both") -> list[Router]:
    """Everything the screen serves. Each page states who may ask it; `admit_page` sees to that.

    `face` public: what a citizen opens, and nothing that takes a log-in; inside: the rest.
    """
    found = [Router("/", route_handlers=[*assets.ROUTES], guards=[admit_page], include_in_schema=False)]
    if face != "public":
        found.append(_inside())
    if face != "inside":
        found += _public()
    return found


def nowhere(face: str = "both") -> Callable[[Asking, HTTPException], Response[bytes]]:
    """The page for an address at which there is nothing: to a citizen where they go, else to one of ours."""

    def show(request: Asking, error: HTTPException) -> Response[bytes]:
        is_theirs = face == "public" or is_public(request.scope["path"])
        return went_wrong(request, error) if is_theirs else of_http(request, error)

    return show


def _public() -> list[Router]:
    """Nobody is logged in there; a chat's frame brings a policy of its own."""
    forms = Router(
        "/",
        route_handlers=[*public_forms.ROUTES],
        guards=[admit_page],
        exception_handlers={**PAGE_PROBLEMS, **PUBLIC_PROBLEMS},
        response_headers=PAGE_HEADERS,
        request_max_body_size=MOST_BYTES,
        include_in_schema=False,
    )
    frames = Router(
        "/",
        route_handlers=[*chat.ROUTES],
        guards=[admit_page],
        exception_handlers=PUBLIC_PROBLEMS,
        include_in_schema=False,
    )
    return [forms, frames]


def _inside() -> Router:
    return Router(
        "/",
        route_handlers=[
            *sessions.ROUTES,
            *inbox.ROUTES,
            *conversations.ROUTES,
            *contacts.ROUTES,
            *callbacks.ROUTES,
            *entries.ROUTES,
            *changes.ROUTES,
            *picked.ROUTES,
            *matters.ROUTES,
            *composer.ROUTES,
            *chats.ROUTES,
            *canned.ROUTES,
            *deliveries.ROUTES,
            *drafts.ROUTES,
            *forwards.ROUTES,
            *messages.ROUTES,
            *merges.ROUTES,
            *questions.ROUTES,
            *whose.ROUTES,
            *confidential.ROUTES,
            *citizens.ROUTES,
            *lookup_cards.ROUTES,
            *lookup_reveals.ROUTES,
            *channel_settings.ROUTES,
            *channels.ROUTES,
            *raw_events.ROUTES,
            *plugins.ROUTES,
            *alarms.ROUTES,
            *letterheads.ROUTES,
            *receipts.ROUTES,
            *looked.ROUTES,
            *use.ROUTES,
            *made_lookups.ROUTES,
            *lookup_editing.ROUTES,
            *lookup_beginning.ROUTES,
            *duties.ROUTES,
            *settings.ROUTES,
            *made_forms.ROUTES,
            *live.ROUTES,
        ],
        guards=[admit_page],
        middleware=[in_turn],
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
