"""Shorten municipalities: what rows call one whose name doesn't say how it would be shortened."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_0400"
down_revision: str | None = "2026_11_26_0300"


def upgrade() -> None:
    op.add_column("municipality", sa.Column("short_name", sa.Text(), nullable=True))
