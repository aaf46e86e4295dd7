"""Matter: one question in a conversation, with its topic, its outcome and whether it was avoidable and why."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.errors import Invalid
from hub.inbox.conversation import Conversation
from hub.inbox.topic import Topic
from hub.storage.base import MunicipalityRow, own, same_municipality
from hub.storage.unit import Unit

OUTCOMES = ("solved_here", "handed_over", "not_finished")


class Matter(MunicipalityRow):
    """`outcome` is None until an agent has said it: there is no default. `avoidable_cause` None: not avoidable."""

    __tablename__ = "matter"
    __table_args__ = (
        own(),
        same_municipality("conversation_id", "conversation"),
        same_municipality("topic_id", "topic"),
        Index("ix_matter_conversation", "municipality_id", "conversation_id"),
        Index("ix_matter_topic", "municipality_id", "topic_id", "conversation_id"),
    )
    conversation_id: Mapped[int]
    topic_id: Mapped[int]
    outcome: Mapped[str | None]
    avoidable_cause: Mapped[str | None]
    set_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    set_at: Mapped[int]


def add(unit: Unit, conversation: Conversation, by_id: int, topic: Topic) -> Matter:
    """One more question of this conversation."""
    _require_own(conversation, topic)
    row = Matter(
        municipality_id=conversation.municipality_id,
        conversation_id=conversation.id,
        topic_id=topic.id,
        set_by=by_id,
        set_at=clock.now(),
    )
    unit.add(row)
    conversation.append_change(unit, by_id, "matter_added", {"matter": str(row.id), "topic": str(topic.id)})
    return row


def change_topic(unit: Unit, conversation: Conversation, by_id: int, matter: Matter, topic: Topic) -> None:
    """It was about something else. How it ended stays, and the timeline keeps what was said first."""
    _require_own(conversation, topic)
    said = {"matter": str(matter.id), "was": str(matter.topic_id), "topic": str(topic.id)}
    matter.topic_id, matter.set_by, matter.set_at = topic.id, by_id, clock.now()
    conversation.append_change(unit, by_id, "matter_topic", said)


def settle(
    unit: Unit, conversation: Conversation, by_id: int, matter: Matter, outcome: str | None, avoidable_cause: str | None
) -> None:
    """Say how it ended, and whether and why it need not have come."""
    if outcome is not None and outcome not in OUTCOMES:
        raise Invalid("outcome", f"outcome is one of {', '.join(OUTCOMES)}, or null")
    matter.outcome, matter.avoidable_cause = outcome, avoidable_cause
    matter.set_by, matter.set_at = by_id, clock.now()
    said = {"matter": str(matter.id), "outcome": outcome, "avoidable_cause": avoidable_cause}
    conversation.append_change(unit, by_id, "matter_settled", said)


def remove(unit: Unit, conversation: Conversation, by_id: int, matter: Matter) -> None:
    """It was no question of its own after all. The timeline keeps that it was there."""
    gone = {"matter": str(matter.id), "topic": str(matter.topic_id)}
    unit.remove(matter)
    conversation.append_change(unit, by_id, "matter_removed", gone)


def _require_own(conversation: Conversation, topic: Topic) -> None:
    if topic.municipality_id != conversation.municipality_id or topic.retired_at is not None:
        raise Invalid("topic", "this topic isn't one of the conversation's municipality")
