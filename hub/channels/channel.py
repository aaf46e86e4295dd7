"""Channel: one configured connector. `config` is plain, `secrets` encrypted and loaded only where it is run."""

from typing import Any

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import Row
from hub.storage.types import Json


class Channel(Row):
    """`home_id` None: shared, the municipality is decided per item. `fence` rises with every lease of the channel.

    `lease_until`, `trouble`: see trouble.py.
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
    fence: Mapped[int] = mapped_column(default=0)
    paused_why: Mapped[str | None]
    trouble: Mapped[str | None]
    last_contact_at: Mapped[int | None]
