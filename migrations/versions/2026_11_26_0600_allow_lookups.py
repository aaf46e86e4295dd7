"""Allow lookups: which ones a topic lets ask without a purpose of the agent's own."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_0600"
down_revision: str | None = "2026_11_26_0500"


def upgrade() -> None:
    op.add_column("topic", sa.Column("lookups", sa.Text(), nullable=False, server_default="[]"))
