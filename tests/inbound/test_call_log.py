"""The exchange's log beside its live events: one call, whichever came first and whatever either of them lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub import clock
from hub.inbox.call import Call
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from tests.exchange import BO, IDA, Exchange


@pytest.fixture
def exchange(database_url: str, tmp_path: Path) -> Iterator[Exchange]:
    """On one engine after the other, told live and by log."""
    made = Exchange(tmp_path, database_url, "eml_folder", {"folder": str(tmp_path)}).set_up_calls().set_up_log()
    yield made
    made.storage.close()


def live(exchange: Exchange, call: str = "1", caller: str = IDA) -> None:
    exchange.tell(
        exchange.event("newCall", call, 0, caller),
        exchange.event("answer", call, 21, caller, answeringNumber="5101"),
        exchange.event("hangup", call, 200, caller, cause="normalClearing"),
    )


def logged(exchange: Exchange, **cells: str) -> None:
    told = {"result": "besvarat", "wait": "20", "talk": "180", "agent": "5101", "queue": "Vatten", **cells}
    exchange.read_in(exchange.keep(exchange.row(3, **told), channel="log"))


def only(exchange: Exchange) -> Call:
    (call,) = exchange.calls()
    assert len(exchange.all(select(Entry).where(Entry.kind == "call"))) == 1
    assert len(exchange.all(select(Conversation))) == 1
    return call


@pytest.mark.parametrize("name", ["1", ""])
@pytest.mark.parametrize("first", ["live", "log"])
def test_a_call_that_both_tell_of_is_one(exchange: Exchange, name: str, first: str) -> None:
    tells: list[Callable[[], None]] = [lambda: live(exchange), lambda: logged(exchange, id=name)]
    for tell in tells if first == "live" else tells[::-1]:
        tell()
    live(exchange)
    logged(exchange, id=name, talk="181")  # it comes again, corrected
    call = only(exchange)
    assert (call.number, call.cause, call.wait_seconds, call.talk_seconds) == (IDA, "completed", 20, 181)
    assert (call.queue_name, call.answered_by_id) == ("Vatten", exchange.ids["sara"])
    assert exchange.one(select(Entry.item_key).where(Entry.kind == "call")) == "1"


@pytest.mark.parametrize("name", ["1", ""])
def test_what_comes_at_the_same_time_is_one_as_well(exchange: Exchange, name: str) -> None:
    row = exchange.row(3, id=name, result="tappat", wait="20")
    kept = [*exchange.keep(exchange.event("newCall", "1")), *exchange.keep(row, channel="log")]
    exchange.read_in(kept)
    assert (only(exchange).state, only(exchange).wait_seconds) == ("ended", 20)


def test_what_no_live_event_told_of_appears_and_is_owed(exchange: Exchange) -> None:
    live(exchange)
    exchange.read_in(exchange.keep(exchange.row(60, BO, result="tappat", wait="40"), channel="log"))
    _, call = exchange.calls()
    assert (call.number, call.wait_seconds, call.answered_at) == (BO, 40, None)
    (promise,) = exchange.promises()
    assert promise.number == BO


def test_an_end_that_was_lost_live_is_made_up_for(exchange: Exchange) -> None:
    exchange.tell(exchange.event("newCall", "1"))
    logged(exchange, result="tappat", talk="", agent="")
    call = only(exchange)
    assert (call.state, call.cause, call.wait_seconds) == ("ended", "abandoned", 20)
    assert len(exchange.promises()) == 1


def test_two_calls_of_a_number_one_after_the_other_stay_two(exchange: Exchange) -> None:
    live(exchange)
    rows = [exchange.row(at, IDA, result="tappat", wait="10") for at in (2, 400, 500)]
    exchange.read_in(exchange.keep(*rows, channel="log"))
    assert len(exchange.calls()) == 3
    exchange.read_in(exchange.keep(exchange.row(0, "", result="tappat", wait="5"), channel="log"))
    assert len(exchange.calls()) == 4


SUMMER_TIME_ENDS = clock.from_iso("2026-10-25T01:00:00Z") or 0


@pytest.mark.parametrize("hour", [-1, 0], ids=["summer", "winter"])
@pytest.mark.parametrize("name", ["1", ""])
@pytest.mark.parametrize("first", ["live", "log", "together"])
def test_a_call_in_the_hour_that_comes_twice_is_the_live_one_of_that_hour(
    exchange: Exchange, first: str, name: str, hour: int
) -> None:
    exchange.began = SUMMER_TIME_ENDS + hour * 60 * clock.MINUTE + 20 * clock.MINUTE
    rung = [exchange.event("newCall", "1"), exchange.event("answer", "1", 21, answeringNumber="5101")]
    told = [*rung, exchange.event("hangup", "1", 200, cause="normalClearing")]
    row = exchange.row(3, zone="Europe/Stockholm", id=name, result="besvarat", wait="20", talk="180", agent="5101")
    if first == "together":
        exchange.read_in([*exchange.keep(*told), *exchange.keep(row, channel="log")])
    elif first == "log":
        exchange.read_in(exchange.keep(row, channel="log"))
        exchange.tell(*told)
    else:
        exchange.tell(*told)
        exchange.read_in(exchange.keep(row, channel="log"))
    call = only(exchange)
    assert call.offered_at == exchange.began
    assert call.ended_at == exchange.began + 203 * clock.SECOND
    assert (call.wait_seconds, call.talk_seconds, len(call.steps)) == (20, 180, 2)


def test_the_same_caller_in_either_of_the_two_hours_has_two_calls(exchange: Exchange) -> None:
    exchange.began = SUMMER_TIME_ENDS - 40 * clock.MINUTE
    for number, at in (("1", 0), ("2", 3600)):
        exchange.tell(exchange.event("newCall", number, at), exchange.event("hangup", number, at + 30, cause="cancel"))
    rows = [
        exchange.row(at, zone="Europe/Stockholm", result="tappat", wait=str(wait)) for at, wait in ((1, 29), (3602, 28))
    ]
    exchange.read_in(exchange.keep(*rows, channel="log"))
    assert [(call.offered_at, call.wait_seconds) for call in exchange.calls()] == [
        (exchange.began, 29),
        (exchange.began + 60 * clock.MINUTE, 28),
    ]
