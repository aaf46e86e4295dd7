"""Entry: one item of a conversation's timeline, which is the only timeline and the only log."""

from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.errors import NotAllowed, Unavailable
from hub.storage.base import MunicipalityRow, own, partial_index, same_municipality
from hub.storage.types import Json


class Entry(MunicipalityRow):
    """`kind`: mail, note, change, card, call or chat (later form, visit, sms); `body` is what that kind has to say.

    `visibility` follows from the kind: public may reach the citizen, internal never does. A mail that forwards what the
    citizen wrote to somebody else is internal. `erase_at`: from then on what it says is shown to nobody, and erased.
    """

    __tablename__ = "entry"
    __table_args__ = (
        own(),
        same_municipality("conversation_id", "conversation"),
        UniqueConstraint("municipality_id", "channel_id", "item_key"),
        # A call is one, whichever municipality its steps seem to be for.
        partial_index("ix_entry_call", "channel_id", "item_key", where="kind = 'call'", unique=True),
        Index("ix_entry_timeline", "conversation_id", "occurred_at", "id"),
        Index("ix_entry_raw_event", "raw_event_id"),
        partial_index("ix_entry_erase", "erase_at", where="erase_at IS NOT NULL"),
    )
    conversation_id: Mapped[int]
    first_conversation_id: Mapped[int]
    kind: Mapped[str]
    occurred_at: Mapped[int]
    recorded_at: Mapped[int]
    author_kind: Mapped[str]
    """citizen | person | hub"""
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id"))
    raw_event_id: Mapped[int | None] = mapped_column(ForeignKey("raw_event.id"))
    item_key: Mapped[str | None]
    visibility: Mapped[str]
    language: Mapped[str | None]
    text: Mapped[str]
    body: Mapped[Any] = mapped_column(Json)
    undone_at: Mapped[int | None]
    erase_at: Mapped[int | None]


class Mail(MunicipalityRow):
    """What only a mail has. `refs`: the References header; `recipients`: {"to": […], "cc": […]}, as claimed."""

    __tablename__ = "mail"
    __table_args__ = (
        own(),
        same_municipality("entry_id", "entry"),
        UniqueConstraint("municipality_id", "entry_id"),
        Index("ix_mail_message_id", "municipality_id", "message_id"),
    )
    entry_id: Mapped[int]
    message_id: Mapped[str | None]
    in_reply_to: Mapped[str | None]
    refs: Mapped[list[str]] = mapped_column(Json)
    sender: Mapped[str]
    recipients: Mapped[Any] = mapped_column(Json)
    automatic: Mapped[str | None]
    authentication: Mapped[str | None]
    safe_html: Mapped[str | None]


WAITS, FOUND = "waits", "found"
"""States of a file that isn't opened."""


class Attachment(MunicipalityRow):
    """A file of an entry. `public_id` is 128 random bits: its address, which nobody can guess. `inline_id`: its cid.

    Small ones lie in `body`, larger ones in the blob folder under `sha256` (`blob`). `scan`: WAITS, from `scan_at` on,
    for the virus scanner; FOUND: there is something in it; `scan_said`: what, or why nobody knows. None: may be opened.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        own(),
        same_municipality("entry_id", "entry"),
        Index("ix_attachment_entry", "entry_id"),
        partial_index("ix_attachment_scan", "scan", "scan_at", where="scan IS NOT NULL"),
    )
    public_id: Mapped[str] = mapped_column(unique=True)
    entry_id: Mapped[int]
    sha256: Mapped[str]
    body: Mapped[bytes | None]
    blob: Mapped[str | None]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    inline_id: Mapped[str | None]
    scan: Mapped[str | None]
    scan_said: Mapped[str | None]
    scan_at: Mapped[int | None]

    def require_open(self) -> None:
        """Raises Unavailable for one that waits for the virus scanner, NotAllowed for one that was shut away."""
        if self.scan == WAITS:
            raise Unavailable("The virus scanner hasn't looked at this file yet. Try again in a few minutes.")
        if self.scan == FOUND:
            raise NotAllowed(
                "This file is shut away: the virus scanner found {found} in it. Ask IT, who can release it.",
                found=self.scan_said or "?",
            )
