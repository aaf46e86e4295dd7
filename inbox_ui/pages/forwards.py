"""Forwards: what a citizen wrote, to somebody outside, with names and addresses masked. It answers nobody."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from hub.edge import drafting, looking, writing
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.looking import Looked
from hub.edge.parameters import PathId
from hub.edge.person import WORK
from hub.edge.writing import NewForward
from inbox_ui import thread
from inbox_ui.context import fragment
from inbox_ui.forms import addresses, usable
from inbox_ui.pages.composer import sent_from_pane
from inbox_ui.pages.inbox import whole_page
from inbox_ui.rendering import Asking, is_part, page
from inbox_ui.view import View
from inbox_ui.words import gettext as _


@get("/conversations/{conversation_id:int}/forward", opt=WORK)
async def show_forward(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """The form, in the conversation's place."""
    looked = await desk.write(looking.look_at, conversation_id)
    offer = await desk.read(writing.offer_forward, conversation_id)
    drafts = await desk.read(drafting.drafts_of, conversation_id)
    values = await fragment(request, desk, view)
    shown = {
        **thread.head(looked),
        **thread.writing(drafts),
        "offer": offer,
        "along": _along(looked),
    }
    if is_part(request):
        return page(request, "forwards/_pane.html", **values, **shown)
    return await whole_page(request, desk, view, "forwards/_pane.html", shown)


@post("/conversations/{conversation_id:int}/forwards", opt=WORK, status_code=200)
async def add_forward(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """To whom the agent names, and nobody else."""
    form = await request.form()
    said = usable(
        {
            "to": addresses(form, "to"),
            "cc": addresses(form, "cc"),
            "subject": str(form.get("subject") or ""),
            "text": str(form.get("text") or "").replace("\r\n", "\n"),
            "entries": form.getall("entries", []),
            "uploads": form.getall("uploads", []),
        },
        NewForward,
    )
    creation = asked(form.get("key") or None, f"POST {request.url.path}", said)
    undo_seconds = desk.settings.undo_seconds
    answer = await desk.write(writing.send_forward, conversation_id, said, creation, undo_seconds=undo_seconds)
    return await sent_from_pane(request, desk, view, writing.added(answer), _("Forwarded"))


def _along(looked: Looked) -> list[Any]:
    """The citizen's messages, newest first: what may go along."""
    return [each for each in reversed(looked.entries) if each.author.kind == "citizen" and each.kind == "mail"]


ROUTES = (show_forward, add_forward)
