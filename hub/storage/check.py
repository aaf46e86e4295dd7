"""Check: whether a database is whole and its walls stand. It changes nothing; a sentence for each thing found."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, inspect, text

from hub.errors import Corrupt
from hub.storage.blobs import Blobs
from hub.storage.engine import APP_ROLE, INTAKE_ROLE, PUBLIC_ROLE, SYSTEM_ROLE
from hub.storage.migrate import current
from hub.storage.unit import Storage

OF_THE_CENTRE = frozenset({"queue_area", "membership"})
"""Tables with a municipality that are the centre's all the same: read to work out whose scope is what."""
_OURS = (APP_ROLE, SYSTEM_ROLE, PUBLIC_ROLE, INTAKE_ROLE)
_MOST_NAMED = 20
_AT_ONCE = 1000


class Report(Struct, frozen=True):
    """What was looked at, and what is wrong with it. `blobs`: how many files the rows refer to."""

    engine: str
    revision: str
    blobs: int
    findings: Sequence[str]


def check(storage: Storage) -> Report:
    """Reads the whole database and every blob: minutes for a large one."""
    with storage.engines.reader.connect() as connection:
        dialect, revision = connection.dialect.name, current(connection) or ""
        findings = _sqlite(connection) if dialect == "sqlite" else _postgresql(connection)
        blobs, broken = _blobs(connection, storage.blobs)
        return Report(dialect, revision, blobs, [*findings, *broken])


def _sqlite(connection: Connection) -> list[str]:
    said = connection.execute(text("PRAGMA integrity_check")).scalars().all()
    findings = [f"SQLite finds: {line}." for line in said if line != "ok"]
    orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
    return findings + [
        f"A row of {row[0]} ({row[1]}) refers to one of {row[2]} that isn't there." for row in orphans[:_MOST_NAMED]
    ]


def _postgresql(connection: Connection) -> list[str]:
    findings = []
    roles = {row.rolname: row for row in connection.execute(_ROLES, {"roles": list(_OURS)})}
    for name in _OURS:
        role = roles.get(name)
        if role is None:
            findings.append(f"The role {name} is missing: run torg db upgrade as a role that may create roles.")
        elif role.rolsuper or role.rolbypassrls:
            findings.append(f"The role {name} may bypass the walls: ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS.")
        owned = connection.execute(_OWNED, {"role": name}).scalars().all()
        if owned:
            findings.append(f"The role {name} owns {', '.join(owned)}: give them to the role that upgrades.")
    for row in connection.execute(_WALLS, {"role": SYSTEM_ROLE}):
        if row.relname not in OF_THE_CENTRE and not (row.relrowsecurity and row.relforcerowsecurity):
            findings.append(f"Row-level security isn't forced on {row.relname}.")
        elif row.relname not in OF_THE_CENTRE and not row.policies:
            findings.append(f"{row.relname} has no policy, so nobody can read it.")
    return findings


_ROLES = text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = ANY (:roles)")
_OWNED = text(
    "SELECT relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = :role ORDER BY relname"
)
_WALLS = text(
    "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,"
    " (SELECT count(*) FROM pg_policy p JOIN pg_roles r ON r.oid = ANY (p.polroles)"
    "  WHERE p.polrelid = c.oid AND r.rolname = :role) AS policies"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND a.attname = 'municipality_id'"
    " AND NOT a.attisdropped ORDER BY c.relname"
)


def named_blobs(connection: Connection) -> Sequence[str]:
    """Every file that a row refers to. On PostgreSQL the transaction goes on as the role that sees all."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL ROLE {SYSTEM_ROLE}"))  # the owner is behind the forced walls as well
    tables = inspect(connection)
    named: set[str] = set()
    for table in tables.get_table_names():
        if any(column["name"] == "blob" for column in tables.get_columns(table)):
            found = connection.execute(text(f"SELECT DISTINCT blob FROM {table} WHERE blob IS NOT NULL"))  # noqa: S608 - a table of ours
            for part in found.scalars().partitions(_AT_ONCE):
                named.update(part)
    return sorted(named)


def _blobs(connection: Connection, blobs: Blobs) -> tuple[int, list[str]]:
    """Each read and compared with its digest."""
    named = named_blobs(connection)
    broken = []
    for name in named:
        try:
            blobs.get(name)
        except Corrupt as error:
            broken.append(str(error))
    more = [f"… and {len(broken) - _MOST_NAMED} more."] if len(broken) > _MOST_NAMED else []
    return len(named), broken[:_MOST_NAMED] + more
