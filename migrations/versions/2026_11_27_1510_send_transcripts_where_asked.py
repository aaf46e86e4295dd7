"""Send what was said in a chat to the address that it was asked for, which needn't be the one that answers go to."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1510"
down_revision: str | None = "2026_11_27_1500"


def upgrade() -> None:
    op.add_column("chat", sa.Column("transcript_to", sa.Text(), nullable=True))
    walled = op.get_bind().dialect.name != "sqlite"
    if walled:  # its owner is walled in as everybody, and would change nothing
        op.execute("ALTER TABLE chat NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE chat SET transcript_to = email WHERE transcript_asked_at IS NOT NULL")
    if walled:
        op.execute("ALTER TABLE chat FORCE ROW LEVEL SECURITY")
    op.drop_index("ix_chat_transcript", "chat")
    asked = sa.text("transcript_asked_at IS NOT NULL")
    op.create_index(
        "ix_chat_transcript_to",
        "chat",
        ["municipality_id", "transcript_to"],
        postgresql_where=asked,
        sqlite_where=asked,
    )
