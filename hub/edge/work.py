"""Work on a conversation, as every route and page does it: may they, is it as they saw it, do it, write it down."""

from collections.abc import Callable
from typing import TypeVar

from hub.access import glass, policy
from hub.access.audit import log_act
from hub.access.glass import Broken
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.edge import versions
from hub.errors import NotFound
from hub.inbox import queries
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.queries import ConversationLine
from hub.storage.unit import Unit

T = TypeVar("T")
Change = Callable[[Unit, Actor, Conversation], object]


def log_opening(unit: Unit, actor: Actor, conversation_id: int) -> None:
    """A row in the reading log, before anything is shown. Raises NotFound when this person may not open it."""
    found = unit.get(Conversation, conversation_id)
    broken = readable(unit, actor, found)
    assert found is not None  # else it is not readable
    log_reading(unit, actor, "conversation", found.id, found.id, broken.reason if broken else None)


def opened(unit: Unit, actor: Actor, conversation_id: int) -> Conversation:
    """The conversation, to be read: its opening is logged (`Desk.look`). Raises NotFound as `log_opening` does."""
    found = unit.get(Conversation, conversation_id)
    readable(unit, actor, found)
    assert found is not None  # else it is not readable
    return found


def readable(unit: Unit, actor: Actor, conversation: Conversation | None) -> Broken | None:
    """Raises NotFound unless this person may read it; the glass, where only a broken one lets them. To read only."""
    if conversation is None or not policy.may_open(actor, conversation):
        broken = None if conversation is None else glass.live(unit, actor, conversation)
        if broken is None:
            raise NotFound("There is no such conversation.")
        return broken
    return None


def held(unit: Unit, actor: Actor, conversation_id: int) -> Conversation:
    """The conversation, nobody else's until the unit ends. Raises NotFound, NotAllowed."""
    return policy.require_work(actor, unit.lock(Conversation, conversation_id))


def change(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, act: str, *, make: Change
) -> ConversationLine:
    """Makes one change to the state that `if_match` names. Raises VersionMissing, Stale, and what `make` raises."""
    found = held(unit, actor, conversation_id)
    versions.expect(found.version, if_match)
    make(unit, actor, found)
    log(unit, actor, act, found)
    return queries.conversation_line(unit, found.id)


def log(
    unit: Unit,
    actor: Actor,
    act: str,
    conversation: Conversation,
    entry: Entry | None = None,
    purpose: str | None = None,
) -> None:
    """The audit row: of the conversation, or of one entry of it."""
    log_act(
        unit,
        act,
        actor,
        municipality_id=conversation.municipality_id,
        subject=("conversation", conversation.id) if entry is None else ("entry", entry.id),
        conversation_id=conversation.id,
        purpose=purpose,
    )
