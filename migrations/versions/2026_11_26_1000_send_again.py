"""Send again: when a person asked for a delivery anew, from which its pauses count."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1000"
down_revision: str | None = "2026_11_26_0800"


def upgrade() -> None:
    op.add_column("delivery", sa.Column("again_at", sa.BigInteger(), nullable=True))
