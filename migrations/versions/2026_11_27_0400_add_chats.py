"""Add chats; an address that somebody only says is theirs; chats are counted by the hour as they begin."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_0400"
down_revision: str | None = "2026_11_27_0300"

IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "chat",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", ID, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("secret", "network", "language")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "email", "topic")),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("started_at", "heard_at")),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("taken_by", ID, nullable=True),
        sa.Column("rung_id", ID, nullable=True),
        sa.Column("rung_at", sa.BigInteger(), nullable=True),
        sa.Column("rung", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("delivered_id", "seen_id", "read_id")),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("transcript_asked_at", "transcript_sent_at")),
        sa.PrimaryKeyConstraint("id", name="pk_chat"),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_chat_municipality_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "conversation_id"],
            ["conversation.municipality_id", "conversation.id"],
            name="fk_chat_municipality_id_conversation_id",
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_chat_channel_id"),
        sa.ForeignKeyConstraint(["taken_by"], ["person.id"], name="fk_chat_taken_by"),
        sa.ForeignKeyConstraint(["rung_id"], ["person.id"], name="fk_chat_rung_id"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_chat_municipality_id_id"),
        sa.UniqueConstraint("municipality_id", "conversation_id", name="uq_chat_municipality_id_conversation_id"),
        sa.UniqueConstraint("secret", name="uq_chat_secret"),
    )
    live = sa.text("ended_at IS NULL")
    op.create_index("ix_chat_open", "chat", ["channel_id", "id"], postgresql_where=live, sqlite_where=live)
    asked = sa.text("transcript_asked_at IS NOT NULL")
    op.create_index(
        "ix_chat_transcript", "chat", ["municipality_id", "email"], postgresql_where=asked, sqlite_where=asked
    )
    op.create_index("ix_chat_network", "chat", ["channel_id", "network", "started_at"])
    op.add_column("citizen_point", sa.Column("claimed_at", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON chat TO torg_app, torg_system")
    op.execute("GRANT INSERT, UPDATE ON channel_hour TO torg_app")
    op.execute("ALTER TABLE chat ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE chat FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_the_municipality ON chat TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})")
    op.execute("CREATE POLICY everything ON chat TO torg_system USING (true) WITH CHECK (true)")
