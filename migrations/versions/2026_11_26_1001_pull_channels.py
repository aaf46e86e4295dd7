"""Pull channels: how far a source is fetched, what it held when it was counted, and mails found again by content."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1001"
down_revision: str | None = "2026_11_26_1000"

PULLED = sa.text("content_key IS NOT NULL")


def upgrade() -> None:
    op.add_column("channel", sa.Column("behind", sa.BigInteger(), nullable=True))
    op.add_column("channel", sa.Column("vanished", sa.BigInteger(), nullable=True))
    op.add_column("channel", sa.Column("warning", sa.Text(), nullable=True))
    op.add_column("channel", sa.Column("retry_at", sa.BigInteger(), nullable=True))
    op.add_column("raw_event", sa.Column("content_key", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_raw_event_content", "raw_event", ["channel_id", "content_key"], sqlite_where=PULLED, postgresql_where=PULLED
    )
    op.create_table(
        "channel_mailbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at_source", sa.BigInteger(), nullable=False),
        sa.Column("here", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.Column("left_out", sa.BigInteger(), nullable=False),
        sa.Column("unexplained", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channel_mailbox"),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_channel_mailbox_channel_id"),
        sa.UniqueConstraint("channel_id", "name", name="uq_channel_mailbox_channel_id_name"),
    )
    if op.get_bind().dialect.name != "sqlite":
        op.execute("GRANT SELECT (behind, vanished, warning, retry_at) ON channel TO torg_app")
        op.execute("GRANT SELECT ON channel_mailbox TO torg_app")
        op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON channel_mailbox TO torg_system")
