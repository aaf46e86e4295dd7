"""Merge the search index later: on SQLite between commits, see hub/storage/upkeep.py, and not within them."""

from alembic import op

revision: str = "2026_11_26_0200"
down_revision: str | None = "2026_11_26_0100"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("INSERT INTO search_entry (search_entry, rank) VALUES ('automerge', 0)")
