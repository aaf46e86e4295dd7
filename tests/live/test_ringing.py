"""Calls, live: who hears that it rings, and that the strip has changed."""

import asyncio
from collections.abc import Callable, Iterator, Set
from pathlib import Path

import pytest

from hub.access import duty, person
from hub.access.person import Actor
from hub.inbox import municipality
from hub.live.publish import Live
from hub.live.ringing import RingingChat, Rung
from hub.live.subscription import Subscription
from hub.live.topics import Event, Place
from hub.storage.unit import Unit
from tests.exchange import BO, Exchange


@pytest.fixture
def exchange(sqlite_database: str, tmp_path: Path) -> Iterator[Exchange]:
    """On SQLite."""
    made = Exchange(tmp_path, sqlite_database, "eml_folder", {"folder": str(tmp_path)}).set_up_calls()
    yield made
    made.storage.close()


def people(unit: Unit) -> dict[str, Actor]:
    """Sara at her telephone, Per on duty, Lea not; and Nils of another municipality, on duty there."""
    granvik, holmo = (municipality.by_code(unit, code) for code in ("granvik", "holmo"))
    for name, home in (("Per", granvik), ("Lea", granvik), ("Nils", holmo)):
        row = person.add(unit, f"{name.lower()}@granvik.example", name)
        person.join(unit, row, home, "agent")
        if name != "Lea":
            duty.say(unit, row.id, "ready")
    rows = [person.by_email(unit, f"{name}@granvik.example") for name in ("sara", "per", "lea", "nils")]
    actors = [person.actor(unit, row.id, frozenset({"read", "write"})) for row in rows]
    return {each.name: each for each in actors if each is not None}


def heard(exchange: Exchange, actors: dict[str, Actor], *tells: Callable[[], None]) -> dict[str, list[str]]:
    """Names of events of each person, of what is told one after the other."""

    async def listen() -> dict[str, list[str]]:
        live = Live(exchange.storage, None, lambda _: {}, serves=False)
        running = asyncio.create_task(live.run())
        await asyncio.sleep(0)
        ears = {name: live.subscribe(actor) for name, actor in actors.items()}
        found: dict[str, list[str]] = {name: [] for name in ears}
        for tell in tells:
            await asyncio.to_thread(tell)
            told = ""
            while told != "phone":  # what is told of one commit is told to all at once, and Sara hears this of each
                event = await ears["Sara"].within(5)
                assert event is not None, "nothing was told"
                found["Sara"].append(told := event.name)
            for name, ear in ears.items():
                while (event := await ear.within(0)) is not None:
                    found[name].append(event.name)
        running.cancel()
        return found

    return asyncio.run(listen())


def test_it_rings_at_whose_telephone_it_is_else_at_those_on_duty(exchange: Exchange) -> None:
    actors = exchange.write(people)
    found = heard(exchange, actors, lambda: exchange.tell(exchange.event("newCall", "1", user="5101")))
    assert {name for name, events in found.items() if "ring" in events} == {"Sara"}
    assert {name for name, events in found.items() if {"row", "entry", "call", "phone"} <= set(events)} == {
        "Sara", "Per", "Lea",
    }  # fmt: skip
    assert found["Nils"] == []
    found = heard(
        exchange,
        actors,
        lambda: exchange.tell(exchange.event("newCall", "2", 10, BO)),
        lambda: exchange.tell(exchange.event("answer", "2", 15, BO, answeringNumber="5101")),
    )
    assert {name: events.count("ring") for name, events in found.items()} == {"Sara": 0, "Per": 2, "Lea": 0, "Nils": 0}


def test_of_a_chat_hears_who_is_rung_and_who_was() -> None:
    """And nobody else asks what rings, whatever happens in it."""
    places = {7: (Place(1, 1, None),)}

    def told(rung: Rung, at: int | None, *were: str) -> list[Set[int] | None]:
        return [each.people for each in rung.chat_news({7: RingingChat(at, were)}, places)]

    rung = Rung()
    assert told(rung, 1, "1") == [{1}]
    assert told(rung, 1, "1") == []  # something was seen, say
    assert told(rung, 2, "1", "2") == [{1, 2}]
    assert told(rung, None, "1", "2") == [{2}]  # taken
    assert told(rung, None, "1", "2") == []
    assert told(Rung(), None, "1", "2") == [{1, 2}]  # nobody listened while it rang
    assert told(Rung(), None) == [None]  # nor is it known any more to whom: all look once


def test_a_burst_of_calls_is_told_call_by_call(exchange: Exchange) -> None:
    """Not to fetch everything again, on every screen at once."""
    actor = exchange.read(lambda unit: person.actor(unit, exchange.ids["sara"], frozenset({"read"})))
    assert actor is not None
    ear = Subscription(actor, lambda _: None)
    events = [Event(name, call, call) for call in range(100) for name in ("row", "entry", "call", "ring")]
    for event in (*events, *events, Event("phone", 1)):
        ear.put(event)
    assert [asyncio.run(ear.within(1)) for _ in events] == events
