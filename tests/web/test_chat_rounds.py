"""Chats by the clock: who is rung, for how long, and who has left."""

import asyncio

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.channels.chat_place import find
from hub.edge import ringing, visiting, visitor_stream
from hub.edge.visits import visits
from hub.errors import Unavailable
from hub.inbox.chat import Chat
from hub.inbox.conversation import Conversation
from hub.storage.unit import Unit
from tests.web.chats import Visitor, add_chat, conversation_of, look
from tests.web.world import World, let_pass, must


@pytest.fixture
def channel_id(world: World) -> int:
    return world.do(add_chat, world.ids)


@pytest.fixture
def visitor(world: World, channel_id: int) -> Visitor:
    return Visitor(world, channel_id)


def ready(world: World, *who: str) -> None:
    """From now on they can be rung, in this order."""
    for each in who:
        assert world.ask("PUT", "/me/duty", each, json={"state": "ready"}).status_code == 200


def rung(world: World, who: str) -> list[str]:
    """Conversations that ring at somebody's screen."""
    return [each.conversation_id for each in world.do(ringing.mine, world.actor(who))]


def test_a_chat_rings_one_after_the_other_until_it_is_taken(world: World) -> None:
    channel_id = world.do(add_chat, world.ids, chats_each=1, ring_seconds=30)
    visitor = Visitor(world, channel_id)
    for who in ("sara", "kim", "vera"):
        world.ask("PUT", "/me/duty", who, json={"state": "ready"})
    visitor.begin()
    found = str(world.do(conversation_of, channel_id)["id"])
    world.do(look)
    assert (rung(world, "sara"), rung(world, "kim"), rung(world, "vera")) == ([found], [], [])
    let_pass(31)
    world.do(look)
    assert (rung(world, "sara"), rung(world, "kim")) == ([], [found])
    assert world.ask("PUT", f"/conversations/{found}/chat/taking", "kim").status_code == 200
    assert rung(world, "kim") == []
    Visitor(world, channel_id).begin()
    world.do(look)
    second = str(world.do(conversation_of, channel_id)["id"])
    assert (rung(world, "sara"), rung(world, "kim")) == ([second], [])


def test_handed_to_a_queue_it_rings_there(world: World, channel_id: int, visitor: Visitor) -> None:
    for who in ("sara", "vera"):
        world.ask("PUT", "/me/duty", who, json={"state": "ready"})
    visitor.begin()
    found = world.do(conversation_of, channel_id)["id"]
    world.ask("PUT", f"/conversations/{found}/chat/taking")
    to = {"queue": str(world.ids["vatten"])}
    world.change("PUT", f"/conversations/{found}/queue", version=world.version(found), json=to)
    assert visitor.turns()["state"]["state"] == "waiting"
    world.do(look)
    assert rung(world, "vera") + rung(world, "sara") == [str(found)]
    to = {"person": str(world.ids["vera"])}
    given = world.change("PUT", f"/conversations/{found}/assignment", version=world.version(found), json=to)
    assert given.status_code == 200, given.text
    assert visitor.turns()["state"]["who"] == "Vera"


def test_whose_page_is_silent_has_left(world: World, channel_id: int, visitor: Visitor) -> None:
    visitor.begin()
    world.do(look)
    assert visitor.turns()["state"]["state"] == "waiting"
    let_pass(91)
    world.do(look)
    assert world.do(conversation_of, channel_id)["ended_by"] == "gone"
    assert world.do(conversation_of, channel_id)["due_at"] > clock.now()


def test_whoever_isnt_there_is_never_written_down_as_rung(world: World, channel_id: int, visitor: Visitor) -> None:
    ready(world, "sara")
    visitor.begin()
    world.do(look)
    world.ask("PUT", "/me/duty", json={"state": "away"})
    for _ in range(2):
        let_pass(31)
        world.do(look)
    assert world.do(_rung_in_turn, channel_id) == [str(world.ids["sara"])]
    ready(world, "sara")
    world.do(look)
    assert rung(world, "sara") == [str(world.do(conversation_of, channel_id)["id"])]


def test_made_confidential_it_rings_to_those_alone_who_may_read_it(
    world: World, channel_id: int, visitor: Visitor
) -> None:
    ready(world, "sara", "kim", "vera")
    visitor.begin()
    found = world.do(conversation_of, channel_id)["id"]
    world.do(look)
    assert rung(world, "sara") == [str(found)]
    to = {"queue": str(world.ids["vatten"])}
    path = f"/conversations/{found}/confidentiality"
    assert world.change("PUT", path, version=world.version(found), json=to).status_code == 200
    assert world.do(_rung_now, channel_id) is None
    for _ in range(2):
        world.do(look)
        assert world.do(_rung_now, channel_id) == world.ids["vera"]  # named for that queue, as Sara and Kim are not
        assert (rung(world, "sara"), rung(world, "vera")) == ([], [str(found)])
        let_pass(31)


def _chat(unit: Unit, channel_id: int) -> Chat:
    return must(unit.first(select(Chat).where(Chat.channel_id == channel_id)))


def _rung_in_turn(unit: Unit, channel_id: int) -> list[str]:
    return list(_chat(unit, channel_id).rung)


def _rung_now(unit: Unit, channel_id: int) -> int | None:
    return _chat(unit, channel_id).rung_id


def test_whoever_closed_the_page_rings_and_counts_no_more_after_seconds(
    world: World, channel_id: int, visitor: Visitor
) -> None:
    ready(world, "sara")
    visitor.begin()
    world.do(look)
    behind = Visitor(world, channel_id)
    behind.begin()
    assert behind.turns()["state"]["ahead"] == 1
    assert visitor.ask("POST", "/leaving").status_code == 204
    world.do(look)
    assert len(rung(world, "sara")) == 2  # it may only be loaded again
    let_pass(4)
    world.do(look)
    first = str(world.do(conversation_of, channel_id)["id"])
    assert rung(world, "sara") == [first]  # the one behind, and nothing of the one who went
    assert behind.turns()["state"]["ahead"] == 0
    let_pass(17)
    world.do(look)
    assert visitor.turns()["state"] == {**visitor.turns()["state"], "state": "ended", "ended_by": "gone"}
    assert behind.turns()["state"]["state"] == "waiting"


def test_a_chat_that_is_heard_of_while_a_round_waits_for_it_goes_on(
    world: World, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may have it meanwhile: what the round saw before is looked at once more."""
    lock = Unit.lock

    def heard_of(unit: Unit, cls: type[Conversation], row_id: int) -> Conversation | None:
        if cls is Conversation:
            unit.change(update(Chat).values(heard_at=clock.now()))
        return lock(unit, cls, row_id)

    visitor.begin()
    let_pass(91)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Unit, "lock", heard_of)
        world.do(look)
    assert visitor.turns()["state"]["state"] == "waiting"
    let_pass(91)
    world.do(look)
    assert visitor.turns()["state"]["state"] == "ended"


def test_a_page_that_is_loaded_again_keeps_its_chat_and_its_place(
    world: World, channel_id: int, visitor: Visitor
) -> None:
    """The page that goes tells it, the one that comes opens a stream: what either process heard is written down."""
    ready(world, "sara")
    visitor.begin()
    world.do(look)
    visitor.ask("POST", "/leaving")
    let_pass(8)
    world.do(look)
    assert rung(world, "sara") == []
    there = visits(world.client.app.state)
    there.come(world.do(_chat_id, channel_id))
    assert there.is_news
    asyncio.run(there.write_down(world.storage))
    assert not there.is_news
    world.do(look)
    assert len(rung(world, "sara")) == 1
    let_pass(60)
    world.do(look)
    assert visitor.turns()["state"]["state"] == "waiting"


def test_a_page_that_went_before_and_is_written_down_after_another_came_is_still_there(
    world: World, channel_id: int, visitor: Visitor
) -> None:
    visitor.begin()
    told = clock.now()
    let_pass(1)
    there = visits(world.client.app.state)
    there.come(world.do(_chat_id, channel_id))
    asyncio.run(there.write_down(world.storage))
    let_pass(1)
    world.do(visiting.leaving, channel_id, visitor.secret, told)
    let_pass(30)
    world.do(look)
    assert visitor.turns()["state"]["state"] == "waiting"


def test_who_came_while_the_database_was_away_is_written_down_afterwards(
    world: World, channel_id: int, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("The database can't be reached.")

    visitor.begin()
    visitor.ask("POST", "/leaving")
    let_pass(1)
    there = visits(world.client.app.state)
    there.come(world.do(_chat_id, channel_id))
    with monkeypatch.context() as patched:
        patched.setattr(world.storage, "write", away)
        with pytest.raises(Unavailable):
            asyncio.run(there.write_down(world.storage))
    asyncio.run(there.write_down(world.storage))
    let_pass(30)
    world.do(look)
    assert visitor.turns()["state"]["state"] == "waiting"


def test_what_is_said_after_a_page_went_keeps_the_chat(world: World, visitor: Visitor) -> None:
    """Another tab has it open, too."""
    visitor.begin()
    visitor.ask("POST", "/leaving")
    let_pass(2)
    visitor.say("Jag är kvar")
    let_pass(30)
    world.do(look)
    assert visitor.turns()["state"]["state"] == "waiting"


def test_each_holds_as_many_chats_as_they_or_the_centre_said(world: World) -> None:
    channel_id = world.do(add_chat, world.ids, chats_each=1)
    ready(world, "sara", "kim")
    assert world.ask("PUT", "/me/chats", json={"chats": 2}).json()["chats"] == 2
    assert world.ask("PUT", "/me/chats", "kim", json={"chats": 0}).status_code == 200
    waiting = [Visitor(world, channel_id) for _ in range(3)]
    for each in waiting:
        each.begin()
    world.do(look)
    assert (len(rung(world, "sara")), rung(world, "kim")) == (2, [])
    for found in rung(world, "sara"):
        assert world.ask("PUT", f"/conversations/{found}/chat/taking").status_code == 200
    world.do(look)
    assert (rung(world, "sara"), rung(world, "kim")) == ([], [])
    assert world.ask("PUT", "/me/chats", "kim", json={"chats": None}).json()["chats"] is None
    world.do(look)
    assert len(rung(world, "kim")) == 1  # as the channel has it
    for wrong in (-1, 21, "x", 1.5):
        assert world.ask("PUT", "/me/chats", json={"chats": wrong}).status_code == 400
    assert world.ask("PUT", "/me/chats", "ida", json={"chats": 1}).status_code in {403, 404}
    assert world.get("/me/duty").json()["chats"] == 2


def _chat_id(unit: Unit, channel_id: int) -> int:
    return _chat(unit, channel_id).id


def test_a_closed_page_s_chat_is_had_back_within_its_seconds_and_by_its_browser_alone(
    world: World, channel_id: int, visitor: Visitor
) -> None:
    def had(path: str = "/resumption?left=true") -> str:
        return str(visitor.ask("POST", path, headers={"Cookie": cookie}).json()["secret"])

    let_pass(0)
    cookie = visitor.begin().headers["Set-Cookie"].partition(";")[0]
    assert had() == ""  # a page has it
    assert had("/resumption") == visitor.secret
    let_pass(1)
    visitor.ask("POST", "/leaving")
    assert had() == visitor.secret
    assert Visitor(world, channel_id).ask("POST", "/resumption?left=true").json()["secret"] == ""
    let_pass(25)
    world.do(look)
    assert had() == had("/resumption") == ""


def test_who_waits_counts_those_ahead_in_the_same_queue(world: World) -> None:
    """Whichever channel they came by, and nobody of another queue's."""
    topics = {"Vatten": f"granvik/{world.ids['vatten']}", "Annat": f"granvik/{world.ids['kontakt']}"}
    channel_id = world.do(add_chat, world.ids, topics=topics)
    water, other, behind = (Visitor(world, channel_id) for _ in range(3))
    by_another_way = Visitor(world, world.do(add_chat, world.ids))
    for visitor, topic in ((water, "Vatten"), (other, "Annat"), (behind, "Annat"), (by_another_way, "")):
        visitor.begin(topic=topic)
    everybody = (water, other, behind, by_another_way)
    assert [each.turns()["state"]["ahead"] for each in everybody] == [0, 0, 1, 2]
    place = must(world.do(find, channel_id))
    moved = world.do(conversation_of, channel_id)["id"]
    known = world.do(_known, channel_id)

    async def streamed() -> list[int]:
        return [await visitor_stream._ahead(world.storage, place, each) for each in known]

    assert asyncio.run(streamed()) == [0, 0, 1]
    to = {"queue": str(world.ids["vatten"])}
    assert (
        world.change("PUT", f"/conversations/{moved}/queue", version=world.version(moved), json=to).status_code == 200
    )
    let_pass(3)  # those who wait are looked at together, every two seconds
    assert [each.turns()["state"]["ahead"] for each in everybody] == [0, 0, 1, 1]
    begun = Visitor(world, channel_id)
    begun.begin(topic="Annat")
    assert begun.turns()["state"]["ahead"] == 2  # though all the others were looked at before it came


def _known(unit: Unit, channel_id: int) -> list[int]:
    return list(unit.all(select(Chat.id).where(Chat.channel_id == channel_id).order_by(Chat.id)))
