"""Administration: what the pages beside the inbox are given: their rail, and who is there."""

from typing import Any

from hub import clock
from hub.access import policy
from hub.edge import on_duty, running
from hub.edge.desk import Desk
from inbox_ui.context import fragment
from inbox_ui.pages.settings import single_keys
from inbox_ui.places import reads_conversations
from inbox_ui.rendering import Asking
from inbox_ui.view import View
from inbox_ui.words import timezone


async def administration(request: Asking, desk: Desk) -> dict[str, Any]:
    """For a page or a part of one."""
    values = await fragment(request, desk, View())
    works = reads_conversations(desk.actor)
    return values | {
        "view": None,
        "works": works,
        "duty": await desk.read(on_duty.mine) if works else None,
        "is_it": policy.runs_channels(desk.actor, None),
        "administers": policy.administers(desk.actor, None),
        "audits": policy.audits(desk.actor, None),
        "sees_use": policy.sees_use(desk.actor, None),
        "broken": len(running.plugins(request.app.state.registry).broken),
        "single_keys": single_keys(request),
        "now": clock.now(),
        "zone": timezone(),
    }
