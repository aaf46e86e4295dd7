"""The two engines. SQLite: WAL, one writing connection, one reading; PostgreSQL: as many as there are threads."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hub.errors import Invalid
from hub.storage.durable import Durable
from hub.storage.scope import Scope
from hub.storage.turn import Turn
from hub.storage.upkeep import MOST_LOGGED, Upkeep

APP_ROLE, SYSTEM_ROLE = "torg_app", "torg_system"
"""PostgreSQL: a person's units run as the first, under row-level security; `Scope.everything` as the second."""
PUBLIC_ROLE, INTAKE_ROLE = "torg_public", "torg_intake"
"""The same of a public face, which logs in as the first and may become the second, and nobody else."""
POSTGRES_THREADS = 8
_CACHED = {True: 8_192, False: 4_096}
"""SQLite's own pages by connection, writing or reading, in kB. The machine keeps the file's in its memory anyway."""


class Roles(Struct, frozen=True):
    """As whom units run on PostgreSQL. `person` None: there are no units of ours."""

    person: str | None = APP_ROLE
    visitor: str = APP_ROLE
    everything: str = SYSTEM_ROLE

    def of(self, scope: Scope) -> str:
        if scope.municipalities is None:
            return self.everything
        role = self.visitor if scope.is_visitors else self.person
        if role is None:
            raise RuntimeError("a unit of a person of ours in a process that serves strangers")
        return role


KEPT_ALIVE: Mapping[str, int] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""Of each connection to PostgreSQL, in libpq's words, where the address doesn't say otherwise: a server that went
without a word, as a machine does that falls over, is known to be gone within half a minute.
"""

_SESSION = (
    "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=30s"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2 -c tcp_user_timeout=20s"
)
"""The last four are the server's own look at whether we are there: what a machine held that is gone is let go."""

PUBLIC_ROLES = Roles(None, PUBLIC_ROLE, INTAKE_ROLE)


class Embedded(Struct, frozen=True):
    """What a server would do for us, of one SQLite file."""

    upkeep: Upkeep
    turn: Turn
    durable: Durable

    def close(self) -> None:
        self.durable.close()
        self.upkeep.close()
        self.turn.close()


class Engines(Struct, frozen=True):
    """A pair of engines on one database; on PostgreSQL both are the same."""

    writer: Engine
    reader: Engine
    writing_threads: int
    reading_threads: int
    """0: reading shares the writing threads."""
    embedded: Embedded | None = None
    """SQLite's."""
    roles: Roles = Roles()

    def dispose(self) -> None:
        if self.embedded is not None:
            self.embedded.close()
        self.writer.dispose()
        self.reader.dispose()


def open_engines(url: str, roles: Roles = Roles()) -> Engines:  # noqa: B008 - it can't be changed
    """Engines for a SQLAlchemy address. Raises Invalid for an engine that isn't one of the two."""
    backend = make_url(url).get_backend_name()
    if backend == "sqlite":
        writer = _sqlite(url, writing=True)
        file = Path(str(writer.url.database)).resolve()  # through links, and whatever folder we are in later
        turn = Turn(file)
        return Engines(writer, _sqlite(url, writing=False), 1, 1, Embedded(Upkeep(writer, turn), turn, Durable(file)))
    if backend == "postgresql":
        engine = create_engine(
            url,
            hide_parameters=True,  # an error's text is logged
            pool_size=POSTGRES_THREADS,
            pool_use_lifo=True,  # whoever worked last has its plans and pages at hand
            max_overflow=2,
            connect_args={
                **{name: value for name, value in KEPT_ALIVE.items() if name not in make_url(url).query},
                "options": _SESSION,
            },
        )
        return Engines(engine, engine, POSTGRES_THREADS, 0, roles=roles)
    raise Invalid("database_url", f"database_url is sqlite:///FILE or postgresql+psycopg://…, not {backend}")


def libpq_words(url: URL) -> dict[str, Any]:
    """What libpq and its programs are told to reach the same database, on several hosts too; with the password."""
    _, words = url.get_dialect()().create_connect_args(url)
    return {**KEPT_ALIVE, **words}


def enter_scope(session: Session, scope: Scope, roles: Roles, *, writing: bool) -> None:
    """PostgreSQL: take on the role, say the municipalities and whether it only reads, for this transaction.

    SQLite has no second wall, and a connection that only reads.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    municipalities = ",".join(map(str, scope.municipalities or ()))
    statement = _ENTER if writing else _ENTER_TO_READ
    session.connection().exec_driver_sql(statement, (roles.of(scope), "{" + municipalities + "}"))


_ENTER = "SELECT set_config('role', %s, true), set_config('torg.municipalities', %s, true)"
_ENTER_TO_READ = f"{_ENTER}, set_config('transaction_read_only', 'on', true)"


def is_demoted(error: DBAPIError) -> bool:
    """A unit that writes has met a server that only reads: it was the first of several, and another is that now."""
    return getattr(error.orig, "sqlstate", None) == "25006"


def is_trouble(error: DBAPIError) -> bool:
    """Full disk, no connection, locked too long: the same unit may succeed later."""
    original = error.orig
    if isinstance(original, sqlite3.OperationalError):
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        return code in {
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_READONLY,
        }
    state = getattr(original, "sqlstate", None)
    return (
        error.connection_invalidated
        or (state is None and type(original).__name__ == "OperationalError")
        or state == "55P03"  # lock_timeout
        or (state or "")[:2] in {"08", "53", "57", "58"}
    )


def _sqlite(url: str, *, writing: bool) -> Engine:
    path = make_url(url).database
    if not path or path == ":memory:":
        raise Invalid("database_url", "SQLite needs a file: sqlite:///var/torg.db")
    Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not Path(path).exists():
        Path(path).touch(mode=0o600)  # citizens' mail is nobody else's; the log beside it follows the file
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=1,
        max_overflow=0,
        pool_timeout=60,
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "connect", _set_up(writing))
    event.listen(engine, "begin", _begin(writing))
    return engine


def _set_up(writing: bool) -> Callable[[sqlite3.Connection, Any], None]:
    def set_up(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions on its own
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",  # `durable` flushes
            "foreign_keys=ON",
            "busy_timeout=10000",
            "temp_store=MEMORY",
            f"cache_size=-{_CACHED[writing]}",
            f"wal_autocheckpoint={MOST_LOGGED}",
            f"journal_size_limit={MOST_LOGGED * 4096}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        if not writing:
            connection.execute("PRAGMA query_only=ON")

    return set_up


def _begin(writing: bool) -> Callable[[Connection], None]:
    # A deferred BEGIN that turns into a write fails at once when another process writes; IMMEDIATE waits its turn.
    statement = "BEGIN IMMEDIATE" if writing else "BEGIN"

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return begin
