"""Pace channels: how many mails leave by one in a minute; and keep copies of what was sent in mailboxes' folders."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1003"
down_revision: str | None = "2026_11_26_1002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)
DUE = sa.text("state IN ('queued', 'leased')")


def upgrade() -> None:
    op.add_column("channel", sa.Column("per_minute", sa.BigInteger(), nullable=True))
    op.add_column("channel", sa.Column("next_send_at", sa.BigInteger(), nullable=True))
    op.add_column("channel", sa.Column("keeps_sent", sa.Boolean(), nullable=True))
    op.create_table(
        "sent_copy",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sent_copy"),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_sent_copy_municipality_id"),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_sent_copy_channel_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "entry_id"],
            ["entry.municipality_id", "entry.id"],
            name="fk_sent_copy_municipality_id_entry_id",
        ),
        sa.UniqueConstraint("municipality_id", "id", name="uq_sent_copy_municipality_id_id"),
        sa.UniqueConstraint("entry_id", name="uq_sent_copy_entry_id"),
    )
    op.create_index(
        "ix_sent_copy_due", "sent_copy", ["not_before", "id"], unique=False, sqlite_where=DUE, postgresql_where=DUE
    )
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("GRANT SELECT (per_minute, next_send_at, keeps_sent) ON channel TO torg_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON sent_copy TO torg_app, torg_system")
    op.execute("ALTER TABLE sent_copy ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE sent_copy FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_the_municipality ON sent_copy TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})")
    op.execute("CREATE POLICY everything ON sent_copy TO torg_system USING (true) WITH CHECK (true)")
