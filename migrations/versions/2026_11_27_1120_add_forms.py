"""Add forms: what citizens fill in, its versions; how often strangers send something."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1120"
down_revision: str | None = "2026_11_27_1110"

IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "form",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("municipality_id", key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("queue_id", key, nullable=False),
        sa.Column("topic_id", sa.BigInteger(), nullable=True),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.BigInteger(), nullable=True),
        sa.Column("receipt", sa.Boolean(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=True),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_form_municipality_id"),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name="fk_form_queue_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "topic_id"],
            ["topic.municipality_id", "topic.id"],
            name="fk_form_municipality_id_topic_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_form"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_form_municipality_id_id"),
        sa.UniqueConstraint("municipality_id", "name", name="uq_form_municipality_id_name"),
    )
    op.create_table(
        "form_version",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("municipality_id", key, nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("published_by", key, nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_form_version_municipality_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "form_id"],
            ["form.municipality_id", "form.id"],
            name="fk_form_version_municipality_id_form_id",
        ),
        sa.ForeignKeyConstraint(["published_by"], ["person.id"], name="fk_form_version_published_by"),
        sa.PrimaryKeyConstraint("id", name="pk_form_version"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_form_version_municipality_id_id"),
        sa.UniqueConstraint(
            "municipality_id", "form_id", "number", name="uq_form_version_municipality_id_form_id_number"
        ),
    )
    op.create_table(
        "knock",
        sa.Column("id", key, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("hour", "place", "number")),
        sa.PrimaryKeyConstraint("id", name="pk_knock"),
        sa.UniqueConstraint("hour", "place", name="uq_knock_hour_place"),
    )
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON knock TO torg_system")
    for table in ("form", "form_version"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO torg_app, torg_system")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        theirs = f"TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})"
        op.execute(f"CREATE POLICY of_the_municipality ON {table} {theirs}")
        op.execute(f"CREATE POLICY everything ON {table} TO torg_system USING (true) WITH CHECK (true)")
