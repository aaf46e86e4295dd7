"""Name who pulls: the process that has a channel's lease, so that its successor needn't wait when it was killed."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1320"
down_revision: str | None = "2026_11_26_1310"


def upgrade() -> None:
    op.add_column("channel", sa.Column("lease_by", sa.Text(), nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        op.execute("GRANT SELECT (lease_by) ON channel TO torg_app")
