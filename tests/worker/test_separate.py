"""`torg serve` and `torg worker` apart, on PostgreSQL, with Redis as the doorbell between them and nothing more."""

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.flows.conftest import build, outside
from tests.flows.house import CitizensMailServer, House
from tests.line import letter, until
from tests.servers import Valkey

__all__ = ["build", "outside"]

Build = Callable[..., House]
FAR_OFF = 300.0
"""Seconds between sweeps, where only the doorbell can have been it."""


@contextmanager
def both(house: House) -> Iterator[None]:
    """Serve and worker; both must live to the end."""
    with house.process("worker") as working, house.serving() as serving:
        yield
        assert working.poll() is serving.poll() is None


def test_the_doorbell_wakes_the_worker(
    build: Build, postgres_database: str, redis_database: str, outside: CitizensMailServer
) -> None:
    house = build(postgres_database, worker="separate", redis_url=redis_database, sweep_seconds=FAR_OFF)
    with both(house), redis.Redis.from_url(redis_database) as client:
        until(lambda: listening(client))
        for number in range(1, 4):
            house.send(letter(f"brev {number}", Subject=f"{number}"))
            entry = house.entries(number)[-1]
            house.reply(entry.conversation_id, "Hej")
            outside.mails(number)
        assert stored_values(client) == []
    assert set(house.raw_states()) == {"read"}


def listening(client: Any) -> bool:
    """Whether the worker has come to the door: arq looks at its queue ten times a second."""
    return any("zrangebyscore" in str(each.get("cmd")) for each in client.client_list())


def stored_values(client: Any) -> list[bytes]:
    """What lies in Redis and isn't JSON or a number: nothing."""
    values = [client.get(key) for key in client.scan_iter("arq:job:*")]
    return [each for each in values if each and not each.startswith(b"{")]


def test_without_redis_the_sweep_finds_everything(
    build: Build, postgres_database: str, own_redis: Valkey, outside: CitizensMailServer
) -> None:
    house = build(postgres_database, worker="separate", redis_url=own_redis.url)
    with both(house):
        exchange(house, outside, 1)
        own_redis.kill()
        exchange(house, outside, 2)
        own_redis.start()  # empty
        exchange(house, outside, 3)
        with redis.Redis.from_url(own_redis.url) as client:
            house.send(letter("brev 4", Subject="4"))
            client.flushall()
        house.entries(4)
    assert set(house.raw_states()) == {"read"}
    assert house.bugs() == []


def test_they_start_without_redis(build: Build, postgres_database: str, tmp_path: Path) -> None:
    house = build(postgres_database, worker="separate", redis_url=f"unix://{tmp_path}/nobody")
    with both(house):
        house.send(letter())
        house.entries(1)


def exchange(house: House, outside: CitizensMailServer, number: int) -> None:
    house.send(letter(f"brev {number}", Subject=f"{number}"))
    entry = house.entries(number, 30)[-1]
    house.reply(entry.conversation_id, "Hej")
    outside.mails(number)


class Bomb:
    """What a thief of Redis would leave there."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_in_redis_is_not_opened(
    build: Build, postgres_database: str, redis_database: str, tmp_path: Path
) -> None:
    mark = tmp_path / "exploded"
    bomb = pickle.dumps(Bomb(mark))
    house = build(postgres_database, worker="separate", redis_url=redis_database)
    with both(house), redis.Redis.from_url(redis_database) as client:
        for job in ("bomb", "ring:read", "ring:deliver"):
            client.set(f"arq:job:{job}", bomb)
            client.zadd("arq:queue", {job: 1})
        until(lambda: client.zcard("arq:queue") == 0)
        house.send(letter())
        house.entries(1)
    assert not mark.exists()
    pickle.loads(bomb)  # noqa: S301 - it would have worked
    assert mark.exists()
