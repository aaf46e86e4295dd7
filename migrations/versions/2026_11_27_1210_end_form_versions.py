"""End form versions: since when one isn't shown any more, so that what was begun on it may be sent for a day only."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1210"
down_revision: str | None = "2026_11_27_1152"


def upgrade() -> None:
    op.add_column("form_version", sa.Column("ended_at", sa.BigInteger(), nullable=True))
