"""Calls on their way in: one entry for each, whatever order its events come in; what is owed to whom follows."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from connectors.phone_webhook import SIGNED, PhoneWebhook, PhoneWebhookConfig
from hub import clock
from hub.clock import NEVER
from hub.contract import RawEvent as Event
from hub.contract.config import read_config
from hub.inbound.child import Answer
from hub.inbound.raw_event import RawEvent
from hub.inbox import findable, identity, municipality, staff_number
from hub.inbox.call import Call
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.participant import Participant
from hub.inbox.search_plan import plan
from hub.inbox.search_words import parse
from hub.inbox.strip import stand
from hub.storage import search_index
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.daytime import by_day
from tests.exchange import BO, IDA, SWITCHBOARD, Exchange


@pytest.fixture
def exchange(sqlite_database: str, tmp_path: Path) -> Iterator[Exchange]:
    """On SQLite."""
    by_day()
    made = Exchange(tmp_path, sqlite_database, "eml_folder", {"folder": str(tmp_path)}).set_up_calls()
    yield made
    made.storage.close()
    clock.set_source(None)


@pytest.fixture
def exchange_on_both(database_url: str, tmp_path: Path) -> Iterator[Exchange]:
    """On one engine after the other."""
    made = Exchange(tmp_path, database_url, "eml_folder", {"folder": str(tmp_path)}).set_up_calls()
    yield made
    made.storage.close()


def whole(exchange: Exchange, call: str = "1", caller: str = IDA) -> Sequence[Event]:
    """A call that Sara answered after 20 seconds."""
    return (
        exchange.event("newCall", call, 0, caller, queue="Vatten"),
        exchange.event("answer", call, 20, caller, answeringNumber="5101", user="Sara"),
        exchange.event("hangup", call, 200, caller, cause="normalClearing"),
    )


def lost(exchange: Exchange, call: str, at: int = 0, caller: str = IDA) -> Sequence[Event]:
    """A call that nobody answered for half a minute."""
    return (
        exchange.event("newCall", call, at, caller, queue="Vatten"),
        exchange.event("hangup", call, at + 30, caller, cause="cancel"),
    )


def test_an_answered_call_is_a_conversation_of_whoever_answered(exchange_on_both: Exchange) -> None:
    exchange = exchange_on_both
    for each in whole(exchange):
        exchange.tell(each)
    (call,) = exchange.calls()
    conversation = exchange.conversation(call)
    entry = exchange.one(select(Entry).where(Entry.kind == "call"))
    assert (call.state, call.cause, call.number) == ("ended", "completed", IDA)
    assert (call.answered_by_id, call.wait_seconds) == (exchange.ids["sara"], 20)
    assert (conversation.assignee_id, conversation.closed_at) == (exchange.ids["sara"], None)
    assert (conversation.due_at, conversation.contact_kind, conversation.subject) == (NEVER, "call", "Vatten")
    assert (entry.author_kind, entry.visibility, entry.item_key) == ("citizen", "public", "1")
    assert exchange.promises() == []
    assert (exchange.one(select(Citizen.name)), exchange.one(select(CitizenPoint.match_key))) == (IDA, IDA)
    assert exchange.one(select(Participant.role)) == "sender"
    granvik = Scope((exchange.ids["granvik"],), "test")
    assert exchange.storage.read_now(granvik, search_index.find, IDA, before=2**62, limit=9) == [entry.id]
    assert set(exchange.all(select(RawEvent.state))) == {"read"}


def test_a_blocked_caller_is_kept_and_owed_nothing(exchange_on_both: Exchange) -> None:
    exchange = exchange_on_both
    began = exchange.event("newCall", "1", 0, IDA, queue="Vatten")
    for each in (
        replace(began, origin={**began.origin, "blocked": "yes"}),
        exchange.event("hangup", "1", 1, IDA, cause="busy"),
    ):
        exchange.tell(each)
        (call,) = exchange.calls()
        assert (call.state, call.cause) == ("ended", "blocked")
        assert exchange.conversation(call).closed_at is not None
        desk = (call.municipality_id, exchange.conversation(call).queue_id)
        now = exchange.storage.read_now(Scope((desk[0],), "test"), stand, [desk])[desk]
        assert (now.waiting, now.lost) == (0, 0)
    assert exchange.promises() == []


def test_what_was_made_confidential_while_it_rang_is_not_given_to_whoever_answers(exchange: Exchange) -> None:
    offered, answered, ended = whole(exchange)
    exchange.tell(offered)
    (call,) = exchange.calls()
    one = exchange.conversation(call)
    values = {"confidential_queue_id": one.queue_id}
    exchange.write(lambda unit: unit.change(update(Conversation).where(Conversation.id == one.id).values(**values)))
    exchange.tell(answered, ended)
    (call,) = exchange.calls()
    assert call.answered_by_id == exchange.ids["sara"]
    assert exchange.conversation(call).assignee_id is None


def test_any_order_doubled_or_together_is_the_same_call(exchange: Exchange) -> None:
    orders = list(itertools.permutations(range(3)))
    for number, order in enumerate(orders):
        events = [whole(exchange, str(number), f"+4670174060{number}")[place] for place in order]
        for each in [*events, *events] if number % 2 else events:
            exchange.tell(each)
    exchange.tell(*whole(exchange, "all", "+46701740609"))
    calls = exchange.calls()
    assert len(calls) == len(orders) + 1
    assert len({told(each) for each in calls}) == 1
    for call in calls:
        conversation = exchange.conversation(call)
        assert (conversation.due_at, conversation.closed_at) == (NEVER, None)
        assert conversation.assignee_id == exchange.ids["sara"]
    assert [each.outcome for each in exchange.promises()] == ["mistaken"] * 3  # those that seemed lost at first


def told(call: Call) -> tuple[object, ...]:
    """What a call's steps decide."""
    return (
        call.state, call.direction, call.queue_name, call.answered_by_id, call.offered_at, call.answered_at,
        call.ended_at, call.cause, call.wait_seconds, call.talk_seconds, call.lost_in,
    )  # fmt: skip


def test_what_turns_out_to_be_part_of_another_call_leaves_the_list(exchange: Exchange) -> None:
    """As whom an agent asks before handing on: until the transfer tells that, it seems to be a call of its own."""
    offered, answered, ended = whole(exchange)
    exchange.tell(offered)
    (call,) = exchange.calls()
    assert exchange.conversation(call).closed_at is None
    nothing = [replace(each, answer=Answer()) for each in exchange.parse(exchange.keep(answered))]
    exchange.settle(nothing)
    (call,) = exchange.calls()
    assert (call.state, exchange.conversation(call).closed_at is not None) == ("ended", True)
    assert exchange.promises() == []
    exchange.tell(ended)  # more of it is told, and it is one after all
    (call,) = exchange.calls()
    assert (call.state, call.cause, exchange.conversation(call).closed_at) == ("ended", "completed", None)
    assert set(exchange.all(select(RawEvent.state))) == {"read"}


def test_whom_an_agent_asked_and_who_answered_counts_in_no_queue_of_the_day(exchange: Exchange) -> None:
    offered, answered, ended = whole(exchange)
    exchange.tell(offered, answered)
    (call,) = exchange.calls()
    assert call.queue_id is not None
    desk = (call.municipality_id, call.queue_id)
    stood = exchange.storage.read_now(Scope((call.municipality_id,), "test"), stand, [desk])[desk]
    assert stood.answered == 1  # nothing tells yet that it is none
    nothing = [replace(each, answer=Answer()) for each in exchange.parse(exchange.keep(ended))]
    exchange.settle(nothing)
    (call,) = exchange.calls()
    assert (call.state, call.cause, call.answered_at, call.answered_by_id) == ("ended", "forwarded", None, None)
    stood = exchange.storage.read_now(Scope((call.municipality_id,), "test"), stand, [desk])[desk]
    assert (stood.answered, stood.lost, exchange.promises()) == (0, 0, [])


def test_what_was_parsed_of_fewer_events_changes_nothing(exchange_on_both: Exchange) -> None:
    exchange = exchange_on_both
    first, second, third = whole(exchange)
    early = exchange.parse(exchange.keep(first))
    late = exchange.parse(exchange.keep(second, third))
    exchange.settle(late)
    exchange.settle(early)
    exchange.settle(late)
    (call,) = exchange.calls()
    assert (call.state, call.cause, list(call.seen.values())) == ("ended", "completed", [3])


def test_lost_calls_of_a_number_are_one_call_back_however_often_they_tried(exchange_on_both: Exchange) -> None:
    exchange = exchange_on_both
    for number in range(3):
        exchange.tell(*lost(exchange, str(number), 60 * number))
    exchange.tell(*lost(exchange, "other", 10, BO))
    calls = exchange.calls()
    assert [(each.cause, each.lost_in) for each in calls] == [("no-answer", "ringing")] * 4
    ida, bo = sorted(exchange.promises(), key=lambda each: each.number or "")
    assert (ida.number, bo.number) == (IDA, BO)
    conversations = exchange.all(select(Conversation))
    assert len(conversations) == 2
    assert {each.due_at for each in conversations} == {ida.due_at, bo.due_at}
    assert ida.due_at > exchange.began


def test_who_gets_through_later_is_owed_nothing(exchange_on_both: Exchange) -> None:
    exchange = exchange_on_both
    exchange.tell(*lost(exchange, "1"))
    exchange.tell(exchange.event("newCall", "2", 100), exchange.event("answer", "2", 120, user="sara@granvik.example"))
    first, second = exchange.calls()
    assert exchange.conversation(first).id == exchange.conversation(second).id
    assert first.called_back_at == second.answered_at
    (promise,) = exchange.promises()
    assert (promise.outcome, promise.kept_at) == ("reached", second.answered_at)
    conversation = exchange.conversation(second)
    assert (conversation.due_at, conversation.closed_at) == (NEVER, None)
    assert conversation.assignee_id == exchange.ids["sara"]


def test_a_number_that_calls_again_is_a_hint_again(exchange: Exchange) -> None:
    """In the same conversation, too: who was confirmed there before it may be somebody else now."""
    exchange.tell(*lost(exchange, "1"))
    (first,) = exchange.calls()
    there = exchange.conversation(first)

    def confirm(unit: Unit) -> None:
        found = unit.get(Conversation, there.id)
        assert found is not None
        identity.confirm(unit, found, exchange.ids["sara"], "called_back")

    def holds() -> bool:
        return exchange.read(lambda unit: identity.live(unit, there) is not None)

    exchange.write(confirm)
    exchange.tell(*lost(exchange, "2", 100))  # told late: it began before
    assert holds()
    exchange.tell(exchange.event("newCall", "3", 1_801), exchange.event("answer", "3", 1_810, user="5101"))
    calls = exchange.calls()
    assert {exchange.conversation(each).id for each in calls} == {there.id}
    assert not holds()


def test_calling_back_counts_as_an_attempt_until_they_answer(exchange: Exchange) -> None:
    exchange.tell(*lost(exchange, "1"))
    out = {"direction": "out", "to": IDA, "user": "5101"}
    exchange.tell(
        exchange.event("newCall", "2", 100, SWITCHBOARD, **out),
        exchange.event("hangup", "2", 130, SWITCHBOARD, cause="noAnswer", **out),
    )
    (promise,) = exchange.promises()
    assert (promise.attempts, promise.kept_at) == (1, None)
    exchange.tell(
        exchange.event("newCall", "3", 200, SWITCHBOARD, **out), exchange.event("answer", "3", 210, SWITCHBOARD, **out)
    )
    (promise,) = exchange.promises()
    assert promise.outcome == "reached"
    assert len(exchange.all(select(Conversation))) == 1
    authors = exchange.all(select(Entry.author_id).where(Entry.kind == "call", Entry.author_kind == "person"))
    assert authors == [exchange.ids["sara"]] * 2
    assert len(exchange.all(select(Citizen))) == 1


def test_a_call_out_that_nobody_waits_for_is_closed_or_where_the_citizen_is(exchange: Exchange) -> None:
    out = {"direction": "out", "user": "5101"}
    exchange.tell(*(exchange.event(what, "1", 0, SWITCHBOARD, to=BO, **out) for what in ("newCall", "answer")))
    (call,) = exchange.calls()
    assert exchange.conversation(call).closed_at is not None
    exchange.tell(*whole(exchange, "2", BO))
    exchange.tell(*(exchange.event(what, "3", 300, SWITCHBOARD, to=BO, **out) for what in ("newCall", "hangup")))
    _, second, third = exchange.calls()
    assert exchange.conversation(second).id == exchange.conversation(third).id
    assert exchange.promises() == []


def test_colleagues_and_withheld_numbers_are_owed_nothing(exchange: Exchange) -> None:
    def staff(unit: Unit) -> None:
        for pattern in ("5000-5999", "019 212*"):
            staff_number.add(unit, municipality.by_code(unit, "granvik"), pattern)

    exchange.write(staff)
    for number, caller in enumerate(("5144", "+4619212777", "anonymous")):
        exchange.tell(*lost(exchange, str(number), number, caller))
    calls = exchange.calls()
    assert [(each.staff, each.number) for each in calls] == [(True, None), (True, "+4619212777"), (False, None)]
    assert exchange.promises() == []
    assert all(exchange.conversation(each).closed_at for each in calls)


def test_a_number_finds_who_it_may_be_and_confirms_nobody(exchange: Exchange) -> None:
    exchange.tell(*whole(exchange, "1"))
    exchange.tell(*whole(exchange, "2", "0701740605"))
    first, second = exchange.calls()
    assert (first.number, second.number) == (IDA, IDA)
    assert exchange.conversation(first).id != exchange.conversation(second).id
    assert exchange.conversation(first).citizen_id == exchange.conversation(second).citizen_id
    assert exchange.one(select(CitizenPoint.confirmed_at)) is None


def test_a43_a_number_that_somebody_typed_into_a_form_makes_nobodys_calls_theirs(exchange: Exchange) -> None:
    def claim(unit: Unit) -> int:
        home = exchange.ids["granvik"]
        citizen = Citizen(municipality_id=home, name="Någon annan")
        unit.add(citizen)
        unit.add(
            CitizenPoint(
                municipality_id=home, citizen_id=citizen.id, first_citizen_id=citizen.id,
                kind="phone", value=IDA, match_key=IDA, claimed_at=clock.now(),
            )
        )  # fmt: skip
        return citizen.id

    stranger = exchange.write(claim)
    exchange.tell(*whole(exchange, "1"))
    (call,) = exchange.calls()
    assert exchange.conversation(call).citizen_id != stranger


def test_a_queue_of_the_exchange_goes_before_the_number_that_was_dialled(sqlite_database: str, tmp_path: Path) -> None:
    made = Exchange(tmp_path, sqlite_database, "eml_folder", {"folder": str(tmp_path)})
    made.set_up_calls({"Holmö": "holmo/Kundtjänst"})
    made.tell(made.event("newCall", "1"), made.event("newCall", "2", 5, BO, queue="holmö"))
    granvik, holmo = made.calls()
    assert (granvik.municipality_id, holmo.municipality_id) == (made.ids["granvik"], made.ids["holmo"])
    assert {row.municipality_id for row in made.all(select(RawEvent))} == {made.ids["granvik"], made.ids["holmo"]}
    made.storage.close()


def test_a_replay_doubles_nothing_and_keeps_what_people_did(exchange: Exchange) -> None:
    exchange.tell(*lost(exchange, "1"))
    kept = exchange.keep(exchange.event("hangup", "1", 31, cause="cancel"))
    exchange.read_in(kept)
    before = exchange.conversation(exchange.calls()[0]).version
    exchange.write(lambda unit: unit.change(update(RawEvent).values(state="new")))
    exchange.read_in(kept)
    (call,) = exchange.calls()
    assert exchange.conversation(call).version == before
    assert len(exchange.promises()) == 1


def test_two_workers_that_tell_of_the_same_new_call_make_one(exchange_on_both: Exchange) -> None:
    exchange = exchange_on_both
    for number in range(8):
        events = lost(exchange, f"{number}", 60 * number)
        parsed = [exchange.parse(exchange.keep(each)) for each in events]
        with ThreadPoolExecutor(2) as workers:
            list(workers.map(exchange.settle, parsed))
    calls = exchange.calls()
    assert [each.state for each in calls] == ["ended"] * 8
    assert len(exchange.all(select(Citizen))) == 1
    assert len(exchange.all(select(Conversation))) == 1
    assert len(exchange.promises()) == 1


def test_what_people_have_written_of_a_call_stays_when_more_is_told_of_it(exchange: Exchange) -> None:
    first, second, third = whole(exchange)
    exchange.tell(first, second)

    def write(unit: Unit) -> None:
        entry = unit.first(select(Entry).where(Entry.kind == "call"))
        assert entry is not None
        entry.text, entry.body = "Vill byta kärl", {**entry.body, "registered": {"by": "1"}}

    exchange.write(write)
    exchange.tell(third)
    entry = exchange.one(select(Entry).where(Entry.kind == "call"))
    assert (entry.text, entry.body["registered"]) == ("Vill byta kärl", {"by": "1"})
    assert exchange.calls()[0].state == "ended"


def test_a_call_is_found_by_who_is_known_by_its_number_and_by_that_as_people_write_it(
    exchange_on_both: Exchange,
) -> None:
    """Also those before there was a name."""
    exchange = exchange_on_both
    exchange.tell(*lost(exchange, "1", caller="+46701740605"))

    def name(unit: Unit) -> None:
        citizen = unit.all(select(Citizen))[-1]
        citizen.name = "Maj-Britt Öhman"
        findable.name_again(unit, citizen)

    def hits(unit: Unit, words: str) -> int:
        made = plan(unit, exchange.ids["sara"], parse(words, date(2026, 11, 27)))
        return len(search_index.find(unit, made.words, before=2**62, limit=9, marked=made.marked))

    own = Scope((exchange.ids["granvik"],), "person")
    numbers = ("0701740605", "070-174 06 05", "070 174 06 05", "+46 70-174 06 05", "0046701740605", "+46701740605")
    for words in (*numbers, "from:0701740605", 'from:"070-174 06 05"', "Vatten 070-174 06 05 "):
        assert exchange.storage.read_now(own, hits, words) == 1, words
    assert exchange.storage.read_now(own, hits, "070-174 06 06") == 0
    assert exchange.storage.read_now(own, hits, "öhman") == 0
    exchange.storage.write_now(own, name)
    exchange.tell(*lost(exchange, "2", 600, caller="+46701740605"))
    for words in ("öhman", "Maj-Britt Öhman", "from:öhman", "öhman vatten", "0701740605"):
        assert exchange.storage.read_now(own, hits, words) == 2, words


@pytest.mark.parametrize(("lines", "shown"), [({}, True), ({"7": "granvik/1"}, True), ({"7": "holmo/1"}, False)])
def test_an_event_that_names_nobody_is_shown_where_it_can_be_but_one_municipalitys(
    exchange: Exchange, lines: Mapping[str, str], shown: bool
) -> None:
    config = read_config(PhoneWebhookConfig, {"lines": lines})

    def signed(kind: str, at: int, **more: str) -> Event:
        told = {"event_id": kind, "call_id": "c", "kind": kind, "at": clock.to_iso(exchange.began), **more}
        raw = Event(kind, json.dumps(told).encode(), SIGNED, "c", {"at": str(exchange.began + at)})
        return PhoneWebhook.anew(config, raw)

    exchange.tell(signed("offered", 0, from_e164=IDA))
    assert [(each.number, each.direction, each.state) for each in exchange.calls()] == (
        [(IDA, "in", "offered")] if shown else []
    )
    exchange.tell(signed("ended", 20, from_e164=IDA))
    assert [(each.number, each.cause) for each in exchange.calls()] == [(IDA, "no-answer")]
