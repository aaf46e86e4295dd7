"""Forwards: what a citizen wrote, to somebody outside, with names and addresses masked. It answers nobody."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from hub.edge import drafting, looking, writing
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.looking import Looked
from hub.edge.parameters import PathId, id_of
from hub.edge.person import WORK
from hub.edge.writing import NewForward
from inbox_ui import thread
from inbox_ui.context import fragment
from inbox_ui.forms import Id, addresses, usable
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
    looked = await desk.look(looking.look_at, conversation_id)
    drafts = await desk.read(drafting.drafts_of, conversation_id)
    values = await fragment(request, desk, view)
    along, writing_of = _along(looked), thread.writing(drafts)
    draft = writing_of["drafts"]["forward"]
    chosen = draft.written.along if draft and draft.written.along is not None else [each.id for each in along[:1]]
    offer = await desk.read(
        writing.offer_forward, conversation_id, [int(each.id) for each in along if each.id in chosen]
    )
    shown = {
        **await thread.asked(request, desk, conversation_id),
        **thread.head(looked),
        **writing_of,
        "offer": offer,
        "along": along,
        "chosen": chosen,
        "beside": is_part(request),
    }
    if is_part(request):
        return page(request, "forwards/_pane.html", **values, **shown)
    return await whole_page(request, desk, view, "forwards/_pane.html", shown)


@get("/conversations/{conversation_id:int}/quotation", opt=WORK)
async def show_quotation(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    entries: Annotated[list[Id] | None, QueryParameter(max_items=50)] = None,
) -> Response[bytes]:
    """What the chosen messages will say, masked."""
    chosen = [id_of("entries", each) for each in entries or ()]
    offer = await desk.read(writing.offer_forward, conversation_id, chosen)
    return page(request, "forwards/_quotation.html", **await fragment(request, desk, view), offer=offer)


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
            "files": form.getall("files", []),
            "uploads": form.getall("uploads", []),
        },
        NewForward,
    )
    creation = asked(form.get("key") or None, f"POST {request.url.path}", said)
    limits = {"undo_seconds": desk.settings.undo_seconds, "most_bytes": drafting.most_bytes(desk)}
    answer = await desk.write(writing.send_forward, conversation_id, said, creation, **limits)
    return await sent_from_pane(request, desk, view, writing.added(answer), _("Forwarded"))


def _along(looked: Looked) -> list[Any]:
    """The citizen's messages, newest first: what may go along."""
    return [each for each in reversed(looked.entries) if each.author.kind == "citizen" and each.kind == "mail"]


ROUTES = (show_forward, show_quotation, add_forward)
