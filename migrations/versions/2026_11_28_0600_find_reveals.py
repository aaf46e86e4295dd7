"""Find reveals: who looked holds what was shown in clear, too, in the place of an act that nobody ever wrote."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_0600"
down_revision: str | None = "2026_11_28_0520"

OF_LOOKUPS = "act IN ('lookup.ask', 'lookup.answer', 'lookup.reveal', 'lookup.stopped')"
ALARMS = "act = 'lookup.stopped' OR outcome IN ('another''s', 'of another', 'protected')"
INDEXES = (
    ("ix_audit_lookups", "municipality_id", OF_LOOKUPS),
    ("ix_audit_looked_by", "person_id", OF_LOOKUPS),
    ("ix_audit_looked_in", "conversation_id", f"{OF_LOOKUPS} AND conversation_id IS NOT NULL"),
    ("ix_audit_looked_at", "subject_key", OF_LOOKUPS),
    ("ix_audit_alarms", "municipality_id", ALARMS),  # as it was: of two that would do, SQLite takes the one made last
)


def upgrade() -> None:
    for name, column, where in INDEXES:
        op.drop_index(name, "audit")
        op.create_index(
            name, "audit", [column, "id"], unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
