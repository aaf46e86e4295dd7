"""The line between the processes of one `torg serve`: whole words in order, and whoever missed one is told so."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from hub.errors import Unavailable
from hub.live.sibling_line import SiblingLine, Siblings
from tests.live.ears import PATIENCE


async def next_of(heard: AsyncIterator[str | None]) -> str | None:
    async with asyncio.timeout(PATIENCE):
        return await anext(heard)


@pytest.fixture
def lines() -> Iterator[list[SiblingLine]]:
    """Of three."""
    siblings = Siblings(3)
    yield [siblings.line(number) for number in range(3)]
    siblings.close()


def test_each_hears_the_others_and_not_itself(lines: list[SiblingLine]) -> None:
    async def story() -> None:
        one, two, three = lines
        ears = [each.hear() for each in (one, two, three)]
        assert [await next_of(each) for each in ears] == [None] * 3
        await one.say(["a", "b" * 9000])
        await two.say(["c"])
        assert [await next_of(ears[1]) for _ in range(2)] == ["a", "b" * 9000]
        assert {await next_of(ears[2]) for _ in range(3)} == {"a", "b" * 9000, "c"}
        assert await next_of(ears[0]) == "c"

    asyncio.run(story())


def test_who_stands_still_holds_nobody_up_and_is_told_later_that_it_missed_something(
    lines: list[SiblingLine],
) -> None:
    async def story() -> None:
        one, two, three = lines
        awake, asleep = two.hear(), three.hear()
        assert await next_of(awake) is await next_of(asleep) is None
        for number in range(3000):
            await one.say([f"{number} {'x' * 500}"])
            assert (await next_of(awake) or "").startswith(f"{number} ")
        last, heard = "", 0
        while (word := await next_of(asleep)) is not None:
            last, heard = word, heard + 1
            if heard % 50 == 0:
                await one.say(["more"])
        assert 0 < heard < 3000
        assert last.split()[0] == str(heard - 1)  # in order, and none in between was lost
        await one.say(["again"])
        while (word := await next_of(asleep)) != "again":
            assert word == "more"

    asyncio.run(story())


def test_when_all_others_have_ended_it_says_so_once_and_not_for_ever(lines: list[SiblingLine]) -> None:
    async def story() -> None:
        one = lines[0]
        ear = one.hear()
        assert await next_of(ear) is None
        into = lines[1]._others[0]  # its own mailbox, as the others hold it
        into.shutdown(socket.SHUT_WR)
        with pytest.raises(Unavailable):
            await next_of(ear)

    asyncio.run(story())
