"""Backup: rows, the files that they name and a signed description, in a folder; and back from there.

The rows are one snapshot, taken while everything goes on: SQLite's online backup, PostgreSQL's pg_dump. Files are
copied before it and after it once more, so every file that its rows name is there. The key file isn't in it: whoever
has both has everything, and without it secrets can't be read.
"""

import hashlib
import hmac
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from hub import clock
from hub.errors import Conflict, Corrupt, Invalid, Unavailable
from hub.storage.blobs import lasts
from hub.storage.check import named_blobs
from hub.storage.engine import SYSTEM_ROLE, libpq_words
from hub.storage.flush import flush
from hub.storage.keys import Keys
from hub.storage.migrate import current, newest
from hub.storage.roles import ensure
from hub.storage.unit import Storage

DESCRIPTION = "backup.json"
_ROWS = {"sqlite": "torg.db", "postgresql": "torg.dump"}
_PURPOSE = "backup"
_PIECE = 1024 * 1024


class Description(Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup is. `made_at`: microseconds, of its snapshot; `sha256`: of the file with the rows."""

    made_at: int
    torg: str
    engine: str
    revision: str
    sha256: str
    size: int
    blobs: int


class _Signed(Struct, frozen=True, forbid_unknown_fields=True):
    description: Description
    mac: str


def make(storage: Storage, blob_folder: Path, folder: Path) -> Description:
    """Raises Conflict for a folder that has something in it, Corrupt when it can't be whole. Unfinished, it has no
    description, and can't be restored."""
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} has something in it: name a new folder for each backup.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    blobs = folder / "blobs"
    copy_files(blob_folder, blobs)
    engine = storage.engines.reader
    rows = folder / _ROWS[engine.dialect.name]
    made_at = clock.now()
    named = _snapshot_sqlite(engine, rows) if engine.dialect.name == "sqlite" else _snapshot_postgresql(engine, rows)
    rows.chmod(0o600)
    copy_files(blob_folder, blobs)
    lost = [name for name in named if not _file_of(blobs, name).is_file()]
    if lost:
        raise Corrupt(
            "{count} files that rows name aren't there ({name}): torg db check says more. Were they erased while the"
            " backup ran, make another one.",
            count=len(lost),
            name=lost[0],
        )
    with engine.connect() as connection:
        revision = current(connection) or ""
    description = Description(
        made_at, version("torg"), engine.dialect.name, revision, _digest(rows), rows.stat().st_size, len(set(named))
    )
    _write(folder / DESCRIPTION, msgspec.json.format(msgspec.json.encode(_signed(description, storage.keys))))
    return description


def require_whole(folder: Path, keys: Keys) -> Description:
    """Raises Invalid for what isn't a backup or is of a newer program, Corrupt for one that was changed or made with
    another key."""
    try:
        signed = msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=_Signed)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Invalid("folder", f"{folder} is no finished backup: {DESCRIPTION} is missing or can't be read") from error
    description = signed.description
    if not hmac.compare_digest(_signed(description, keys).mac, signed.mac):
        raise Corrupt(
            "This backup was made with another key file, or was changed since. Put the key file that it was made with"
            " where key_file says."
        )
    if description.revision > newest():
        raise Invalid(
            "folder", f"the backup is of revision {description.revision}, newer than this program: upgrade it"
        )
    if _digest(folder / _ROWS[description.engine]) != description.sha256:
        raise Corrupt("The rows of this backup aren't what was stored: take another backup.")
    files = list(files_in(folder / "blobs"))
    for path in files:
        if _digest(path) != path.name:
            raise Corrupt(f"{path} isn't what was stored: take another backup.")
    if len(files) < description.blobs:
        there = f"{len(files)} of {description.blobs}"
        raise Corrupt(f"Of this backup's files {there} are there: copy it anew, or take another backup.")
    return description


@contextmanager
def put_back(folder: Path, description: Description, url: str, blob_folder: Path) -> Iterator[str]:
    """The files and then the rows, where there are none. The address to finish them at, before they are in their place.

    Raises Conflict where something is already.
    """
    if make_url(url).get_backend_name() != description.engine:
        raise Invalid(
            "database_url", f"the backup is one of {description.engine}, and database_url names another engine"
        )
    if any(files_in(blob_folder)):
        raise Conflict(f"There are files in {blob_folder}: move them away, or name another blob_folder.")
    if description.engine == "sqlite":
        path = Path(make_url(url).database or "")
        _require_nothing(path)
        copy_files(folder / "blobs", blob_folder)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        passing = path.with_name(f"{path.name}.restoring")
        for each in (passing, *_beside(passing)):
            each.unlink(missing_ok=True)
        shutil.copyfile(folder / _ROWS["sqlite"], passing)
        passing.chmod(0o600)
        yield f"sqlite:///{passing}"
        with closing(sqlite3.connect(passing)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (said,) = connection.execute("PRAGMA quick_check").fetchone()
        if said != "ok":
            raise Corrupt(f"SQLite finds in the backup: {said}.")
        flush(passing)
        passing.rename(path)
        flush(path.parent)
        return
    engine = create_engine(url, hide_parameters=True)
    try:
        _require_empty(engine)
        copy_files(folder / "blobs", blob_folder)
        ensure(engine)
        options = ("--no-owner", "--exit-on-error", "--single-transaction")
        _run(engine, "pg_restore", *options, "--dbname", _address(engine), str(folder / _ROWS["postgresql"]))
    finally:
        engine.dispose()
    yield url


def files_in(folder: Path) -> Iterator[Path]:
    """Blobs: whole ones, not what is being written, nor what no row will name and is forgotten in days."""
    lasting = (each for each in folder.rglob("*") if lasts(each.relative_to(folder).as_posix()))
    return (each for each in lasting if each.is_file() and not each.name.startswith("."))


def copy_files(source: Path, target: Path) -> None:
    """Those that aren't there yet. What is erased meanwhile is nobody's any more, unless a row names it."""
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for each in files_in(source):
        to = target / each.relative_to(source)
        if to.exists():
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        passing = to.with_name(f".{to.name}")
        try:
            shutil.copyfile(each, passing)
        except FileNotFoundError:
            continue
        flush(passing)
        passing.rename(to)


def _snapshot_sqlite(engine: Engine, rows: Path) -> Sequence[str]:
    """In one step, which is one reading transaction: nobody who writes waits for it."""
    source = f"file:{Path(engine.url.database or '').resolve()}?mode=ro"
    with closing(sqlite3.connect(source, uri=True)) as connection, closing(sqlite3.connect(rows)) as copy:
        connection.backup(copy)
    of_copy = create_engine(f"sqlite:///{rows}")
    try:
        with of_copy.connect() as connected:
            named = named_blobs(connected)
    finally:
        of_copy.dispose()
    flush(rows)
    return named


def _snapshot_postgresql(engine: Engine, rows: Path) -> Sequence[str]:
    """As the role that sees all rows: the walls stand for the owner of the tables, too."""
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        named = named_blobs(connection)
        _run(
            engine, "pg_dump", "--format=custom", "--enable-row-security", f"--role={SYSTEM_ROLE}",
            f"--snapshot={snapshot}", "--no-owner", "--file", str(rows), "--dbname", _address(engine),
        )  # fmt: skip
    return named


def _run(engine: Engine, program: str, *arguments: str) -> None:
    found = _program(program)
    password = {"PGPASSWORD": str(engine.url.password)} if engine.url.password else {}
    ran = subprocess.run(  # noqa: S603 - PostgreSQL's own program, with arguments of ours
        [found, *arguments], env=os.environ | password, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        said = (ran.stderr.strip().splitlines() or ["no reason given"])[0]
        raise Unavailable(f"{program} ended with an error: {said}")


def _program(name: str) -> str:
    """On PATH, or where Debian has them: the newest, which reads every older server."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = shutil.which(name) or (str(debian[-1]) if debian else None)
    if found is None:
        raise Invalid(
            "database_url",
            f"{name} isn't on PATH: install PostgreSQL's programs of the server's version (Debian: postgresql-client)",
        )
    return found


def _address(engine: Engine) -> str:
    """Without the password, which whoever lists processes would see."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - where there is no PostgreSQL, not its driver

    return make_conninfo("", **{name: value for name, value in libpq_words(engine.url).items() if name != "password"})


def _require_nothing(path: Path) -> None:
    there = [each for each in (path, *_beside(path)) if each.exists() and each.stat().st_size]
    if there:
        raise Conflict(f"There is {there[0]} already: stop Torg and move it away, or name another database_url.")


def _require_empty(engine: Engine) -> None:
    with engine.connect() as connection:
        if connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar_one():
            raise Conflict("The database has tables in it: name an empty one (CREATE DATABASE), and keep this one.")
        if _others(connection):
            raise Conflict("Others are connected to the database: stop torg serve and torg worker first.")


def _others(connection: Connection) -> int:
    return int(connection.execute(_OTHERS).scalar_one())


_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


def _beside(path: Path) -> Sequence[Path]:
    """SQLite's own: the log of another database would be read into this one."""
    return [path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal")]


def _file_of(blobs: Path, name: str) -> Path:
    owner, _, digest = name.rpartition("/")
    return blobs / owner / digest[:2] / digest


def _signed(description: Description, keys: Keys) -> _Signed:
    return _Signed(description, keys.mac(_PURPOSE, msgspec.json.encode(description)).hex())


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def _write(path: Path, content: bytes) -> None:
    passing = path.with_name(f".{path.name}")
    passing.write_bytes(content)
    flush(passing)
    passing.rename(path)
    flush(path.parent)
