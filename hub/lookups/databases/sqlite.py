"""SQLite: a file that is opened to be read, and a connection that is told before each step what it may do."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hub.contract import Misconfigured, PluginError, Rows, Unreachable, Unreadable
from hub.lookups.databases.database import Database, Excess
from hub.lookups.statement import Statement, Style

_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_STEPS = 2_000
"""Of its machine, between two looks at the clock."""


class SQLite(Database):
    """It has no users: whoever may read the file may ask, and nobody writes by us."""

    name = "SQLite"
    quotes = '"`['
    style: Style = "named"

    def errors(self) -> tuple[type[Exception], ...]:
        return (sqlite3.Error, OSError)

    def connect(self) -> Any:
        path = Path(self.url.database or "")
        if not path.is_absolute():
            raise Misconfigured("url", "Write where the file is from the root on: sqlite:////srv/economy.db.")
        if not path.is_file():
            raise Unreachable("The file isn't there.")
        address = f"file:{quote(str(path))}?mode=ro"
        line = sqlite3.connect(address, uri=True, timeout=self.left, isolation_level=None, check_same_thread=False)
        self._connection = line
        line.execute("PRAGMA query_only = ON")
        line.execute("PRAGMA trusted_schema = OFF")
        line.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, self.limits.bytes)
        line.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        line.set_progress_handler(self._is_late, _STEPS)
        return line

    def begin(self, connection: Any) -> None:
        connection.execute("BEGIN")
        connection.set_authorizer(_authorise)

    def roll_back(self, connection: Any) -> None:
        connection.set_authorizer(None)
        connection.execute("ROLLBACK")

    def ask(self, connection: Any, asked: Statement, values: Mapping[str, object]) -> Rows:
        """It has no days: they are texts as yyyy-mm-dd, which compare as they should."""
        texts = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
        return super().ask(connection, asked, texts)

    def excess(self, connection: Any) -> Sequence[Excess]:  # noqa: ARG002 - there are no users
        return ()

    def meaning(self, error: Exception) -> PluginError:
        """By SQLite's own codes: its words repeat what was asked."""
        code = getattr(error, "sqlite_errorname", "") or ""
        if code == "SQLITE_INTERRUPT" or code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return self.late()
        if code == "SQLITE_TOOBIG":
            return Unreadable(f"{self.name} gives more than {self.limits.bytes:,} bytes: ask for less.")
        if code == "SQLITE_AUTH" or code.startswith("SQLITE_READONLY"):
            return Misconfigured("select", "The SELECT would write, or goes to another file: nothing came of it.")
        if code in {"SQLITE_ERROR", "SQLITE_RANGE", "SQLITE_MISUSE"} or isinstance(error, sqlite3.ProgrammingError):
            return Misconfigured("select", _what(error) or f"{self.name} doesn't understand the SELECT.")
        if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_MISMATCH")) or "decode" in str(error):
            return Unreadable("The file is damaged, or no SQLite database.")
        return Unreachable(f"{self.name} can't read the file now{f' ({code})' if code else ''}.")

    def _is_late(self) -> int:
        try:
            _ = self.left
        except TimeoutError:
            return 1
        return 0


def _authorise(action: int, _: str | None, second: str | None, *__: object) -> int:
    """https://sqlite.org/c3ref/set_authorizer.html: of a function the second text is its name."""
    if action not in _READING or (action == sqlite3.SQLITE_FUNCTION and second == "load_extension"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _what(error: Exception) -> str:
    """Whether a table or a column is missing, as the other databases say it."""
    return next((said for words, said in _SENTENCES.items() if str(error).startswith(words)), "")


_SENTENCES = {
    "no such table": "There is no table or view of that name, or it isn't to be seen by this user.",
    "no such column": "There is no column of that name.",
    "no such function": "There is no function of that name.",
}
