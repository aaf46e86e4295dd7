"""Context: what the desk's pages are given: who is there, what things are called, what is waiting."""

from typing import Any

import msgspec

from hub import clock
from hub.access import policy
from hub.edge.counts import counts
from hub.edge.desk import Desk
from hub.edge.names import names
from inbox_ui.pages.settings import single_keys
from inbox_ui.rendering import Asking
from inbox_ui.view import View
from inbox_ui.words import speak, timezone


async def speak_to_reader(request: Asking) -> None:
    """Before whatever the page does: what it says of that is in the reader's language.

    Async, so that it runs where the page does: of what is set in another thread nothing would be known there.
    """
    actor = request.scope.get("user")
    if actor is not None:
        speak(request.cookies.get("language") or actor.language, "UTC")


async def fragment(request: Asking, desk: Desk, view: View) -> dict[str, Any]:
    """For the parts of a page. Sets the reader's timezone."""
    serial, called = await names(desk)
    zones = [one.timezone for one in called.municipalities.values()]
    speak(request.cookies.get("language") or desk.actor.language, zones[0] if zones else "UTC")
    return {
        "actor": desk.actor,
        "view": view,
        "names": called,
        "called": serial,
        "undo_seconds": desk.settings.undo_seconds,
        "single_keys": single_keys(request),
    }


async def whole(request: Asking, desk: Desk, view: View) -> dict[str, Any]:
    """For a whole page, rail and all."""
    values = await fragment(request, desk, view)
    counted = await counts(desk.storage, desk.actor)
    return values | {
        "counts": counted,
        "counted": msgspec.json.encode(counted),
        "title": view.title(values["names"]),
        "total": getattr(counted, view.name, None) if view.is_plain else None,
        "is_head": any(held.role == "lead" and held.queue_id is not None for held in desk.actor.memberships),
        "is_it": policy.runs_channels(desk.actor, None),
        "now": clock.now(),
        "zone": timezone(),
    }
