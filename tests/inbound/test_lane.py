"""Lane: channels take turns on the way in, each in its own order."""

import asyncio
import time

from hub import clock
from hub.contract import RawEvent
from hub.due import due
from hub.inbound.lane import GROUP, MOST_IN_HAND, Lane
from hub.inbound.pipeline import in_turn
from hub.inbound.receive import Kept

MAILBOX, NOW = 1, 2
"""Channels: one with all that came in three days, and one with what comes now."""


def kept(number: int, channel_id: int = MAILBOX) -> Kept:
    return Kept(number, channel_id, RawEvent(f"{number}", b"a mail", "message/rfc822"), 0)


def test_what_comes_now_is_in_the_next_group_whatever_waits() -> None:
    async def run() -> None:
        lane = Lane()
        for number in range(500):
            lane.take(kept(number))
        first = await lane.next_ones()
        assert [each.id for each in first] == list(range(GROUP))
        lane.take(kept(1000, NOW))
        second = await lane.next_ones()
        assert len(second) == GROUP
        assert [each.id for each in second if each.channel_id == NOW] == [1000]
        ours = [each.id for each in second if each.channel_id == MAILBOX]
        assert ours == list(range(GROUP, 2 * GROUP - 1))

    asyncio.run(run())


def test_each_is_taken_once_and_those_of_a_channel_in_their_order() -> None:
    async def run() -> None:
        lane = Lane()
        for number in range(300):
            lane.take(kept(number, number % 3))
            lane.take(kept(number, number % 3))  # found by a sweep, too
        taken: list[Kept] = []
        while len(taken) < 300:
            taken += await lane.next_ones()
        ids = [each.id for each in taken]
        assert sorted(ids) == list(range(300))
        for channel in range(3):
            of_it = [each.id for each in taken if each.channel_id == channel]
            assert of_it == sorted(of_it)

    asyncio.run(run())


def test_nobody_is_given_a_group_of_nothing() -> None:
    async def run() -> None:
        lane = Lane()
        waiting = asyncio.create_task(lane.next_ones())
        await asyncio.sleep(0)
        assert not waiting.done()
        lane.take(kept(1))
        assert [each.id for each in await waiting] == [1]
        waiting = asyncio.create_task(lane.next_ones())
        await asyncio.sleep(0)
        assert not waiting.done()
        lane.take(kept(2))
        assert [each.id for each in await waiting] == [2]

    asyncio.run(run())


def test_what_there_is_no_room_for_is_left_to_the_sweep() -> None:
    lane = Lane()
    for number in range(MOST_IN_HAND + 10):
        lane.take(kept(number))
    assert lane.is_full()
    assert len(lane) == MOST_IN_HAND
    assert MOST_IN_HAND not in lane
    lane.let_go([kept(0)])
    lane.take(kept(MOST_IN_HAND))
    assert MOST_IN_HAND in lane


def test_mails_that_have_waited_pass_nothing_that_came_before_their_step_and_calls_do() -> None:
    """In a storm all mails have waited: else each of their steps would go before what somebody clicks."""
    came = clock.now() - clock.MINUTE
    old = Kept(1, MAILBOX, RawEvent("1", b"a mail", "message/rfc822"), came)
    new = Kept(2, MAILBOX, RawEvent("2", b"a mail", "message/rfc822"), clock.now())
    now = time.monotonic()
    with in_turn(Lane(0.1), [old]):
        assert now <= due() <= time.monotonic()
    with in_turn(Lane(0.1), [new]):
        assert due() > now
    with in_turn(Lane(), [old]):
        assert due() < now - 0.4
