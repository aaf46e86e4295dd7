"""Find a conversation's chat, and the transcripts that wait, without a look at all chats."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1121"
down_revision: str | None = "2026_11_27_1120"


def upgrade() -> None:
    waits = sa.text("transcript_asked_at IS NOT NULL AND transcript_sent_at IS NULL")
    op.create_index("ix_chat_conversation", "chat", ["conversation_id"])
    op.create_index("ix_chat_transcript_waits", "chat", ["id"], postgresql_where=waits, sqlite_where=waits)
