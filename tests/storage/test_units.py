"""Units of work: all or nothing, told after they are committed, and not to be hurried away by whoever awaited."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from hub.access.person import Person
from hub.errors import Unavailable
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.storage.ids import new_id
from hub.storage.unit import Happening, Unit
from tests.storage.centre import EVERYTHING, Centre, conversation, must

asker = contextvars.ContextVar("asker", default="nobody")


class Refused(Exception):
    """A unit's own."""


def add_citizen(unit: Unit, centre: Centre, name: str = "Bo") -> int:
    row = Citizen(municipality_id=centre.ids["granvik"], name=name, protection="no")
    unit.add(row)
    unit.note(Happening("test", row.id))
    return row.id


def citizens(centre: Centre) -> int:
    return must(centre.storage.read_now(EVERYTHING, lambda unit: unit.first(select(func.count()).select_from(Citizen))))


def told_of(centre: Centre) -> list[int]:
    """Ids of what listeners hear of, with what the database had then."""
    told: list[int] = []

    def listen(happened: Sequence[Happening]) -> None:
        assert centre.storage.read_now(EVERYTHING, lambda unit: unit.get(Citizen, happened[0].id)) is not None
        told.extend(each.id for each in happened)

    centre.storage.on_commit(listen)
    return told


def test_a_unit_commits_when_it_returns(centre: Centre) -> None:
    row_id = centre.storage.write_now(EVERYTHING, add_citizen, centre)
    assert centre.do(lambda unit: must(unit.get(Citizen, row_id)).name) == "Bo"


def test_a_unit_that_raises_leaves_nothing(centre: Centre) -> None:
    def fail(unit: Unit) -> None:
        add_citizen(unit, centre)
        raise Refused

    with pytest.raises(Refused):
        centre.do(fail)
    assert citizens(centre) == 0


def test_listeners_are_told_after_the_commit(sqlite_centre: Centre) -> None:
    told = told_of(sqlite_centre)
    row_id = sqlite_centre.do(add_citizen, sqlite_centre)
    assert told == [row_id]


def test_listeners_are_told_once_after_the_commit_on_postgresql(postgres_centre: Centre) -> None:
    told = told_of(postgres_centre)
    row_id = postgres_centre.do(add_citizen, postgres_centre)
    assert told == [row_id]


def test_listeners_hear_nothing_of_what_was_rolled_back(centre: Centre) -> None:
    told = told_of(centre)

    def fail(unit: Unit) -> None:
        add_citizen(unit, centre)
        raise Refused

    with pytest.raises(Refused):
        centre.do(fail)
    assert told == []


def test_listeners_hear_nothing_of_what_failed_at_its_commit(postgres_centre: Centre) -> None:
    told = told_of(postgres_centre)
    ids = iter(range(1, 9))

    def fail(unit: Unit) -> None:
        unit.session.connection().exec_driver_sql(
            "CREATE TEMP TABLE one (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP"
        )
        unit.session.connection().exec_driver_sql("INSERT INTO one VALUES (1), (1)")
        unit.note(Happening("test", next(ids)))

    with pytest.raises(IntegrityError):
        postgres_centre.do(fail)
    assert told == []


def test_a_reading_unit_cannot_write(centre: Centre) -> None:
    """Nobody would be told of it, either."""
    for scope in (EVERYTHING, centre.scope("granvik")):
        with pytest.raises(Exception, match=r"can't be written|read-only"):
            centre.storage.read_now(scope, add_citizen, centre)
    assert citizens(centre) == 0
    centre.do(add_citizen, centre)
    assert citizens(centre) == 1


async def cancelled_midway(centre: Centre) -> list[int]:
    """The ids told of a unit whose awaiter went away while it ran."""
    told = told_of(centre)
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()
    centre.storage.on_commit(lambda _: done.set())

    def slow(unit: Unit) -> None:
        begun.set()
        go_on.wait(60)
        add_citizen(unit, centre)

    waiting = asyncio.ensure_future(centre.storage.write(EVERYTHING, slow))
    await asyncio.to_thread(begun.wait, 60)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert told == []
    go_on.set()
    await asyncio.to_thread(done.wait, 60)
    return told


def test_a_cancelled_awaiter_does_not_cancel_the_unit(centre: Centre) -> None:
    assert len(asyncio.run(cancelled_midway(centre))) == 1
    assert citizens(centre) == 1


def test_an_awaiter_that_goes_before_the_unit_began_changes_nothing_either(sqlite_centre: Centre) -> None:
    async def hurry() -> None:
        first = asyncio.ensure_future(sqlite_centre.storage.write(EVERYTHING, add_citizen, sqlite_centre, "first"))
        second = asyncio.ensure_future(sqlite_centre.storage.write(EVERYTHING, add_citizen, sqlite_centre, "second"))
        await asyncio.sleep(0)
        second.cancel()
        await first
        await sqlite_centre.storage.write(EVERYTHING, lambda _: None)

    asyncio.run(hurry())
    assert citizens(sqlite_centre) == 2


def test_a_unit_is_run_in_the_context_of_whoever_asked(sqlite_centre: Centre) -> None:
    async def ask() -> tuple[str, str]:
        asker.set("sara")
        storage = sqlite_centre.storage
        return await storage.write(EVERYTHING, lambda _: asker.get()), await storage.read(
            EVERYTHING, lambda _: asker.get()
        )

    assert asyncio.run(ask()) == ("sara", "sara")
    assert asker.get() == "nobody"


def test_a_units_own_context_stays_with_it(sqlite_centre: Centre) -> None:
    async def ask() -> str:
        await sqlite_centre.storage.write(EVERYTHING, lambda _: asker.set("unit"))
        return asker.get()

    assert asyncio.run(ask()) == "nobody"


def test_units_run_in_storages_own_threads(centre: Centre) -> None:
    async def ask() -> tuple[str, str]:
        def here(unit: Unit) -> str:
            return threading.current_thread().name

        return await centre.storage.write(EVERYTHING, here), await centre.storage.read(EVERYTHING, here)

    assert all(name.startswith("storage-") for name in asyncio.run(ask()))


def test_the_writer_never_blocks_the_reader_on_sqlite(sqlite_centre: Centre) -> None:
    async def ask() -> int:
        begun, go_on = threading.Event(), threading.Event()

        def slow(unit: Unit) -> None:
            add_citizen(unit, sqlite_centre)
            begun.set()
            go_on.wait(60)

        writing = asyncio.ensure_future(sqlite_centre.storage.write(EVERYTHING, slow))
        await asyncio.to_thread(begun.wait, 60)
        try:
            async with asyncio.timeout(50):
                return await sqlite_centre.storage.read(EVERYTHING, lambda unit: len(unit.all(select(Citizen))))
        finally:
            go_on.set()
            await writing

    assert asyncio.run(ask()) == 0
    assert citizens(sqlite_centre) == 1


def test_many_units_at_once_lose_no_change(centre: Centre) -> None:
    row_id = centre.mail()

    def raise_version(unit: Unit) -> None:
        must(unit.lock(Conversation, row_id)).version += 1

    async def all_at_once() -> None:
        await asyncio.gather(*(centre.storage.write(EVERYTHING, raise_version) for _ in range(24)))

    before = centre.do(lambda unit: conversation(unit, row_id).version)
    asyncio.run(all_at_once())
    assert centre.do(lambda unit: conversation(unit, row_id).version) == before + 24


def test_what_is_locked_is_read_as_it_is_then_though_it_was_seen_before(centre: Centre) -> None:
    row_id = centre.mail()
    locks = (
        lambda unit: unit.lock(Conversation, row_id),
        lambda unit: unit.first(select(Conversation).where(Conversation.id == row_id).with_for_update()),
    )
    for lock in locks:

        def raise_version(unit: Unit, lock: Callable[[Unit], Conversation | None] = lock) -> None:
            conversation(unit, row_id)  # may they, say; others change it meanwhile
            must(lock(unit)).version += 1

        async def all_at_once(each: Callable[[Unit], None] = raise_version) -> None:
            await asyncio.gather(*(centre.storage.write(EVERYTHING, each) for _ in range(12)))

        before = centre.do(lambda unit: conversation(unit, row_id).version)
        asyncio.run(all_at_once())
        assert centre.do(lambda unit: conversation(unit, row_id).version) == before + 12


def test_what_a_unit_has_changed_itself_stays_when_it_locks_it(centre: Centre) -> None:
    row_id = centre.mail()

    def change(unit: Unit) -> str:
        conversation(unit, row_id).subject = "Ny"
        return must(unit.lock(Conversation, row_id)).subject

    assert centre.do(change) == "Ny"


def test_a_deadlock_is_tried_again_and_both_units_succeed(postgres_centre: Centre) -> None:
    one, other = postgres_centre.mail(), postgres_centre.mail()
    meet = threading.Barrier(2)
    runs: list[int] = []

    def change_both(unit: Unit, first: int, second: int) -> None:
        runs.append(first)
        must(unit.lock(Conversation, first)).subject = "x"
        if len(runs) <= 2:
            meet.wait(60)
        must(unit.lock(Conversation, second)).subject = "y"

    async def both() -> None:
        storage = postgres_centre.storage
        await asyncio.gather(
            storage.write(EVERYTHING, change_both, one, other), storage.write(EVERYTHING, change_both, other, one)
        )

    asyncio.run(both())
    assert len(runs) == 3


def test_units_that_always_meet_are_told_to_come_again(postgres_centre: Centre) -> None:
    runs: list[int] = []

    def meet(unit: Unit) -> None:
        runs.append(1)
        unit.session.connection().exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$")

    with pytest.raises(Unavailable):
        postgres_centre.do(meet)
    assert len(runs) == 2


def test_an_id_that_is_taken_is_tried_again_with_another(centre: Centre) -> None:
    taken = centre.do(add_citizen, centre)
    ids = iter([taken, new_id()])

    def add(unit: Unit) -> int:
        row = Citizen(id=next(ids), municipality_id=centre.ids["granvik"], name="Ny", protection="no")
        unit.add(row)
        return row.id

    assert centre.do(add) != taken
    assert citizens(centre) == 2


def test_what_is_refused_twice_is_raised(centre: Centre) -> None:
    runs: list[int] = []

    def add(unit: Unit) -> None:
        runs.append(1)
        unit.add(Person(name="Sara", email="sara@granvik.example", language="sv"))

    with pytest.raises(IntegrityError):
        centre.do(add)
    assert len(runs) == 2


@pytest.mark.parametrize("name", ["a\0b", "\0", "lone \ud800 surrogate"])
def test_text_that_only_one_engine_would_take_is_refused_by_both(centre: Centre, name: str) -> None:
    with pytest.raises((StatementError, UnicodeEncodeError), match=r"NUL character|surrogates not allowed") as refused:
        centre.do(add_citizen, centre, name)
    assert not isinstance(refused.value, DBAPIError)
    assert citizens(centre) == 0


TEXTS: dict[str, Callable[[], str]] = {
    "a backslash": lambda: "C:\\u0000",
    "two backslashes": lambda: "C:\\\\u0000",
    "a backslash at the end": lambda: "C:\\",
    "every plane": lambda: "å 漢 🦀 \u2028 \ue000 \ufeff",
    "control characters": lambda: "".join(map(chr, range(1, 32))),
}


@pytest.mark.parametrize("name", TEXTS)
def test_json_comes_back_as_it_was_put(centre: Centre, name: str) -> None:
    text = TEXTS[name]()

    def put(unit: Unit) -> None:
        must(unit.get(Conversation, row_id)).subject = text
        entry.body = {text: [text, {"of": text}]}
        unit.session.merge(entry)

    row_id = centre.mail()
    entry = centre.do(lambda unit: must(unit.get(Entry, conversation(unit, row_id).last_entry_id)))
    centre.do(put)
    assert centre.do(lambda unit: must(unit.get(Entry, entry.id)).body) == {text: [text, {"of": text}]}


def test_json_is_put_without_nul(centre: Centre) -> None:
    row_id = centre.mail()

    def put(unit: Unit) -> int | None:
        found = conversation(unit, row_id)
        must(unit.get(Entry, found.last_entry_id)).body = {"a": "x\0y\\\0\\u0000"}
        return found.last_entry_id

    entry_id = centre.do(put)
    assert centre.do(lambda unit: must(unit.get(Entry, entry_id)).body) == {"a": "xy\\\\u0000"}
