"""Chats at the desk: what the list and a conversation's bar say of them."""

import re

import pytest

from inbox_ui.rendering import after_subject
from tests.web.chats import Visitor, add_chat, conversation_of
from tests.web.test_page_walls import Screen, screen
from tests.web.world import must

__all__ = ["screen"]


@pytest.fixture
def visitor(screen: Screen) -> Visitor:
    return Visitor(screen.world, screen.world.do(add_chat, screen.world.ids))


def test_a_row_says_once_what_was_said(screen: Screen, visitor: Visitor) -> None:
    visitor.begin("Är vattnet avstängt?")
    assert screen.get("/inbox?view=open").text.count("Är vattnet avstängt?") == 1
    visitor.say("Hallå?")
    assert "Är vattnet avstängt?</bdi></b> · Hallå?" in screen.get("/inbox?view=open").text


def test_of_a_long_text_the_rest_follows_its_beginning() -> None:
    assert after_subject("Hej alla", "Hej") == " alla"
    assert after_subject("Hej alla glada", "Hej al…") == "la glada"
    assert after_subject("Hej", "Hej") == ""
    assert after_subject("Hej", "") == after_subject("Hej", "Vatten").replace("Vatten", "") == " · Hej"


def test_the_bar_says_you_to_whoever_has_taken_it(screen: Screen, visitor: Visitor) -> None:
    visitor.begin()
    found = screen.world.do(conversation_of, visitor.channel_id)["id"]
    screen.world.ask("PUT", f"/conversations/{found}/chat/taking")
    own, others = (screen.get(f"/conversations/{found}/chat", who).text for who in ("sara", "kim"))
    assert "You are in this chat" in own
    assert "Sara" not in own
    assert "In a chat with Sara" in others


def test_a_chat_that_has_just_come_isnt_late(screen: Screen, visitor: Visitor) -> None:
    visitor.begin()
    row = screen.get("/inbox?view=open").text
    assert 'data-sla="soon"' in row
    assert 'data-sla="late"' not in row


def test_how_many_chats_one_holds_is_chosen_at_ones_own_menu(screen: Screen) -> None:
    assert 'name="chats"' in screen.get("/inbox").text
    chosen = screen.post("/me/chats", "sara", {"chats": "2", "back": "/inbox?view=mine"})
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/inbox?view=mine")
    assert '<option value="2" selected>' in screen.get("/inbox").text
    for wrong in ("21", "-1", "många"):
        refused = screen.post("/me/chats", "sara", {"chats": wrong})
        assert refused.status_code == 422
        assert "0 to 20" in refused.text
    assert screen.post("/me/chats", "sara", {"chats": ""}).status_code == 303
    assert screen.world.get("/me/duty").json()["chats"] is None


def test_what_comes_while_one_looks_has_its_name_as_after_a_reload(screen: Screen, visitor: Visitor) -> None:
    visitor.begin()
    at = f"/conversations/{screen.world.do(conversation_of, visitor.channel_id)['id']}"
    page = screen.get(at).text
    after = must(re.search(r'id="timeline-end" name="after" value="([^"]+)"', page))[1]
    named = must(re.search(r'<span class="who"><bdi>[^<]+</bdi></span>, ', page))
    visitor.say("Hallå?")
    newer = screen.get(f"{at}/newer?after={after}").text
    assert "Hallå?" in newer
    assert named[0] in newer
    entry = must(re.search(r'id="entry-(\d+)"', newer))[1]
    assert named[0] in screen.get(f"{at}/entries/{entry}").text
