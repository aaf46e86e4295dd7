"""Lookup cards: other systems' answers beside a conversation. One request asks one source; to show them asks none."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter, URLEncodedBody
from msgspec import Meta, Struct

from hub.edge import asking, glances
from hub.edge.asking import Asking, Inserting, Pinning, Telling, provide_sources
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.parameters import PathId
from hub.edge.person import READ, WORK
from hub.errors import Invalid, NotAllowed
from hub.inbox.queries import ConversationLine
from hub.lookups.cover import covered
from hub.lookups.offer import Offered
from hub.lookups.sources import Sources
from inbox_ui import thread
from inbox_ui.context import fragment
from inbox_ui.forms import usable
from inbox_ui.lookups import cards, panel
from inbox_ui.lookups.panel import Sent
from inbox_ui.lookups.sentences import language_of, sentence, worth
from inbox_ui.rendering import Asking as Request
from inbox_ui.rendering import is_part, onward, page
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import gettext as _
from inbox_ui.words import told, word

Name = Annotated[str, PathParameter(pattern="^[a-z][a-z0-9_]{1,39}$")]
_SOURCES = {"sources": Provide(provide_sources, sync_to_thread=False)}


class Question(Struct):
    """By what and what for, where one press isn't enough; `value` empty: what the conversation knows."""

    by: Annotated[str, Meta(max_length=20)] = ""
    value: Annotated[str, Meta(max_length=200)] = ""
    purpose: Annotated[str, Meta(max_length=500)] = ""

    @property
    def asking(self) -> Asking:
        """As the gate is told it. Raises Invalid."""
        return usable(self.said, Asking)

    @property
    def said(self) -> dict[str, Any]:
        """What was filled in."""
        return {"by": self.by or None, "value": self.value.strip(), "purpose": self.purpose}

    @property
    def sent(self) -> Sent:
        """For asking the same again."""
        return Sent(self.by, self.value.strip(), self.purpose)


class Inserted(Question):
    """`asked_at`: of the answer that is shown; `card`: the number of one of it; empty: what is worth telling of all."""

    asked_at: Annotated[str, Meta(max_length=40)] = ""
    card: Annotated[str, Meta(pattern="^[0-9]{0,3}$")] = ""

    @property
    def inserting(self) -> Inserting:
        """As it is told of. Raises Invalid."""
        which = {"asked_at": self.asked_at or None, "card": int(self.card) if self.card else None}
        return usable({**self.said, **which}, Inserting)


class Pinned(Struct):
    """`asked_at`: of the answer that is shown; `card`: the number of one of it."""

    asked_at: Annotated[str, Meta(max_length=40)] = ""
    card: Annotated[str, Meta(pattern="^[0-9]{1,3}$")] = "0"


@get("/conversations/{conversation_id:int}/lookups", opt=READ, dependencies=_SOURCES)
async def show_cards(
    request: Request,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    sources: NamedDependency[Sources],
    conversation_id: PathId,
) -> Response[bytes]:
    """What can be asked, and what was answered a while ago."""
    values = await fragment(request, desk, view)
    offers = await desk.read(asking.offers, conversation_id, sources)
    line = await desk.read(glances.line, conversation_id)
    return page(request, "lookups/_cards.html", **values, **thread.lookups(offers), one=line, whose=line.citizen_name)


@post("/conversations/{conversation_id:int}/lookups/{lookup:str}", opt=WORK, status_code=200, dependencies=_SOURCES)
async def ask_card(
    request: Request,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    sources: NamedDependency[Sources],
    conversation_id: PathId,
    lookup: Name,
    data: URLEncodedBody[Question],
) -> Response[bytes]:
    """Its card: the answer, or why there is none."""
    values = await fragment(request, desk, view)
    answered, refusal = None, ""
    try:
        answered = await asking.ask(desk, sources, conversation_id, lookup, data.asking)
    except Invalid as error:
        if error.field == "by" and not data.value.strip():
            raise Invalid("value", "write first what it is asked by: a number or an address") from error
        raise
    except NotAllowed as error:
        if not is_part(request):
            raise
        refusal = told(error)  # said where the answer would stand: five cards may be refused at once
    if not is_part(request):
        return onward(view.opens(conversation_id))
    found, offers = await desk.read(asking.offered, conversation_id, lookup, sources)
    line = await desk.read(glances.line, conversation_id)
    card = panel.one(found, offers, answered, sent=data.sent, refusal=refusal)
    return page(request, "lookups/_card.html", **values, one=line, whose=line.citizen_name, asked=card)


@post(
    "/conversations/{conversation_id:int}/lookups/{lookup:str}/sentence",
    opt=WORK,
    status_code=200,
    dependencies=_SOURCES,
)
async def say_card(
    request: Request,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    sources: NamedDependency[Sources],
    conversation_id: PathId,
    lookup: Name,
    data: URLEncodedBody[Inserted],
) -> Response[bytes]:
    """A sentence for the citizen; with the card where what was shown is old, and was asked again."""
    values = await fragment(request, desk, view)
    told = await asking.tell(desk, sources, conversation_id, lookup, data.inserting)
    line = await desk.read(glances.line, conversation_id)
    card = panel.one(told.offered, told.offers, told.answered, sent=data.sent) if told.is_anew else None
    said = _said(told, line, values["names"].municipalities[line.municipality_id], data.inserting.card)
    again = told.choose_again and told.answered.state == "found"
    return page(
        request, "lookups/_said.html", **values, one=line, whose=line.citizen_name, asked=card, said=said, again=again
    )


@post(
    "/conversations/{conversation_id:int}/lookups/{lookup:str}/pins", opt=WORK, status_code=200, dependencies=_SOURCES
)
async def pin_card(
    request: Request,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    sources: NamedDependency[Sources],
    conversation_id: PathId,
    lookup: Name,
    data: URLEncodedBody[Pinned],
) -> Response[bytes]:
    """Kept in the timeline, as it was shown."""
    values = await fragment(request, desk, view)
    said = usable({"asked_at": data.asked_at, "card": int(data.card)}, Pinning)
    creation = asked(None, f"POST {request.url.path}", said)
    await desk.write(asking.pin_card, conversation_id, lookup, said, creation, sources=sources)
    if not is_part(request):
        return onward(view.opens(conversation_id))
    headers = {"HX-Trigger": f"changed-{conversation_id}"}
    return page(request, "toasts/_toast.html", headers=headers, **values, toast=Toast(_("Pinned to the conversation")))


class Said(Struct, frozen=True):
    """A sentence in its language, and what the composer's tray calls it."""

    text: str
    language: str
    words: str
    icon: str


def _said(telling: Telling, line: ConversationLine, whose: Any, card: int | None) -> Said | None:
    """None where there is nothing to be said."""
    if telling.choose_again:
        return None
    offered, answered = telling.offered, covered(telling.answered, telling.offered.unsaid)
    numbers = worth(answered.cards) if card is None else [card]
    told_of = [answered.cards[number] for number in numbers if number < len(answered.cards)]
    if answered.state != "found" or not told_of:
        return None
    language = language_of(line.language, whose.language)
    source = offered.source.get(language) or word(offered.source)
    text = sentence(told_of, source, language, whose.timezone, offered.sentence.get(language, ""))
    return Said(text, language, _called(offered, told_of), cards.ICONS[offered.shows])


def _called(offered: Offered, told_of: Sequence[Any]) -> str:
    return cards.title(told_of[0]) if len(told_of) == 1 else word(offered.title)


ROUTES = (show_cards, ask_card, say_card, pin_card)
