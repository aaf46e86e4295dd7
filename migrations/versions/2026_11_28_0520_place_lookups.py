"""Place lookups: what IT's command has put somewhere stays there whoever saves it, until it leads elsewhere."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_0520"
down_revision: str | None = "2026_11_28_0500"


def upgrade() -> None:
    op.add_column("lookup", sa.Column("placed_at", sa.BigInteger(), nullable=True))
    walled = op.get_bind().dialect.name != "sqlite"
    if walled:  # its owner is walled in as everybody, and would change nothing
        op.execute("ALTER TABLE lookup NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE lookup SET placed_at = saved_at WHERE state = 'waiting' AND saved_by_id IS NULL")
    if walled:
        op.execute("ALTER TABLE lookup FORCE ROW LEVEL SECURITY")
