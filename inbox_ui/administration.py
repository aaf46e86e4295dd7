"""Administration: what IT's pages are given: their rail, and who is there."""

from typing import Any

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.edge import running
from hub.edge.desk import Desk
from inbox_ui.context import fragment
from inbox_ui.pages.settings import single_keys
from inbox_ui.rendering import Asking
from inbox_ui.view import View


async def administration(request: Asking, desk: Desk) -> dict[str, Any]:
    """For a page or a part of one. Sets the reader's language and timezone."""
    values = await fragment(request, desk, View())
    return values | {
        "view": None,
        "works": reads_conversations(desk.actor),
        "broken": len(running.plugins(request.app.state.registry).broken),
        "single_keys": single_keys(request),
        "now": clock.now(),
    }


def start_of(actor: Actor) -> str:
    """Where this person's work begins: with conversations; for who reads none but runs channels, with those."""
    return "/channels" if policy.runs_channels(actor, None) and not reads_conversations(actor) else "/inbox"


def reads_conversations(actor: Actor) -> bool:
    """Anywhere at all."""
    return any(policy.reads_citizens(actor, each) for each in actor.municipality_ids)
