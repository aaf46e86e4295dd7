"""What another process does is heard, once: looked at, through PostgreSQL, through Redis."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from hub.live import bridge, redis_line
from hub.live.publish import Live
from hub.live.subscription import Subscription
from hub.live.topics import RESYNC, Event
from tests.architecture.source import ROOT
from tests.live.ears import (
    PATIENCE,
    Other,
    agent,
    change,
    everything,
    hears,
    hears_all,
    living,
    other_process,
    queue_delivery,
    until,
)
from tests.servers import Valkey
from tests.storage.centre import Centre


async def in_thread(other: Other, *words: object) -> int:
    return int(await asyncio.to_thread(other.do, *words))


async def comes_back(other: Other, ear: Subscription, conversation_id: int) -> None:
    """It finds out by telling that it can't, and tries again in its own time: until one change of its is heard."""
    heard: set[Event] = set()
    async with asyncio.timeout(PATIENCE):
        while True:
            news = Event("entry", conversation_id, await in_thread(other, "change", conversation_id))
            heard |= set(await everything(ear, 0.5))
            if news in heard:
                return


@pytest.fixture(params=["alone", "with redis"])
def redis_or_none(request: pytest.FixtureRequest) -> str | None:
    """Both ways."""
    return str(request.getfixturevalue("redis_database")) if request.param == "with redis" else None


def test_a_change_elsewhere_is_heard_once(centre: Centre, database_url: str, redis_or_none: str | None) -> None:
    conversation_id = centre.mail()

    async def listen(other: Other) -> None:
        async with living(centre.storage, redis_or_none) as live:
            with live.subscribe(agent(centre)) as ear:
                await everything(ear, 1)
                for _ in range(3):
                    entry_id = await in_thread(other, "change", conversation_id)
                    news = {Event("row", conversation_id), Event("entry", conversation_id, entry_id)}
                    assert {await anext(ear), await anext(ear)} == news
                own = await centre.storage.write(centre.scope("granvik"), change, conversation_id)
                news = {Event("row", conversation_id), Event("entry", conversation_id, own)}
                assert set(await hears_all(ear, *news)) == news

    with other_process(database_url, redis_or_none) as other:
        asyncio.run(listen(other))


def test_a_delivery_settled_elsewhere_is_heard_once(
    centre: Centre, database_url: str, redis_or_none: str | None
) -> None:
    conversation_id = centre.mail()
    entry_id = centre.do(change, conversation_id)
    delivery_id = centre.do(queue_delivery, entry_id, centre.ids["granvik"], centre.ids["out"])

    async def listen(other: Other) -> None:
        async with living(centre.storage, redis_or_none) as live:
            with live.subscribe(agent(centre)) as ear, live.subscribe(agent(centre, role="it")) as it:
                await everything(ear, 1)
                await asyncio.to_thread(other.do, "settle", delivery_id)
                settled = Event("delivery", conversation_id, entry_id)
                assert await hears_all(ear, settled) == [settled]
                await everything(it, 0.1)
                await asyncio.to_thread(other.do, "pause", centre.ids["out"])
                paused = Event("channel", centre.ids["out"])
                assert await hears_all(it, paused) == [paused]
                assert await everything(ear, 0.1) == []

    with other_process(database_url, redis_or_none) as other:
        asyncio.run(listen(other))


def test_who_reads_elsewhere_is_known_where_there_is_a_push(postgres_centre: Centre, postgres_database: str) -> None:
    centre = postgres_centre
    conversation_id = centre.mail()

    async def listen(other: Other) -> None:
        async with living(centre.storage) as live:
            with live.subscribe(agent(centre)) as ear:
                await everything(ear, 0.5)
                await asyncio.to_thread(other.do, "typing", conversation_id, centre.ids["vera"])
                both = {Event("presence", conversation_id), Event("typing", conversation_id)}
                assert set(await hears_all(ear, *both)) == both
                assert live.present(conversation_id) == [(centre.ids["vera"], "Vera", "typing")]

    with other_process(postgres_database) as other:
        asyncio.run(listen(other))


def test_redis_gone_and_back_is_a_resync_and_then_all_is_heard(
    postgres_centre: Centre, postgres_database: str, own_redis: Valkey
) -> None:
    centre = postgres_centre
    conversation_id = centre.mail()

    async def listen(other: Other) -> None:
        async with living(centre.storage, own_redis.url) as live:
            assert live.bridge is not None
            with live.subscribe(agent(centre)) as ear:
                await everything(ear, 0.5)
                await asyncio.to_thread(own_redis.kill)
                await until(lambda: not live.bridge.hears.is_set() if live.bridge else False)
                await in_thread(other, "change", conversation_id)
                await asyncio.to_thread(own_redis.start)
                await hears(ear, RESYNC)
                await comes_back(other, ear, conversation_id)
                entry_id = await in_thread(other, "change", conversation_id)
                await hears(ear, Event("entry", conversation_id, entry_id))

    with other_process(postgres_database, own_redis.url) as other:
        asyncio.run(listen(other))


def test_while_redis_says_nothing_all_is_looked_at_now_and_then(
    postgres_centre: Centre, own_redis: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connections stand, and nothing comes by them: as of a machine that fell over."""
    monkeypatch.setattr(redis_line, "_IDLE", 0.3)
    monkeypatch.setattr(bridge, "_DEAF", 0.5)

    async def listen(live: Live) -> None:
        assert live.bridge is not None
        line = live.bridge
        with live.subscribe(agent(postgres_centre)) as ear:
            await everything(ear, 0.5)
            assert await everything(ear, 1.5) == []  # it is asked for a word, and has one
            own_redis.send(signal.SIGSTOP)
            await until(lambda: not line.hears.is_set())
            for _ in range(3):
                await hears(ear, RESYNC)
            own_redis.send(signal.SIGCONT)
            async with asyncio.timeout(PATIENCE):
                await line.hears.wait()

    async def story() -> None:
        async with living(postgres_centre.storage, own_redis.url) as live:
            try:
                await listen(live)
            finally:
                own_redis.send(signal.SIGCONT)

    asyncio.run(story())


def test_a_command_is_heard_when_it_ends(centre: Centre, database_url: str, tmp_path: Path) -> None:
    settings = {"TORG_DATABASE_URL": database_url, "TORG_KEY_FILE": str(tmp_path / "key"), "TORG_CONFIG": os.devnull}
    command = [sys.executable, "-m", "hub.cli", "channel", "pause", str(centre.ids["out"]), "--why", "a test"]

    async def listen() -> None:
        async with living(centre.storage) as live:
            with live.subscribe(agent(centre, role="it")) as it:
                await everything(it, 0.7)
                process = await asyncio.create_subprocess_exec(
                    *command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL
                )
                assert await process.wait() == 0
                paused = Event("channel", centre.ids["out"])
                assert await hears_all(it, paused) == [paused]

    asyncio.run(listen())


def test_a_lost_connection_to_postgres_is_a_resync_and_then_all_is_heard(
    postgres_centre: Centre, postgres_database: str
) -> None:
    centre = postgres_centre
    conversation_id = centre.mail()
    address = make_url(postgres_database).set(drivername="postgresql").render_as_string(hide_password=False)
    hang_up = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'torg live'"

    async def listen(other: Other) -> None:
        async with living(centre.storage) as live:
            with live.subscribe(agent(centre)) as ear:
                await everything(ear, 0.5)
                async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
                    assert (await connection.execute(hang_up)).rowcount == 4
                await hears(ear, RESYNC)
                await comes_back(other, ear, conversation_id)
                entry_id = await in_thread(other, "change", conversation_id)
                await hears(ear, Event("entry", conversation_id, entry_id))

    with other_process(postgres_database) as other:
        asyncio.run(listen(other))
