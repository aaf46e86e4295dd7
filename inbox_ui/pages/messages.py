"""Messages: a conversation that we begin, from a queue that its writer works in."""

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from hub.edge import drafting, writing
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.person import WORK
from hub.edge.writing import NewMessage
from hub.errors import Invalid
from inbox_ui.beginning import beginning
from inbox_ui.context import fragment
from inbox_ui.forms import addresses, sender_of, text, usable
from inbox_ui.pages.composer import sent_from_pane
from inbox_ui.pages.inbox import whole_page
from inbox_ui.rendering import Asking, is_part, page
from inbox_ui.view import View
from inbox_ui.words import gettext as _

Sender = Annotated[str, QueryParameter(name="from", max_length=60)]


@get("/messages/new", opt=WORK)
async def show_new(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], sender: Sender = ""
) -> Response[bytes]:
    """The form, in the conversation's place, with what was begun in it."""
    shown = await beginning(desk, sender)
    if is_part(request):
        values = await fragment(request, desk, view)
        return page(request, "messages/_pane.html", **values, **shown)
    return await whole_page(request, desk, view, "messages/_pane.html", shown)


@post("/messages", opt=WORK, status_code=200)
async def add_message(request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View]) -> Response[bytes]:
    """Sent, and a conversation of its own."""
    form = await request.form()
    sender = sender_of(str(form.get("from") or ""))
    to = addresses(form, "to")
    if len(to) != 1:
        raise Invalid("to", _("A new message goes to one address; others can be copied."))
    said = usable(
        {
            "municipality": sender.municipality,
            "queue": sender.queue,
            "subject": str(form.get("subject") or ""),
            "text": text(form, "text"),
            "to": to[0],
            "cc": addresses(form, "cc"),
            "uploads": form.getall("uploads", []),
            "topics": await desk.read(drafting.topics_of, sender, addresses(form, "topics")),
        },
        NewMessage,
    )
    creation = asked(form.get("key") or None, f"POST {request.url.path}", said)
    undo_seconds = desk.settings.undo_seconds
    answer = await desk.write(writing.send_message, said, creation, undo_seconds=undo_seconds)
    return await sent_from_pane(request, desk, view, writing.added(answer), _("Sent"))


ROUTES = (show_new, add_message)
