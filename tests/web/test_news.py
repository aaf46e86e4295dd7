"""News: what a page is told of conversations that changed: where rows belong, and what is said in one's own chats."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from hub import clock
from tests.web.chats import Visitor, add_chat, conversation_of
from tests.web.test_page_walls import Screen, screen
from tests.web.world import must

__all__ = ["screen"]


@pytest.fixture
def visitor(screen: Screen) -> Visitor:
    return Visitor(screen.world, screen.world.do(add_chat, screen.world.ids))


def taken(screen: Screen, visitor: Visitor, who: str = "sara") -> int:
    """A chat that they have; its conversation."""
    visitor.begin()
    found = int(screen.world.do(conversation_of, visitor.channel_id)["id"])
    assert screen.world.ask("PUT", f"/conversations/{found}/chat/taking", who).status_code == 200
    return found


def groups(page: str) -> list[tuple[str, list[str]]]:
    """Each list of the answer by its group's name, or "-", with the ids of its rows."""
    lists = re.findall(r'<ul(?: data-group="(\w*)" data-heading="[^"]*")?>(.*?)</ul>', page, re.S)
    return [(name or "-", re.findall(r'<li id="row-(\d+)"', rows)) for name, rows in lists]


@contextmanager
def counted() -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    statements: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_rows_that_are_shown_come_in_their_groups_too(screen: Screen) -> None:
    now = clock.now()
    later, soon, never = (
        str(screen.world.mail(subject, due_at=due_at))
        for subject, due_at in (
            ("Senare", now + 5 * clock.MINUTE),
            ("Snart", now + clock.MINUTE),
            ("Aldrig", clock.NEVER),
        )
    )
    closed = str(screen.world.mail("Klart", closed=True))
    said = screen.get(f"/inbox/news?view=open&shown={later},{closed},{never}&ids={soon}").text
    assert groups(said) == [("hour", [soon, later]), ("never", [never]), ("-", [closed])]
    only_shown = screen.get(f"/inbox/news?view=closed&shown={closed},{later}").text
    assert groups(only_shown) == [("-", [closed]), ("-", [later])]
    assert 'data-group=""' in only_shown  # its list has one group, without a name
    searched = screen.get(f"/inbox/news?view=open&q=Senare&shown={later}").text
    assert groups(searched) == [("-", [later])]
    assert "data-group" not in searched


def test_the_list_anew_says_which_of_what_was_told_is_in_it(screen: Screen) -> None:
    now = clock.now()
    first = [screen.world.mail(f"Rad {number}", due_at=now + number) for number in range(50)]
    later = screen.world.mail("På nästa sida", due_at=now + clock.DAY)
    closed = screen.world.mail("Klart", closed=True)
    nowhere = 2**40
    said = screen.get(f"/inbox/list?view=open&ids={later},{closed},{nowhere},{first[0]}").text
    (behind,) = re.findall(r'data-waiting="([0-9,]+)"', said)
    assert {int(each) for each in behind.split(",")} == {later, first[0]}
    assert f'id="row-{later}"' not in said
    assert f'id="row-{first[-1]}"' in said
    for query in (f"view=closed&ids={later}", f"view=open&q=Rad&ids={later}", "view=open"):
        assert "data-waiting" not in screen.get(f"/inbox/list?{query}").text


def test_what_a_citizen_says_is_told_to_whoever_has_the_chat(screen: Screen, visitor: Visitor) -> None:
    visitor.reception()
    found = taken(screen, visitor)
    visitor.say("Hallå?")
    at = f"/inbox/news?view=mine&said={found}"
    said = screen.get(at).text
    assert said.count("data-turn=") == 1
    assert " writes: Hallå?" in said
    assert f'href="/conversations/{found}?view=mine#turn-{found}"' in said
    assert groups(said) == [("-", [])]
    screen.world.ask(
        "POST", f"/conversations/{found}/notes", json={"text": "Ring henne"}, headers={"Idempotency-Key": "n1"}
    )
    assert " writes: Hallå?" in screen.get(at).text  # and nothing of ours in her name
    assert "data-turn" not in screen.get(at, "kim").text  # may open it, and it isn't theirs
    assert "data-turn" not in screen.get(at, "nils").text
    entry = must(re.search(r'data-turn="(\d+)"', said))[1]
    assert screen.post(f"/conversations/{found}/chat/seen", "sara", {"entry": entry}).status_code == 204
    assert "data-turn" not in screen.get(at).text
    visitor.say("Ännu en sak")
    assert "Ännu en sak" in screen.get(at).text
    screen.world.ask("POST", f"/conversations/{found}/turns", json={"text": "Ja?"}, headers={"Idempotency-Key": "k1"})
    assert "data-turn" not in screen.get(at).text
    visitor.say("Tack, hej då")
    visitor.ask("PUT", "/end")
    assert "data-turn" not in screen.get(at).text  # nobody is there any more


def test_however_many_there_are_it_asks_as_often(screen: Screen, visitor: Visitor) -> None:
    ids = [str(taken(screen, visitor)), *(str(screen.world.mail(f"Sak {n}")) for n in range(12))]
    screen.get("/inbox?view=open")

    def asked(some: list[str]) -> int:
        shown, fresh = some[::2], some[1::2]
        with counted() as statements:
            said = screen.get(
                f"/inbox/news?view=open&shown={','.join(shown)}&ids={','.join(fresh)}&said={','.join(some)}"
            ).text
        assert sorted(each for _, rows in groups(said) for each in rows) == sorted(some)
        return len([each for each in statements if each.startswith("SELECT")])

    asked(ids)
    assert asked(ids) == asked(ids[:2])
