"""Live: the one stream of events that a page listens to. It carries ids; the page fetches parts as itself."""

from collections.abc import AsyncIterator
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from hub.edge.live import stream
from hub.edge.person import READ
from hub.edge.session import session_actor
from inbox_ui import turns
from inbox_ui.rendering import Asking

Since = Annotated[int | None, QueryParameter(ge=0, le=2**63 - 1)]


@get("/events", opt={**READ, **turns.STREAM})
async def listen(request: Asking, since: Since = None) -> ServerSentEvent:
    """Until the page closes, its reader is somebody else or nobody, or the process ends. `since`: when it was made."""
    actor = request.user

    async def still_valid() -> bool:
        return bool(await session_actor(request) == actor)

    def events() -> AsyncIterator[ServerSentEventMessage]:
        return stream(request, actor, still_valid, since)

    return ServerSentEvent(events())


ROUTES = (listen,)
