"""Questions: whether a mail under another subject is a new question, asked in the head of what it has opened again."""

from typing import Annotated

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta

from hub.edge import questioning
from hub.edge.desk import Desk
from hub.edge.parameters import PathId, id_of
from hub.edge.person import WORK
from inbox_ui.forms import Decided
from inbox_ui.pages.changes import changed, whole
from inbox_ui.rendering import Asking
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import gettext as _

MaybeId = Annotated[str, Meta(pattern="^([1-9][0-9]{0,18})?$")]


class Answer(Decided):
    """`entry`: the mail that is a question of its own; `own`: what became one and isn't; neither: it is the same."""

    entry: MaybeId = ""
    own: MaybeId = ""


@post("/conversations/{conversation_id:int}/question", opt=WORK, status_code=200)
async def answer_question(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[Answer],
) -> Response[bytes]:
    """As somebody has said. What the answer leaves is shown whole: other entries stand there now."""
    if data.entry:
        line = await desk.write(questioning.part, conversation_id, data.if_match, id_of("entry", data.entry))
        was = await desk.read(questioning.version, conversation_id)
        back = {"own": line.id, "version": str(was)}
        toast = Toast(_("A conversation of its own now"), f"/conversations/{conversation_id}/question", back)
        return await whole(request, desk, view, line, toast)
    if data.own:
        line = await desk.write(questioning.undo, conversation_id, data.if_match, id_of("own", data.own))
        return await whole(request, desk, view, line, Toast(_("One conversation again")))
    line = await desk.write(questioning.keep, conversation_id, data.if_match)
    return await changed(request, desk, view, line, _("The same question"))


ROUTES = (answer_question,)
