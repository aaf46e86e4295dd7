"""Files that wait for the virus scanner, and what it found something in."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1500"
down_revision: str | None = "2026_11_27_1430"


def upgrade() -> None:
    op.add_column("attachment", sa.Column("scan", sa.Text(), nullable=True))
    op.add_column("attachment", sa.Column("scan_said", sa.Text(), nullable=True))
    op.add_column("attachment", sa.Column("scan_at", sa.BigInteger(), nullable=True))
    there = sa.text("scan IS NOT NULL")
    op.create_index("ix_attachment_scan", "attachment", ["scan", "scan_at"], postgresql_where=there, sqlite_where=there)
