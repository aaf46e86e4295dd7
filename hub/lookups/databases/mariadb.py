"""MariaDB by PyMySQL: START TRANSACTION READ ONLY, rows as they come, and no file of ours for the other side."""

import contextlib
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import pymysql
from pymysql.cursors import SSCursor

from hub.contract import AuthFailed, Misconfigured, PluginError, Rows, Unreachable, Unreadable
from hub.lookups.databases.database import OWN_USER, Database, Excess, TooMuch
from hub.lookups.statement import Statement

READING = frozenset({"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES"})
"""EXECUTE isn't among them: a function may do more than its transaction holds back, and a view needs none."""
_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<what>.+) TO (?P<whom>\S+)(?P<rest>.*)")
_ROLE = re.compile(r"GRANT (?P<role>`[^`]+`(?:@`[^`]*`)?|[^ ]+) TO .+")
_COLUMNS = re.compile(r"\s*\((?:[^()`]|`[^`]*`)*\)")
PUBLIC_SINCE = (10, 11)


class _Line(pymysql.connections.Connection):
    """A connection that looks at the clock and counts what comes."""

    owner: Database
    came = 0

    def _read_bytes(self, num_bytes: int) -> bytes:
        self.came += num_bytes
        if self.came > 2 * self.owner.limits.bytes:  # what isn't rows comes on top
            raise TooMuch
        self._sock.settimeout(self.owner.left)  # type: ignore[attr-defined] # the stubs leave it out
        data: bytes = super()._read_bytes(num_bytes)  # type: ignore[misc] # the same
        return data


class MariaDB(Database):
    """Tried with MariaDB 10.11; MySQL, which speaks the same, says its time-out differently."""

    name = "MariaDB"
    quotes = '"`'
    port = 3306
    allowed_options: ClassVar[frozenset[str]] = frozenset({"unix_socket", "ssl_ca"})

    def errors(self) -> tuple[type[Exception], ...]:
        return (pymysql.Error, OSError)

    def connect(self) -> Any:
        url, tls = self.url, self._tls()
        line = _Line(
            user=url.username,
            password=(url.password or "").encode(),
            host=url.host or "localhost",
            database=url.database,
            unix_socket=url.query.get("unix_socket"),
            charset="utf8mb4",
            cursorclass=SSCursor,
            connect_timeout=self.left,
            read_timeout=self.left,  # also of the handshake of TLS
            write_timeout=self.left,
            ssl=tls,
            ssl_disabled=tls is None,  # else PyMySQL reads the machine's authorities for each connection
            program_name="torg",
            defer_connect=True,
        )
        line.owner = self
        self._connection = line
        line.connect(self._socket())
        return line

    def _socket(self) -> socket.socket | None:
        """To the first address that takes it; None: a unix socket, that the driver opens."""
        error: OSError | None = None
        for address in self.addresses:
            try:
                return socket.create_connection((address, self.url.port or self.port), self.left / len(self.addresses))
            except OSError as no:
                error = no
        if error is not None:
            raise error
        return None

    def _tls(self) -> ssl.SSLContext | None:
        """None: without."""
        authority = self.url.query.get("ssl_ca")
        if authority or (self.is_elsewhere and not self.in_the_open):
            return _authorities(str(authority) if authority else None)
        return None

    def hang_up(self) -> None:
        super().hang_up()
        line = getattr(self._connection, "_sock", None)
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def begin(self, connection: Any) -> None:
        seconds = self.left
        name, limit = ("max_execution_time", str(int(seconds * 1_000)))
        if _version(connection) != (0, 0):
            name, limit = "max_statement_time", f"{seconds:.3f}"
        waits = f"lock_wait_timeout = {max(1, int(seconds))}, innodb_lock_wait_timeout = {max(1, int(seconds))}"
        for words in (
            f"SET SESSION {name} = {limit}, {waits}",
            "SET SESSION TRANSACTION READ ONLY",
            "START TRANSACTION READ ONLY",
        ):
            connection.query(words)

    def ask(self, connection: Any, asked: Statement, values: Mapping[str, object]) -> Rows:
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(_leave, connection)
            rows = super().ask(connection, asked, values)
            on_failure.pop_all()
        return rows

    def excess(self, connection: Any) -> Sequence[Excess]:
        grants = self._grants(connection)
        excess = [each for grant in grants for each in _excess(grant)]
        named = [grant.partition(" ON ")[2] for grant in grants]
        for (schema,) in self._said(connection, "SELECT schema_name FROM information_schema.schemata"):
            # A row of mysql.db without a user is everybody's, and no SHOW GRANTS tells of it.
            if re.match(r"test(_|\Z)", schema) and not any(each.startswith(f"`{schema}`") for each in named):
                excess.append(Excess(f"may write in {schema}, as everybody", "DELETE FROM mysql.db WHERE User = ''"))
        return excess

    def _grants(self, connection: Any) -> Sequence[str]:
        """Of the user, of everybody, and of every role that the user may take, with those within it."""
        grants = self._said(connection, "SHOW GRANTS FOR CURRENT_USER")
        roles = [match["role"] for (grant,) in grants if " ON " not in grant and (match := _ROLE.fullmatch(grant))]
        if _version(connection) >= PUBLIC_SINCE:
            grants += self._said(connection, "SHOW GRANTS FOR PUBLIC")
        for role in roles:
            connection.query(f"SET ROLE {role}")
            grants += self._said(connection, "SHOW GRANTS FOR CURRENT_ROLE")
        return [grant for (grant,) in grants if " ON " in grant or not _ROLE.fullmatch(grant)]

    def _said(self, connection: Any, words: str) -> list[tuple[str, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(words)
            return list(cursor.fetchall())

    def meaning(self, error: Exception) -> PluginError:
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        if code in _SENTENCES:
            field, sentence = _SENTENCES[code]
            return Misconfigured(field, sentence)
        if code in _AUTH:
            return AuthFailed(f"{self.name} doesn't accept the user or the password.")
        if code in _NO_TLS or isinstance(error, ssl.SSLError):
            return self.no_tls()
        if code in _LATE or isinstance(error, TimeoutError) or "timed out" in str(error):
            return self.late()
        if code in _DATA:
            return Unreadable(
                "The database can't compare what was asked by with its column, or can't read its own values."
            )
        return Unreachable(f"{self.name} can't answer now{f' ({code})' if code else ''}.")


_AUTH = frozenset({1045, 1698, 1251, 1862, 3118, 4151})
_NO_TLS = frozenset({2026})
_LATE = frozenset({1205, 1317, 1969, 3024, 4031})
_DATA = frozenset({1264, 1292, 1366, 1411, 1690, 3854})
_SENTENCES = {
    1044: ("url", "The user has no right in this database: GRANT SELECT on what the SELECT names."),
    1049: ("url", "There is no database of this name."),
    1054: ("select", "There is no column of that name."),
    1064: ("select", "MariaDB doesn't understand the SELECT (1064)."),
    1142: ("select", "The user may not read what the SELECT names: GRANT SELECT on it."),
    1143: ("select", "The user may not read what the SELECT names: GRANT SELECT on it."),
    1146: ("select", "There is no table or view of that name, or it isn't to be seen by this user."),
    1290: ("select", "The SELECT would write a file: nothing came of it. Leave out what writes."),
    1305: ("select", "There is no function of that name."),
    1356: ("select", "The view can't be read: its own user lacks a right, or what it shows is gone."),
    1370: ("select", "The view calls a function that this user may not call: make it with SQL SECURITY DEFINER."),
    1792: ("select", "The SELECT would write: nothing came of it. Leave out what writes."),
    1221: ("select", "MariaDB doesn't understand the SELECT (1221)."),
}


def _leave(connection: Any) -> None:
    """Without the rows that haven't come yet: PyMySQL would read on, to the last one."""
    if connection._result is not None:
        connection._result.unbuffered_active = False


@cache
def _authorities(file: str | None) -> ssl.SSLContext:
    """In this file; or the machine's, where IT adds its own. Read once: it takes a while."""
    return ssl.create_default_context(cafile=file)


def _version(connection: Any) -> tuple[int, int]:
    """Of MariaDB, which says 5.5.5- before it to old clients; (0, 0) of MySQL."""
    found = re.match(r"(?:5\.5\.5-)?(\d+)\.(\d+).*MariaDB", connection.server_version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _excess(grant: str) -> Iterator[Excess]:
    """What one line of SHOW GRANTS gives beyond reading. A line that can't be read counts as too much."""
    line = _GRANT.fullmatch(grant)
    if line is None:
        yield Excess("has a right that can't be told from reading", OWN_USER)
        return
    rights = [right.strip() for right in _COLUMNS.sub("", line["rights"]).split(",")]
    for right in rights:
        if right not in READING:
            columns = re.search(rf"{re.escape(right)}(\s*\([^)]*\))", line["rights"])
            whole = right + (columns[1] if columns else "")
            yield Excess(f"has {whole} ON {line['what']}", f"REVOKE {whole} ON {line['what']} FROM {line['whom']}")
    if "GRANT OPTION" in line["rest"]:
        yield Excess(
            f"may give away its rights ON {line['what']}",
            f"REVOKE GRANT OPTION ON {line['what']} FROM {line['whom']}",
        )
