"""SQL Server by pyodbc. UNTESTED: written from Microsoft's documentation, tried against no server.

It has no read-only transaction. What stands in its place: a statement without any word that writes, a user that may not
write (checked when a lookup is saved), ApplicationIntent=ReadOnly, which a readable secondary obeys, and a transaction
that is rolled back. A function of T-SQL can't change a table (CREATE FUNCTION, "Limitations and restrictions").
"""

import importlib
from collections.abc import Sequence
from typing import Any, ClassVar

from hub.contract import AuthFailed, Misconfigured, PluginError, Unreachable, Unreadable
from hub.lookups.databases.database import OWN_USER, Database, Excess
from hub.lookups.statement import Style

DRIVER = "ODBC Driver 18 for SQL Server"
READING = ("CONNECT", "SELECT", "VIEW DEFINITION", "VIEW ANY COLUMN ENCRYPTION KEY DEFINITION",
           "VIEW ANY COLUMN MASTER KEY DEFINITION", "VIEW DATABASE STATE", "REFERENCES", "SHOWPLAN")  # fmt: skip
_EXCESS = """
SELECT N'is a member of ' + r, N'ALTER ROLE ' + r + N' DROP MEMBER ' + QUOTENAME(USER_NAME())
  FROM (VALUES (N'db_owner'), (N'db_datawriter'), (N'db_ddladmin'), (N'db_securityadmin'), (N'db_accessadmin'),
               (N'db_backupoperator')) AS roles (r) WHERE IS_ROLEMEMBER(r) = 1
UNION ALL
SELECT N'is a member of ' + r, N'ALTER SERVER ROLE ' + r + N' DROP MEMBER ' + QUOTENAME(SUSER_SNAME())
  FROM (VALUES (N'sysadmin'), (N'serveradmin'), (N'securityadmin'), (N'processadmin'), (N'setupadmin'), (N'bulkadmin'),
               (N'diskadmin'), (N'dbcreator')) AS roles (r) WHERE IS_SRVROLEMEMBER(r) = 1
UNION ALL
SELECT N'has ' + permission_name + N' on the database',
       N'REVOKE ' + permission_name + N' FROM ' + QUOTENAME(USER_NAME()) COLLATE DATABASE_DEFAULT
  FROM sys.fn_my_permissions(NULL, N'DATABASE') WHERE permission_name NOT IN ({reading})
UNION ALL
SELECT N'has ' + p.permission_name + N' on ' + o.name,
       N'REVOKE ' + p.permission_name + N' ON ' + o.name + N' FROM ' + QUOTENAME(USER_NAME()) COLLATE DATABASE_DEFAULT
  FROM (SELECT QUOTENAME(SCHEMA_NAME(schema_id)) + N'.' + QUOTENAME(name) AS name FROM sys.objects
         WHERE is_ms_shipped = 0 AND type IN ('U', 'V', 'P', 'PC', 'X', 'SO', 'FN', 'IF', 'TF', 'FS', 'FT', 'SN')) AS o
 CROSS APPLY sys.fn_my_permissions(o.name, N'OBJECT') AS p
 WHERE p.permission_name NOT IN ({reading}) AND p.subentity_name = N''
"""


class SQLServer(Database):
    """https://learn.microsoft.com/sql/connect/odbc/dsn-connection-string-attribute says what its words mean."""

    name = "SQL Server"
    quotes = '"['
    style: Style = "qmark"
    port = 1433
    allowed_options: ClassVar[frozenset[str]] = frozenset({"driver", "TrustServerCertificate", "HostNameInCertificate"})

    def errors(self) -> tuple[type[Exception], ...]:
        return (self._driver().Error, OSError)

    def connect(self) -> Any:
        url = self.url
        words = {
            "Driver": str(url.query.get("driver", DRIVER)),
            "Server": f"tcp:{self.addresses[0] if self.addresses else url.host},{url.port or self.port}",
            "HostNameInCertificate": str(url.query.get("HostNameInCertificate", url.host or "")),
            "Database": url.database or "",
            "UID": url.username or "",
            "PWD": url.password or "",
            "Encrypt": "no" if self.in_the_open else "yes",
            "TrustServerCertificate": str(url.query.get("TrustServerCertificate", "no")),
            "ApplicationIntent": "ReadOnly",
            "APP": "torg",
        }
        said = ";".join(f"{name}={{{value.replace('}', '}}')}}}" for name, value in words.items() if value)
        line = self._driver().connect(said, timeout=max(1, int(self.left)), autocommit=False, readonly=True)
        self._connection = line
        return line

    def begin(self, connection: Any) -> None:
        """`autocommit=False`: the first statement begins one."""
        connection.timeout = max(1, int(self.left))
        connection.execute(f"SET LOCK_TIMEOUT {int(self.left * 1_000)}")

    def excess(self, connection: Any) -> Sequence[Excess]:
        reading = ", ".join(f"N'{each}'" for each in READING)
        found = connection.execute(_EXCESS.format(reading=reading)).fetchall()
        return [Excess(row[0], row[1] or OWN_USER) for row in found]

    def meaning(self, error: Exception) -> PluginError:
        """By SQLSTATE, the first of a pyodbc error's words."""
        state = str(error.args[0]) if error.args else ""
        if state == "28000":
            return AuthFailed(f"{self.name} doesn't accept the user or the password.")
        if state in {"HYT00", "HYT01"}:
            return self.late()
        if state.startswith("42"):
            return Misconfigured("select", f"{self.name} doesn't understand the SELECT, or its user may not read that.")
        if state.startswith("22"):
            return Unreadable("The database can't compare what was asked by with its column.")
        return Unreachable(f"{self.name} can't answer now{f' ({state})' if state else ''}.")

    def _driver(self) -> Any:
        return importlib.import_module("pyodbc")
