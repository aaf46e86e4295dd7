"""Oracle by python-oracledb. UNTESTED: written from Oracle's documentation, tried against no server.

SET TRANSACTION READ ONLY holds back what the SELECT itself would write, not a function with a transaction of its own
(PRAGMA AUTONOMOUS_TRANSACTION), and Oracle calls functions without parentheses, too. So a user that may EXECUTE
anything of anybody's is refused when a lookup is saved; a view that calls such a function can't be told from others.
"""

import importlib
from collections.abc import Sequence
from typing import Any, ClassVar

from hub.contract import AuthFailed, Misconfigured, PluginError, Unreachable, Unreadable
from hub.lookups.databases.database import OWN_USER, Database, Excess
from hub.lookups.statement import Style

READING = ("CREATE SESSION", "SELECT ANY TABLE", "READ ANY TABLE")
_EXCESS = """
SELECT 'has ' || privilege, 'REVOKE ' || privilege || ' FROM ' || USER FROM session_privs
 WHERE privilege NOT IN ({reading})
UNION ALL
SELECT 'has ' || privilege || ' ON ' || owner || '.' || table_name,
       'REVOKE ' || privilege || ' ON ' || owner || '.' || table_name || ' FROM ' || grantee
  FROM (SELECT owner, table_name, privilege, USER AS grantee FROM user_tab_privs_recd
        UNION ALL SELECT owner, table_name, privilege, role FROM role_tab_privs
        UNION ALL SELECT owner, table_name, privilege, USER FROM user_col_privs_recd)
 WHERE privilege NOT IN ('SELECT', 'READ')
UNION ALL
SELECT 'owns ' || object_name, NULL FROM user_objects
"""
_AUTH = frozenset({1005, 1017, 1045, 28000, 28001})
_SELECT = frozenset({900, 904, 911, 923, 933, 936, 942, 1031, 1456, 41900})
_DATA = frozenset({1722, 1830, 1840, 1843, 1847, 1858, 1861, 6502})


class Oracle(Database):
    """Thin mode: no client library. https://python-oracledb.readthedocs.io says what its words mean."""

    name = "Oracle"
    style: Style = "named"
    port = 1521
    allowed_options: ClassVar[frozenset[str]] = frozenset({"service_name"})

    def errors(self) -> tuple[type[Exception], ...]:
        return (self._driver().Error, OSError)

    def connect(self) -> Any:
        url = self.url
        line = self._driver().connect(
            user=url.username,
            password=url.password,
            host=self.addresses[0] if self.addresses else url.host,
            port=url.port or self.port,
            service_name=str(url.query.get("service_name", url.database or "")),
            protocol="tcp" if self.in_the_open or not self.is_elsewhere else "tcps",
            ssl_server_dn_match=False,  # by its address; the certificate's authority is checked
            tcp_connect_timeout=self.left,
        )
        self._connection = line
        return line

    def begin(self, connection: Any) -> None:
        connection.call_timeout = max(1, int(self.left * 1_000))
        connection.rollback()  # it must be the first statement of its transaction
        connection.cursor().execute("SET TRANSACTION READ ONLY")

    def excess(self, connection: Any) -> Sequence[Excess]:
        reading = ", ".join(f"'{each}'" for each in READING)
        cursor = connection.cursor()
        cursor.execute(_EXCESS.format(reading=reading))
        return [Excess(row[0], row[1] or OWN_USER) for row in cursor.fetchall()]

    def meaning(self, error: Exception) -> PluginError:
        """By the number of its ORA- error."""
        code = getattr(error.args[0], "code", 0) if error.args else 0
        if code in _AUTH:
            return AuthFailed(f"{self.name} doesn't accept the user or the password.")
        if code in {1013, 3136, 4068} or "DPY-4024" in str(error):
            return self.late()
        if code in _SELECT:
            return Misconfigured("select", f"{self.name} doesn't understand the SELECT, or its user may not read that.")
        if code in _DATA:
            return Unreadable("The database can't compare what was asked by with its column.")
        return Unreachable(f"{self.name} can't answer now{f' (ORA-{code:05})' if code else ''}.")

    def _driver(self) -> Any:
        return importlib.import_module("oracledb")
