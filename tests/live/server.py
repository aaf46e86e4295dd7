"""A server of nothing but live events: `python -m tests.live.server PORT VALID PING`.

It lasts as long as the file VALID is there, and says after PING seconds of silence that it is. `torg serve` with
another table of contents: the hub, the server and its shutdown are the real ones.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, Request, get, post
from litestar.response import ServerSentEvent

from hub.access import login
from hub.app import Hub
from hub.cli.serve import Server
from hub.edge import live as lines
from hub.edge.live import stream
from hub.settings import load_settings
from tests.live.ears import change
from tests.storage.centre import EVERYTHING


@get("/events")
async def events(request: Request[Any, Any, Any]) -> ServerSentEvent:
    """As the person of the token."""
    actor = await request.app.state.storage.read(EVERYTHING, login.by_token, request.headers["authorization"])

    async def still_valid() -> bool:
        return Path(sys.argv[2]).exists()  # noqa: ASYNC240 - a test's own file

    return ServerSentEvent(stream(request, actor, still_valid))


@post("/change/{row_id:int}")
async def make_change(request: Request[Any, Any, Any], row_id: int) -> str:
    """In this process."""
    return str(await request.app.state.storage.write(EVERYTHING, change, row_id))


@get("/looked")
async def has_looked(request: Request[Any, Any, Any]) -> bool:
    """What there was when it began is known by now."""
    poll = request.app.state.live._poll
    return poll is not None and poll.primed


def main() -> None:
    """Until a signal."""
    lines.PING = float(sys.argv[3])
    hub = Hub(load_settings(), serves=True, works=True)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        app.state.storage, app.state.live = hub.storage, hub.live
        async with hub.running():
            yield

    app = Litestar([events, has_looked, make_change], lifespan=[lifespan])
    # Streams end by themselves: no patience of the server does it for them.
    config = uvicorn.Config(app, port=int(sys.argv[1]), log_level="warning", timeout_graceful_shutdown=3600)
    Server(config, hub.live).run()


if __name__ == "__main__":
    main()
