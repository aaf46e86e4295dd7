"""Lookup reveals: a field of a card that stands as dots, in clear for a purpose and two minutes."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, URLEncodedBody

from hub import clock
from hub.contract.cards import Field
from hub.edge import asking
from hub.edge.asking import RevealingField, provide_sources
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import WORK
from hub.lookups.sources import Sources
from inbox_ui.context import fragment
from inbox_ui.forms import usable
from inbox_ui.lookups import panel
from inbox_ui.lookups.line import Fact
from inbox_ui.lookups.others import value
from inbox_ui.pages.citizens import Purpose, purposes
from inbox_ui.pages.lookup_cards import Name
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.view import View

_SOURCES = {"sources": Provide(provide_sources, sync_to_thread=False)}
_ONE = "/conversations/{conversation_id:int}/lookups/{lookup:str}"
Card = Annotated[int, QueryParameter(ge=0, le=999)]
FieldName = Annotated[str, QueryParameter(max_length=100)]
AskedAt = Annotated[datetime, QueryParameter()]


@get(f"{_ONE}/reveal", opt=WORK, dependencies=_SOURCES)
async def ask_purpose(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    sources: NamedDependency[Sources],
    conversation_id: PathId,
    lookup: Name,
    asked_at: AskedAt,
    card: Card = 0,
    field: FieldName = "",
) -> Response[bytes]:
    """The dialog that asks what for."""
    values = await fragment(request, desk, view)
    found = (await desk.read(asking.offered, conversation_id, lookup, sources))[0]
    usual = panel.purpose_of(found)
    words, fact = panel.field_words(field), Fact("", "", waits=field, card=card, asked_at=asked_at.isoformat())
    asks: dict[str, Any] = {
        "to": f"{_at(conversation_id, lookup)}/reveal?{fact.which}",
        "target": f"waits-{lookup}-{fact.place}",
        "what": words,
        "purposes": [*([usual] if usual else ()), *purposes()],
    }
    return page(request, "citizens/_reveal.html", **values, **asks)


@post(f"{_ONE}/reveal", opt=WORK, status_code=200, dependencies=_SOURCES)
async def reveal(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    sources: NamedDependency[Sources],
    conversation_id: PathId,
    lookup: Name,
    data: URLEncodedBody[Purpose],
    asked_at: AskedAt,
    card: Card = 0,
    field: FieldName = "",
) -> Response[bytes]:
    """In clear, until its time is over: then the page covers it again."""
    said = usable({"asked_at": asked_at, "field": field, "purpose": data.purpose, "card": card}, RevealingField)
    found = await desk.write(asking.reveal_field, conversation_id, lookup, said, sources=sources)
    if not is_part(request):
        return onward(view.opens(conversation_id))
    left = max(1, (clock.from_datetime(found.until) - clock.now()) // clock.SECOND)
    words = panel.field_words(field)
    clear = value(Field(words, found.value, found.kind, found.currency))
    fact = Fact(words, clear, waits=field, card=card, seconds=left, asked_at=asked_at.isoformat())
    return await _field(request, desk, view, conversation_id, lookup, fact)


@get(f"{_ONE}/masked", opt=WORK, dependencies=_SOURCES)
async def show_masked(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    sources: NamedDependency[Sources],
    conversation_id: PathId,
    lookup: Name,
    asked_at: AskedAt,
    card: Card = 0,
    field: FieldName = "",
) -> Response[bytes]:
    """As dots again."""
    await desk.read(asking.offered, conversation_id, lookup, sources)
    fact = Fact(panel.field_words(field), "", waits=field, card=card, asked_at=asked_at.isoformat())
    return await _field(request, desk, view, conversation_id, lookup, fact)


async def _field(
    request: Asking, desk: Desk, view: View, conversation_id: int, lookup: str, fact: Fact
) -> Response[bytes]:
    values = await fragment(request, desk, view)
    return page(request, "lookups/_waits.html", **values, at=_at(conversation_id, lookup), lookup=lookup, fact=fact)


def _at(conversation_id: int, lookup: str) -> str:
    return f"/conversations/{conversation_id}/lookups/{lookup}"


ROUTES = (ask_purpose, reveal, show_masked)
