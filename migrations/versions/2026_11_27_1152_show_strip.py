"""Show the strip: the queue that a call came to, at whose telephones it rings, and who is to be called back first."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1152"
down_revision: str | None = "2026_11_27_1151"


def upgrade() -> None:
    op.add_column("call", sa.Column("queue_id", sa.BigInteger(), nullable=True))
    op.add_column("call", sa.Column("rings_at", sa.Text(), nullable=True))
    op.create_index("ix_call_offered", "call", ["municipality_id", "offered_at", "queue_id"])
    where = sa.text("kind = 'call-back' AND kept_at IS NULL AND released_at IS NULL")
    op.create_index(
        "ix_promise_call_back_due",
        "promise",
        ["municipality_id", "due_at", "id"],
        postgresql_where=where,
        sqlite_where=where,
    )
