"""Rows: a lookup's own database, read-only; which engine it is, where it is, how long and how much it may answer.

Four walls: the statement (one SELECT, functions that only read), the user (one that may write isn't saved), the
transaction (read-only, and rolled back), the limits (clock, rows, bytes).
"""

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from hub.contract import Misconfigured, Rows, Unreachable
from hub.lookups.databases.database import Database, Limits
from hub.lookups.statement import statement
from hub.plugin_host.address import is_host, resolve

R = TypeVar("R")


_POSTGRESQL = ("postgresql", "PostgreSQL", "psycopg")
_MARIADB = ("mariadb", "MariaDB", "pymysql")
ENGINES: Mapping[str, tuple[str, str, str]] = {
    "postgresql": _POSTGRESQL,
    "postgresql+psycopg": _POSTGRESQL,
    "mariadb": _MARIADB,
    "mariadb+pymysql": _MARIADB,
    "mysql": _MARIADB,
    "mysql+pymysql": _MARIADB,
    "sqlite": ("sqlite", "SQLite", "sqlite3"),
    "mssql+pyodbc": ("sqlserver", "SQLServer", "pyodbc"),
    "oracle+oracledb": ("oracle", "Oracle", "oracledb"),
}
"""The beginning of an address: the module in `databases/`, its class, and the driver."""
EXTRAS = {"pymysql": "mariadb", "pyodbc": "sqlserver", "oracledb": "oracle"}
PATHS = frozenset({"host", "unix_socket", "sslrootcert", "ssl_ca"})
"""Of what may stand after the question mark: it must be on this machine."""
CONNECTIONS = 4
"""Of one lookup at its source at once: so one slow question holds nobody up."""
GRACE = 0.5
"""Seconds after which the clock outside the thread hangs up, should the one inside not have."""


class Reader:
    """Of one lookup."""

    def __init__(self, url: str, limits: Limits, *, in_the_open: bool = False) -> None:
        """Raises Misconfigured."""
        self._url, self._limits, self._in_the_open = _read(url), limits, in_the_open
        self._kind = _engine(self._url)
        self._threads = ThreadPoolExecutor(CONNECTIONS, f"rows-{self._kind.name}")
        self._asked: set[Database] = set()

    async def rows(self, sql: str, values: Mapping[str, object]) -> Rows:
        """The contract's."""
        asked, given = statement(sql, self._kind.quotes), dict(values)
        return await self._ask(lambda database: database.rows(asked, given))

    async def refuse_writer(self) -> None:
        """Raises Misconfigured for a user that may do more than read."""
        await self._ask(lambda database: database.refuse_writer())

    def close(self) -> None:
        """Hangs up on what is being asked."""
        for database in self._asked:
            database.hang_up()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, work: Callable[[Database], R]) -> R:
        seconds = self._limits.seconds
        database: Database | None = None
        try:
            async with asyncio.timeout(seconds + GRACE):
                made = database = self._kind(
                    self._url, await self._addresses(), self._limits, in_the_open=self._in_the_open
                )
                self._asked.add(made)
                return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(made))
        except TimeoutError:
            raise Unreachable(f"{self._kind.name} gave no whole answer within {seconds:g} seconds.") from None
        finally:  # also of who went away
            if database is not None:
                database.hang_up()
                self._asked.discard(database)

    async def _addresses(self) -> Sequence[str]:
        """Empty: it is on this machine, and no matter of an address."""
        if not self._url.host or not self._kind.port:
            return ()
        return [str(each) for each in await resolve(self._url.host, self._url.port or self._kind.port)]


def _read(url: str) -> URL:
    """Raises Misconfigured, without repeating what holds a password."""
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        raise Misconfigured(
            "url",
            "url isn't a database's address: write it as postgresql://user:password@host/database, "
            "mariadb://user:password@host/database or sqlite:////srv/economy.db.",
        ) from None
    if read.host and not is_host(read.host):
        raise Misconfigured("url", "url has no name of a host where one belongs.")
    return read


def _engine(url: URL) -> type[Database]:
    if url.drivername not in ENGINES:
        raise Misconfigured("url", f"url begins with one of: {', '.join(ENGINES)}.")
    module, name, driver = ENGINES[url.drivername]
    try:
        importlib.import_module(driver)
    except ImportError:
        raise Misconfigured("url", f"Its driver isn't here: install torg[{EXTRAS.get(driver, driver)}].") from None
    for path in PATHS & url.query.keys():
        if not str(url.query[path]).startswith("/"):
            raise Misconfigured("url", f"{path} after the question mark of url is a path; a host stands before it.")
        if not Path(str(url.query[path])).exists():
            raise Misconfigured("url", f"Where {path} of url says, there is nothing.")
    kind: type[Database] = getattr(importlib.import_module(f"hub.lookups.databases.{module}"), name)
    unknown = sorted(url.query.keys() - kind.allowed_options)
    if unknown:
        allowed = ", ".join(sorted(kind.allowed_options)) or "nothing"
        raise Misconfigured("url", f"{unknown[0]} isn't for url to say; after its question mark may stand: {allowed}.")
    return kind
