"""Keep answers: what somebody was told by another system, for minutes, enciphered, for all processes."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_0500"
down_revision: str | None = "2026_11_28_0110"

IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "kept_answer",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("municipality_id", key, nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", key, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("lookup_id", "confirmation_id", "asked_at")),
        sa.Column("cipher", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_kept_answer_municipality_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_kept_answer_person_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "conversation_id"],
            ["conversation.municipality_id", "conversation.id"],
            name="fk_kept_answer_municipality_id_conversation_id",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "lookup_id"],
            ["lookup.municipality_id", "lookup.id"],
            name="fk_kept_answer_municipality_id_lookup_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_kept_answer"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_kept_answer_municipality_id_id"),
    )
    op.create_index("ix_kept_answer_conversation", "kept_answer", ["municipality_id", "conversation_id", "person_id"])
    op.create_index("ix_kept_answer_asked_at", "kept_answer", ["asked_at"])
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("GRANT SELECT, INSERT, DELETE ON kept_answer TO torg_app, torg_system")
    op.execute("ALTER TABLE kept_answer ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE kept_answer FORCE ROW LEVEL SECURITY")
    scope = f"USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})"
    op.execute(f"CREATE POLICY of_the_municipality ON kept_answer TO torg_app {scope}")
    op.execute("CREATE POLICY everything ON kept_answer TO torg_system USING (true) WITH CHECK (true)")
