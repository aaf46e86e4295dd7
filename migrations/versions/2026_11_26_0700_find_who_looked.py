"""Find who looked: indexes over the audit's rows of lookups, so that a search of them reads no other acts."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_0700"
down_revision: str | None = "2026_11_26_0600"

OF_LOOKUPS = "act IN ('lookup.ask', 'lookup.answer', 'lookup.shown', 'lookup.stopped')"
ALARMS = "act = 'lookup.stopped' OR outcome IN ('another''s', 'of another', 'protected')"
INDEXES = (
    ("ix_audit_lookups", "municipality_id", OF_LOOKUPS),
    ("ix_audit_looked_by", "person_id", OF_LOOKUPS),
    ("ix_audit_looked_in", "conversation_id", f"{OF_LOOKUPS} AND conversation_id IS NOT NULL"),
    ("ix_audit_looked_at", "subject_key", OF_LOOKUPS),
    ("ix_audit_alarms", "municipality_id", ALARMS),
)


def upgrade() -> None:
    for name, column, where in INDEXES:
        op.create_index(
            name, "audit", [column, "id"], unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
