"""Ask owners: lookups that a topic is to ask at once wait beside those that it does, until their owners agree."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_0110"
down_revision: str | None = "2026_11_27_1510"


def upgrade() -> None:
    op.add_column("topic", sa.Column("waiting", sa.Text(), nullable=False, server_default="[]"))
