"""Read channels in turns: what waits is found by its channel, so that none waits for all that another brought."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_0900"
down_revision: str | None = "2026_11_28_0600"

NEW = (
    ("ix_raw_event_new", "state = 'new'"),
    ("ix_raw_event_new_group", "state = 'new' AND group_key IS NOT NULL"),
)


def upgrade() -> None:
    for name, where in NEW:
        op.drop_index(name, "raw_event")
        op.create_index(
            name,
            "raw_event",
            ["channel_id", "id"],
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
