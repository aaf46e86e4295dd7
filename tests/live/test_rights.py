"""Who is told: whoever may open the conversation, and once more whoever could before it moved or was limited."""

import asyncio
from collections.abc import Callable

import pytest

from hub import clock
from hub.access import glass
from hub.access.person import Actor
from hub.channels.pause import pause
from hub.inbox import chat, confidential, turn
from hub.inbox.chat import Chat
from hub.inbox.conversation import Conversation
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.live import subscription
from hub.live.presence import READING, TYPING
from hub.live.topics import RESYNC, Event
from hub.storage.unit import Unit
from tests.live.ears import A_WHILE, PATIENCE, agent, change, everything, hears, hears_all, living, until
from tests.storage.centre import EVERYTHING, Centre, conversation, must


def told(centre: Centre, work: Callable[[Unit], object], *actors: Actor) -> list[set[Event]]:
    """What each of them hears of it."""

    async def listen() -> list[set[Event]]:
        async with living(centre.storage) as live:
            ears = [live.subscribe(each) for each in actors]
            await centre.storage.write(EVERYTHING, work)
            await until(lambda: any(ear._something.is_set() for ear in ears))  # all are told at once
            await asyncio.sleep(A_WHILE)
            heard = [set(await everything(ear, 0.01)) for ear in ears]
            for ear in ears:
                ear.close()
            return heard

    return asyncio.run(listen())


def names(heard: set[Event]) -> set[str]:
    return {each.name for each in heard}


def test_only_who_may_open_it_is_told(sqlite_centre: Centre) -> None:
    centre = sqlite_centre
    row_id = centre.mail()
    inside, member, elsewhere, other_queue, it = told(
        centre, lambda unit: change(unit, row_id),
        agent(centre), agent(centre, queue="kontakt"), agent(centre, "nesoy"), agent(centre, queue="vatten"),
        agent(centre, role="it"),
    )  # fmt: skip
    assert names(inside) == names(member) == {"row", "entry"}
    assert {each.id for each in inside} == {row_id}
    assert elsewhere == other_queue == it == set()


def test_a_confidential_one_is_told_to_its_members_alone(sqlite_centre: Centre) -> None:
    centre = sqlite_centre
    row_id = centre.mail(confidential="vatten")
    member, whole, queue = told(
        centre, lambda unit: change(unit, row_id),
        agent(centre, queue="vatten"), agent(centre), agent(centre, queue="kontakt"),
    )  # fmt: skip
    assert names(member) == {"row", "entry"}
    assert whole == queue == set()


def test_who_had_it_before_is_told_that_its_row_changed_and_nothing_more(sqlite_centre: Centre) -> None:
    centre = sqlite_centre
    first, second = centre.mail(), centre.mail(sender="bo@example.com")

    def away(unit: Unit) -> None:
        water = must(unit.get(Queue, centre.ids["vatten"]))
        conversation(unit, first).move(unit, centre.ids["sara"], water)
        confidential.limit(unit, conversation(unit, second), centre.ids["sara"], water)

    before, after, elsewhere = told(
        centre, away, agent(centre, queue="kontakt"), agent(centre, queue="vatten"), agent(centre, "holmo")
    )
    assert before == {Event("row", first), Event("row", second)}
    assert names(after) == {"row", "entry"}
    assert {each.id for each in after} == {first, second}
    assert elsewhere == set()

    gone, _ = told(
        centre, lambda unit: change(unit, first), agent(centre, queue="kontakt"), agent(centre, queue="vatten")
    )
    assert gone == set()


def test_broken_glass_is_told_inside(sqlite_centre: Centre) -> None:
    centre = sqlite_centre
    row_id = centre.mail(confidential="vatten")
    lead = agent(centre, role="lead")
    inside, outside = told(
        centre,
        lambda unit: glass.break_glass(unit, lead, conversation(unit, row_id), "She stands at the desk and asks."),
        agent(centre, queue="vatten"),
        agent(centre),
    )
    assert names(inside) == {"row", "entry", "glass"}
    assert outside == set()


def test_the_head_of_that_very_queue_is_told_at_once_and_no_other(sqlite_centre: Centre) -> None:
    centre = sqlite_centre
    row_id = centre.mail(confidential="vatten")
    sara = agent(centre)
    head, of_the_other_queue, of_the_municipality, elsewhere = told(
        centre,
        lambda unit: glass.break_glass(unit, sara, conversation(unit, row_id), "She stands at the desk and asks."),
        agent(centre, role="lead", queue="vatten"),
        agent(centre, role="lead", queue="kontakt"),
        agent(centre, role="lead"),
        agent(centre, "holmo", role="lead", queue="vatten"),
    )
    assert Event("glass", row_id) in head
    assert of_the_other_queue == of_the_municipality == elsewhere == set()


def test_who_reads_through_broken_glass_hears_nothing_of_it(sqlite_centre: Centre) -> None:
    """What they read they fetched; a stream would go on after the half hour."""
    centre = sqlite_centre
    row_id = centre.mail(confidential="vatten")
    sara = agent(centre)
    reason = "She stands at the desk and asks."
    centre.do(lambda unit: glass.break_glass(unit, sara, conversation(unit, row_id), reason))
    inside, outside = told(centre, lambda unit: change(unit, row_id), agent(centre, queue="vatten"), sara)
    assert names(inside) == {"row", "entry"}
    assert outside == set()


def test_channels_are_told_to_it(sqlite_centre: Centre) -> None:
    centre = sqlite_centre
    it, sara = told(
        centre, lambda unit: pause(unit, centre.ids["in"], "a test"), agent(centre, role="it"), agent(centre)
    )
    assert it == {Event("channel", centre.ids["in"])}
    assert sara == set()


def test_a_slow_listener_is_told_to_fetch_again(sqlite_centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "MOST", 30)
    centre = sqlite_centre
    row_id = centre.mail()

    async def listen() -> None:
        async with living(centre.storage) as live:
            with live.subscribe(agent(centre)) as slow, live.subscribe(agent(centre)) as quick:
                for _ in range(subscription.MOST + 1):
                    entry_id = await centre.storage.write(EVERYTHING, change, row_id)
                    await hears(quick, Event("entry", row_id, entry_id))
                assert await slow.within(PATIENCE) == RESYNC
                again = await centre.storage.write(EVERYTHING, change, row_id)
                assert set(await hears(slow, Event("entry", row_id, again))) <= {Event("row", row_id)}

    asyncio.run(listen())


def test_what_happened_between_page_and_stream_is_a_resync(sqlite_centre: Centre) -> None:
    centre = sqlite_centre
    row_id = centre.mail()

    async def listen() -> None:
        async with living(centre.storage) as live:
            read_at = clock.now()
            with live.subscribe(agent(centre), read_at) as quiet:
                assert await everything(quiet, 0.2) == []
            await centre.storage.write(EVERYTHING, change, row_id)
            await until(lambda: not live._wake.is_set())  # told, and nobody heard it
            with live.subscribe(agent(centre), read_at) as late:
                assert await everything(late, 0.2) == [RESYNC]

    asyncio.run(listen())


def test_data_is_ids_as_text() -> None:
    assert Event("row", 4711).data == '{"id":"4711"}'
    assert Event("entry", 4711, 12).data == '{"id":"4711","entry":"12"}'
    assert RESYNC.data == "{}"


def test_presence_ends_without_a_sign_of_life(sqlite_centre: Centre) -> None:
    centre = sqlite_centre
    row_id = centre.mail()
    at = clock.now()

    async def listen() -> None:
        vera = agent(centre, name="vera")
        async with living(centre.storage) as live:
            with live.subscribe(agent(centre)) as ear, live.subscribe(agent(centre, "nesoy")) as elsewhere:
                await everything(ear, 0.7)
                await everything(elsewhere, 0.1)
                live.typing(vera, row_id)
                both = {Event("presence", row_id), Event("typing", row_id)}
                assert set(await hears_all(ear, *both)) == both
                assert live.present(row_id) == [(centre.ids["vera"], "Vera", "typing")]
                live.typing(vera, row_id)
                assert await everything(ear, 0.3) == []
                live.sent(vera, row_id)
                await hears(ear, Event("typing", row_id))
                assert live.present(row_id) == [(centre.ids["vera"], "Vera", "reading")]
                live.sent(vera, row_id)
                assert await everything(ear, 0.3) == []
                live.typing(vera, row_id)
                await hears(ear, Event("typing", row_id))
                clock.set_source(lambda: at + TYPING + clock.SECOND * 2)
                assert live.present(row_id) == [(centre.ids["vera"], "Vera", "reading")]
                await hears(ear, Event("typing", row_id))
                clock.set_source(lambda: at + READING + clock.SECOND * 2)
                await hears(ear, Event("presence", row_id))
                assert live.present(row_id) == []
                live.reading(vera, row_id)
                with live.subscribe(vera):
                    await hears(ear, Event("presence", row_id))
                await hears(ear, Event("presence", row_id))
                assert live.present(row_id) == []
                assert await everything(elsewhere, 0.1) == []

    clock.set_source(lambda: at)
    asyncio.run(listen())


def test_what_a_citizen_says_in_a_chat_is_told_to_whoever_has_it(sqlite_centre: Centre) -> None:
    """Beside what all hear; of their own words nobody is told."""
    centre = sqlite_centre
    sara, vera = agent(centre), agent(centre, name="vera")

    def begin(unit: Unit) -> int:
        place, kontakt = (
            must(unit.get(Municipality, centre.ids["granvik"])),
            must(unit.get(Queue, centre.ids["kontakt"])),
        )
        visitor = turn.Visitor(secret="x", network="", language="sv", name="Astrid", email="", topic="")
        row = turn.begin(unit, centre.ids["in"], place, kontakt, visitor)
        chat.give(unit, row, sara.id)
        return row.id

    row_id = centre.do(begin)
    said: list[int] = []

    def say(unit: Unit) -> None:
        row = must(unit.get(Chat, row_id))
        said.append(turn.say(unit, row, must(unit.lock(Conversation, row.conversation_id)), "k1", "Hallå?").id)

    def answer(unit: Unit) -> None:
        row = must(unit.get(Chat, row_id))
        turn.answer(unit, must(unit.lock(Conversation, row.conversation_id)), sara.id, "Ja?")

    theirs, others = told(centre, say, sara, vera)
    assert {each for each in theirs if each.name == "turn"} == {
        Event("turn", next(each.id for each in theirs if each.name == "row"), said[0])
    }
    assert names(others) == {"row", "entry"}
    assert "turn" not in names(told(centre, answer, sara)[0])
