"""Note that a visitor's page said that it goes, and how many chats each of ours holds."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1420"
down_revision: str | None = "2026_11_27_1400"


def upgrade() -> None:
    op.add_column("chat", sa.Column("left_at", sa.BigInteger(), nullable=True))
    op.add_column("duty", sa.Column("chats", sa.BigInteger(), nullable=True))
