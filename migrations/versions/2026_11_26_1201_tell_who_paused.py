"""Tell who paused: a channel that the hub itself paused, for its log-in was refused, is a trouble; a person's isn't."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1201"
down_revision: str | None = "2026_11_26_1200"


def upgrade() -> None:
    op.add_column("channel", sa.Column("paused_itself", sa.Boolean(), nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        op.execute("GRANT SELECT (paused_itself) ON channel TO torg_app")
