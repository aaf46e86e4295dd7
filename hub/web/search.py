"""Search in the text of entries."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from hub.access import policy
from hub.access.person import Actor
from hub.edge.desk import Desk
from hub.edge.parameters import After, Limit
from hub.edge.person import READ
from hub.inbox.search import Hit, search
from hub.storage.unit import Unit
from hub.web.page import Page

Words = Annotated[
    str,
    QueryParameter(min_length=1, max_length=200, description="All of them must be there; the last may be unfinished."),
]


@get("/search", opt=READ)
async def find_entries(desk: NamedDependency[Desk], q: Words, after: After = None, limit: Limit = 50) -> Page[Hit]:
    """Entries with these words, in any of the five languages, newest first."""
    return await desk.read(_search, q, after, limit)


def _search(unit: Unit, actor: Actor, words: str, after: str | None, limit: int) -> Page[Hit]:
    return Page(*search(unit, words, policy.visible(actor), after, limit))


ROUTES = (find_entries,)
