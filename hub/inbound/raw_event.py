"""Raw event: what came, byte for byte, kept before anything is made of it."""

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import Row, partial_index
from hub.storage.types import Json

STATES = ("new", "read", "quarantined", "erased")
PARSER_VERSION = "1"


class RawEvent(Row):
    """`state`: new -> read | quarantined; erased keeps the row, so that its source is not imported again.

    `arrivals`: how often the very same came; `attempts`: how often it was tried to be read.
    """

    __tablename__ = "raw_event"
    __table_args__ = (
        UniqueConstraint("channel_id", "source_key"),
        partial_index("ix_raw_event_new", "id", where="state = 'new'"),
        partial_index("ix_raw_event_quarantined", "municipality_id", "id", where="state = 'quarantined'"),
        Index("ix_raw_event_municipality", "municipality_id", "id"),
    )
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipality.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    source_key: Mapped[str]
    group_key: Mapped[str | None]
    sha256: Mapped[str]
    media_type: Mapped[str]
    origin: Mapped[dict[str, str]] = mapped_column(Json)
    body: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    blob: Mapped[str | None]
    size: Mapped[int]
    whole_size: Mapped[int | None]
    received_at: Mapped[int]
    arrivals: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(default="new")
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None]
    parser: Mapped[str | None]
