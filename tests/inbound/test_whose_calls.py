"""Calls are found by whose they are: also after one of ours has said that they are another's, and those of long ago."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from hub.cli import db
from hub.cli.installation import Installation
from hub.inbox import whose
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.search_plan import plan
from hub.inbox.search_words import parse
from hub.inbox.whose import CitizenMove
from hub.storage import search_index
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.exchange import Exchange
from tests.inbound.test_calls_in import exchange_on_both, lost

__all__ = ["exchange_on_both"]

NUMBER = "+46701740605"
Act = Callable[[Unit, Exchange], object]


def found(exchange: Exchange, words: str) -> int:
    """Entries."""

    def hits(unit: Unit) -> int:
        made = plan(unit, exchange.ids["sara"], parse(words, date(2026, 11, 27)))
        return len(search_index.find(unit, made.words, before=2**62, limit=9, marked=made.marked))

    return exchange.storage.read_now(_own(exchange), hits)


def _own(exchange: Exchange) -> Scope:
    return Scope((exchange.ids["granvik"],), "person")


def _named(unit: Unit, exchange: Exchange) -> Citizen:
    """Somebody of that name who has rung from nowhere yet."""
    citizen = Citizen(municipality_id=exchange.ids["granvik"], name="Maj-Britt Öhman", protection="no", language="sv")
    unit.add(citizen)
    return citizen


def _caller(unit: Unit) -> Citizen:
    row = unit.first(select(Citizen).join(Conversation, Conversation.citizen_id == Citizen.id))
    assert row is not None
    return row


def _merge(unit: Unit, exchange: Exchange) -> None:
    whose.merge(unit, _named(unit, exchange), exchange.ids["sara"], _caller(unit))


def _share(unit: Unit, exchange: Exchange) -> None:
    row = unit.first(select(Conversation))
    assert row is not None
    whose.share(unit, row, exchange.ids["sara"], "Maj-Britt Öhman")


@pytest.mark.parametrize("act", [_merge, _share], ids=["merged", "shared"])
def test_a_call_is_found_by_whose_it_is_now(exchange_on_both: Exchange, act: Act) -> None:
    exchange = exchange_on_both
    exchange.tell(*lost(exchange, "1", caller=NUMBER))
    exchange.storage.write_now(_own(exchange), lambda unit: setattr(_caller(unit), "name", "Okänd Uppringare"))
    exchange.storage.write_now(_own(exchange), act, exchange)
    assert [found(exchange, each) for each in ("öhman", "from:öhman", "uppringare", NUMBER)] == [1, 1, 0, 1]

    def undo(unit: Unit) -> None:
        move = unit.first(select(CitizenMove))
        assert move is not None
        whose.undo(unit, move)

    exchange.storage.write_now(_own(exchange), undo)
    assert [found(exchange, each) for each in ("öhman", "from:öhman", "uppringare", NUMBER)] == [0, 0, 1, 1]


def test_a_number_that_is_split_off_takes_the_name_of_its_new_owner_along(exchange_on_both: Exchange) -> None:
    exchange = exchange_on_both
    exchange.tell(*lost(exchange, "1", caller=NUMBER))

    def split(unit: Unit) -> str:
        caller = _caller(unit)
        caller.name = "Maj-Britt Öhman"
        point = unit.first(select(CitizenPoint).where(CitizenPoint.citizen_id == caller.id))
        assert point is not None
        here, other = exchange.ids["granvik"], "+46701740606"
        unit.add(
            CitizenPoint(
                municipality_id=here, citizen_id=caller.id, first_citizen_id=caller.id, kind="phone", value=other,
                match_key=other,
            )
        )  # fmt: skip
        move = whose.split_off(unit, caller, exchange.ids["sara"], point)
        new = unit.get(Citizen, move.to_id)
        assert new is not None
        return new.name

    assert exchange.storage.write_now(_own(exchange), split) == NUMBER
    assert [found(exchange, each) for each in ("öhman", NUMBER)] == [0, 1]


def test_what_was_indexed_before_there_were_names_is_brought_up_to_date(
    exchange_on_both: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parts; said twice it is the same."""
    exchange = exchange_on_both
    monkeypatch.setattr("hub.inbox.findable._MOST", 2)
    for number in range(5):
        exchange.tell(*lost(exchange, str(number), 600 * number, caller=f"+4670174060{number}"))

    def as_of_old(unit: Unit) -> None:
        for citizen in unit.all(select(Citizen)):
            citizen.name = "Maj-Britt Öhman"
        for entry in unit.all(select(Entry).where(Entry.kind == "call")):
            search_index.replace(unit, entry.id, entry.municipality_id, ["vatten"])

    exchange.storage.write_now(_own(exchange), as_of_old)
    assert found(exchange, "öhman") == 0
    here = Installation(exchange.settings, exchange.storage)
    for _ in range(2):
        db.index_again(here)
        assert [found(exchange, each) for each in ("öhman", "+46701740604", "from:0701740600")] == [5, 1, 1]
