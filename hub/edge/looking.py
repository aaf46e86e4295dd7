"""Looking: what a list and a conversation show to one person, as the API's routes and the screen's pages ask for it."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.edge import work
from hub.inbox import desk_list, queries
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.desk_list import DeskLine
from hub.inbox.names import Names, names
from hub.inbox.queries import ConversationLine, ConversationPage, Filter
from hub.inbox.timeline import EntryLine, timeline
from hub.storage import keyset
from hub.storage.unit import Unit

EARLIER = 10
"""A citizen's other conversations that a page shows."""
ENTRIES = 50


class Looked(Struct, frozen=True):
    """A conversation with all that its page shows. `before`: the cursor of older entries, or None."""

    page: ConversationPage
    entries: Sequence[EntryLine]
    before: str | None
    earlier: Sequence[ConversationLine]


def list_page(
    unit: Unit, actor: Actor, filtered: Filter, after: str | None, limit: int
) -> tuple[Sequence[DeskLine], str | None]:
    """A page of the conversations this person may open, and the cursor of the next one or None."""
    return desk_list.desk_lines(unit, policy.within(actor), actor.id, filtered, after, limit)


def look_at(unit: Unit, actor: Actor, conversation_id: int) -> Looked:
    """Opens it: the reading is logged. Raises NotFound."""
    found = work.opened(unit, actor, conversation_id)
    newest, before = timeline(unit, found, None, ENTRIES, newest_first=True)
    citizen = unit.get(Citizen, found.citizen_id)
    assert citizen is not None  # a composite foreign key sees to it
    earlier, _ = queries.conversations_of(unit, policy.within(actor), citizen, None, EARLIER + 1)
    return Looked(
        page=queries.conversation_page(unit, found, lambda other: policy.may_open(actor, other)),
        entries=newest[::-1],
        before=before,
        earlier=[each for each in earlier if each.id != str(found.id)][:EARLIER],
    )


def newer_entries(unit: Unit, actor: Actor, conversation_id: int, after: str | None) -> Sequence[EntryLine]:
    """What came after `after`, a timeline cursor. Raises NotFound."""
    found = work.opened(unit, actor, conversation_id)
    return timeline(unit, found, after, ENTRIES)[0]


def older_entries(
    unit: Unit, actor: Actor, conversation_id: int, before: str | None
) -> tuple[Sequence[EntryLine], str | None]:
    """What came before `before`, oldest first, and the cursor of what came before that."""
    found = work.opened(unit, actor, conversation_id)
    entries, further = timeline(unit, found, before, ENTRIES, newest_first=True)
    return entries[::-1], further


def lines(unit: Unit, actor: Actor, ids: Sequence[int]) -> Sequence[DeskLine]:
    """Rows of a list, without those that this person may not, or not any more, open. No reading: a list shows as much."""
    rows = unit.all(select(Conversation).where(Conversation.id.in_(ids)))
    return desk_list.lines_of(unit, actor.id, [row.id for row in rows if policy.may_open(actor, row)])


def cursor(entries: Sequence[EntryLine], otherwise: str = "") -> str:
    """Of the last of them, for `newer_entries`."""
    if not entries:
        return otherwise
    return keyset.write_cursor((clock.from_datetime(entries[-1].occurred_at), int(entries[-1].id)))


def centre(unit: Unit, _: Actor) -> Names:
    """What everything in this person's scope is called."""
    return names(unit)
