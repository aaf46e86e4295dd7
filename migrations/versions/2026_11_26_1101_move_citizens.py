"""Move citizens: what was merged, split off or given to another, so that it can be moved back."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1101"
down_revision: str | None = "2026_11_26_1100"

IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "citizen_move",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("municipality_id", key, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.Column("moved_by", key, nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_citizen_move"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_citizen_move_municipality_id_id"),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_citizen_move_municipality_id"),
        sa.ForeignKeyConstraint(["moved_by"], ["person.id"], name="fk_citizen_move_moved_by"),
        *(
            sa.ForeignKeyConstraint(
                ["municipality_id", column],
                ["citizen.municipality_id", "citizen.id"],
                name=f"fk_citizen_move_municipality_id_{column}",
            )
            for column in ("from_id", "to_id")
        ),
    )
    op.create_index("ix_citizen_move_to", "citizen_move", ["municipality_id", "to_id"])
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON citizen_move TO torg_app, torg_system")
    op.execute("ALTER TABLE citizen_move ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE citizen_move FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY of_the_municipality ON citizen_move TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})"
    )
    op.execute("CREATE POLICY everything ON citizen_move TO torg_system USING (true) WITH CHECK (true)")
