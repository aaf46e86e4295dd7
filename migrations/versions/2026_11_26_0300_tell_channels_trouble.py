"""Tell a channel's trouble: why it can't listen, though nobody paused it."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_0300"
down_revision: str | None = "2026_11_26_0200"


def upgrade() -> None:
    op.add_column("channel", sa.Column("trouble", sa.Text(), nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        op.execute("GRANT SELECT (trouble) ON channel TO torg_app")
