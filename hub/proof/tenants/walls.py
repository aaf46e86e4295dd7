"""The wall of the database itself: what PostgreSQL's catalogue says of it, and what its role gets when it asks."""

from collections.abc import Iterator, Mapping

import psycopg
from psycopg import sql

from hub.storage.engine import APP_ROLE

CENTRE_TABLES = {"membership", "queue_area"}
"""The centre's own, though they name a municipality: who works, which queue answers where. Read, never written."""
HIDDEN = {"alembic_version", "login", "search_entry"}
"""Tables that the role may not read."""
HIDDEN_COLUMNS = {("person", "password"), ("channel", "secrets"), ("channel", "cursor")}

_TABLES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner) = %(role)s,
       EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND %(role)s::regrole = ANY (p.polroles)),
       EXISTS (SELECT FROM pg_attribute a
               WHERE a.attrelid = c.oid AND a.attname = 'municipality_id' AND NOT a.attisdropped),
       has_table_privilege(%(role)s, c.oid, 'INSERT, UPDATE, DELETE'),
       has_any_column_privilege(%(role)s, c.oid, 'SELECT')
FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname
"""
_ROLE = "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolinherit FROM pg_roles WHERE rolname = %s"
_MEMBER_OF = """
SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
WHERE m.member = (SELECT oid FROM pg_roles WHERE rolname = %s)
"""


def check(dsn: str, municipalities: Mapping[str, int]) -> tuple[dict[str, object], list[str]]:
    """Figures and findings. `municipalities`: by code, two of them, with rows in both."""
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(_TABLES, {"role": APP_ROLE}).fetchall()
        findings = [*_role(connection), *_catalogue(connection, tables)]
        # That of `channel` is between roles: it has no municipality, and its rows are for all who work.
        walled = [name for name, secured, _, _, _, of_municipality, *_ in tables if secured and of_municipality]
        findings += _asked(connection, walled, municipalities)
    return {"tables behind the wall": len(walled)}, findings


def _role(connection: psycopg.Connection) -> Iterator[str]:
    role = connection.execute(_ROLE, (APP_ROLE,)).fetchone()
    if role is None:
        yield f"there is no role {APP_ROLE}"
        return
    for may, what in zip(
        role, ("is superuser", "has BYPASSRLS", "has CREATEDB", "has CREATEROLE", "inherits"), strict=True
    ):
        if may:
            yield f"{APP_ROLE} has {what}"
    for (name,) in connection.execute(_MEMBER_OF, (APP_ROLE,)).fetchall():
        yield f"{APP_ROLE} is a member of {name}"


def _catalogue(connection: psycopg.Connection, tables: list[tuple[object, ...]]) -> Iterator[str]:
    for name, secured, forced, owned, policy, of_municipality, writes, reads in tables:
        if owned:
            yield f"{APP_ROLE} owns {name}"
        if of_municipality and name not in CENTRE_TABLES and not (secured and forced and policy):
            yield f"{name} has a municipality and no forced row-level security with a policy for {APP_ROLE}"
        if name in CENTRE_TABLES and writes:
            yield f"{APP_ROLE} may write {name}"
        if name in HIDDEN and reads:
            yield f"{APP_ROLE} may read {name}"
    for table, column in HIDDEN_COLUMNS:
        row = connection.execute(
            "SELECT has_column_privilege(%s, %s, %s, 'SELECT')", (APP_ROLE, table, column)
        ).fetchone()
        if row != (False,):
            yield f"{APP_ROLE} may read {table}.{column}"


def _asked(connection: psycopg.Connection, walled: list[str], municipalities: Mapping[str, int]) -> Iterator[str]:
    """As the role: with no municipality no row, with one none of another's."""
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(APP_ROLE)))
    for name in walled:
        table = sql.Identifier(name)
        connection.execute("SELECT set_config('torg.municipalities', '', false)")
        query = sql.SQL("SELECT count(*) FROM {} WHERE municipality_id IS NOT NULL").format(table)
        found = connection.execute(query).fetchone()
        if found != (0,):
            yield f"{name}: {found} rows without a municipality said"
        for code, row_id in municipalities.items():
            connection.execute("SELECT set_config('torg.municipalities', %s, false)", ("{" + str(row_id) + "}",))
            query = sql.SQL("SELECT count(*) FROM {} WHERE municipality_id <> %s").format(table)
            found = connection.execute(query, (row_id,)).fetchone()
            if found != (0,):
                yield f"{name}: {found} rows of others in the scope of {code}"
    first, second = list(municipalities.values())[:2]
    connection.execute("SELECT set_config('torg.municipalities', %s, false)", ("{" + str(first) + "}",))
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO topic (id, municipality_id, words, synonyms) VALUES (1, %s, '{}', '[]')", (second,)
            )
        yield "a row of another municipality could be written"
    except psycopg.errors.InsufficientPrivilege:
        pass
    connection.rollback()
