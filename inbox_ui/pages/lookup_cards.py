"""Lookup cards: other systems' answers beside a conversation. One request asks one source; to show them asks none."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter, URLEncodedBody
from msgspec import Meta, Struct

from hub.edge import asking, glances
from hub.edge.asking import Asking, Pinning, provide_sources
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.parameters import PathId
from hub.edge.person import READ, WORK
from hub.errors import Invalid, NotAllowed, NotFound
from hub.inbox.queries import ConversationLine
from hub.lookups.cover import covered
from hub.lookups.offer import Offered, Offers, require_shown
from hub.lookups.question import Answered
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
        return usable({"by": self.by or None, "value": self.value.strip(), "purpose": self.purpose}, Asking)

    @property
    def sent(self) -> Sent:
        """For asking the same again."""
        return Sent(self.by, self.value.strip(), self.purpose)


class Inserted(Question):
    """`asked_at`: of the answer that is shown; `card`: the number of one of it; empty: what is worth telling of all."""

    asked_at: Annotated[str, Meta(max_length=40)] = ""
    card: Annotated[str, Meta(pattern="^[0-9]{0,3}$")] = ""


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
    found, offers = await offered(desk, sources, conversation_id, lookup)
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
    """A sentence for the citizen. What is old by now is asked again first; to who isn't known nothing is said."""
    values = await fragment(request, desk, view)
    found, offers = await offered(desk, sources, conversation_id, lookup)
    if found.stands != "address" and not offers.confirmed:
        raise NotAllowed("Confirm the identity first: what a card says of somebody goes to nobody who isn't known.")
    if found.answered is not None:
        require_shown(found.answered, usable({"asked_at": data.asked_at}, Pinning).asked_at)
    asked_anew = found.answered is None
    answered = found.answered or await asking.ask(desk, sources, conversation_id, lookup, data.asking)
    line = await desk.read(glances.line, conversation_id)
    card = panel.one(found, offers, answered, sent=data.sent) if asked_anew else None
    said = _said(found, answered, line, values["names"].municipalities[line.municipality_id], data.card)
    return page(request, "lookups/_said.html", **values, one=line, whose=line.citizen_name, asked=card, said=said)


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


def _said(offered: Offered, answered: Answered, line: ConversationLine, whose: Any, card: str) -> Said | None:
    """None where there is nothing to be said."""
    answered = covered(answered, offered.unsaid)
    numbers = [int(card)] if card else worth(answered.cards)
    told_of = [answered.cards[number] for number in numbers if number < len(answered.cards)]
    if answered.state != "found" or not told_of:
        return None
    language = language_of(line.language, whose.language)
    source = offered.source.get(language) or word(offered.source)
    text = sentence(told_of, source, language, whose.timezone, offered.sentence.get(language, ""))
    return Said(text, language, _called(offered, told_of), cards.ICONS[offered.shows])


def _called(offered: Offered, told_of: Sequence[Any]) -> str:
    return cards.title(told_of[0]) if len(told_of) == 1 else word(offered.title)


async def offered(desk: Desk, sources: Sources, conversation_id: int, name: str) -> tuple[Offered, Offers]:
    """One of them, among all of them. Raises NotFound."""
    offers = await desk.read(asking.offers, conversation_id, sources)
    found = panel.named(offers, name)
    if found is None:
        raise NotFound("There is no such lookup here.")
    return found, offers


ROUTES = (show_cards, ask_card, say_card, pin_card)
