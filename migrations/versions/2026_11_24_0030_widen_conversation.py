"""Widen what lists narrow down by: how a conversation was closed, its newest contact's kind; indexes for the desk."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_24_0030"
down_revision: str | None = "2026_11_24_0020"

OPEN = sa.text("closed_at IS NULL")
OPEN_AND_SOMEBODYS = sa.text("closed_at IS NULL AND assignee_id IS NOT NULL")


def upgrade() -> None:
    op.add_column("conversation", sa.Column("closed_as", sa.Text(), nullable=True))
    op.add_column("conversation", sa.Column("contact_kind", sa.Text(), server_default="mail", nullable=False))
    op.drop_index("ix_conversation_open", table_name="conversation")
    op.create_index(
        "ix_conversation_open",
        "conversation",
        [
            "municipality_id",
            "due_at",
            "id",
            "queue_id",
            "confidential_queue_id",
            "assignee_id",
            "wait_until",
            "contact_kind",
        ],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_conversation_mine",
        "conversation",
        ["municipality_id", "assignee_id", "due_at", "id"],
        sqlite_where=OPEN_AND_SOMEBODYS,
        postgresql_where=OPEN_AND_SOMEBODYS,
    )
    op.create_index("ix_reading_conversation", "reading", ["conversation_id", "person_id", "at"])
    op.create_index("ix_identity_conversation", "identity", ["municipality_id", "conversation_id"])
