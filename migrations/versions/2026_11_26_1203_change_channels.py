"""Change channels: when a channel's settings were changed last, so that whoever runs it begins anew."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1203"
down_revision: str | None = "2026_11_26_1202"


def upgrade() -> None:
    op.add_column("channel", sa.Column("changed_at", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        op.execute("GRANT SELECT (changed_at) ON channel TO torg_app")
