"""Looking at a SQLite file: an id made early and committed late is seen, and nothing is told twice."""

import asyncio
from pathlib import Path

from sqlalchemy import update

from hub import clock
from hub.channels.pause import standing
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.live.poll import OVERLAP, Poll, Stand
from hub.live.topics import Event
from hub.storage.ids import _Source, back
from hub.storage.unit import Unit
from tests.live.ears import agent, change, hears_all, living, queue_delivery
from tests.storage.centre import EVERYTHING, Centre, conversation, opened


def late(unit: Unit, conversation_id: int, row_id: int) -> int:
    """An entry with an id that was made before."""
    entry = Entry(
        id=row_id, kind="change", author_kind="hub", visibility="internal", text="", body={"what": "touched"}
    )  # fmt: skip
    return conversation(unit, conversation_id).append(unit, entry).id


def test_an_older_id_that_was_committed_later_is_told(
    sqlite_centre: Centre, sqlite_database: str, tmp_path: Path
) -> None:
    centre = sqlite_centre
    row_id = centre.mail()

    async def listen() -> None:
        with opened(sqlite_database, tmp_path) as elsewhere:
            async with living(centre.storage) as live:
                with live.subscribe(agent(centre)) as ear:
                    newer = await elsewhere.write(EVERYTHING, change, row_id)
                    news = {Event("row", row_id), Event("entry", row_id, newer)}
                    assert set(await hears_all(ear, *news)) == news
                    older = back(newer, OVERLAP - 2 * clock.SECOND)
                    await elsewhere.write(EVERYTHING, late, row_id, older)
                    news = {Event("row", row_id), Event("entry", row_id, older)}
                    assert set(await hears_all(ear, *news)) == news

    asyncio.run(listen())


def test_a_look_tells_only_what_is_new(sqlite_centre: Centre) -> None:
    centre = sqlite_centre
    row_id = centre.mail()
    entry_id = centre.do(change, row_id)
    delivery_id = centre.do(queue_delivery, entry_id, centre.ids["granvik"], centre.ids["out"])
    poll = Poll(standing)

    def look() -> list[tuple[str, int]]:
        return [(each.kind, each.id) for each in poll.news(centre.storage.read_now(EVERYTHING, poll.look))]

    def settled(unit: Unit, state: str) -> None:
        unit.change(update(Delivery).where(Delivery.id == delivery_id).values(state=state))

    assert look() == look() == []
    newer = centre.do(change, row_id)
    assert look() == [("entry_added", newer)]
    assert look() == []
    centre.do(settled, "queued")
    assert look() == []
    for state in ("deferred", "uncertain", "sent"):
        centre.do(settled, state)
        assert look() == [("delivery_changed", delivery_id)]
        assert poll.stands(delivery_id, Stand(state))
        assert not poll.stands(delivery_id, Stand(state))
        assert look() == []
    for stand in (Stand("sent", 1, None, None, 5), Stand("sent", 1, "Sara Lind says that it arrived.", None, 5)):
        assert poll.stands(delivery_id, stand)  # a report came, or somebody knew
        assert not poll.stands(delivery_id, stand)


def test_a_call_that_began_and_ended_between_two_looks_is_told(sqlite_centre: Centre) -> None:
    """A page that asked for something else meanwhile shows it as ringing."""
    centre = sqlite_centre
    row_id = centre.mail()
    poll = Poll(standing)

    def calls(unit: Unit) -> int:
        entry = Entry(kind="call", author_kind="citizen", visibility="public", text="", body={})
        return conversation(unit, row_id).append(unit, entry).id

    poll.news(centre.storage.read_now(EVERYTHING, poll.look))
    entry_id = centre.do(calls)
    told = poll.news(centre.storage.read_now(EVERYTHING, poll.look))
    assert [(each.kind, each.id) for each in told] == [("entry_added", entry_id), ("call_changed", entry_id)]


def test_an_id_of_that_time_is_not_below(sqlite_centre: Centre) -> None:
    next_id = _Source().next  # the process's own may be ahead, after a test that was
    at = clock.now()
    clock.set_source(lambda: at)
    before = next_id()
    clock.set_source(lambda: at + 10 * clock.SECOND)
    assert back(next_id(), 9 * clock.SECOND) > before
    assert back(next_id(), 11 * clock.SECOND) < before
    assert back(1, clock.SECOND) == 0
