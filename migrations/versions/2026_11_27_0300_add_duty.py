"""Add duty: who is there to be rung now."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_0300"
down_revision: str | None = "2026_11_27_0100"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "duty",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("person_id", key, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_duty"),
        sa.UniqueConstraint("person_id", name="uq_duty_person_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_duty_person_id"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON duty TO torg_app, torg_system")
