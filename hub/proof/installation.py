"""A fresh installation for a proof: a temporary folder, an empty database, and the environment its processes get."""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import psycopg
from msgspec import Struct
from psycopg import sql
from sqlalchemy import make_url, select

import hub
from hub.errors import Invalid
from hub.inbox.municipality import Municipality
from hub.plugin_host.manager import load
from hub.plugin_host.registry import Registry
from hub.settings import Settings, load_settings
from hub.storage.engine import open_engines
from hub.storage.migrate import current, require_newest, upgrade
from hub.storage.open import open_storage
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

P = ParamSpec("P")
T = TypeVar("T")

PROOF = Scope.everything("proof")
SERVER = "TORG_TEST_POSTGRES"
"""Names a PostgreSQL server, as a role that may create databases."""
_US = "torg-proof"
"""Our own connections' name on PostgreSQL: the others there are the hub's."""


class Where(Struct, frozen=True):
    """Which database a proof runs on: an engine to make one with, or the address of an empty one."""

    engine: str = "sqlite"
    database_url: str | None = None


class Installation:
    """What the supervisor holds of it. `environment`: for the hub's processes, without the caller's own settings."""

    def __init__(self, folder: Path, database_url: str, settings: Mapping[str, object]) -> None:
        self.folder, self.database_url = folder, database_url
        given = {
            "config": os.devnull,
            "database_url": database_url,
            "key_file": folder / "torg.key",
            "blob_folder": folder / "blobs",
            "log_level": "warning",
            **settings,
        }
        own = {f"TORG_{name.upper()}": str(value) for name, value in given.items()}
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TORG_")} | own
        # The hub's processes run in the temporary folder, with the program that runs here.
        self.environment["PYTHONPATH"] = str(Path(hub.__file__).parents[1])
        self.settings: Settings = load_settings(own | {"TORG_DATABASE_URL": _as_ours(database_url)})
        self.storage: Storage = open_storage(self.settings)
        self.registry: Registry = load()

    def read(self, ask: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.storage.read_now(PROOF, ask, *args, **kwargs)

    def write(self, change: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.storage.write_now(PROOF, change, *args, **kwargs)

    def hub_has_left(self) -> bool:
        """Whether the database has noticed: what the hub was committing is settled then."""
        if not self.database_url.startswith("postgresql"):
            return True
        with psycopg.connect(dsn(_as_ours(self.database_url))) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND backend_type = 'client backend' AND application_name <> %s",
                (_US,),
            ).fetchone()
        return found == (0,)


@contextmanager
def fresh(where: Where, settings: Mapping[str, object]) -> Iterator[Installation]:
    """Set up, and removed afterwards; a database that was named stays. Raises Invalid when it isn't empty."""
    with tempfile.TemporaryDirectory(prefix="torg-proof-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with _database(where, folder) as url:
            bring_up(url)
            installation = Installation(folder, url, settings)
            try:
                if installation.read(lambda unit: unit.first(select(Municipality.id))) is not None:
                    raise Invalid("database_url", "a proof needs an empty database: this one has municipalities in it")
                yield installation
            finally:
                installation.storage.close()


def bring_up(url: str) -> None:
    """An empty database to the newest schema. Raises Invalid for one at an older."""
    engines = open_engines(url)
    try:
        with engines.writer.connect() as connection:
            empty = current(connection) is None
        if empty:
            upgrade(engines.writer)
        require_newest(engines.reader)
    finally:
        engines.dispose()


@contextmanager
def _database(where: Where, folder: Path) -> Iterator[str]:
    if where.database_url is not None:
        yield where.database_url
    elif where.engine == "sqlite":
        yield f"sqlite:///{folder}/torg.db"
    else:
        with _on_server(os.environ.get(SERVER, "")) as url:
            yield url


@contextmanager
def _on_server(server: str) -> Iterator[str]:
    if not server:
        raise Invalid("engine", f"name a PostgreSQL server in {SERVER}, or an empty database with --database-url")
    name = f"torg_proof_{secrets.token_hex(4)}"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(dsn(server), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(drop)


def _as_ours(url: str) -> str:
    if not url.startswith("postgresql"):
        return url
    return make_url(url).update_query_dict({"application_name": _US}).render_as_string(hide_password=False)


def dsn(url: str) -> str:
    """The same address for the driver alone."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
