"""Freeze the outbox after a restore; on PostgreSQL who sees all rows sees the revision, too, for a dump of them."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1310"
down_revision: str | None = "2026_11_27_1300"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "outbox_freeze",
        sa.Column("id", key, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("made_at", "restored_at")),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_freeze"),
    )
    if op.get_bind().dialect.name != "sqlite":
        op.execute("GRANT SELECT, INSERT, UPDATE ON outbox_freeze TO torg_system")
        op.execute("GRANT SELECT ON alembic_version TO torg_system")
