"""Keep new messages: a draft of one has no conversation yet, and a person has one in a municipality."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_0500"
down_revision: str | None = "2026_11_26_0400"

NEW = sa.text("conversation_id IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("draft") as draft:
        draft.alter_column("conversation_id", existing_type=sa.BigInteger(), nullable=True)
    op.create_index(
        "ix_draft_new",
        "draft",
        ["person_id", "municipality_id"],
        unique=True,
        sqlite_where=NEW,
        postgresql_where=NEW,
    )
