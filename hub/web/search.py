"""Search in the text of entries, with the words of `hub/inbox/search_words.py`."""

from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from hub.access.person import Actor
from hub.edge.desk import Desk
from hub.edge.parameters import After, Limit
from hub.edge.person import READ
from hub.edge.searching import search_entries
from hub.inbox import search
from hub.storage.unit import Unit
from hub.web.page import Page

Words = Annotated[
    str,
    QueryParameter(
        min_length=1,
        max_length=200,
        description="Words that must all be there, the last may be unfinished; and filters, as in `from:anna is:open`: "
        "from, topic, queue, to, is, assignee, has, kind, before, after.",
    ),
]


class Hit(Struct, frozen=True):
    """An entry with what was asked for. `snippet`: where the first of the words stands."""

    conversation_id: str
    entry_id: str
    municipality_id: str
    kind: str
    subject: str
    occurred_at: datetime
    snippet: str


@get("/search", opt=READ)
async def find_entries(desk: NamedDependency[Desk], q: Words, after: After = None, limit: Limit = 50) -> Page[Hit]:
    """Entries with these words, in any of the five languages, newest first.

    With filters only, and none of `from`, `kind`, `has` among them: conversations, newest first, each with its newest
    entry.
    """
    return await desk.read(_search, q, after, limit)


def _search(unit: Unit, actor: Actor, text: str, after: str | None, limit: int) -> Page[Hit]:
    hits, further = search_entries(unit, actor, text, after, limit)
    return Page([_hit(each) for each in hits], further)


def _hit(found: search.Hit) -> Hit:
    return Hit(
        conversation_id=str(found.conversation_id),
        entry_id=str(found.entry_id),
        municipality_id=str(found.municipality_id),
        kind=found.kind,
        subject=found.subject,
        occurred_at=found.occurred_at,
        snippet="".join(each.text for each in found.snippet),
    )


ROUTES = (find_entries,)
