"""Find raw events: keyed hashes of who says to have sent a mail and of its Message-ID, of what comes from now on."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1204"
down_revision: str | None = "2026_11_26_1203"


def upgrade() -> None:
    for name in ("sender", "message"):
        op.add_column("raw_event", sa.Column(f"{name}_key", sa.BigInteger(), nullable=True))
        there = sa.text(f"{name}_key IS NOT NULL")
        op.create_index(
            f"ix_raw_event_{name}",
            "raw_event",
            ["municipality_id", f"{name}_key", "id"],
            sqlite_where=there,
            postgresql_where=there,
        )
