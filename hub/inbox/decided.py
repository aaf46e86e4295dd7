"""Decided: what a person says became of a delivery that went wrong: to send it again, or that it arrived."""

from collections.abc import Sequence

from hub import clock
from hub.errors import Conflict, NotFound
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import WENT_WRONG, Delivery
from hub.inbox.entry import Entry
from hub.storage.unit import Happening, Unit


def send_again(unit: Unit, conversation: Conversation, by_id: int, delivery_id: int) -> Entry:
    """A person has looked whether it arrived, and it didn't: it leaves anew, under the Message-ID it had.

    So that a mail program that has the first one all the same may know the second. The pauses begin anew as well.
    """
    row = _doubtful(unit, conversation, delivery_id, WENT_WRONG)
    row.state, row.reason, row.settled_at, row.outside_id = "queued", None, None, None
    row.attempt, row.lease_until, row.handed_over_at = 0, None, None
    row.delayed_at = row.delivered_at = row.read_at = None
    row.not_before = row.again_at = clock.now()
    unit.note(Happening("delivery_queued", row.id, row.municipality_id, conversation.id))
    unit.note(Happening("delivery_changed", row.id, row.municipality_id))
    return conversation.append_change(unit, by_id, "sent_again", {"entry": str(row.entry_id)})


def arrived(unit: Unit, conversation: Conversation, by_id: int, name: str, delivery_id: int) -> Entry:
    """A person knows that it arrived, where the mail server never said so. `name`: theirs, for the colleagues."""
    row = _doubtful(unit, conversation, delivery_id, ("uncertain",))
    row.state, row.reason, row.settled_at, row.lease_until = "sent", f"{name} says that it arrived.", clock.now(), None
    unit.note(Happening("delivery_changed", row.id, row.municipality_id))
    return conversation.append_change(unit, by_id, "arrived", {"entry": str(row.entry_id)})


def _doubtful(unit: Unit, conversation: Conversation, delivery_id: int, states: Sequence[str]) -> Delivery:
    """Locked. Raises NotFound, and Conflict when it has come to another end by now."""
    row = unit.lock(Delivery, delivery_id)
    entry = None if row is None else unit.get(Entry, row.entry_id)
    if row is None or entry is None or entry.conversation_id != conversation.id:
        raise NotFound("There is no such mail in this conversation.")
    if row.state not in states or entry.undone_at is not None:
        raise Conflict("Nobody needs to decide on this any more: look at how it stands now.")
    return row
