"""Send receipts: the rules of municipalities and queues, and which conversations' were sent."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1100"
down_revision: str | None = "2026_11_26_1003"

IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)
WHOLE = sa.text("queue_id IS NULL")


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "receipt_rule",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("municipality_id", key, nullable=False),
        sa.Column("queue_id", key, nullable=True),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("unconfirmed", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipt_rule"),
        sa.UniqueConstraint("municipality_id", "queue_id", name="uq_receipt_rule_municipality_id_queue_id"),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_receipt_rule_municipality_id"),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name="fk_receipt_rule_queue_id"),
    )
    op.create_index(
        "ix_receipt_rule_whole", "receipt_rule", ["municipality_id"], unique=True, sqlite_where=WHOLE,
        postgresql_where=WHOLE,
    )  # fmt: skip
    op.create_table(
        "receipt",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("municipality_id", key, nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipt"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_receipt_municipality_id_id"),
        sa.UniqueConstraint("municipality_id", "conversation_id", name="uq_receipt_municipality_id_conversation_id"),
        sa.UniqueConstraint("sender", "day", "number", name="uq_receipt_sender_day_number"),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_receipt_municipality_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "conversation_id"],
            ["conversation.municipality_id", "conversation.id"],
            name="fk_receipt_municipality_id_conversation_id",
        ),
    )
    op.create_index("ix_receipt_sent_at", "receipt", ["sent_at"])
    if op.get_bind().dialect.name == "sqlite":
        return
    for table in ("receipt_rule", "receipt"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO torg_app, torg_system")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY of_the_municipality ON {table} TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})"
        )
        op.execute(f"CREATE POLICY everything ON {table} TO torg_system USING (true) WITH CHECK (true)")
