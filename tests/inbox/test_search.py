"""Search: words in any of the languages, newest first, and never a trace of what may not be opened."""

import pytest

from hub.inbox import search_walk
from tests.web.world import World


def hits(world: World, words: str, who: str = "sara", **params: object) -> list[int]:
    return [int(each["conversation_id"]) for each in world.everything("/search", who, q=words, **params)]


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("sv", "Min faktura har inte kommit", "fakturor "),
        ("sv", "Vägarna är inte plogade", "vag"),
        ("nb", "Når tømmes septiktanken min?", "septiktank "),
        ("da", "Jeg har ikke fået mine affaldsposer", "affaldspose "),
        ("fi", "Missä laskuni on?", "laskuni "),
        ("en", "Where are my invoices?", "invoice "),
        ("sv", "Räksmörgås på Åsögatan", "RAKSMORGAS asog"),
    ],
)
def test_words_are_found_in_every_language(world: World, language: str, text: str, words: str) -> None:
    found = world.mail(text, language=language)
    world.mail("Något helt annat", language=language)
    assert hits(world, words) == [found]


def test_newest_first_in_pages(world: World) -> None:
    ids = [world.mail(f"avgift nummer {i}") for i in range(9)]
    assert hits(world, "avgift", limit=2) == ids[::-1]


def test_what_may_not_be_opened_is_passed_over_without_a_trace(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_walk, "FIRST", 3)
    mine = []
    for i in range(12):
        hidden = {"municipality": "nesoy", "queue": "innbygger"} if i % 2 else {"confidential": "vatten"}
        world.mail("avgift", **hidden)
        if i % 4 == 0:
            mine.append(world.mail("avgift"))
    assert hits(world, "avgift", limit=1) == mine[::-1]
    assert hits(world, "avgift", limit=2) == mine[::-1]
    page = world.get("/search", params={"q": "avgift", "limit": 3}).json()
    assert (len(page["items"]), page["next"]) == (3, None)


def test_a_hit_says_where_the_word_stands(world: World) -> None:
    found = world.mail("Hej! " + "bla " * 200 + "septiktank " + "bla " * 200, subject="Tömning")
    (hit,) = world.get("/search", params={"q": "septiktanken "}).json()["items"]
    assert hit["conversation_id"] == str(found)
    assert hit["subject"] == "Tömning"
    assert "septiktank" in hit["snippet"]
    assert len(hit["snippet"]) < 250


def test_notes_and_answers_are_found_as_well(world: World) -> None:
    found = world.mail("Hej")
    world.ask("POST", f"/conversations/{found}/notes", json={"text": "Ring Ahlström"})
    world.ask("POST", f"/conversations/{found}/replies", json={"text": "Slamtömning sker i maj"})
    assert hits(world, "ahlström") == hits(world, "slamtömning") == [found]


SIGNS = ("'", '"', "*", "(", "a OR", "NOT x", "\ue0001", "\x00", "''& |!", "AND", ":*", "-", "x" * 200)


def test_signs_of_a_query_language_are_only_signs(world: World) -> None:
    world.mail("inget av detta")
    for words in SIGNS:
        answer = world.get("/search", params={"q": words})
        assert (answer.status_code, answer.json()["items"]) == (200, []), words


def test_another_municipalitys_words_are_not_found(world: World) -> None:
    world.mail("Kanarifugl", municipality="nesoy", queue="innbygger", language="nb")
    assert hits(world, "kanarifugl") == []
    assert len(hits(world, "kanarifugl", "nils")) == 1
    assert hits(world, "kanarifugl", "ida") == []
