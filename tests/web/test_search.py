"""Search over the API: the same words as at the desk, an item an entry."""

import pytest

from tests.web.world import World

pytestmark = pytest.mark.both_engines


def entries(world: World, text: str, who: str = "sara") -> list[tuple[str, str]]:
    return [(each["conversation_id"], each["kind"]) for each in world.everything("/search", who, q=text, limit=1)]


def test_items_are_entries_narrowed_by_filters(world: World) -> None:
    one = world.mail("Min avgift", sender="anna@post.example")
    world.ask("POST", f"/conversations/{one}/notes", json={"text": "avgift"})
    two = world.mail("Min avgift", closed=True)
    assert entries(world, "avgift") == [(str(two), "mail"), (str(one), "note"), (str(one), "mail")]
    assert entries(world, "avgift is:open") == [(str(one), "note"), (str(one), "mail")]
    assert entries(world, "från:anna") == [(str(one), "mail")]
    assert entries(world, "avgift kind:note") == [(str(one), "note")]


def test_filters_alone_give_conversations_with_their_newest_entry(world: World) -> None:
    one = world.mail("Min avgift")
    world.ask("POST", f"/conversations/{one}/notes", json={"text": "Ringde"})
    world.change("PUT", f"/conversations/{one}/assignment", json={"assignee": str(world.ids["sara"])})
    (item,) = world.get("/search", params={"q": "is:open"}).json()["items"]
    assert (item["conversation_id"], item["kind"], item["snippet"]) == (str(one), "note", "Ringde")
    assert set(item) == {
        "conversation_id", "entry_id", "municipality_id", "kind", "subject", "occurred_at", "snippet"
    }  # fmt: skip
    assert entries(world, "is:open") == [(str(one), "note")]


def test_what_is_half_typed_or_unknown_is_answered(world: World) -> None:
    world.mail("Min avgift")
    for text in ("from:", "is:", "xyz:", "before:20", '"', "from:\x00", "topic:%", "is:open " * 20):
        assert world.get("/search", params={"q": text}).status_code == 200, text


def test_days_before_there_was_a_mail(world: World) -> None:
    found = world.mail("Min avgift")
    for day in ("0001", "0001-01-01", "1969-12-31"):
        for words in ("", "avgift "):
            assert entries(world, f"{words}before:{day}") == []
            assert entries(world, f"{words}before:2999 before:{day} before:2998") == []
            assert entries(world, f"{words}after:{day}") == [(str(found), "mail")]


def test_a_cursor_of_another_question_is_refused(world: World) -> None:
    for _ in range(2):
        world.mail("Min avgift")
    after = world.get("/search", params={"q": "avgift", "limit": 1}).json()["next"]
    answer = world.get("/search", params={"q": "is:open", "after": after})
    assert (answer.status_code, answer.json()["field"]) == (422, "after")
