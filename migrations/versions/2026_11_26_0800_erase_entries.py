"""Erase entries: what is kept for so long only, a pinned card for one, says when."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_0800"
down_revision: str | None = "2026_11_26_0700"

DUE = sa.text("erase_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("entry", sa.Column("erase_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_entry_erase", "entry", ["erase_at"], unique=False, sqlite_where=DUE, postgresql_where=DUE)
