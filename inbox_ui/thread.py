"""Thread: what the templates of one conversation are given, whichever page or change shows them."""

import secrets
from typing import Any

from hub.edge import drafting, looking
from hub.edge.desk import Desk
from hub.edge.drafting import Drafts
from hub.edge.looking import Looked
from inbox_ui import showing, times
from inbox_ui.context import fragment
from inbox_ui.rendering import Asking
from inbox_ui.view import View


async def thread(request: Asking, desk: Desk, view: View, looked: Looked) -> dict[str, Any]:
    """What the templates of a conversation are given."""
    values = await fragment(request, desk, view)
    drafts = Drafts((), ())
    if looked.glass_until is None:
        drafts = await desk.read(drafting.drafts_of, int(looked.page.conversation.id))
    return {
        **values,
        **head(looked),
        "days": showing.days(looked.entries, values["names"], looked.page.citizen.name),
        "before": looked.before,
        "newest": looking.cursor(looked.entries),
        "earlier": looked.earlier,
        **others(request, desk, looked.page.conversation.id),
        "beside": False,
        **writing(drafts),
    }


def head(looked: Looked) -> dict[str, Any]:
    """What a conversation's head, menus and citizen card are given."""
    return {
        "looked": looked,
        "one": looked.page.conversation,
        "matters": looked.page.matters,
        "focus": next((each for each in looked.page.matters if each.outcome is None), None),
        "outcomes": showing.OUTCOMES,
        "outcome_words": showing.outcome_words(),
        "causes": showing.causes(),
        "identity_ways": showing.identity_ways(),
        "identity_words": showing.identity_words(),
        "waits": times.waits(),
        "tomorrow": times.tomorrow(),
        "reply_to": showing.reply_to(looked),
    }


def writing(drafts: Drafts) -> dict[str, Any]:
    """What the composer is given: one's drafts by kind, and who else has one."""
    own = {each.kind: each for each in drafts.own}
    newest = max((each for each in drafts.own if each.kind != "forward"), key=lambda each: each.saved_at, default=None)
    return {
        "drafts": {kind: own.get(kind) for kind in ("reply", "note", "forward")},
        "others_write": drafts.others,
        "mode": "note" if newest is not None and newest.kind == "note" else "mail",
        "one_time": secrets.token_urlsafe(16),
    }


def others(request: Asking, desk: Desk, conversation_id: int | str) -> dict[str, Any]:
    """Who else has it open, and what they do."""
    there = request.app.state.live.present(int(conversation_id))
    return {"present": showing.present(there, desk.actor.id)}
