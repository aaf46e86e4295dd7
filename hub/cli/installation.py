"""The installation a command works on: its settings and its storage, for as long as the command runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from msgspec import Struct
from sqlalchemy.exc import DBAPIError

from hub.access.audit import log_act
from hub.errors import Unavailable
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


class Installation(Struct, frozen=True):
    """Settings and storage. Every unit is all municipalities'."""

    settings: Settings
    storage: Storage

    def read(self, ask: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.storage.read_now(COMMAND_LINE, ask, *args, **kwargs)

    def write(self, change: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.storage.write_now(COMMAND_LINE, change, *args, **kwargs)


@contextmanager
def installation(*, newest: bool = True) -> Iterator[Installation]:
    """By the settings. Raises Invalid when the database is empty or old, unless `newest` is False; closed afterwards."""
    settings = load_settings()
    storage = open_storage(settings)
    try:
        if newest:
            require_newest(storage.engines.reader)
        yield Installation(settings, storage)
    except DBAPIError as error:
        if not is_trouble(error):
            raise
        raise Unavailable(f"The database can't be opened, written or reached just now: {_words(error)}") from error
    finally:
        storage.close()


def note_act(
    unit: Unit, act: str, kind: str, row_id: int, municipality_id: int | None = None, *, purpose: str | None = None
) -> None:
    """An audit row for what a command did: by nobody who logged in, from the command line."""
    log_act(
        unit, act, None, municipality_id=municipality_id, subject=(kind, row_id), purpose=purpose, source="command line"
    )


def _words(error: DBAPIError) -> str:
    """The driver's first line: the address and its password stand in none of them."""
    return (str(error.orig).splitlines() or ["no reason given"])[0]
