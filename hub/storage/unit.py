"""Unit of work: one function, one transaction, one hop to a thread of storage's own.

`await storage.write(scope, change, …)` and `await storage.read(scope, ask, …)` run the function with a `Unit`; what it
returns are frozen values, never live rows. Whoever awaited may go away: the unit ends all the same, and what it noted
as happened is told after its commit.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any, Concatenate, ParamSpec, TypeVar

from msgspec import Struct
from sqlalchemy import BigInteger, Connection, Delete, Select, Table, Update, bindparam, cast, event, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, UOWTransaction

from hub.errors import NotAllowed, Unavailable
from hub.storage import bulk
from hub.storage.base import MunicipalityRow, Row
from hub.storage.blobs import Blobs
from hub.storage.engine import Engines, enter_scope, is_demoted, is_trouble
from hub.storage.keys import Keys
from hub.storage.own_rows import kept, only_own_rows
from hub.storage.scope import Scope
from hub.storage.threads import Threads

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Row)
Q = TypeVar("Q", bound=Select[Any])

log = logging.getLogger(__name__)

_GIVE_WAY = 0.05
"""Seconds: who lost a deadlock and came back at once could take its first row again before the other had it."""


class Happening(Struct, frozen=True):
    """What a committed unit did, by ids only: no text of a citizen's ever goes this way."""

    kind: str
    """entry_added | conversation_changed | raw_kept | delivery_queued | delivery_changed | channel_changed |
    call_changed | chat_changed | entry_changed | duty_changed | copy_queued | files_wait"""
    id: int
    municipality_id: int | None = None
    conversation_id: int | None = None


class Unit:
    """What a domain function is given: the rows of its scope, and a place to note what happened."""

    def __init__(self, session: Session, scope: Scope, storage: "Storage") -> None:
        self._session, self.scope = session, scope
        self._connection: Connection | None = None
        self.keys, self.blobs = storage.keys, storage.blobs
        self.happened: list[Happening] = []

    @property
    def dialect(self) -> str:
        """sqlite or postgresql: for storage's own modules."""
        return self._session.get_bind().dialect.name

    @property
    def session(self) -> Session:
        """For storage's own modules; a test keeps the others away from it."""
        return self._session

    def driver_rows(self, text: str, values: Mapping[str, object]) -> Sequence[Any]:
        """Of a statement in the driver's own words, as it gives them: for storage's own modules."""
        self._session.flush()
        if self._connection is None:
            self._connection = self._session.connection()
        return self._connection.exec_driver_sql(text, values).all()

    def add(self, row: Row) -> None:
        """Written at once, so that rows which refer to it can follow, and an error points here."""
        self._session.add(row)
        self._session.flush()

    def remove(self, row: Row) -> None:
        self._session.delete(row)
        self._session.flush()

    def get(self, cls: type[R], row_id: int | None) -> R | None:
        if row_id is None:
            return None
        seen = self._session.identity_map.get((cls, (row_id,), None))
        # SQLAlchemy's own `get` puts its statement together anew each time.
        return seen if isinstance(seen, cls) else self.first(_by_id(cls), id=row_id)

    def lock(self, cls: type[R], row_id: int) -> R | None:
        """The row, and nobody else's until this unit ends. A unit that writes on SQLite holds all of them anyway.

        As it is then, though this unit has seen it before: another may have changed it while this one waited.
        """
        self._session.flush()  # what this unit has changed itself is kept
        return self._session.get(cls, row_id, with_for_update=True, populate_existing=True)

    def first(self, query: Select[T], /, **values: object) -> T | None:
        """`values` of its `bindparam`s: then it is a constant, and is put together once. The same of all three."""
        return self._session.scalars(self._asked(query, values, first=True), values).first()

    def all(self, query: Select[T], /, **values: object) -> Sequence[T]:
        return self._session.scalars(self._asked(query, values), values).all()

    def rows(self, query: Select[*tuple[Any, ...]], /, **values: object) -> Sequence[Any]:
        """Tuples of several columns or entities."""
        return self._session.execute(self._asked(query, values), values).all()

    def _asked(self, query: Q, values: Mapping[str, object], *, first: bool = False) -> Q:
        if values:
            filtered = isinstance(self._session, _FilteredSession)
            many = min(len(self.scope.municipalities or ()), 2) if filtered else None
            asked: Q = kept(query, many, first=first)
            return _as_it_is(asked)
        return _as_it_is(query.limit(1) if first else query)

    def change(self, statement: Update | Delete) -> int:
        """How many rows it changed. Raises NotAllowed for one that would give rows to another municipality."""
        _refuse_giving_away(statement)
        result = self._session.execute(statement, execution_options={"synchronize_session": False})
        return int(result.rowcount)  # type: ignore[attr-defined]  # a DML result is a CursorResult

    def changed(self, statement: Any) -> Sequence[Any]:
        """An UPDATE … RETURNING: the rows it returned."""
        _refuse_giving_away(statement)
        return self._session.execute(statement, execution_options={"synchronize_session": False}).all()

    def insert_many(self, cls: type[Row], rows: Sequence[dict[str, Any]]) -> None:
        """One statement for many rows, all with the same keys. The program's column defaults are the caller's."""
        if rows:
            self._refuse_foreign(cls, rows)
            bulk.insert(self._session.connection(), _table(cls), rows)

    def insert_rows(self, rows: Sequence[Row]) -> None:
        """The same of rows that were made and not added, all of one class; what they don't say is NULL."""
        if rows:
            names = [column.key for column in _table(type(rows[0])).columns]
            self.insert_many(type(rows[0]), [{name: getattr(row, name) for name in names} for row in rows])

    def insert_new(self, cls: type[Row], rows: Sequence[dict[str, Any]], unique: Sequence[str]) -> int:
        """The same, without those that a row there equals in the columns `unique`; how many were new."""
        if not rows:
            return 0
        self._refuse_foreign(cls, rows)
        return bulk.insert_new(self._session.connection(), _table(cls), rows, unique)

    def update_many(self, cls: type[Row], rows: Sequence[dict[str, Any]]) -> None:
        """One statement for many rows by their `id`, all with the same keys."""
        if rows:
            self._refuse_foreign(cls, rows)
            walled = issubclass(cls, MunicipalityRow)
            bulk.update(self._session.connection(), _table(cls), rows, self.scope.municipalities if walled else None)

    def _refuse_foreign(self, cls: type[Row], rows: Sequence[dict[str, Any]]) -> None:
        if issubclass(cls, MunicipalityRow) and self.scope.municipalities is not None:
            for row in rows:
                if "municipality_id" in row:
                    _refuse_foreign(self.scope, row["municipality_id"])

    def take_turns(self, names: Iterable[str]) -> None:
        """Until this has committed, no other that takes turns by one of these names goes on. SQLite has one writer."""
        if self.dialect == "sqlite":
            return
        keys = sorted({int.from_bytes(sha256(name.encode()).digest()[:8], signed=True) for name in names})
        if keys:  # in the order of the array, as nothing else is asked of it
            one = func.unnest(cast(keys, ARRAY(BigInteger))).column_valued("one")
            self._session.execute(select(func.pg_advisory_xact_lock(one)))

    def note(self, happening: Happening) -> None:
        self.happened.append(happening)


class Storage:
    """Engines, threads, keys and blobs of one process."""

    def __init__(self, engines: Engines, keys: Keys, blobs: Blobs, *, filter_by_scope: bool = True) -> None:
        self.engines, self.keys, self.blobs = engines, keys, blobs
        self._filter_by_scope = filter_by_scope
        self._turn = engines.embedded.turn.taken if engines.embedded else nullcontext
        self._writers = Threads(engines.writing_threads, "storage-write", self._turn)
        # One engine may serve both: then reading and writing share its threads.
        self._readers = Threads(engines.reading_threads, "storage-read") if engines.reading_threads else self._writers
        self._blob_writers = Threads(2, "storage-blobs")
        self._listeners: list[Callable[[Sequence[Happening]], None]] = []

    def on_commit(self, listener: Callable[[Sequence[Happening]], None]) -> None:
        """`listener` is told, in storage's thread, what each committed unit did, and what one may have done whose
        COMMIT got no answer. It must not raise or wait.
        """
        self._listeners.append(listener)

    async def write(
        self, scope: Scope, work: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        done: Future[T] = Future()
        run = self._writers.submit(self._run, True, scope, work, *args, **kwargs)
        run.add_done_callback(partial(self._committed, done))
        return await asyncio.shield(asyncio.wrap_future(done))

    async def read(self, scope: Scope, work: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        # Whoever goes away before it has begun leaves nothing to be read.
        return await asyncio.wrap_future(self._readers.submit(self.read_now, scope, work, *args, **kwargs))

    def write_now(self, scope: Scope, work: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """In the thread of the caller, which has no unit under way: the command line, tests, a start."""
        with self._turn():
            unit, result = self._run(True, scope, work, *args, **kwargs)
        try:
            if self.engines.embedded:
                self.engines.embedded.durable.now()
        finally:
            self._tell(unit)
        return result

    def _committed(self, done: "Future[T]", run: "Future[tuple[Unit, T]]") -> None:
        """Once its unit has ended; storage's thread goes on to the next while this one's commit comes to the disk."""
        error = run.exception()
        if error is not None:
            done.set_exception(error)
            return
        unit, result = run.result()

        def settled(trouble: Unavailable | None) -> None:
            try:
                self._tell(unit)
            finally:
                if trouble is None:
                    done.set_result(result)
                else:
                    done.set_exception(trouble)

        if self.engines.embedded:
            self.engines.embedded.durable.soon(settled)
        else:
            settled(None)

    def _tell(self, unit: Unit) -> None:
        if unit.happened:
            for listener in self._listeners:
                listener(unit.happened)

    def read_now(self, scope: Scope, work: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._run(False, scope, work, *args, **kwargs)[1]

    async def put_blobs(self, contents: Mapping[str, bytes]) -> None:
        """On disk and flushed, before the unit whose rows will name them: the writer doesn't wait for it."""
        if contents:
            await asyncio.shield(asyncio.wrap_future(self._blob_writers.submit(self.blobs.put_many, contents)))

    async def forget_passing(self, before: int) -> None:
        """What lies in the blob folder for a while only, and was put there before the day of that time."""
        await asyncio.wrap_future(self._blob_writers.submit(self.blobs.forget_passing, before))

    def close(self) -> None:
        """Ends the threads after the units under way, then the connections."""
        self._blob_writers.shutdown()
        self._writers.shutdown()
        self._readers.shutdown()
        self.blobs.close()
        self.engines.dispose()

    def _run(
        self, writing: bool, scope: Scope, work: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[Unit, T]:
        """Twice at most: after a deadlock, a failover, an id met by chance, a connection gone before anything was."""
        for last in (False, True):
            begun, worked = False, None
            try:
                with self._begin(writing, scope) as unit:
                    begun = True
                    result = work(unit, *args, **kwargs)
                    worked = unit
                return unit, result
            except DBAPIError as error:
                if worked is not None and error.connection_invalidated:
                    self._tell(worked)  # it may be there: whoever is told looks
                if not begun and not last and error.connection_invalidated:
                    continue
                if writing and is_demoted(error):
                    self.engines.dispose()  # each is connected anew, to whichever server writes
                    if not last:
                        continue
                if is_trouble(error) or (writing and is_demoted(error)) or (last and _met_another(error)):
                    raise Unavailable(
                        "The database can't be written or reached just now. Try again; if it was a change, look first"
                        " whether it is there."
                    ) from error
                if last or not _worth_another_try(error):
                    raise
                if _met_another(error):
                    time.sleep(_GIVE_WAY)
        raise AssertionError("unreachable")

    @contextmanager
    def _begin(self, writing: bool, scope: Scope) -> Iterator[Unit]:
        kind = _FilteredSession if self._filter_by_scope and scope.municipalities is not None else _GuardedSession
        engine = self.engines.writer if writing else self.engines.reader
        session = kind(engine, expire_on_commit=False, autoflush=True, info={"scope": scope})
        with session, session.begin():
            enter_scope(session, scope, self.engines.roles, writing=writing)
            yield Unit(session, scope, self)


@lru_cache(maxsize=256)
def _by_id(cls: type[R]) -> Select[R]:
    return select(cls).where(cls.id == bindparam("id"))


def _as_it_is(query: Q) -> Q:
    """What is locked is read as it is once it is held: a row that the unit has seen before, too."""
    locks = query._for_update_arg is not None  # SQLAlchemy has no public name for it
    return query.execution_options(populate_existing=True) if locks else query


def _refuse_foreign_rows(session: Session, _: UOWTransaction, __: Any) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, MunicipalityRow):
            _refuse_foreign(session.info["scope"], row.municipality_id)


def _refuse_foreign(scope: Scope, municipality_id: int) -> None:
    if not scope.holds(municipality_id):
        raise NotAllowed("This belongs to a municipality outside your own.")


def _refuse_giving_away(statement: Any) -> None:
    """In any scope, and whatever the value: PostgreSQL's own wall would stop a person's unit only, SQLite has none."""
    if not isinstance(statement, Update) or not issubclass(statement.entity_description["entity"], MunicipalityRow):
        return
    given = statement._values or ()  # SQLAlchemy has no public name for them
    if any(getattr(column, "key", column) == "municipality_id" for column in given):
        raise NotAllowed("A row can't be given to another municipality.")


class _GuardedSession(Session):
    """Writes rows of its scope only."""


class _FilteredSession(_GuardedSession):
    """Reads rows of its scope only, too."""


event.listen(_GuardedSession, "before_flush", _refuse_foreign_rows, propagate=True)
event.listen(_FilteredSession, "do_orm_execute", only_own_rows)


def _table(cls: type[Row]) -> Table:
    assert isinstance(cls.__table__, Table)  # a mapped class of ours has one
    return cls.__table__


def _worth_another_try(error: DBAPIError) -> bool:
    return isinstance(error, IntegrityError) or _met_another(error)


def _met_another(error: DBAPIError) -> bool:
    """A deadlock, or rows that another unit changed meanwhile."""
    return getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}
