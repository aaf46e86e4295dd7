"""Sent copy: a mail of ours, to be put into the Sent folder of the mailbox that its conversation came by.

waits (for the mail to be taken) -> queued -> leased -> kept | failed. It never holds up the mail, and says nothing of
it: what became of that, its deliveries say.
"""

from sqlalchemy import ColumnElement, ForeignKey, UniqueConstraint, literal_column, update
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.storage.base import MunicipalityRow, own, partial_index, same_municipality
from hub.storage.unit import Happening, Unit


class SentCopy(MunicipalityRow):
    """`channel_id`: of the mailbox. `fence`: as a delivery's."""

    __tablename__ = "sent_copy"
    __table_args__ = (
        own(),
        same_municipality("entry_id", "entry"),
        UniqueConstraint("entry_id"),
        partial_index("ix_sent_copy_due", "not_before", "id", where="state IN ('queued', 'leased')"),
    )
    entry_id: Mapped[int]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    state: Mapped[str] = mapped_column(default="waits")
    not_before: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[int | None]
    reason: Mapped[str | None]


def is_due() -> ColumnElement[bool]:
    """Beside what narrows it down: the index serves no query that doesn't say the very words."""
    return SentCopy.state.in_([literal_column("'queued'"), literal_column("'leased'")])


def due_now(unit: Unit, entry_id: int, municipality_id: int) -> None:
    """One of its recipients has it: from now on it belongs into the folder, once."""
    waits = update(SentCopy).where(SentCopy.entry_id == entry_id, SentCopy.state == "waits")
    if unit.change(waits.values(state="queued", not_before=clock.now())):
        unit.note(Happening("copy_queued", entry_id, municipality_id))
