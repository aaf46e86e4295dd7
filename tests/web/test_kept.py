"""Kept: reckoned once for all who ask alike; who clicks doesn't wait for what may come later."""

import asyncio
from collections.abc import Callable
from functools import partial

from hub.due import due_in
from hub.edge.kept import Kept, changed_by, note_change
from tests.web.world import World


def test_who_asks_at_the_same_time_waits_for_one_reckoning_and_a_click_for_none_that_may_come_later(
    world: World,
) -> None:
    kept: Kept[str, int] = Kept(60_000_000)
    begun: list[asyncio.Future[int]] = []

    async def reckoned() -> int:
        begun.append(asyncio.get_running_loop().create_future())
        return await begun[-1]

    async def asks(seconds: float) -> int:
        with due_in(seconds):
            return await kept.ask(world.storage, "counts", partial(reckoned))

    async def run() -> None:
        figures = [asyncio.create_task(asks(0.4)) for _ in range(3)]
        await _until(lambda: len(begun) == 1)
        clicks = [asyncio.create_task(asks(0.0)) for _ in range(3)]
        await _until(lambda: len(begun) == 2)
        more = asyncio.create_task(asks(0.4))
        await asyncio.sleep(0)
        begun[1].set_result(2)
        assert await asyncio.gather(*clicks, more) == [2, 2, 2, 2]
        begun[0].set_result(1)
        assert await asyncio.gather(*figures) == [1, 1, 1]
        assert await asks(0.0) == 2
        assert len(begun) == 2

    asyncio.run(run())


def test_what_was_reckoned_before_somebody_changed_something_is_not_shown_to_them(world: World) -> None:
    kept: Kept[str, int] = Kept(60_000_000)
    found = iter(range(10))

    async def reckoned() -> int:
        return next(found)

    async def asks(person_id: int) -> int:
        return await kept.ask(world.storage, "counts", partial(reckoned), changed_by(world.storage, person_id))

    async def run() -> None:
        assert [await asks(1), await asks(2)] == [0, 0]
        note_change(world.storage, 2)
        assert [await asks(1), await asks(2), await asks(2), await asks(1)] == [0, 1, 1, 1]

    asyncio.run(run())


async def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if is_so():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never is")
