"""Tell calls: the steps they were told in and what those add up to; a person's telephone.

No call was stored before, so its table is made anew: SQLite adds no column with a foreign key.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_0100"
down_revision: str | None = "2026_11_26_1320"

IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.drop_table("call")
    op.create_table(
        "call",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("municipality_id", key, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("number", "called", "queue_name")),
        sa.Column("menu_path", sa.Text(), nullable=False),
        sa.Column("answered_by_id", key, nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("offered_at", "answered_at", "ended_at")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("cause", "lost_in")),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("wait_seconds", "talk_seconds")),
        sa.Column("transfers", sa.Text(), nullable=False),
        sa.Column("staff", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("steps", "seen")),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("registered_at", "called_back_at")),
        sa.ForeignKeyConstraint(
            ["municipality_id", "entry_id"],
            ["entry.municipality_id", "entry.id"],
            name="fk_call_municipality_id_entry_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_call_municipality_id"),
        sa.ForeignKeyConstraint(["answered_by_id"], ["person.id"], name="fk_call_answered_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
        sa.UniqueConstraint("municipality_id", "entry_id", name="uq_call_municipality_id_entry_id"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_call_municipality_id_id"),
    )
    op.create_index("ix_call_number", "call", ["municipality_id", "number", "offered_at"])
    live = sa.text("ended_at IS NULL")
    op.create_index("ix_call_live", "call", ["municipality_id", "offered_at"], postgresql_where=live, sqlite_where=live)
    op.add_column("person", sa.Column("phone", sa.Text(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON call TO torg_app, torg_system")
    op.execute("GRANT SELECT (phone) ON person TO torg_app")
    op.execute("ALTER TABLE call ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE call FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_the_municipality ON call TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})")
    op.execute("CREATE POLICY everything ON call TO torg_system USING (true) WITH CHECK (true)")
