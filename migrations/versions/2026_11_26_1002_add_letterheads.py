"""Add letterheads and canned answers: what stands below a municipality's mails, and what it has ready to answer."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1002"
down_revision: str | None = "2026_11_26_1001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("letterhead", "canned")
IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)
OF_ALL = sa.text("queue_id IS NULL")


def upgrade() -> None:
    op.create_table(
        "letterhead",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("queue_id", ID, nullable=True),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("quotes", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letterhead")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_letterhead_municipality_id")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_letterhead_queue_id")),
        sa.UniqueConstraint("municipality_id", "id", name=op.f("uq_letterhead_municipality_id_id")),
        sa.UniqueConstraint("municipality_id", "queue_id", name=op.f("uq_letterhead_municipality_id_queue_id")),
    )
    op.create_index(
        "ix_letterhead_municipality",
        "letterhead",
        ["municipality_id"],
        unique=True,
        sqlite_where=OF_ALL,
        postgresql_where=OF_ALL,
    )
    op.create_table(
        "canned",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("queue_id", ID, nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_canned_municipality_id")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_canned_queue_id")),
        sa.UniqueConstraint("municipality_id", "id", name=op.f("uq_canned_municipality_id_id")),
    )
    op.create_index("ix_canned_municipality", "canned", ["municipality_id"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        return
    for table in TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO torg_app, torg_system")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY of_the_municipality ON {table} TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})"
        )
        op.execute(f"CREATE POLICY everything ON {table} TO torg_system USING (true) WITH CHECK (true)")
