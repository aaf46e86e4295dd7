"""Take turns renewing: until when somebody renews a secret of a channel, which is used up by that."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1100"
down_revision: str | None = "2026_11_27_0400"


def upgrade() -> None:
    op.add_column("channel", sa.Column("renews_until", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        op.execute("GRANT SELECT (renews_until) ON channel TO torg_app")
