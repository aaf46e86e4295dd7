"""Failover: the database has several hosts, the first is gone or only reads from now on, and another writes."""

import asyncio
import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url, select

from hub.errors import Unavailable
from hub.inbox.citizen import Citizen
from hub.proof.installation import bring_up
from hub.storage import signals
from hub.storage.backup import _address
from hub.storage.engine import KEPT_ALIVE, libpq_words, open_engines
from hub.storage.unit import Storage, Unit
from tests.servers import Missing, Postgres, Standby
from tests.storage.centre import EVERYTHING, Centre, opened, populate

LONG = 30.0


def connect(server: Postgres) -> psycopg.Connection:
    return psycopg.connect(f"host={server.folder} user=postgres dbname=postgres", autocommit=True)


def ask(server: Postgres, said: str) -> object:
    with connect(server) as connection:
        row = connection.execute(said).fetchone()
    return row and row[0]


def until(server: Postgres, said: str, wanted: object) -> None:
    deadline = time.monotonic() + LONG
    while ask(server, said) != wanted:
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Postgres, Standby, Storage]]:
    try:
        made = Postgres()
    except Missing as missing:
        pytest.skip(str(missing))
    with made as first:
        bring_up(first.url)
        with Standby(first) as second:
            hosts = f"host={first.folder}&host={second.folder}"
            url = f"postgresql+psycopg://postgres@/postgres?{hosts}&target_session_attrs=read-write"
            with opened(url, tmp_path_factory.mktemp("pair")) as storage:
                yield first, second, storage


def add(unit: Unit, of: int, name: str) -> None:
    unit.add(Citizen(municipality_id=of, name=name, protection="no"))


def names(unit: Unit) -> set[str]:
    return set(unit.all(select(Citizen.name).where(Citizen.name.like("n%"))))


def insist(storage: Storage, of: int, name: str) -> None:
    """As intake and workers do: what is unavailable is tried again."""
    deadline = time.monotonic() + LONG
    while True:
        try:
            return storage.write_now(EVERYTHING, add, of, name)
        except Unavailable:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_words_pass_between_processes_whatever_hosts_there_are(pair: tuple[Postgres, Standby, Storage]) -> None:
    _, _, storage = pair

    async def hear() -> str | None:
        line = signals.line(storage.engines)
        assert line is not None
        hearing = line.hear()
        assert await anext(hearing) is None
        await line.say(["word"])
        try:
            return await anext(hearing)
        finally:
            await hearing.aclose()  # type: ignore[attr-defined]  # a generator has it
            await line.close()

    assert asyncio.run(hear()) == "word"


def test_who_was_promoted_is_written_to_and_nothing_that_was_acknowledged_is_missing(
    pair: tuple[Postgres, Standby, Storage],
) -> None:
    first, second, storage = pair
    centre = Centre(storage)
    populate(centre)
    granvik = centre.ids["granvik"]
    storage.write_now(EVERYTHING, add, granvik, "n1")
    behind = "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '{}') >= 0"
    until(second, behind.format(ask(first, "SELECT pg_current_wal_lsn()")), True)

    first.kill()
    with pytest.raises(Unavailable, match="Try again"):
        storage.write_now(EVERYTHING, add, granvik, "n2")  # nobody writes yet
    second.promote()
    insist(storage, granvik, "n3")
    assert storage.read_now(EVERYTHING, names) == {"n1", "n3"}

    # It only reads from now on, as one that another was promoted beside; whoever is connected stays connected.
    second.say("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    until(second, "SHOW default_transaction_read_only", "on")
    with pytest.raises(Unavailable, match="Try again"):
        storage.write_now(EVERYTHING, add, granvik, "n4")
    writes = "SET default_transaction_read_only = off"
    second.say(writes, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
    insist(storage, granvik, "n5")
    assert storage.read_now(EVERYTHING, names) == {"n1", "n3", "n5"}


def test_an_address_is_told_to_libpq_whole_and_without_its_password() -> None:
    url = "postgresql+psycopg://torg:p%40w@/torg?host=a:1&host=b:2&target_session_attrs=read-write&connect_timeout=9"
    words = libpq_words(make_url(url))
    assert words == {
        **KEPT_ALIVE, "host": "a,b", "port": "1,2", "dbname": "torg", "user": "torg", "password": "p@w",
        "target_session_attrs": "read-write", "connect_timeout": "9",
    }  # fmt: skip
    engines = open_engines(url)
    told = _address(engines.writer)
    engines.dispose()
    assert {"host=a,b", "port=1,2", "target_session_attrs=read-write"} <= set(told.split())
    assert "password" not in told
