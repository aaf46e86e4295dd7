"""The installation a command works on: its settings and its storage, for as long as the command runs."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from msgspec import Struct
from sqlalchemy.exc import DBAPIError

from hub.access.audit import log_act
from hub.errors import Corrupt, NotAllowed, TorgError, Unavailable
from hub.live.bridge import told_at_the_end
from hub.settings import Settings, load_settings
from hub.storage.engine import is_trouble
from hub.storage.migrate import require_newest
from hub.storage.open import open_storage
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

P = ParamSpec("P")
T = TypeVar("T")

COMMAND_LINE = Scope.everything("command line")
"""Whoever may run commands on this machine may read its database and its key file."""

_NOT_ALLOWED, _SAID_BY_US = "42501", "P0001"
"""PostgreSQL's codes for a right that its role lacks, and for what a migration refuses in words of its own."""


class Installation(Struct, frozen=True):
    """Settings and storage. Its units see every municipality."""

    settings: Settings
    storage: Storage

    def read(self, ask: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.storage.read_now(COMMAND_LINE, ask, *args, **kwargs)

    def write(self, change: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.storage.write_now(COMMAND_LINE, change, *args, **kwargs)


@contextmanager
def installation(*, newest: bool = True) -> Iterator[Installation]:
    """By the settings; closed afterwards. Raises Invalid for an empty or old database, unless `newest` is False."""
    settings = load_settings()
    storage = open_storage(settings)
    try:
        with known_trouble():
            if newest:
                require_newest(storage.engines.reader)
            with told_at_the_end(storage, settings.redis_url):
                yield Installation(settings, storage)
    finally:
        storage.close()


@contextmanager
def known_trouble() -> Iterator[None]:
    """What the database says no to as a sentence of ours."""
    try:
        yield
    except DBAPIError as error:
        known = _known(error)
        if known is None:
            raise
        raise known from error


def note_act(
    unit: Unit, act: str, kind: str, row_id: int, municipality_id: int | None = None, *, purpose: str | None = None
) -> None:
    """An audit row for what a command did: by nobody who logged in, from the command line."""
    log_act(
        unit, act, None, municipality_id=municipality_id, subject=(kind, row_id), purpose=purpose, source="command line"
    )


def _known(error: DBAPIError) -> TorgError | None:
    """The database's own no as ours; None for a bug. No driver's first line holds the address or its password."""
    said = (str(error.orig).splitlines() or ["no reason given"])[0]
    if is_trouble(error):
        return Unavailable(f"The database can't be opened, written or reached just now: {said}")
    if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return Corrupt(f"The database is damaged ({said}): restore it from a backup.")
    if getattr(error.orig, "sqlstate", None) in {_NOT_ALLOWED, _SAID_BY_US}:
        return NotAllowed(f"The database refuses: {said}")
    return None
