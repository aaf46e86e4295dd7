"""Own lookups: whose a lookup is, who answers for it, who saved and who approved it; who is of which department."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1400"
down_revision: str | None = "2026_11_27_1310"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OF_DEPARTMENT = (["municipality_id", "department_id"], ["municipality_id", "id"])


def upgrade() -> None:
    with op.batch_alter_table("lookup") as lookup:
        for name in ("department_id", "saved_at"):
            lookup.add_column(sa.Column(name, sa.BigInteger(), nullable=True))
        for name in ("owner_id", "saved_by_id", "approved_by_id"):
            lookup.add_column(sa.Column(name, ID, nullable=True))
        lookup.create_foreign_key("fk_lookup_municipality_id_department_id", "department", *OF_DEPARTMENT)
        for name in ("owner_id", "saved_by_id", "approved_by_id"):
            lookup.create_foreign_key(f"fk_lookup_{name}", "person", [name], ["id"])
    with op.batch_alter_table("membership") as membership:
        membership.add_column(sa.Column("department_id", sa.BigInteger(), nullable=True))
        membership.create_foreign_key("fk_membership_municipality_id_department_id", "department", *OF_DEPARTMENT)
