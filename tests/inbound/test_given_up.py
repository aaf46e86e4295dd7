"""A call whose end is never told is ended by the hub in time, as such, and goes on when somebody tells of it again."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hub import clock
from hub.inbound import given_up
from hub.inbound.pipeline import INTAKE
from hub.inbox.call import GIVEN_UP
from tests.exchange import Exchange

LONG_AGO = -14 * 3600


@pytest.fixture
def exchange(database_url: str, tmp_path: Path) -> Iterator[Exchange]:
    """On one engine after the other."""
    made = Exchange(tmp_path, database_url, "eml_folder", {"folder": str(tmp_path)}).set_up_calls()
    yield made
    made.storage.close()


def swept(exchange: Exchange) -> Sequence[given_up.Silent]:
    """What a sweep finds, and does."""
    found = exchange.storage.read_now(INTAKE, given_up.silent)
    assert exchange.storage.write_now(INTAKE, given_up.give_up) == len(found)
    return found


def test_a_talk_that_nobody_ended_is_given_up_and_corrected_by_what_is_told_late(exchange: Exchange) -> None:
    exchange.tell(
        exchange.event("newCall", "1", LONG_AGO, queue="Vatten"),
        exchange.event("answer", "1", LONG_AGO + 20, answeringNumber="5101"),
    )
    exchange.tell(exchange.event("newCall", "2", -60, "+46701740609", queue="Vatten"))
    (silent,) = swept(exchange)
    assert silent.name == "1"
    call, live = exchange.calls()
    assert (call.state, call.cause, call.talk_seconds, call.wait_seconds) == ("ended", "unknown", None, 20)
    assert call.ended_at == exchange.began + (LONG_AGO + 20) * clock.SECOND
    assert (live.state, live.ended_at) == ("offered", None)
    assert exchange.promises() == []
    assert swept(exchange) == []

    exchange.tell(exchange.event("hangup", "1", LONG_AGO + 200, cause="normalClearing"))
    (call, _) = exchange.calls()
    assert (call.state, call.cause) == ("ended", "completed")
    assert call.ended_at == exchange.began + (LONG_AGO + 200) * clock.SECOND
    assert GIVEN_UP in call.steps


def test_who_waited_without_an_end_is_owed_a_call_until_they_got_through(exchange: Exchange) -> None:
    exchange.tell(exchange.event("newCall", "1", LONG_AGO, queue="Vatten"))
    swept(exchange)
    (call,) = exchange.calls()
    assert (call.cause, call.lost_in, call.answered_at) == ("unknown", "ringing", None)
    (promise,) = exchange.promises()
    assert promise.outcome is None
    exchange.tell(exchange.event("answer", "1", LONG_AGO + 30, answeringNumber="5101"))
    (call,) = exchange.calls()
    assert (call.state, call.ended_at, call.cause) == ("answered", None, None)
    (promise,) = exchange.promises()
    assert promise.outcome == "mistaken"
    swept(exchange)  # nothing more was told of it
    (call,) = exchange.calls()
    assert (call.state, call.cause, call.talk_seconds) == ("ended", "unknown", None)
