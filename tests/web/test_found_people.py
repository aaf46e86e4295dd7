"""Whoever tells their reference number, name, address or telephone number is found by it."""

import pytest

from hub.inbox.receipt import reference
from tests.web.chats import Visitor, add_chat, conversation_of
from tests.web.test_contacts import begin, register
from tests.web.world import World

pytestmark = pytest.mark.both_engines


@pytest.fixture
def channel_id(world: World) -> int:
    return world.do(add_chat, world.ids)


def hits(world: World, words: str, who: str = "sara") -> list[str]:
    return [each["conversation_id"] for each in world.everything("/search", who, q=words)]


def test_any_reference_finds_its_conversation_however_it_is_written(world: World, channel_id: int) -> None:
    """That of a chat, which no mail says."""
    visitor = Visitor(world, channel_id)
    visitor.begin("Hej, är vattnet avstängt?")
    found = str(world.do(conversation_of, channel_id)["id"])
    told = reference(int(found))
    heard = told.lower().replace("0", "o").replace("1", "l")
    for words in (told, told.lower(), told.replace("-", ""), told.replace("-", " "), f"  {told} ", heard):
        assert hits(world, words) == [found], words
        assert hits(world, words, "ida") == []
    assert hits(world, reference(world.mail(confidential="vatten"))) == []
    assert hits(world, told[:-1] + ("0" if told[-1] != "0" else "1")) == []


def test_a_part_of_another_conversation_is_found_there(world: World) -> None:
    into, other = world.mail(), world.mail("Hej igen")
    version = int(world.version(other).strip('"'))
    path, said = f"/conversations/{into}/merges/{other}", {"version": version}
    answer = world.change("PUT", path, version=world.version(into), json=said)
    assert answer.status_code < 300, answer.text
    assert hits(world, reference(other)) == [str(into)]


def test_who_chats_is_found_by_name_and_address(world: World, channel_id: int) -> None:
    visitor = Visitor(world, channel_id)
    visitor.begin("Hej", name="Maj-Britt Öhman", email="maj.britt@hemma.example")
    found = str(world.do(conversation_of, channel_id)["id"])
    for words in ("Maj-Britt Öhman", "ohman", "maj.britt@hemma.example", "from:öhman", "from:maj.britt@hemma"):
        assert hits(world, words) == [found], words


def test_an_address_given_at_the_end_finds_the_chat(world: World, channel_id: int) -> None:
    visitor = Visitor(world, channel_id)
    visitor.begin("Hej", name="Maj-Britt Öhman")
    found = str(world.do(conversation_of, channel_id)["id"])
    answer = visitor.ask("PUT", "/mail", json={"email": "senare@hemma.example", "answers": True, "transcript": False})
    assert answer.status_code < 300, answer.text
    assert hits(world, "senare@hemma.example") == hits(world, "öhman") == [found]


def test_who_visits_is_found_by_the_name_they_say(world: World) -> None:
    made = begin(world, "visit")
    register(world, made, name="Maj-Britt Öhman", note="Ville betala")
    for words in ("öhman", "Maj-Britt betala", "from:öhman"):
        assert hits(world, words) == [made["conversation_id"]], words
