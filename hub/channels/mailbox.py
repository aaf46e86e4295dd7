"""Mailbox: what one of a pulled channel's mailboxes held when it was last counted, and what of that is here."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import Row


class Mailbox(Row):
    """`at_source` = `here` + `waiting` (to be fetched yet) + `left_out` (older than the channel) + `unexplained`."""

    __tablename__ = "channel_mailbox"
    __table_args__ = (UniqueConstraint("channel_id", "name"),)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    name: Mapped[str]
    at_source: Mapped[int]
    here: Mapped[int]
    waiting: Mapped[int]
    left_out: Mapped[int]
    unexplained: Mapped[int]
    counted_at: Mapped[int]
