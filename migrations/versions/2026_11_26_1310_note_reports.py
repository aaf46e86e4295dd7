"""Note reports: when the other side said that a delivery is delayed, has arrived, was read."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1310"
down_revision: str | None = "2026_11_26_1204"


def upgrade() -> None:
    for name in ("delayed_at", "delivered_at", "read_at"):
        op.add_column("delivery", sa.Column(name, sa.BigInteger(), nullable=True))
