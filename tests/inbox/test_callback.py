"""Call-backs and the strip: what people do with what is owed, and how it stands with the telephone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text, update

from hub import clock
from hub.access import person
from hub.clock import NEVER
from hub.edge import incoming
from hub.errors import Conflict
from hub.inbox import callback, contact, strip, topic
from hub.inbox.call import Call
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.promise import Promise
from hub.inbox.strip import QueueNow
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.daytime import by_day
from tests.exchange import BO, IDA, SWITCHBOARD, Exchange


@pytest.fixture
def exchange(database_url: str, tmp_path: Path) -> Iterator[Exchange]:
    """On one engine after the other; Ida called twice and nobody took it."""
    by_day()
    made = Exchange(tmp_path, database_url, "eml_folder", {"folder": str(tmp_path)}).set_up_calls()
    for number in range(2):
        made.tell(made.event("newCall", str(number), 60 * number), made.event("hangup", str(number), 60 * number + 30))
    yield made
    made.storage.close()
    clock.set_source(None)


def held(unit: Unit) -> tuple[Conversation, Promise]:
    """The only open one."""
    promise = unit.first(select(Promise).where(Promise.released_at.is_(None), Promise.kept_at.is_(None)))
    assert promise is not None
    conversation = unit.lock(Conversation, promise.conversation_id)
    assert conversation is not None
    return conversation, promise


def test_attempts_count_until_they_are_reached(exchange: Exchange) -> None:
    sara = exchange.ids["sara"]
    exchange.write(lambda unit: callback.give(unit, *given(unit, sara), sara))
    exchange.write(lambda unit: tried(unit, sara, reached=False))
    (promise,) = exchange.promises()
    assert (promise.attempts, promise.person_id, promise.kept_at) == (1, sara, None)
    exchange.write(lambda unit: tried(unit, sara, reached=True))
    (promise,) = exchange.promises()
    assert promise.outcome == "reached"
    assert exchange.all(select(Call.called_back_at).where(Call.direction == "in", Call.called_back_at.is_(None))) == []
    conversation = exchange.one(select(Conversation))
    assert (conversation.due_at, conversation.closed_at) == (NEVER, None)
    with pytest.raises(Conflict):
        exchange.write(lambda unit: callback.settle(unit, *closed(unit, sara), "given_up"))


def given(unit: Unit, by_id: int) -> tuple[Conversation, int, Promise]:
    """As the verbs take them."""
    conversation, promise = held(unit)
    return conversation, by_id, promise


def closed(unit: Unit, by_id: int) -> tuple[Conversation, int, Promise]:
    """One that is done with."""
    promise = unit.first(select(Promise))
    conversation = unit.first(select(Conversation))
    assert promise is not None
    assert conversation is not None
    return conversation, by_id, promise


def tried(unit: Unit, by_id: int, *, reached: bool) -> Entry:
    """Somebody calls, a while after the promise was made."""
    conversation, promise = held(unit)
    return callback.tried(unit, conversation, by_id, promise, reached=reached)


def test_what_is_given_up_is_closed_and_owed_again_when_they_call_again(exchange: Exchange) -> None:
    exchange.write(lambda unit: callback.settle(unit, *given(unit, exchange.ids["sara"]), "given_up"))
    assert exchange.one(select(Conversation.closed_at)) is not None
    at = 2_000
    exchange.tell(exchange.event("newCall", "again", at), exchange.event("hangup", "again", at + 5))
    first, second = exchange.promises()
    assert (first.outcome, second.kept_at, second.number) == ("given_up", None, IDA)
    assert len(exchange.all(select(Conversation).where(Conversation.closed_at.is_(None)))) == 1


def test_to_close_the_conversation_settles_it(exchange: Exchange) -> None:
    def close(unit: Unit) -> None:
        conversation, _ = held(unit)
        conversation.close(unit, exchange.ids["sara"])

    exchange.write(close)
    exchange.tell(exchange.event("newCall", "again", 2_000), exchange.event("hangup", "again", 2_005))
    first, second = exchange.promises()
    assert (first.outcome, second.outcome) == ("not_needed", None)


def test_a_time_that_was_agreed_holds_until_they_are_reached(exchange: Exchange) -> None:
    sara, at = exchange.ids["sara"], clock.now() + clock.DAY

    def agree(unit: Unit) -> None:
        conversation, _ = held(unit)
        callback.agree(unit, conversation, sara, IDA, at)

    exchange.write(agree)
    (promise,) = exchange.promises()
    assert (promise.due_at, promise.due_rule, promise.person_id) == (at, callback.AGREED, sara)
    out = {"direction": "out", "to": IDA, "user": "5101"}
    exchange.tell(*(exchange.event(what, "out", 2_000, SWITCHBOARD, **out) for what in ("newCall", "answer")))
    (promise,) = exchange.promises()
    assert promise.outcome == "reached"


def test_the_strip_counts_who_waits_and_who_got_through_today(exchange: Exchange) -> None:
    desk = (exchange.ids["granvik"], exchange.ids["desk"])
    exchange.tell(exchange.event("newCall", "waits", 100, BO), exchange.event("newCall", "waits too", 200, "anonymous"))
    exchange.tell(exchange.event("newCall", "talks", 90, BO), exchange.event("answer", "talks", 95, BO))
    found = exchange.read(strip.stand, [desk, (exchange.ids["holmo"], exchange.ids["desk"])])
    since = exchange.one(select(Call.offered_at).where(Call.number == BO, Call.answered_at.is_(None)))
    assert found[desk] == QueueNow(2, since, 1, 2)
    assert found[exchange.ids["holmo"], exchange.ids["desk"]] == QueueNow()
    exchange.write(lambda unit: unit.change(update(Call).values(offered_at=clock.now() - clock.DAY)))
    assert exchange.read(strip.stand, [desk]) == {desk: QueueNow()}


def test_who_has_waited_for_more_than_an_hour_has_gone_unheard(exchange: Exchange) -> None:
    exchange.tell(exchange.event("newCall", "1", -2 * 3600), exchange.event("newCall", "2", -60, "+46701740609"))
    desk = (exchange.ids["granvik"], exchange.ids["desk"])
    sara = exchange.read(lambda unit: person.actor(unit, exchange.ids["sara"], frozenset({"read"})))
    assert sara is not None
    granvik = Scope((exchange.ids["granvik"],), "test")
    shown = exchange.storage.read_now(granvik, incoming.strip, sara)
    assert shown is not None
    assert exchange.read(strip.stand, [desk])[desk].waiting == shown.waiting == 1


def test_what_is_agreed_with_the_caller_is_the_one_call_back_of_their_number(exchange: Exchange) -> None:
    sara, at = exchange.ids["sara"], clock.now() + clock.DAY

    def register(unit: Unit) -> None:
        conversation, _ = held(unit)
        home = unit.get(Municipality, conversation.municipality_id)
        entry = unit.first(select(Entry).where(Entry.kind == "call"))
        assert home is not None
        assert entry is not None
        subject = topic.add(unit, home, {"sv": "Vatten"})
        said = contact.Said(questions=[contact.Question(subject, "not_finished")], call_back_at=at)
        contact.register(unit, conversation, entry, sara, said)

    exchange.write(register)
    (promise,) = exchange.promises()
    assert (promise.number, promise.due_at, promise.due_rule) == (IDA, at, callback.AGREED)
    assert exchange.one(select(Conversation.due_at)) == at


def test_the_strip_is_read_by_its_indexes(exchange: Exchange) -> None:
    said: list[tuple[str, Any]] = []
    engine = exchange.storage.engines.reader

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if "FROM call" in statement:
            said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    exchange.read(strip.stand, [(exchange.ids["granvik"], exchange.ids["desk"])])
    event.remove(engine, "before_cursor_execute", note)
    assert len(said) == 2
    for statement, parameters in said:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                plan = " ".join(row[3] for row in rows)
            else:
                connection.execute(text("SET LOCAL enable_seqscan = off"))
                plan = " ".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all())
        assert "ix_call_live" in plan or "ix_call_offered" in plan, plan
