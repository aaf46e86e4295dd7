"""Database: a source that is asked by SQL, in a transaction that can't write and is rolled back.

Each question has a connection of its own: whatever a view or function at the source may do to a session, take a lock or
set a variable, is gone with it, and no line grows stale. No error of a driver leaves this folder: its words repeat what
was asked by.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from ipaddress import ip_address
from typing import Any, ClassVar, TypeVar

from msgspec import Struct
from sqlalchemy import URL

from hub.contract import Misconfigured, PluginError, Rows, Unreachable, Unreadable
from hub.lookups.statement import Statement, Style, usable

R = TypeVar("R")

BATCH = 20
"""Rows that are fetched at a time: so many may be there before their bytes are counted."""


class Limits(Struct, frozen=True):
    """Of one question. `seconds`: for all of it, from the connection to the last row."""

    seconds: float
    rows: int = 1_000
    bytes: int = 8_000_000


class Excess(Struct, frozen=True):
    """A right to do more than read. `remedy`: what takes it away."""

    right: str
    remedy: str


OWN_USER = "give the lookup a user of its own, with SELECT on what it shows and nothing else"
"""Where a right can't be taken away from who has it without breaking something."""


class TooMuch(Exception):
    """More came than there is room for."""


class Database(ABC):
    """For one question. Everything but `hang_up` is called in one thread."""

    name: ClassVar[str]
    quotes: ClassVar[str] = '"'
    style: Style = "pyformat"
    port: ClassVar[int] = 0
    """Where it listens unless the address says otherwise; 0: it isn't across a network."""
    allowed_options: ClassVar[frozenset[str]] = frozenset()
    """What may stand in the address after the question mark. The rest could undo what is set here."""

    def __init__(self, url: URL, addresses: Sequence[str], limits: Limits, *, in_the_open: bool = False) -> None:
        """`addresses`: where its host is; empty: on this machine, or in the address itself."""
        self.url, self.addresses, self.limits, self.in_the_open = url, addresses, limits, in_the_open
        self.ends_at = time.monotonic() + limits.seconds
        self._connection: Any = None
        """As soon as there is one, so that it can be hung up while it is still logging in."""

    def rows(self, asked: Statement, values: Mapping[str, object]) -> Rows:
        """All of them. Raises Unreachable, AuthFailed, Misconfigured, Unreadable."""
        given = usable(asked.names, values)
        return self._within(lambda connection: self.ask(connection, asked, given))

    def refuse_writer(self) -> None:
        """Raises Misconfigured for a user that may do more than read, and says what takes that away."""
        excess = self._within(self.excess)
        if excess:
            more = f" ({len(excess) - 1} more like it)" if len(excess) > 1 else ""
            only = f"The user of a lookup must only read, and this one {excess[0].right}{more}"
            raise Misconfigured("url", f"{only}. What helps: {excess[0].remedy}")

    def hang_up(self) -> None:
        """From another thread: the question ends soon, and its own thread closes the connection."""
        self.ends_at = 0.0

    @property
    def left(self) -> float:
        """Seconds. Raises TimeoutError when there are none."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def late(self) -> Unreachable:
        return Unreachable(f"{self.name} gave no whole answer within {self.limits.seconds:g} seconds.")

    def no_tls(self) -> Unreachable:
        return Unreachable(f"{self.name}: no encrypted line comes about, or its certificate doesn't hold.")

    @abstractmethod
    def errors(self) -> tuple[type[Exception], ...]:
        """All that the driver raises for what goes wrong at the source."""

    @abstractmethod
    def connect(self) -> Any:
        """A connection on which nothing is written."""

    @abstractmethod
    def begin(self, connection: Any) -> None:
        """A transaction that can't write."""

    @abstractmethod
    def excess(self, connection: Any) -> Sequence[Excess]:
        """What its user may do besides reading."""

    @abstractmethod
    def meaning(self, error: Exception) -> PluginError:
        """Of an error of the driver, in our words: no value is in them."""

    def ask(self, connection: Any, asked: Statement, values: Mapping[str, object]) -> Rows:
        cursor = connection.cursor()
        written = asked.written(self.style)
        cursor.execute(written, [values[name] for name in asked.names] if self.style == "qmark" else values)
        rows = self.fetched(cursor)
        cursor.close()  # not after an error: drivers read what is left
        return rows

    def fetched(self, cursor: Any) -> Rows:
        """Within the limits."""
        if not cursor.description:
            raise Misconfigured("select", "What is asked isn't a SELECT that gives rows.")
        columns = [str(column[0]) for column in cursor.description]
        twice = {column for column in columns if columns.count(column) > 1}
        if twice:
            raise Misconfigured("select", f"Two columns are called {min(twice)}: name one by AS.")
        rows: list[dict[str, object]] = []
        came = 0
        while batch := cursor.fetchmany(BATCH):
            rows += [dict(zip(columns, map(_plain, row), strict=True)) for row in batch]
            came += sum(_size(each) for row in batch for each in row)
            if len(rows) > self.limits.rows:
                raise Unreadable(f"{self.name} gives more than {self.limits.rows:,} rows: ask for fewer.")
            if came > self.limits.bytes:
                raise TooMuch
            _ = self.left
        return Rows(columns, rows)

    def _within(self, work: Callable[[Any], R]) -> R:
        """In a transaction that is rolled back: after an error by the connection's end, which is quicker."""
        try:
            self._connection = self.connect()
            self.begin(self._connection)
            outcome = work(self._connection)
            self.roll_back(self._connection)
        except TimeoutError:
            raise self.late() from None
        except TooMuch:
            raise Unreadable(f"{self.name} gives more than {self.limits.bytes:,} bytes: ask for less.") from None
        except self.errors() as error:
            raise self.meaning(error) from None  # the error repeats what was asked by
        finally:
            if self._connection is not None:
                with suppress(*self.errors()):
                    self._connection.close()
        return outcome

    def roll_back(self, connection: Any) -> None:
        connection.rollback()

    @property
    def is_elsewhere(self) -> bool:
        """Across a network."""
        return any(not ip_address(each).is_loopback for each in self.addresses)


def _plain(value: object) -> object:
    """Without types of a driver's own: an id or a range is its text."""
    if value is None or isinstance(value, str | int | float | Decimal | date | bytes | Mapping | list | tuple):
        return value
    return str(value)


def _size(value: object) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode(errors="replace"))
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_size(key) + _size(each) for key, each in value.items())
    if isinstance(value, Iterable):
        return sum(map(_size, value))
    return 8
