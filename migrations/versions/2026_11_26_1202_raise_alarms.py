"""Raise alarms: whom IT wants told, what is the matter with a channel, and a notice for each target."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1202"
down_revision: str | None = "2026_11_26_1201"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("alarm_target", "alarm", "alarm_notice")
IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)
DUE = sa.text("state IN ('queued', 'leased', 'handed_over')")


def upgrade() -> None:
    op.create_table(
        "alarm_target",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("again_hours", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarm_target"),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_alarm_target_municipality_id"),
    )
    op.create_table(
        "alarm",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("channel_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("raised_at", sa.BigInteger(), nullable=True),
        sa.Column("bout", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_alarm_channel_id"),
        sa.UniqueConstraint("channel_id", "kind", name="uq_alarm_channel_id_kind"),
    )
    op.create_table(
        "alarm_notice",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("target_id", ID, nullable=False),
        sa.Column("alarm_id", ID, nullable=True),
        sa.Column("bout", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alarm_notice"),
        sa.ForeignKeyConstraint(["target_id"], ["alarm_target.id"], name="fk_alarm_notice_target_id"),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"], name="fk_alarm_notice_alarm_id"),
        sa.UniqueConstraint(
            "target_id", "alarm_id", "bout", "number", name="uq_alarm_notice_target_id_alarm_id_bout_number"
        ),
    )
    op.create_index("ix_alarm_notice_due", "alarm_notice", ["not_before"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_alarm_notice_alarm", "alarm_notice", ["alarm_id", "bout"])
    if op.get_bind().dialect.name != "sqlite":
        for table in TABLES:
            op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO torg_system")
        # Only the hub itself looks at them, as system; the wall stands all the same.
        op.execute("GRANT SELECT (id, municipality_id) ON alarm_target TO torg_app")
        op.execute("ALTER TABLE alarm_target ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE alarm_target FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY of_the_municipality ON alarm_target TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})"
        )
        op.execute("CREATE POLICY everything ON alarm_target TO torg_system USING (true) WITH CHECK (true)")
