"""A call is what its steps add up to, in whatever order they come."""

import random
from itertools import permutations

import msgspec
import pytest

from hub import clock
from hub.contract import CallStep
from hub.inbox.call import Told, told

AT = 1_800_000_000 * clock.SECOND


def step(kind: str, seconds: float, **said: object) -> CallStep:
    values = {"key": f"{kind} {seconds}", "call": "c1", "kind": kind, "at": AT + int(seconds * clock.SECOND), **said}
    return msgspec.convert(values, CallStep)


ANSWERED = [
    step("offered", 0, direction="in", caller="0701234567", called="0101000000"),
    step("menu", 4, choice="2"),
    step("queued", 5, queue="bygg"),
    step("ringing", 20, agent="201"),
    step("answered", 31, agent="201", agent_name="Sara"),
    step("transferred", 60, agent="201", target="305"),
    step("answered", 64, agent="305"),
    step("ended", 90, by="caller", cause="completed"),
]


def same(steps: list[CallStep]) -> Told:
    """In many orders, and with some of them twice."""
    first = told(steps)
    chance = random.Random(5)  # noqa: S311 - the same on every run
    for _ in range(50):
        mixed = [*steps, *chance.choices(steps, k=2)]
        chance.shuffle(mixed)
        assert told(mixed) == first
    return first


def test_an_answered_call_has_all_that_was_told() -> None:
    call = same(ANSWERED)
    assert (call.state, call.cause, call.direction) == ("ended", "completed", "in")
    assert (call.caller, call.called, call.queue, call.menu_path) == ("0701234567", "0101000000", "bygg", ["2"])
    assert (call.answered_by, call.answered_name, call.wait_seconds, call.talk_seconds) == ("201", "Sara", 31, 59)
    assert [(each.by, each.to, each.answered_by) for each in call.transfers] == [("201", "305", "305")]
    assert not call.is_lost


@pytest.mark.parametrize(
    ("between", "cause", "stage"),
    [
        ([], "no-answer", "ringing"),
        ([step("ringing", 2, agent="201")], "no-answer", "ringing"),
        ([step("menu", 2, choice="1")], "abandoned", "menu"),
        ([step("queued", 2, queue="bygg")], "abandoned", "queue"),
        ([step("queued", 2, queue="bygg"), step("ringing", 3, agent="201")], "abandoned", "queue"),
        ([step("queued", 2, queue="bygg"), step("abandoned", 39)], "abandoned", "queue"),
    ],
)
def test_where_a_lost_call_was_lost(between: list[CallStep], cause: str, stage: str) -> None:
    call = same([step("offered", 0, direction="in", caller="0701234567"), *between, step("ended", 40)])
    assert (call.cause, call.lost_in, call.wait_seconds, call.talk_seconds) == (cause, stage, 40, None)
    assert call.is_lost


@pytest.mark.parametrize("cause", ["busy", "rejected", "congestion", "not-found", "forwarded"])
def test_the_other_ends_are_as_the_exchange_says(cause: str) -> None:
    call = same([step("offered", 0, direction="in"), step("ended", 3, cause=cause)])
    assert call.cause == cause
    assert call.is_lost is (cause != "forwarded")


def test_steps_without_a_time_of_their_own_are_right_in_the_order_they_were_told() -> None:
    kinds = ["offered", "answered", "ended"]
    for order in permutations(kinds):
        steps = [step(kind, at, key=kind, timed=False, direction="in") for at, kind in enumerate(order)]
        call = told(steps)
        assert (call.state, call.cause, call.is_lost) == ("ended", "completed", False)
        assert call.talk_seconds == (1 if order[-1] == "ended" else None), order


def test_how_long_one_talked_goes_by_when_it_was_told_where_the_exchange_tells_no_time() -> None:
    def untimed(ended: int, cause: str = "completed") -> Told:
        steps = [step(kind, at, timed=False) for kind, at in (("offered", 0), ("answered", 19))]
        return told([*steps, step("ended", ended, timed=False, cause=cause)])

    assert (untimed(125).wait_seconds, untimed(125).talk_seconds) == (19, 106)
    assert untimed(19).talk_seconds is None  # told in the same moment: after an outage, or out of a file
    assert untimed(125, "unknown").talk_seconds is None


def test_what_the_exchange_has_counted_goes_before_what_times_say() -> None:
    call = same([*ANSWERED[:-1], step("ended", 90, wait_seconds=30, talk_seconds=55)])
    assert (call.wait_seconds, call.talk_seconds) == (30, 55)


def test_a_call_under_way_is_where_its_last_step_left_it() -> None:
    states = [told(ANSWERED[: n + 1]).state for n in range(5)]
    assert states == ["offered", "offered", "queued", "ringing", "answered"]
