"""Incoming: what stands at the top of every page about the telephone, and for how many pages it is reckoned once."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from hub import clock
from hub.access import duty, person
from hub.access.person import Actor
from hub.edge import incoming, phoning
from hub.edge.incoming import Phone, Strip
from hub.edge.kept import note_change
from hub.inbox import contact, municipality, staff_number, strip, topic
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.live.publish import Live
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.exchange import Exchange


@pytest.fixture
def exchange(database_url: str, tmp_path: Path) -> Iterator[Exchange]:
    """On one engine after the other; one call rings."""
    made = Exchange(tmp_path, database_url, "eml_folder", {"folder": str(tmp_path)}).set_up_calls()
    made.tell(made.event("newCall", "1", 1790))
    yield made
    made.storage.close()


@pytest.fixture
def reckoned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows at each reckoning of what is shared."""
    strip, found = incoming.strip, list[int]()

    def counted(unit: Unit, actor: Actor) -> Strip | None:
        made = strip(unit, actor)
        if made is not None:
            found.append(actor.id)
        return made

    monkeypatch.setattr(incoming, "strip", counted)
    return found


def sara(exchange: Exchange) -> Actor:
    exchange.write(lambda unit: duty.say(unit, exchange.ids["sara"], "ready"))
    found = exchange.read(lambda unit: person.actor(unit, exchange.ids["sara"], frozenset({"read"})))
    assert found is not None
    return found


def ask(exchange: Exchange, *actors: Actor, changed: int = 0) -> Sequence[Phone]:
    """All at once."""

    async def all_of_them() -> Sequence[Phone]:
        return await asyncio.gather(*(incoming.seen(exchange.storage, each, changed) for each in actors))

    return asyncio.run(all_of_them())


def test_those_who_see_the_same_are_answered_by_one_reckoning_each_with_their_own(
    exchange: Exchange, reckoned: list[int]
) -> None:
    one = sara(exchange)
    other = replace(one, id=one.id + 1, name="Vera")
    for_sara, for_other = ask(exchange, one, other)
    assert len(reckoned) == 1
    assert for_sara.strip == for_other.strip
    assert for_sara.strip is not None
    assert (for_sara.strip.waiting, for_sara.strip.ready) == (1, 1)
    assert for_sara.ringing is not None
    assert (for_sara.duty.state, for_other.duty.state, for_other.ringing) == ("ready", "away", None)
    ask(exchange, replace(one, memberships=one.memberships[:0]))
    assert len(reckoned) == 1, "who sees nothing has nothing of it"


def test_a_call_that_has_changed_is_reckoned_anew(exchange: Exchange, reckoned: list[int]) -> None:
    live = Live(exchange.storage, None, lambda _: {}, serves=False)
    one, mine = sara(exchange), {exchange.ids["granvik"]}
    exchange.tell(exchange.event("newCall", "0", 1790, "+46701740607"))
    before = live.calls_changed(mine)
    assert before > 0 == live.calls_changed({exchange.ids["granvik"] + 1})
    (shown,) = ask(exchange, one, changed=before)
    assert shown.ringing is not None
    assert ask(exchange, one, changed=before) == [shown]
    assert len(reckoned) == 1
    exchange.tell(exchange.event("newCall", "2", 1795, "+46701740606"))
    (shown,) = ask(exchange, one, changed=live.calls_changed(mine))
    assert shown.strip is not None
    assert (len(reckoned), shown.strip.waiting) == (2, 3)


def test_without_a_call_it_is_reckoned_anew_soon_and_at_once_for_who_has_done_something(
    exchange: Exchange, reckoned: list[int]
) -> None:
    one = sara(exchange)
    now = clock.now()
    clock.set_source(lambda: now)
    ask(exchange, one)
    note_change(exchange.storage, one.id)
    now += 1
    ask(exchange, one)
    assert len(reckoned) == 2
    now += incoming.KEPT - 1
    ask(exchange, one)
    assert len(reckoned) == 2
    now += 1
    ask(exchange, one)
    assert len(reckoned) == 3


def test_what_rings_at_ones_own_telephone_shows_whatever_one_has_said_here(exchange: Exchange) -> None:
    """The exchange doesn't know of it, and the telephone rings all the same."""
    one = sara(exchange)
    exchange.tell(exchange.event("newCall", "2", 1795, "+46701740606", user="5101"))
    states: Sequence[duty.State] = ("ready", "busy", "away")
    for said in states:
        exchange.write(partial(duty.say, person_id=exchange.ids["sara"], state=said))
        note_change(exchange.storage, one.id)
        (shown,) = ask(exchange, one)
        assert shown.ringing is not None, said
        assert shown.ringing.number == "+46 70 ••••• 06", said


def test_calls_of_colleagues_are_counted_apart(exchange: Exchange) -> None:
    def staff(unit: Unit) -> None:
        staff_number.add(unit, municipality.by_code(unit, "granvik"), "5000-5999")

    one = sara(exchange)
    exchange.write(staff)
    for call, caller in (("3", "5144"), ("4", "+46701740608")):
        exchange.tell(exchange.event("newCall", call, 1700, caller, queue="Kundtjänst"))
        exchange.tell(exchange.event("hangup", call, 1720, caller, cause="cancel"))
    lines = exchange.storage.read_now(Scope.of(one), phoning.stand, one)
    assert [sum(line.lost_today for line in lines), sum(line.staff_today for line in lines)] == [1, 1]


def test_a_call_that_one_of_ours_has_written_down_waits_no_more(exchange: Exchange) -> None:
    one, live = sara(exchange), Live(exchange.storage, None, lambda _: {}, serves=False)
    mine = {exchange.ids["granvik"]}

    def register(unit: Unit) -> None:
        entry = unit.first(select(Entry).where(Entry.kind == "call"))
        home = unit.get(Municipality, exchange.ids["granvik"])
        assert entry is not None
        assert home is not None
        conversation = unit.lock(Conversation, entry.conversation_id)
        assert conversation is not None
        said = contact.Said(questions=[contact.Question(topic.add(unit, home, {"sv": "Vatten"}), "solved_here")])
        contact.register(unit, conversation, entry, one.id, said)

    before = live.calls_changed(mine)
    exchange.write(register)
    assert live.calls_changed(mine) > before, "pages look again"
    (shown,) = ask(exchange, one, changed=live.calls_changed(mine))
    assert shown.strip is not None
    assert (shown.strip.waiting, shown.ringing) == (0, None)
    desk = (exchange.ids["granvik"], exchange.ids["desk"])
    assert exchange.read(strip.stand, [desk])[desk].waiting == 0
