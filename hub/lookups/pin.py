"""Pin: a card kept in the timeline as it was shown, with its source and its time. Internal: it never leaves the house.

Who opens the conversation reads it, so it holds what an agent may see; and no longer than its definition says.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import select

from hub import clock
from hub.access.person import Actor
from hub.contract import AnyCard
from hub.errors import Invalid, NotAllowed
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.timeline import EntryLine
from hub.lookups.cover import covered, masked
from hub.lookups.offer import shown_before
from hub.lookups.sources import Sources
from hub.storage.unit import Unit

_AT_ONCE = 500


def pin(
    unit: Unit,
    sources: Sources,
    actor: Actor,
    conversation: Conversation,
    name: str,
    asked_at: datetime,
    number: int,
) -> Entry:
    """The card of that number, from 0, of the answer that was asked for then and shown to this person.

    Raises NotFound, NotAllowed, Invalid, and Conflict where that is old, or isn't what they were told last.
    """
    definition, told = shown_before(unit, sources, actor, conversation, name, asked_at)
    declared, answered = definition.declared, told.answered
    if not answered.cards:
        raise Invalid("card", "that answer has no card: there is nothing to pin")
    if number >= len(answered.cards):
        raise Invalid("card", "there is no such card: they are counted from 0")
    if "agent" not in declared.roles:
        raise NotAllowed("Only leads may see this, and whoever opens the conversation would read what is pinned.")
    shown = covered(answered, declared.leads_only, declared.until_asked)
    days = declared.keep_days
    body: Mapping[str, Any] = {
        "card": msgspec.to_builtins(shown.cards[number]),
        "lookup": declared.name,
        "title": declared.title,
        "source": declared.source or declared.title,
        "asked_at": answered.asked_at.isoformat(),
    }
    entry = Entry(
        kind="card",
        author_kind="person",
        author_id=actor.id,
        visibility="internal",
        text="",
        body=body,
        erase_at=clock.now() + days * clock.DAY if days else None,
    )
    return conversation.append(unit, entry)


def as_shown(lines: Sequence[EntryLine]) -> Sequence[EntryLine]:
    """Of a timeline, with numbers masked on pinned cards, too: one may have been kept before they were masked."""
    return [_as_shown(each) if each.kind == "card" and each.body["card"] else each for each in lines]


def _as_shown(line: EntryLine) -> EntryLine:
    card: AnyCard = msgspec.convert(line.body["card"], AnyCard)
    return replace(line, body={**line.body, "card": msgspec.to_builtins(masked(card))})


def erase_old(unit: Unit) -> None:
    """Pinned cards whose time is over: that one was pinned stays in the timeline."""
    due = select(Entry).where(Entry.erase_at.is_not(None), Entry.erase_at <= clock.now())
    for entry in unit.all(due.order_by(Entry.erase_at).limit(_AT_ONCE)):
        entry.body, entry.erase_at = {**entry.body, "card": None}, None


def any_old(unit: Unit) -> bool:
    """Whether there are some: nobody waits for a writer who has nothing to do."""
    return unit.first(select(Entry.id).where(Entry.erase_at.is_not(None), Entry.erase_at <= clock.now())) is not None
