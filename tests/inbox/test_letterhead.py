"""What stands below a mail and what is kept ready to answer: by queue and municipality, in languages; inert (A24)."""

import pytest
from sqlalchemy import select

from hub.channels.route import reply_route
from hub.errors import Invalid
from hub.inbox import canned, letterhead, placeholders
from hub.inbox.canned import Ready
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.inbox.reply import reply
from hub.storage.unit import Unit
from tests.web.conftest import world
from tests.web.world import World, must

__all__ = ["world"]


@pytest.fixture
def database_url(sqlite_database: str) -> str:
    """The rows are tried on both engines by `tests/web/test_letters`."""
    return sqlite_database


def put(world: World, signature: str, quotes: bool | None = None, queue: str | None = None) -> None:
    def write(unit: Unit) -> None:
        home = must(unit.get(Municipality, world.ids["granvik"]))
        of = None if queue is None else must(unit.get(Queue, world.ids[queue]))
        letterhead.put(unit, home, of, signature, quotes)

    world.do(write)


def answer(world: World, **mail: str) -> dict[str, object]:
    """The body of an answer's entry."""
    conversation_id = world.mail(**mail)

    def write(unit: Unit) -> dict[str, object]:
        found = must(unit.get(Conversation, conversation_id))
        entry = reply(unit, found, world.ids["sara"], "Ja.", reply_route(unit, found), 0)
        return dict(entry.body)

    return world.do(write)


def test_without_a_letterhead_nothing_is_signed_and_the_mail_is_quoted(world: World) -> None:
    body = answer(world)
    assert "signature" not in body
    assert body["quotes"]


def test_the_queues_words_go_before_the_municipalitys(world: World) -> None:
    put(world, "{{agent}}\n{{ queue }}, {{municipality}}  \n\n", quotes=False)
    name = world.do(lambda unit: must(unit.get(Queue, world.ids["kontakt"])).words["sv"])
    assert answer(world)["signature"] == f"Sara\n{name}, Granvik"
    assert "quotes" not in answer(world)
    put(world, "Kontaktcenter", queue="kontakt")
    assert answer(world)["signature"] == "Kontaktcenter"
    assert "quotes" not in answer(world)  # of that the queue says nothing
    put(world, "", queue="kontakt", quotes=True)
    assert answer(world)["signature"] == f"Sara\n{name}, Granvik"
    assert answer(world)["quotes"]
    put(world, "", queue="kontakt")
    put(world, "")
    assert world.do(lambda unit: letterhead.rows(unit, world.ids["granvik"])) == []


@pytest.mark.parametrize(
    "evil", ["{{7*7}}", "{{ x.__class__ }}", "{{agent.name}}", "{{config}}", "{{}}", "{{citizen}}"]
)
def test_what_is_no_placeholder_is_refused_in_words(world: World, evil: str) -> None:
    with pytest.raises(Invalid) as refused:
        put(world, f"Hej {evil}")
    assert refused.value.field == "signature"
    assert "{{agent}}, {{queue}}, {{municipality}}" in str(refused.value)


@pytest.mark.parametrize(
    "inert", ["${7*7}", "{x.__class__}", "{% print(7*7) %}", "%(agent)s", "{agent}", "#{agent}", "{{"]
)
def test_other_languages_of_templates_are_words(world: World, inert: str) -> None:
    put(world, inert)
    assert answer(world)["signature"] == inert


@pytest.mark.parametrize(
    ("evil", "said"),
    [
        ("{{agent}}", "{{agent}}"),
        ("{{7*7}}", "{{7*7}}"),
        ("${7*7}", "${7*7}"),
        ("{x.__class__}", "{x.__class__}"),
        ("Å\r\nBcc: x", "Å Bcc: x"),
        ("a\u2028b\x1bc", "a b c"),
        ("eva@post.example", ""),
    ],
)
def test_a_value_is_words_on_one_line_and_never_filled_again(world: World, evil: str, said: str) -> None:
    """Whoever writes to us chooses their own name."""
    conversation_id = world.mail()

    def write(unit: Unit) -> list[Ready]:
        home = must(unit.get(Municipality, world.ids["granvik"]))
        found = must(unit.get(Conversation, conversation_id))
        must(unit.get(Citizen, found.citizen_id)).name = evil
        canned.write(unit, home, None, {"sv": "Hej"}, {"sv": "Hej {{citizen}}!\nEn rad till."})
        return list(canned.ready(unit, placeholders.where(found, world.ids["sara"])))

    (one,) = world.do(write)
    assert one.text == f"Hej {said}!\nEn rad till."


def test_those_of_the_queue_come_first_in_the_conversations_language(world: World) -> None:
    conversation_id = world.mail(language="nb")

    def write(unit: Unit) -> list[Ready]:
        home = must(unit.get(Municipality, world.ids["granvik"]))
        own = must(unit.get(Queue, world.ids["kontakt"]))
        canned.write(unit, home, None, {"sv": "Adress"}, {"sv": "Storgatan 1"})
        canned.write(unit, home, own, {"sv": "Öppet", "nb": "Åpent"}, {"sv": "Vi har öppet.", "nb": "Vi har åpent."})
        gone = canned.write(unit, home, None, {"sv": "Borta"}, {"sv": "Borta"})
        canned.retire(gone)
        found = must(unit.get(Conversation, conversation_id))
        return list(canned.ready(unit, placeholders.where(found, world.ids["sara"])))

    assert [(one.language, one.title, one.text) for one in world.do(write)] == [
        ("nb", "Åpent", "Vi har åpent."),
        ("sv", "Adress", "Storgatan 1"),
    ]


@pytest.mark.parametrize(
    ("title", "text", "field"),
    [
        ({"sv": "A"}, {"nb": "B"}, "text"),
        ({}, {}, "text"),
        ({"xx": "A"}, {"xx": "B"}, "title"),
        ({"sv": "A" * 101}, {"sv": "B"}, "title.sv"),
        ({"sv": "A"}, {"sv": "{{person_number}}"}, "text.sv"),
        ({"sv": "  "}, {"sv": "B"}, "text"),
    ],
)
def test_what_cant_be_kept_ready_is_named(
    world: World, title: dict[str, str], text: dict[str, str], field: str
) -> None:
    def write(unit: Unit) -> None:
        canned.write(unit, must(unit.get(Municipality, world.ids["granvik"])), None, title, text)

    with pytest.raises(Invalid) as refused:
        world.do(write)
    assert refused.value.field == field


def test_the_signature_is_no_word_of_the_answers(world: World) -> None:
    """Neither in its text, of which a draft is made again, nor in the search."""
    put(world, "Kontaktcenter")
    conversation_id = world.mail()
    made = world.ask("POST", f"/conversations/{conversation_id}/replies", json={"text": "Ja."}).json()
    text = world.do(lambda unit: unit.first(select(Entry.text).where(Entry.id == int(made["id"]))))
    assert text == "Ja."
    assert world.get("/search", params={"q": "Kontaktcenter"}).json()["items"] == []
