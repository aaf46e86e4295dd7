"""PostgreSQL by psycopg: BEGIN READ ONLY, and the rows by a cursor, which takes a SELECT and nothing else."""

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, TypeVar

import psycopg
from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout

from hub.contract import AuthFailed, Misconfigured, PluginError, Rows, Unreachable, Unreadable
from hub.lookups.databases.database import OWN_USER, Database, Excess
from hub.lookups.statement import Statement

RV = TypeVar("RV")

ENCRYPTED = ("verify-full", "verify-ca", "require")
"""`require` is for a server whose certificate nobody vouches for."""

HARMLESS_ROLES = ("pg_read_all_data", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables", "pg_monitor")
OTHER_LANGUAGES = ("c", "internal")
"""Languages in which extensions are written. Of these only dblink is named: most are harmless."""

_EXCESS = """
WITH mine AS (
  SELECT oid FROM pg_catalog.pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')
), granted AS (
  SELECT place, format('is, or may become, %%I, which has %%s', rolname, attribute) AS what, %(own_user)s AS remedy
    FROM pg_catalog.pg_roles AS r, LATERAL (VALUES (0, 'SUPERUSER', rolsuper), (1, 'CREATEDB', rolcreatedb),
      (1, 'CREATEROLE', rolcreaterole), (1, 'REPLICATION', rolreplication)) AS each (place, attribute, is_set)
   WHERE is_set AND r.oid IN (SELECT oid FROM mine)
  UNION ALL
  SELECT 2, format('is a member of %%s', rolname), format('REVOKE %%I FROM %%I', rolname, current_user)
    FROM pg_catalog.pg_roles
   WHERE rolname LIKE 'pg\\_%%' AND rolname <> ALL (%(harmless)s) AND oid IN (SELECT oid FROM mine)
  UNION ALL
  SELECT 3, format('owns %%s', pg_describe_object(classid, objid, objsubid)), %(own_user)s
    FROM pg_catalog.pg_shdepend AS d
   WHERE deptype = 'o' AND dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
     AND refclassid = 'pg_authid'::regclass AND refobjid IN (SELECT oid FROM mine)
     AND (dbid <> 0 OR (classid = 'pg_database'::regclass
       AND objid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())))
  UNION ALL
  SELECT 4, format('may %%s %%s %%s', privilege_type, kind, what), format('REVOKE %%s ON %%s %%s FROM %%s',
      privilege_type, kind, what, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
    FROM (
      SELECT 'DATABASE' AS kind, quote_ident(datname) AS what, a.privilege_type, a.grantee
        FROM pg_catalog.pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) AS a
       WHERE datname = current_database() AND a.privilege_type = 'CREATE'
      UNION ALL
      SELECT 'SCHEMA', quote_ident(nspname), a.privilege_type, a.grantee
        FROM pg_catalog.pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) AS a
       WHERE a.privilege_type = 'CREATE' AND nspname !~ '^pg_(temp|toast)'
      UNION ALL
      SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, a.privilege_type, a.grantee
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace,
             aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)))
             AS a
       WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND a.privilege_type <> 'SELECT'
         AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(temp|toast)'
      UNION ALL
      SELECT 'TABLE', c.oid::regclass::text, format('%%s (%%I)', a.privilege_type, attname), a.grantee
        FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_class AS c ON c.oid = attrelid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace, aclexplode(attacl) AS a
       WHERE a.privilege_type <> 'SELECT' AND nspname NOT IN ('pg_catalog', 'information_schema')
      UNION ALL
      SELECT 'FUNCTION', p.oid::regprocedure::text, a.privilege_type, a.grantee
        FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_language AS l ON l.oid = prolang,
             aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a
       WHERE (NOT lanpltrusted AND lanname <> ALL (%(extensions)s)) OR (lanname = 'c' AND proname LIKE 'dblink%%')
    ) AS rights
   WHERE grantee = 0 OR grantee IN (SELECT oid FROM mine)
)
SELECT what, remedy FROM granted ORDER BY place, what
"""
"""A right counts that comes by PUBLIC or by any role that its user is in, inherited or to be had by SET ROLE.

TEMPORARY on the database doesn't: PUBLIC has it nearly everywhere, and a read-only transaction makes no such table.
Nor does a function in a trusted language: what it writes it writes in this transaction. One in another language may do
anything, and dblink speaks over a connection of its own."""


class _Line(Connection[Any]):
    """A connection that looks at the clock: psycopg itself waits for as long as the other side likes."""

    owner: Database | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        return super().wait(self._watched(gen), min(interval, 0.1), timeout)

    def _watched(self, gen: PQGen[RV]) -> Generator[Any, Any, RV]:
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if self.owner is not None:
                    _ = self.owner.left
                wanted = gen.send(ready)
        except StopIteration as end:
            value: RV = end.value
            return value


class PostgreSQL(Database):
    """Any of its versions that psycopg speaks to; tried with 15 and later."""

    name = "PostgreSQL"
    port = 5432
    allowed_options: ClassVar[frozenset[str]] = frozenset({"host", "sslmode", "sslrootcert"})

    def errors(self) -> tuple[type[Exception], ...]:
        return (psycopg.Error, OSError)

    def connect(self) -> Any:
        url, several = self.url, len(self.addresses) or 1
        words: dict[str, Any] = {"sslmode": "prefer" if self.in_the_open or not self.is_elsewhere else "verify-full"}
        words |= url.query
        if words["sslmode"] not in ENCRYPTED and self.is_elsewhere and not self.in_the_open:
            raise Misconfigured(
                "url", f"What is asked isn't sent over an open line: sslmode is one of {', '.join(ENCRYPTED)}."
            )
        if words["sslmode"] == "verify-full":
            words.setdefault("sslrootcert", "system")
        words["host"] = ",".join([words.get("host") or url.host or ""] * several)
        line = _Line.connect(
            "",
            hostaddr=",".join(self.addresses) or None,
            port=url.port or self.port,
            user=url.username,
            password=url.password,
            dbname=url.database,
            connect_timeout=max(2, round(self.left / several)),
            application_name="torg",
            autocommit=True,
            prepare_threshold=None,
            **words,
        )
        line.owner = self
        return line

    def begin(self, connection: Any) -> None:
        milliseconds = max(1, int(self.left * 1_000))
        connection.execute(
            "BEGIN READ ONLY;"
            f"SET LOCAL statement_timeout = {milliseconds}; SET LOCAL lock_timeout = {milliseconds};"
            f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds}"
        )

    def roll_back(self, connection: Any) -> None:
        connection.execute("ROLLBACK; SELECT pg_advisory_unlock_all()")

    def ask(self, connection: Any, asked: Statement, values: Mapping[str, object]) -> Rows:
        with connection.cursor("torg") as cursor, ExitStack() as on_failure:
            on_failure.callback(connection.close)  # so that no cursor is closed with a word to the other side
            cursor.execute(asked.written(self.style), values)
            rows = self.fetched(cursor)
            on_failure.pop_all()
        return rows

    def excess(self, connection: Any) -> Sequence[Excess]:
        given = {"harmless": list(HARMLESS_ROLES), "extensions": list(OTHER_LANGUAGES), "own_user": OWN_USER}
        return [Excess(*row) for row in connection.execute(_EXCESS, given).fetchall()]

    def meaning(self, error: Exception) -> PluginError:  # noqa: PLR0911 - a way for each class of states
        state = getattr(error, "sqlstate", None) or ""
        if not state:
            return self._without_state(error)
        if state in _SENTENCES:
            field, sentence = _SENTENCES[state]
            return Misconfigured(field, sentence)
        if state.startswith("28"):
            return AuthFailed(REFUSED)
        if state in {"57014", "25P03"}:
            return self.late()
        if state.startswith("22"):
            return Unreadable(NOT_COMPARED)
        if state.startswith(("42", "0A")):
            return Misconfigured("select", f"{self.name} doesn't understand the SELECT ({state}).")
        return Unreachable(f"{self.name} can't answer now ({state}).")

    def _without_state(self, error: Exception) -> PluginError:
        """Of the log-in, where libpq tells none, and of psycopg itself. Their words may be in any language."""
        if "SSL" in str(error):
            return self.no_tls()
        if re.search(rf'databas\w* "{re.escape(self.url.database or "")}"', str(error)):
            return Misconfigured(*_SENTENCES["3D000"])
        if isinstance(error, psycopg.DataError):
            return Unreadable(NOT_COMPARED)
        line = getattr(error, "pgconn", None)
        if (
            line is not None
            and (line.needs_password or line.used_password)
            and not isinstance(error, ConnectionTimeout)
        ):
            return AuthFailed(REFUSED)
        return Unreachable(f"{self.name} can't answer now.")


REFUSED = "PostgreSQL doesn't accept the user or the password."
NOT_COMPARED = "The database can't compare what was asked by with its column, or can't read its own values."
_SENTENCES = {
    "3D000": ("url", "There is no database of this name."),
    "25006": ("select", "The SELECT would write: nothing came of it. Leave out what writes."),
    "42P01": ("select", "There is no table or view of that name, or it isn't to be seen by this user."),
    "42P02": ("select", "The SELECT has a value that isn't given."),
    "42703": ("select", "There is no column of that name."),
    "42883": ("select", "There is no function or comparison for these types: say by CAST what is compared."),
    "42501": ("select", "The user may not read what the SELECT names: GRANT SELECT on it."),
}
