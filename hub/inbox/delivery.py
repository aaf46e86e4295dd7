"""Delivery: one outgoing effect, one recipient. The row is the job.

queued (not before the undo time) -> leased (fence, attempt) -> handed_over -> sent | deferred | failed | uncertain.
What is uncertain, or failed, a person decides on, see `decided`; what the other side says later is `reported`.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, ForeignKey, UniqueConstraint, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import MunicipalityRow, own, partial_index, same_municipality

STATES = ("queued", "leased", "handed_over", "sent", "deferred", "failed", "uncertain")
UNSETTLED = ("queued", "leased", "handed_over", "deferred")
WENT_WRONG = ("failed", "uncertain")


class Delivery(MunicipalityRow):
    """`fence` rises with every lease: who comes back with an older one changes nothing. `reason` is for the agent.

    `again_at`: since when it is tried anew, as a person asked for it. `delayed_at`, `delivered_at`, `read_at`: when
    the other side said so, after it had taken it.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        own(),
        same_municipality("entry_id", "entry"),
        UniqueConstraint("entry_id", "recipient"),
        partial_index(
            "ix_delivery_unsettled",
            "not_before",
            "id",
            where="state IN ('queued', 'leased', 'handed_over', 'deferred')",
        ),
        partial_index("ix_delivery_went_wrong", "channel_id", where="state IN ('failed', 'uncertain')"),
    )
    entry_id: Mapped[int]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    recipient: Mapped[str]
    message_id: Mapped[str]
    not_before: Mapped[int]
    state: Mapped[str] = mapped_column(default="queued")
    attempt: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[int | None]
    handed_over_at: Mapped[int | None]
    settled_at: Mapped[int | None]
    outside_id: Mapped[str | None]
    reason: Mapped[str | None]
    again_at: Mapped[int | None]
    delayed_at: Mapped[int | None]
    delivered_at: Mapped[int | None]
    read_at: Mapped[int | None]


def is_one_of(states: Sequence[str]) -> ColumnElement[bool]:
    """For UNSETTLED or WENT_WRONG, beside what narrows them down: their indexes serve no query that doesn't say the
    very words, and values that are only known later aren't words."""
    return Delivery.state.in_([literal_column(f"'{state}'") for state in states])
