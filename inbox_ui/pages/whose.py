"""Whose a conversation is: the dialog that merges citizens, splits an address off and tells apart who shares one."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from msgspec import Meta

from hub.edge import glances, knowing, looking
from hub.edge.desk import Desk
from hub.edge.parameters import PathId, id_of
from hub.edge.person import WORK
from inbox_ui import thread
from inbox_ui.context import fragment
from inbox_ui.forms import Decided
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import gettext as _

MaybeId = Annotated[str, Meta(pattern="^([1-9][0-9]{0,18})?$")]


class Decision(Decided):
    """One of them: `merge` and `give` name a citizen, `split` a point, `undo` a move, `name` somebody new.

    `kind`: what the citizen is.
    """

    merge: MaybeId = ""
    split: MaybeId = ""
    give: MaybeId = ""
    undo: MaybeId = ""
    name: Annotated[str, Meta(max_length=200)] = ""
    kind: Annotated[str, Meta(pattern="^(person|organisation)?$")] = ""


@get("/conversations/{conversation_id:int}/whose", opt=WORK)
async def ask_whose(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Who it may be of."""
    values = await fragment(request, desk, view)
    shown: dict[str, Any] = {
        "one": await desk.read(glances.line, conversation_id),
        "whose": await desk.read(knowing.shown, conversation_id),
        "points": await desk.read(knowing.points_of, conversation_id),
        "candidates": await desk.read(knowing.candidates, conversation_id, ""),
    }
    return page(request, "citizens/_whose.html", **values, **shown)


@get("/conversations/{conversation_id:int}/whose/candidates", opt=WORK)
async def find_citizens(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    words: Annotated[str, QueryParameter(max_length=200)] = "",
) -> Response[bytes]:
    """Who is found by these words."""
    values = await fragment(request, desk, view)
    found = await desk.read(knowing.candidates, conversation_id, words)
    return page(request, "citizens/_candidates.html", **values, candidates=found)


@post("/conversations/{conversation_id:int}/whose", opt=WORK, status_code=200)
async def decide_whose(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Decision],
) -> Response[bytes]:
    """As somebody has decided, with a way back."""
    if data.undo:
        line = await desk.write(knowing.undo, conversation_id, data.if_match, id_of("undo", data.undo))
        toast = Toast(_("Undone"))
    elif data.kind:
        line = await desk.write(knowing.set_kind, conversation_id, data.if_match, data.kind)
        words, was = (
            (_("An organisation"), "person") if data.kind == "organisation" else (_("A person"), "organisation")
        )
        toast = Toast(words, f"/conversations/{conversation_id}/whose", {"kind": was, "version": str(line.version)})
    else:
        done, words = await _done(desk, conversation_id, data)
        line, back = done.conversation, {"undo": done.move, "version": str(done.conversation.version)}
        toast = Toast(words, f"/conversations/{conversation_id}/whose", back)
    if not is_part(request):
        return onward(view.opens(line.id))
    looked = await desk.look(looking.look_at, conversation_id)
    shown = await thread.thread(request, desk, view, looked)
    headers = {
        "HX-Retarget": "#thread-head",
        "HX-Reswap": "outerMorph",
        "HX-Trigger": f"changed-{line.id}, entry-{line.id}",
    }
    return page(request, "citizens/_whose_changed.html", headers=headers, **shown, toast=toast)


async def _done(desk: Desk, conversation_id: int, data: Decision) -> tuple[knowing.Done, str]:
    if data.merge:
        other_id = id_of("merge", data.merge)
        return await desk.write(knowing.merge, conversation_id, data.if_match, other_id), _(
            "Merged: they are one citizen"
        )
    if data.split:
        point_id = id_of("split", data.split)
        return await desk.write(knowing.split_off, conversation_id, data.if_match, point_id), _("Split off")
    if data.give:
        citizen_id = id_of("give", data.give)
        return await desk.write(knowing.give, conversation_id, data.if_match, citizen_id), _("It is theirs now")
    return await desk.write(knowing.give, conversation_id, data.if_match, None, data.name), _("It is theirs now")


ROUTES = (ask_whose, find_citizens, decide_whose)
