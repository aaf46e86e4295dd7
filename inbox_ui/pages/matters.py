"""Matters: the questions of a conversation, what they are about and how they ended."""

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta

from hub.edge import glances, settling
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.parameters import PathId
from hub.edge.person import READ, WORK
from hub.edge.settling import NewMatter, Settled
from hub.errors import Invalid
from inbox_ui import showing
from inbox_ui.context import fragment
from inbox_ui.forms import Decided, Id
from inbox_ui.pages.changes import changed
from inbox_ui.rendering import Asking, page
from inbox_ui.view import View
from inbox_ui.words import gettext as _

Outcome = Annotated[str, Meta(max_length=20)]


class ByTopic(Decided, kw_only=True):
    """`topic`: an id."""

    topic: Id


class Said(Decided):
    """What was chosen in a question's menu: one of the four. `topic`: an id."""

    outcome: Outcome = ""
    cause: Annotated[str, Meta(max_length=40)] = ""
    topic: Annotated[str, Meta(max_length=20)] = ""
    remove: Annotated[str, Meta(max_length=3)] = ""


@get("/conversations/{conversation_id:int}/topics", opt=READ)
async def show_topics(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """What a question can be about, in the conversation's municipality."""
    line = await desk.read(glances.line, conversation_id)
    values = await fragment(request, desk, view)
    return page(request, "conversations/_topics.html", **values, municipality_id=line.municipality_id)


@post("/conversations/{conversation_id:int}/matters", opt=WORK, status_code=200)
async def add_matter(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[ByTopic],
) -> Response[bytes]:
    """One more question."""
    said = NewMatter(data.topic)
    key = f"{data.version}-{data.topic}"  # the same press twice is one question
    creation = asked(key, f"POST {request.url.path}", said)
    await desk.write(settling.add_matter, conversation_id, said, creation)
    line = await desk.read(glances.line, conversation_id)
    return await changed(request, desk, view, line, _("Question added"))


@post("/conversations/{conversation_id:int}/matters/{matter_id:int}", opt=WORK, status_code=200)
async def settle_matter(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    matter_id: PathId,
    data: URLEncodedBody[Said],
) -> Response[bytes]:
    """How it ended, whether it need not have come, what it was about, or that it was none.

    Pressed again, an outcome or a cause is taken back.
    """
    if data.remove:
        await desk.write(settling.remove_matter, conversation_id, data.if_match, matter_id)
        words = _("Question removed")
    else:
        was = await desk.read(glances.matter, conversation_id, matter_id)
        outcome, cause = was.outcome, was.avoidable_cause
        if data.outcome:
            outcome = None if data.outcome == outcome else data.outcome
        if data.cause:
            cause = None if data.cause == cause else data.cause
        if outcome not in {None, *showing.OUTCOMES}:
            raise Invalid("outcome", "choose one of the three outcomes")
        settled = Settled(outcome, cause, data.topic or None)  # type: ignore[arg-type]  # checked above
        await desk.write(settling.settle_matter, conversation_id, data.if_match, matter_id, settled)
        words = _("Topic changed") if data.topic else _("Marked") if cause else _("Mark removed")
        words = showing.outcome_words()[outcome].words if data.outcome else words
    line = await desk.read(glances.line, conversation_id)
    return await changed(request, desk, view, line, words)


ROUTES = (show_topics, add_matter, settle_matter)
