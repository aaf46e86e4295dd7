"""Owe call-backs: a promise to a number, staff numbers, and what the steps of a call are found by.

Steps are stored by source now: no call was stored before.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1101"
down_revision: str | None = "2026_11_27_1100"

IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "staff_number",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("municipality_id", key, nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_staff_number_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_number"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_staff_number_municipality_id_id"),
        sa.UniqueConstraint("municipality_id", "pattern", name="uq_staff_number_municipality_id_pattern"),
    )
    op.add_column("call", sa.Column("callback_asked_at", sa.BigInteger(), nullable=True))
    for name in ("number", "outcome"):
        op.add_column("promise", sa.Column(name, sa.Text(), nullable=True))
    op.create_index("ix_promise_conversation", "promise", ["municipality_id", "conversation_id"])
    _partial("ix_promise_number", "promise", ["municipality_id", "number"], "number IS NOT NULL")
    _partial(
        "ix_promise_call_back",
        "promise",
        ["municipality_id", "number"],
        "kind = 'call-back' AND kept_at IS NULL AND released_at IS NULL",
        unique=True,
    )
    _partial("ix_entry_call", "entry", ["channel_id", "item_key"], "kind = 'call'", unique=True)
    grouped = "group_key IS NOT NULL"
    _partial("ix_raw_event_group", "raw_event", ["channel_id", "group_key", "id"], grouped)
    _partial("ix_raw_event_new_group", "raw_event", ["id"], f"state = 'new' AND {grouped}")
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON staff_number TO torg_app, torg_system")
    op.execute("ALTER TABLE staff_number ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE staff_number FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY of_the_municipality ON staff_number TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})"
    )
    op.execute("CREATE POLICY everything ON staff_number TO torg_system USING (true) WITH CHECK (true)")


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
