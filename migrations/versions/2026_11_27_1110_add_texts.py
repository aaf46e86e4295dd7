"""Add texts: what only a text message has."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1110"
down_revision: str | None = "2026_11_27_1101"

IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "text",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("municipality_id", key, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("our_number", sa.Text(), nullable=False),
        sa.Column("outside_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id", "entry_id"],
            ["entry.municipality_id", "entry.id"],
            name="fk_text_municipality_id_entry_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_text_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_text"),
        sa.UniqueConstraint("municipality_id", "entry_id", name="uq_text_municipality_id_entry_id"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_text_municipality_id_id"),
    )
    op.create_index("ix_text_number", "text", ["municipality_id", "number", "our_number", "id"])
    known = sa.text("outside_id IS NOT NULL")
    op.create_index("ix_text_outside", "text", ["outside_id"], sqlite_where=known, postgresql_where=known)
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON text TO torg_app, torg_system")
    op.execute("ALTER TABLE text ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE text FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_the_municipality ON text TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})")
    op.execute("CREATE POLICY everything ON text TO torg_system USING (true) WITH CHECK (true)")
