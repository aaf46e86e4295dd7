"""Channel: one configured connector. `config` is plain, `secrets` encrypted and loaded only where it is run."""

from typing import Any

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import Row
from hub.storage.types import Json


class Channel(Row):
    """`home_id` None: shared, the municipality is decided per item. `fence` rises with every lease of the channel.

    `per_minute`: how many mails may leave by it, None: as many as there are; `next_send_at`: when the next one may.
    `keeps_sent`: answers to what it brings are put into its Sent folder.
    `lease_until`, `trouble`: see trouble.py for one that listens, lease.py for one that is pulled. Of the latter:
    `behind`: how many its source still has, `vanished`: how many were gone before they were fetched, `warning`: what IT
    has to see to soon, `retry_at`: when it is tried again. `paused_itself`: its log-in or its settings were refused;
    nobody did it. `changed_at`: when its settings were. `renews_until`: see renewing.py.
    """

    __tablename__ = "channel"
    kind: Mapped[str]
    name: Mapped[str]
    home_id: Mapped[int | None] = mapped_column(ForeignKey("municipality.id"))
    sends_by_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id"))
    config: Mapped[Any] = mapped_column(Json)
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    cursor: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    lease_until: Mapped[int | None]
    lease_by: Mapped[str | None]
    fence: Mapped[int] = mapped_column(default=0)
    per_minute: Mapped[int | None]
    next_send_at: Mapped[int | None]
    keeps_sent: Mapped[bool | None]
    paused_why: Mapped[str | None]
    paused_itself: Mapped[bool | None]
    trouble: Mapped[str | None]
    last_contact_at: Mapped[int | None]
    changed_at: Mapped[int | None]
    behind: Mapped[int | None]
    vanished: Mapped[int | None]
    warning: Mapped[str | None]
    retry_at: Mapped[int | None]
    renews_until: Mapped[int | None]
