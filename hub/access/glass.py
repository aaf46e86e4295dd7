"""Break glass: a confidential conversation is read from outside its queue, with a reason, for half an hour.

The rows of the reading log are the state: the newest of kind `glass` counts, and one without a reason ends it. When the
conversation is limited anew, all that was broken before is whole again.
"""

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.access.reading import Reading, log_reading
from hub.errors import Invalid
from hub.inbox import confidential
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.storage.unit import Unit

HOLDS = 30 * clock.MINUTE
_LEAST_REASON = 10


class Broken(Struct, frozen=True):
    """`until`: microseconds UTC; `reason`: as it was written."""

    until: int
    reason: str


def break_glass(unit: Unit, by: Actor, conversation: Conversation, reason: str) -> int:
    """Until when it may be read. Those inside are told: by an entry, and at once. That they may: policy."""
    reason = reason.strip()
    if len(reason) < _LEAST_REASON or " " not in reason:
        raise Invalid("reason", "say in a sentence why you have to read this: the head of its queue is told")
    log_reading(unit, by, "glass", conversation.id, conversation.id, reason)
    until = clock.now() + HOLDS
    conversation.append_change(unit, by.id, "glass", {"reason": reason, "until": clock.to_iso(until)})
    return until


def put_back(unit: Unit, by: Actor, conversation: Conversation) -> Entry | None:
    """Ends it before its time; None when it wasn't broken, or has ended."""
    if live(unit, by, conversation) is None:
        return None
    log_reading(unit, by, "glass", conversation.id, conversation.id)
    return conversation.append_change(unit, by.id, "glass_put_back", {})


def live(unit: Unit, actor: Actor, conversation: Conversation) -> Broken | None:
    """That this person, outside, may read it now, having broken the glass. Who may not know of it any more, may not."""
    if not policy.may_know_of(actor, conversation):
        return None
    newest = unit.first(
        select(Reading)
        .where(
            Reading.conversation_id == conversation.id,
            Reading.person_id == actor.id,
            Reading.at > clock.now() - HOLDS,
            Reading.kind == "glass",
        )
        .order_by(Reading.at.desc(), Reading.id.desc())
    )
    if newest is None or newest.reason is None:
        return None
    since = confidential.since(unit, conversation)
    return None if since is not None and newest.at < since else Broken(newest.at + HOLDS, newest.reason)
