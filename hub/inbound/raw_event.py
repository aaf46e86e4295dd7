"""Raw event: what came, byte for byte, kept before anything is made of it."""

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import Row, partial_index
from hub.storage.keys import Keys
from hub.storage.types import Json

STATES = ("new", "read", "quarantined", "erased")
PARSER_VERSION = "3"
"""Raised when mail is read otherwise than before: what a row of an older one says, a replay says anew."""


class RawEvent(Row):
    """`state`: new -> read | quarantined; erased keeps the row, so that its source is not imported again.

    `content_key`: of pulled ones, the beginning of `sha256` as a number, to find one again whose key has changed.
    `arrivals`: how often the very same came; `attempts`: how often it was tried to be read.
    """

    __tablename__ = "raw_event"
    __table_args__ = (
        UniqueConstraint("channel_id", "source_key"),
        partial_index("ix_raw_event_new", "channel_id", "id", where="state = 'new'"),
        partial_index("ix_raw_event_new_group", "channel_id", "id", where="state = 'new' AND group_key IS NOT NULL"),
        partial_index("ix_raw_event_group", "channel_id", "group_key", "id", where="group_key IS NOT NULL"),
        partial_index("ix_raw_event_content", "channel_id", "content_key", where="content_key IS NOT NULL"),
        partial_index("ix_raw_event_quarantined", "municipality_id", "id", where="state = 'quarantined'"),
        Index("ix_raw_event_municipality", "municipality_id", "id"),
        partial_index("ix_raw_event_sender", "municipality_id", "sender_key", "id", where="sender_key IS NOT NULL"),
        partial_index("ix_raw_event_message", "municipality_id", "message_key", "id", where="message_key IS NOT NULL"),
    )
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipality.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    source_key: Mapped[str]
    group_key: Mapped[str | None]
    sha256: Mapped[str]
    content_key: Mapped[int | None]
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
    sender_key: Mapped[int | None]
    message_key: Mapped[int | None]
    parser: Mapped[str | None]


def sender_key(keys: Keys, address: str) -> int | None:
    """What a raw event is found by; the address itself stands in no column of it."""
    return _key(keys, "raw-sender", address)


def message_key(keys: Keys, message_id: str) -> int | None:
    """The same; with or without its brackets."""
    return _key(keys, "raw-message", message_id.strip("<>"))


def _key(keys: Keys, purpose: str, said: str) -> int | None:
    said = said.strip().lower()
    return int.from_bytes(keys.mac(purpose, said.encode())[:8], signed=True) if said else None
