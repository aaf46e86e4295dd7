"""Migrations: to the newest, and whether the database is there. Alembic is imported only when it has work to do."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from hub.errors import Invalid, Unavailable
from hub.storage import statistics
from hub.storage.engine import is_trouble

_REVISION = len("2026_11_24_0000")


def folder() -> Path:
    """`migrations/`: in the wheel beside `hub`, in a checkout at its top."""
    packed = Path(str(files("hub"))) / "_migrations"
    return packed if packed.is_dir() else Path(__file__).parents[2] / "migrations"


def upgrade(engine: Engine) -> str:
    """Runs what is missing, each step in its transaction; returns the revision reached."""
    from alembic import command  # noqa: PLC0415 - 0.2 s that only an upgrade has to spend
    from alembic.config import Config  # noqa: PLC0415 - the same

    with _alone(engine), engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(folder()))
        config.attributes["connection"] = connection
        if engine.dialect.name == "postgresql":
            connection.detach()  # what is set here, and the lock, ends with it
            connection.execute(text("SET statement_timeout = 0"))  # an index over years of mail takes its time
            connection.execute(text("SET lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_lock(20261124)"))  # one upgrades, the others find it done
            connection.execute(text("RESET lock_timeout"))
            connection.commit()  # so that Alembic begins a transaction of its own for each step
        command.upgrade(config, "head")
        connection.commit()
        if engine.dialect.name == "sqlite":
            statistics.write(connection)
            connection.commit()
        return current(connection) or ""


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """One upgrades, the others find it done: on SQLite by a file beside the database, gone afterwards.

    Not a lock on the database's own file: to close that would let go of SQLite's own locks.
    """
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        yield
        return
    beside = Path(f"{path}-upgrade")
    while True:
        handle = os.open(beside, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not _is_open(beside, handle):
                continue  # whoever had it has removed it
            try:
                yield
            finally:
                beside.unlink()
            return
        finally:
            os.close(handle)


def _is_open(path: Path, handle: int) -> bool:
    try:
        return os.fstat(handle).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def current(connection: Connection) -> str | None:
    """The database's revision; None for a database without our tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def newest() -> str:
    """The newest revision of the program: files are named by theirs, date and time first, then in words."""
    return max(folder().joinpath("versions").glob("2*.py")).name[:_REVISION]


def require_newest(engine: Engine) -> None:
    """Raises Invalid, saying what to do, unless the database is at the program's revision; Unavailable without one."""
    try:
        with engine.connect() as connection:
            found = current(connection)
    except DBAPIError as error:
        if not is_trouble(error):
            raise
        said = str(error.orig).splitlines() or ["no reason given"]
        raise Unavailable(f"The database can't be opened or reached: {said[0]}") from error
    if found is None:
        where = engine.url.render_as_string(hide_password=True)
        if engine.dialect.name == "sqlite":  # mostly another working folder than the installation's
            where = str(Path(engine.url.database or "").resolve())
        raise Invalid(
            "database_url", f"the database is empty: run torg db upgrade, unless you meant another than {where}"
        )
    if found != newest():
        raise Invalid("database_url", f"the database is at {found}, the program at {newest()}: run torg db upgrade")
