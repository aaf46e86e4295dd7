"""Two web processes, two workers, a PostgreSQL and a Redis, each a process of its own, while mail pours in.

Whatever is taken away and comes back, every mail is there once, and every page that listens knows of it within 30 s.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from subprocess import Popen

import pytest
import redis

from tests.flows.at_work import GAP, AtWork, at_work
from tests.flows.house import CitizensMailServer, House
from tests.line import until
from tests.servers import Postgres, Valkey

pytestmark = [pytest.mark.large, pytest.mark.timeout(600)]
Build = Callable[..., House]


@contextmanager
def two_and_two(house: House, pages: int = 10) -> Iterator[tuple[AtWork, Sequence["Popen[bytes]"]]]:
    """Two web processes, of which the first has the port for mail, two workers, and all at work."""
    with ExitStack() as stack:
        webs = [stack.enter_context(house.serving(web, listens=web == 0)) for web in (0, 1)]
        for _ in range(2):
            stack.enter_context(house.process("worker"))
        addresses = [f"http://127.0.0.1:{port}" for port in house.web_ports[:2]]
        yield stack.enter_context(at_work(house, addresses, house.try_to_send, pages)), webs


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


def _again(work: AtWork, before: Sequence[int]) -> int:
    """How many pages have connected anew since."""
    return sum(now.connected > was for now, was in zip(work.pages, before, strict=True))
