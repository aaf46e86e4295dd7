"""Two web processes, two workers, a PostgreSQL and a Redis, each a process of its own, while mail pours in.

Whatever is taken away and comes back, every mail is there once, and every page that listens knows of it within 30 s.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest
import redis

from tests.flows.at_work import GAP, AtWork, at_work
from tests.flows.house import CitizensMailServer, House
from tests.line import PATIENCE, until
from tests.servers import Postgres, Standby, Valkey
from tests.started import Started

large = pytest.mark.large
pytestmark = pytest.mark.timeout(600)
Build = Callable[..., House]


@contextmanager
def two_and_two(
    house: House, pages: int = 10, *, takes_mail: int = 0, gap: float = GAP
) -> Iterator[tuple[AtWork, Sequence[Started]]]:
    """Two web processes, of which one has the port for mail, two workers, and all at work."""
    with ExitStack() as stack:
        first, second = takes_mail, 1 - takes_mail
        webs = {web: stack.enter_context(house.serving(web, listens=web == first)) for web in (first, second)}
        for _ in range(2):
            stack.enter_context(house.process("worker"))
        addresses = [f"http://127.0.0.1:{port}" for port in house.web_ports[:2]]
        yield stack.enter_context(at_work(house, addresses, house.try_to_send, pages, gap)), [webs[0], webs[1]]


@pytest.fixture
def standby(own_postgres: Postgres) -> Iterator[Standby]:
    """Of a database that acknowledges what both have."""
    with Standby(own_postgres) as second:
        second.hold_together()
        yield second


@large
def test_redis_flushed_restarted_and_gone(
    build: Build, own_postgres: Postgres, own_redis: Valkey, outside: CitizensMailServer
) -> None:
    house = build(own_postgres.url, worker="separate", redis_url=own_redis.url, cookie_secure=False)
    with two_and_two(house) as (work, _):
        with redis.Redis.from_url(own_redis.url) as client:
            client.flushall()
        work.all_goes_on()
        own_redis.kill()
        work.pour.goes_on()
        own_redis.start()
        work.all_goes_on()
        own_redis.kill()  # and stays away: mail is taken, and pages know of it though nobody tells them
        work.all_goes_on(15)
        own_redis.start()


@large
def test_postgresql_restarted(
    build: Build, own_postgres: Postgres, own_redis: Valkey, outside: CitizensMailServer
) -> None:
    house = build(own_postgres.url, worker="separate", redis_url=own_redis.url, cookie_secure=False)
    with two_and_two(house) as (work, _):
        for end in (own_postgres.stop, own_postgres.kill):
            end()
            until(lambda: not house.healthy())
            own_postgres.start()
            work.all_goes_on()
        assert max(each.longest for each in work.pages) < GAP


@large
def test_postgresql_failed_over(
    build: Build, own_postgres: Postgres, standby: Standby, own_redis: Valkey, outside: CitizensMailServer
) -> None:
    """The first is gone for good: from now on another writes, at another address, and no process is started anew."""
    hosts = f"host={own_postgres.folder}&host={standby.folder}&target_session_attrs=read-write"
    url = f"postgresql+psycopg://postgres@/postgres?{hosts}"
    house = build(url, worker="separate", redis_url=own_redis.url, cookie_secure=False)
    with two_and_two(house) as (work, _):
        own_postgres.kill()
        until(lambda: not house.healthy())
        standby.promote()
        work.all_goes_on()
        house.reply(house.conversations()[0].id, "Svar efter bytet", web=1)
        house.sent(1)
        assert max(each.longest for each in work.pages) < GAP
    outside.mails(1)


@large
def test_a_web_process_killed_under_load(
    build: Build, own_postgres: Postgres, own_redis: Valkey, outside: CitizensMailServer
) -> None:
    house = build(own_postgres.url, worker="separate", redis_url=own_redis.url, cookie_secure=False)
    with two_and_two(house, 40) as (work, webs):
        before = [each.connected for each in work.pages]
        webs[0].kill()  # it had the port for mail, too
        until(lambda: _again(work, before) >= len(work.pages) // 2, GAP)
        work.all_goes_on()
        with house.serving(0, listens=False):
            work.all_goes_on()
        assert max(each.longest for each in work.pages) < GAP


def test_a_web_process_killed(
    build: Build, postgres_database: str, redis_database: str, outside: CitizensMailServer
) -> None:
    """The short one, on a machine that may be busy: four pages, and it isn't killed who takes mail."""
    house = build(postgres_database, worker="separate", redis_url=redis_database, cookie_secure=False)
    with two_and_two(house, 4, takes_mail=1, gap=PATIENCE) as (work, webs):
        cut_off = [each.connected for each in work.pages]
        webs[0].kill()
        until(lambda: _again(work, cut_off) >= len(work.pages) // 2, PATIENCE)
        work.all_goes_on()


def _again(work: AtWork, before: Sequence[int]) -> int:
    """How many pages have connected anew since."""
    return sum(now.connected > was for now, was in zip(work.pages, before, strict=True))
