"""What a department writes on its page is what is done: its purpose in the access log, its sentence in a reply."""

import re
from pathlib import Path

import pytest

from hub.inbox import matter
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.topic import Topic
from hub.storage.unit import Unit
from tests.web.test_lookup_editing import audit, made, press, problem, screen
from tests.web.test_lookup_owning import allows, decides
from tests.web.test_pages import Screen
from tests.web.world import must

__all__ = ["screen"]
SENTENCE = "Läget är {Läge}, och nästa tömning är {Nästa tömning}."


def arrives(screen: Screen) -> int:
    """A conversation about the topic, of somebody whose identity is confirmed."""
    world = screen.world
    conversation_id = world.mail("När kommer ni?")

    def furnish(unit: Unit) -> None:
        conversation = must(unit.get(Conversation, conversation_id))
        must(unit.get(Citizen, conversation.citizen_id)).protection = "no"
        matter.add(unit, conversation, world.ids["sara"], must(unit.get(Topic, world.ids["fakturor"])))

    world.do(furnish)
    version = world.version(conversation_id)
    said = {"how": "called_back", "number": "19121212-1212"}
    path = f"/conversations/{conversation_id}/identity"
    assert world.change("PUT", path, version=version, json=said).status_code == 200
    return conversation_id


def publishes(screen: Screen, tmp_path: Path, **said: str) -> None:
    """With what the card says of whom, and the topic that asks it."""
    made(screen, tmp_path)
    asks = press(screen, "publish", **said)
    key = must(re.search(r'name="approves" value="(\w+)"', asks.text))
    done = press(screen, "publish", approves=key[1], approved="on")
    assert done.status_code == 303, problem(done)
    allows(screen, "avtal")
    assert decides(screen, "yes").status_code == 303


def replies(screen: Screen, conversation_id: int) -> str:
    """The sentence that Insert puts into a reply."""
    path = f"/conversations/{conversation_id}/lookups/avtal/sentence"
    answer = screen.post(path, "sara", {"by": "property", "value": "BJÖRKEN 1:14"})
    assert answer.status_code == 200, answer.text
    return must(re.search(r"<p data-sentence[^>]*>(.*?)</p>", answer.text))[1]


@pytest.mark.parametrize(
    ("purpose", "logged"),
    [("Besked om {topic} till kund", "Besked om Fakturor till kund"), ("Tömning", "Tömning"), ("", "Fakturor")],
)
def test_the_purpose_of_its_page_is_in_the_access_log(
    screen: Screen, tmp_path: Path, purpose: str, logged: str
) -> None:
    publishes(screen, tmp_path, purpose=purpose)
    conversation_id = arrives(screen)
    path = f"/conversations/{conversation_id}/lookups/avtal"
    answer = screen.world.ask("POST", path, json={"by": "property", "value": "BJÖRKEN 1:14"})
    assert answer.json()["state"] == "found", answer.text
    rows = [(row.act, row.purpose) for row in screen.world.do(audit) if row.conversation_id == conversation_id]
    assert [each for each in rows if each[0].startswith("lookup.")] == [
        ("lookup.ask", logged), ("lookup.answer", logged),
    ]  # fmt: skip


def test_the_sentence_of_its_page_is_in_a_reply(screen: Screen, tmp_path: Path) -> None:
    publishes(screen, tmp_path, **{"sentence-sv": SENTENCE})
    conversation_id = arrives(screen)
    said = replies(screen, conversation_id)
    assert said.startswith("Läget är Bokad, och nästa tömning är 19 december 2026. Källa: ")


def test_what_no_reply_may_say_turns_its_sentence_into_the_usual_one(screen: Screen, tmp_path: Path) -> None:
    publishes(screen, tmp_path, **{"sentence-sv": SENTENCE, "seen-line-0": "asked"})
    said = replies(screen, arrives(screen))
    assert "Läget är" not in said
    assert "Bokad" not in said
    assert "Nästa tömning 19 december 2026" in said
