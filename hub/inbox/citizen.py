"""Citizen: a person or organisation outside, and the points they can be reached or known by."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.storage.base import MunicipalityRow, own, same_municipality


class Citizen(MunicipalityRow):
    """`protection` (yes | no | unknown): protected identity, as last read from the register; unknown counts as yes."""

    __tablename__ = "citizen"
    __table_args__ = (own(),)
    kind: Mapped[str] = mapped_column(default="person")
    name: Mapped[str]
    language: Mapped[str | None]
    protection: Mapped[str] = mapped_column(default="unknown")
    protection_read_at: Mapped[int | None]


class CitizenPoint(MunicipalityRow):
    """An e-mail address, phone number, identity, property or customer number. Not unique: families share.

    `value` is what to show, for an identity its cipher; `match_key` what to find it by: the folded address, the E.164
    number, for an identity its keyed hash. `claimed_at`: somebody said it is theirs, in a form or chat: they are
    answered there, and nothing that comes from it is taken for theirs.
    """

    __tablename__ = "citizen_point"
    __table_args__ = (
        own(),
        same_municipality("citizen_id", "citizen"),
        Index("ix_citizen_point_match", "municipality_id", "kind", "match_key"),
        Index("ix_citizen_point_citizen", "municipality_id", "citizen_id"),
    )
    citizen_id: Mapped[int]
    first_citizen_id: Mapped[int]
    kind: Mapped[str]
    value: Mapped[str]
    match_key: Mapped[str]
    confirmed_at: Mapped[int | None]
    confirmed_how: Mapped[str | None]
    claimed_at: Mapped[int | None]
    ended_at: Mapped[int | None]


class Identity(MunicipalityRow):
    """How and by whom a citizen's identity was confirmed in a conversation; lookups ask for a live one."""

    __tablename__ = "identity"
    __table_args__ = (
        own(),
        same_municipality("citizen_id", "citizen"),
        same_municipality("conversation_id", "conversation"),
        Index("ix_identity_conversation", "municipality_id", "conversation_id"),
    )
    citizen_id: Mapped[int]
    conversation_id: Mapped[int]
    confirmed_at: Mapped[int]
    confirmed_by: Mapped[int]
    how: Mapped[str]
    ends_at: Mapped[int]
