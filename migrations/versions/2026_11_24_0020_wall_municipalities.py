"""Wall the municipalities: roles and forced row-level security on PostgreSQL; audit rows only added on both engines."""

from alembic import op

revision: str = "2026_11_24_0020"
down_revision: str | None = "2026_11_24_0010"

OF_A_MUNICIPALITY = (
    "topic", "department", "citizen", "citizen_point", "identity", "conversation", "participant", "entry", "mail",
    "call", "attachment", "matter", "draft", "promise", "delivery", "lookup", "raw_event", "request",
)  # fmt: skip
OF_A_MUNICIPALITY_OR_THE_CENTRE = ("audit", "audit_seal")
ADDED_ONLY = ("audit", "audit_seal", "reading")

ROLES = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'torg_app') THEN
        CREATE ROLE torg_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'torg_system') THEN
        CREATE ROLE torg_system NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'The roles torg_app and torg_system are missing: create them, or use a role with CREATEROLE.';
END $$;
GRANT torg_app, torg_system TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO torg_app, torg_system;
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO torg_system;
REVOKE UPDATE, DELETE ON audit, audit_seal, reading FROM torg_system;
REVOKE ALL ON alembic_version FROM torg_system;
GRANT SELECT, DELETE, INSERT ON search_entry TO torg_system;
GRANT INSERT ON search_entry TO torg_app;
GRANT SELECT ON municipality, queue, queue_area, membership TO torg_app;
GRANT SELECT (id, name, email, language, disabled_at) ON person TO torg_app;
GRANT SELECT (id, kind, name, home_id, sends_by_id, config, lease_until, fence, paused_why, last_contact_at)
    ON channel TO torg_app;
GRANT SELECT, INSERT ON audit, reading TO torg_app;
GRANT SELECT ON audit_seal TO torg_app;
GRANT EXECUTE ON FUNCTION torg_search(text, bigint, integer) TO torg_app, torg_system;
"""

# The sub-select is read once a statement, not once a row.
IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in ADDED_ONLY:
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} rows are only ever added'); END"
                )
        return
    op.execute(ROLES)
    op.execute(GRANTS)
    for table in OF_A_MUNICIPALITY:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO torg_app")
        _wall(table, IN_SCOPE)
    for table in OF_A_MUNICIPALITY_OR_THE_CENTRE:
        _wall(table, f"municipality_id IS NULL OR {IN_SCOPE}")


def _wall(table: str, condition: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_the_municipality ON {table} TO torg_app USING ({condition}) WITH CHECK ({condition})")
    op.execute(f"CREATE POLICY everything ON {table} TO torg_system USING (true) WITH CHECK (true)")
