"""Greet callers: what a municipality, or a queue of it, says first on the telephone."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1150"
down_revision: str | None = "2026_11_27_1121"


def upgrade() -> None:
    op.add_column("letterhead", sa.Column("greeting", sa.Text(), nullable=True))
