"""Context: what the desk's pages are given: who is there, what things are called, what is waiting."""

from functools import partial
from typing import Any

import msgspec

from hub import clock
from hub.edge import incoming, steering
from hub.edge.counts import counts
from hub.edge.desk import Desk, provide_desk
from hub.edge.names import names
from inbox_ui import talks
from inbox_ui.pages.settings import single_keys
from inbox_ui.places import administration_of, reads_conversations
from inbox_ui.rendering import Asking
from inbox_ui.view import View
from inbox_ui.words import speak, timezone


async def speak_to_reader(request: Asking) -> None:
    """Before whatever the page does: what it says is in the reader's language, and a time it reads is in their zone.

    Here alone, so that no page can read a local time before its zone is known. Async, so that it runs where the page
    does: of what is set in another thread nothing would be known there.
    """
    actor = request.scope.get("user")
    if actor is None:
        return
    language = request.cookies.get("language") or actor.language
    speak(language, "UTC")  # what goes wrong while the zone is looked up is said in their language too
    _serial, called = await names(provide_desk(request))
    zones = [one.timezone for one in called.municipalities.values()]
    speak(language, zones[0] if zones else "UTC")


async def fragment(request: Asking, desk: Desk, view: View) -> dict[str, Any]:
    """For the parts of a page."""
    serial, called = await names(desk)
    return {
        "actor": desk.actor,
        "view": view,
        "names": called,
        "called": serial,
        "undo_seconds": desk.settings.undo_seconds,
        "single_keys": single_keys(request),
    }


async def whole(request: Asking, desk: Desk, view: View, elsewhere: str = "") -> dict[str, Any]:
    """For a whole page, rail and all. `elsewhere`: the page in the rail that it is, where it is none of its lists."""
    values = await fragment(request, desk, view)
    counted = await counts(desk.storage, desk.actor)
    values |= await on_phone(request, desk)
    return values | {
        "counts": counted,
        "elsewhere": elsewhere,
        "counted": msgspec.json.encode(counted),
        "title": view.title(values["names"]),
        "total": getattr(counted, view.name, None) if view.is_plain else None,
        "is_head": any(held.role == "lead" and held.queue_id is not None for held in desk.actor.memberships),
        "administration": administration_of(desk.actor),
        "now": clock.now(),
        "zone": timezone(),
    }


async def on_phone(request: Asking, desk: Desk) -> dict[str, Any]:
    """The telephone: whether they can be rung, how its queues stand, and which call rings to them."""
    state = request.app.state
    changed = state.live.calls_changed(desk.actor.municipality_ids)
    seen = await incoming.seen(desk.storage, desk.actor, changed)
    return {
        "duty": seen.duty,
        "strip": seen.strip,
        "ringing": seen.ringing,
        "call_backs": seen.call_backs,
        "works": reads_conversations(desk.actor),
        "talks": talks,
        "steered": partial(steering.can_steer, state.registry),
    }
