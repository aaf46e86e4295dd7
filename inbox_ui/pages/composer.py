"""Composer: answers and notes. What is missing or new is asked for once; what was sent can be undone for a while."""

from collections.abc import Iterator
from typing import Any

from litestar import Response, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from msgspec.structs import replace

from hub.edge import glances, looking, replying, writing
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.parameters import PathId
from hub.edge.person import WORK
from hub.edge.replying import NewReply
from hub.edge.settling import Settled
from hub.edge.versions import ANY
from hub.edge.writing import Added, NewNote
from hub.inbox.queries import ConversationLine
from hub.inbox.reply import Overtaken
from inbox_ui import thread
from inbox_ui.beginning import beginning
from inbox_ui.context import fragment
from inbox_ui.forms import addresses, instant, text, usable
from inbox_ui.pages.changes import told_elsewhere
from inbox_ui.rendering import BEGUN, FORM, SHOWS, Asking, is_part, onward, page, shows_another
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import gettext as _
from inbox_ui.words import told


@post("/conversations/{conversation_id:int}/replies", opt=WORK, status_code=200)
async def add_reply(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """An answer to the citizen. Asks first when somebody was faster, or when it shall be closed without an outcome."""
    form = await request.form()
    values = await fragment(request, desk, view)
    written = text(form, "text")
    then = str(form.get("then") or "open")
    if then == "close" and not form.get("asked"):
        looked = await desk.look(looking.look_at, conversation_id)
        if any(each.outcome is None for each in looked.page.matters):
            return _ask(request, "composer/_ended.html", **values, **thread.head(looked))
    said = usable(
        {
            "text": written,
            "by": form.get("by") or None,
            "cc": addresses(form, "cc"),
            "uploads": form.getall("uploads", []),
            "seen_entry_id": form.get("seen") or None,
            "over": bool(form.get("over")),
            "then": "close" if then == "close" else None if then == "open" else "wait",
            "until": None if then in {"open", "close"} else instant(then, ""),
        },
        NewReply,
    )
    creation = asked(form.get("key") or None, f"POST {request.url.path}", said)
    undo_seconds = desk.settings.undo_seconds
    options: dict[str, Any] = {"undo_seconds": undo_seconds, "outcomes": list(_outcomes(form))}
    try:
        answer = await desk.write(replying.send_reply, conversation_id, said, creation, **options)
    except Overtaken as error:
        kept = {name: said for name, said in form.items() if name.startswith(("outcome_", "cause_"))}
        shown = {"sentence": told(error), "newest": error.entry_id, "then": then, "kept": kept}
        return _ask(request, "composer/_overtaken.html", **values, **shown)
    added = writing.added(answer)
    words = {"open": _("Sent"), "close": _("Sent and closed")}.get(then, _("Sent, and waits"))
    return await sent(request, desk, view, added, words, undo=True)


@post("/conversations/{conversation_id:int}/replies/{entry_id:int}/undo", opt=WORK, status_code=200)
async def undo_reply(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    entry_id: PathId,
) -> Response[bytes]:
    """Taken back before it left: its text is in the composer or the form again, to which the page goes back."""
    begun = request.headers.get(SHOWS) == BEGUN
    undone = await writing.take_back(desk, conversation_id, entry_id, ANY, begun=begun)
    values = await fragment(request, desk, view)
    line, toast = undone.line, Toast(_("Taken back. Nothing was sent"))
    if undone.crossed:
        toast = Toast(_("Taken back, and kept in its conversation: you have begun another one meanwhile"))
    if line is None:
        return _shut_out(request, view, values, begins=undone.begins)
    if undone.begins:
        return await begun_again(request, desk, view, line, toast)
    if not shows_another(request, line.id):
        return await composed(request, desk, view, line, toast)
    if request.headers[SHOWS] in {FORM, BEGUN}:
        return await told_elsewhere(request, desk, view, line, toast)
    return await opened(request, desk, view, line.id, toast)


@post("/conversations/{conversation_id:int}/notes", opt=WORK, status_code=200)
async def add_note(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """For colleagues: it never leaves the house."""
    form = await request.form()
    said = usable({"text": text(form, "note"), "uploads": form.getall("note_uploads", [])}, NewNote)
    creation = asked(form.get("key") or None, f"POST {request.url.path}", said)
    added = writing.added(await desk.write(writing.send_note, conversation_id, said, creation))
    return await sent(request, desk, view, added, _("Note added"))


async def sent(
    request: Asking, desk: Desk, view: View, added: Added, words: str, *, undo: bool = False
) -> Response[bytes]:
    """The composer, empty; for a page without a script, the page."""
    line = await desk.read(glances.line, int(added.conversation_id))
    back = f"/conversations/{line.id}/replies/{added.id}/undo" if undo and desk.settings.undo_seconds else ""
    return await composed(request, desk, view, line, Toast(words, back))


async def sent_from_pane(request: Asking, desk: Desk, view: View, added: Added, words: str) -> Response[bytes]:
    """The conversation in place of the form that was sent, with the way back."""
    at = f"/conversations/{added.conversation_id}"
    if not is_part(request):
        return onward(view.opens(added.conversation_id))
    back = f"{at}/replies/{added.id}/undo" if desk.settings.undo_seconds else ""
    return await opened(request, desk, view, added.conversation_id, Toast(words, back))


async def begun_again(request: Asking, desk: Desk, view: View, line: ConversationLine, toast: Toast) -> Response[bytes]:
    """The form of a new message, with all that was in it, in place of whatever stands in the page but another form."""
    at = f"/messages/new?{view.query}"
    if not is_part(request):
        return onward(at)
    if request.headers.get(SHOWS) in {FORM, BEGUN}:
        return await told_elsewhere(request, desk, view, line, replace(toast, opens=at))
    values = {**await fragment(request, desk, view), **await beginning(desk)}
    headers = {
        "HX-Retarget": "#thread",
        "HX-Reswap": "outerHTML",
        "HX-Push-Url": at,
        "HX-Trigger": f"changed-{line.id}",
    }
    return page(request, "messages/_again.html", headers=headers, **values, toast=toast)


async def opened(request: Asking, desk: Desk, view: View, conversation_id: str, toast: Toast) -> Response[bytes]:
    """The conversation in place of whatever stands in the page."""
    looked = await desk.look(looking.look_at, int(conversation_id))
    values = await thread.thread(request, desk, view, looked)
    headers = {"HX-Retarget": "#thread", "HX-Reswap": "outerHTML", "HX-Push-Url": view.opens(conversation_id)}
    return page(request, "conversations/_opened.html", headers=headers, **{**values, "beside": True}, toast=toast)


async def composed(request: Asking, desk: Desk, view: View, line: ConversationLine, toast: Toast) -> Response[bytes]:
    """The composer and all around it, as they are now."""
    if not is_part(request):
        return onward(view.opens(line.id))
    looked = await desk.look(looking.look_at, int(line.id))
    values = await thread.thread(request, desk, view, looked)
    headers = {"HX-Retarget": "#composer", "HX-Trigger": f"changed-{line.id}"}
    return page(request, "composer/_sent.html", headers=headers, **values, toast=toast)


def _shut_out(request: Asking, view: View, values: dict[str, Any], *, begins: bool) -> Response[bytes]:
    """Words alone, and a way to the form where it is a draft again: the conversation isn't its writer's to open now."""
    at = f"/messages/new?{view.query}" if begins else ""
    if not is_part(request):
        return onward(at or view.href)
    toast = Toast(_("Taken back. Nothing was sent. You can't open the conversation any more"), opens=at)
    headers = {"HX-Retarget": "#toast", "HX-Reswap": "innerHTML"}
    return page(request, "toasts/_toast.html", headers=headers, **values, toast=toast)


def _outcomes(form: FormMultiDict) -> Iterator[tuple[int, Settled]]:
    """Of the dialog that asks for them."""
    for name in form:
        kind, _sign, matter_id = name.partition("_")
        if kind == "outcome" and matter_id.isdecimal():
            said = {"outcome": form[name], "avoidable_cause": form.get(f"cause_{matter_id}") or None}
            yield int(matter_id), usable(said, Settled)


def _ask(request: Asking, template: str, **values: Any) -> Response[bytes]:
    """A dialog, where dialogs go; the composer stays as it is."""
    return page(request, template, headers={"HX-Retarget": "#asking", "HX-Reswap": "innerHTML"}, **values)


ROUTES = (add_reply, undo_reply, add_note)
