"""Count by the hour: how much came and went by each channel, so that it is known what is usual."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_1200"
down_revision: str | None = "2026_11_26_1101"

WEEKS = 10
HOUR = 3_600_000_000
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)
# What is here already, an id for each hour of each: the lowest of its raw events.
COUNT = """
INSERT INTO channel_hour (id, channel_id, municipality_id, hour, came, gone)
SELECT min(id), channel_id, municipality_id, received_at / {hour}, count(*), 0 FROM raw_event
WHERE received_at / {hour} >= (SELECT max(received_at) / {hour} FROM raw_event) - {hours}
GROUP BY channel_id, municipality_id, received_at / {hour}
"""


def upgrade() -> None:
    op.create_table(
        "channel_hour",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("channel_id", ID, nullable=False),
        sa.Column("municipality_id", ID, nullable=True),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("came", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.BigInteger(), nullable=False),
        sa.Column("lag", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_channel_hour"),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_channel_hour_channel_id"),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_channel_hour_municipality_id"),
        sa.UniqueConstraint(
            "channel_id", "hour", "municipality_id", name="uq_channel_hour_channel_id_hour_municipality_id",
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip
    op.execute(COUNT.format(hour=HOUR, hours=WEEKS * 7 * 24))
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON channel_hour TO torg_system")
    op.execute("GRANT SELECT ON channel_hour TO torg_app")
    op.execute("ALTER TABLE channel_hour ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE channel_hour FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY of_the_municipality ON channel_hour TO torg_app USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})"
    )
    op.execute("CREATE POLICY everything ON channel_hour TO torg_system USING (true) WITH CHECK (true)")
