"""Languages: which one a reader gets, by what their browser asks for, what they chose, and what there is."""

import pytest

from inbox_ui import words
from inbox_ui.public import spoken


@pytest.mark.parametrize(
    ("asked", "gets"),
    [
        ("nb-NO,nb;q=0.9,no;q=0.8,nn;q=0.7,en;q=0.6", "nb"),
        ("nn-NO,nn;q=0.9,nb;q=0.8", "nn"),
        ("no", "nb"),
        ("no-NO,en;q=0.5", "nb"),
        ("da-DK,en;q=0.5", "da"),
        ("sv-FI,fi;q=0.9", "sv"),
        ("fi-FI", "en"),
        ("", "en"),
    ],
)
def test_a_browser_asks_for_a_language(asked: str, gets: str) -> None:
    assert words.preferred(asked) == gets


@pytest.mark.parametrize(
    ("asked", "there", "gets"),
    [
        ("nn-NO,en", ["sv", "nb", "en"], "nb"),
        ("nb-NO,en", ["sv", "nn", "en"], "nn"),
        ("no", ["sv", "nn"], "nn"),
        ("nn,nb", ["nb", "nn"], "nn"),
        ("de", ["sv", "nb"], "sv"),
    ],
)
def test_who_reads_one_norwegian_reads_the_other(asked: str, there: list[str], gets: str) -> None:
    assert words.preferred_of(asked, there) == gets
    assert spoken.preferred(asked, there) == gets


def test_a_name_is_said_in_the_nearest_language_there_is() -> None:
    named = {"sv": "Kundtjänst", "nb": "Innbyggerservice", "da": "Borgerservice"}
    words.speak("nn", "UTC")
    assert words.word(named) == "Innbyggerservice"
    assert words.word({"sv": "Kundtjänst"}) == "Kundtjänst"
    words.speak("da", "UTC")
    assert words.word(named) == "Borgerservice"
    assert words.within("Svensk") == "svensk"
    words.speak("en", "UTC")
    assert words.within("Swedish") == "Swedish"


@pytest.mark.parametrize(
    ("language", "ordered"),
    [
        ("sv", ["Avfall", "Élevhem", "Zon", "Å", "Ägare", "ærende", "Öppet"]),
        ("da", ["Affald", "Zone", "Ägare", "Ældre", "Ø", "Ördn", "Åben"]),
        ("nb", ["avfall", "Zone", "Ære", "Øvelse", "Åpent"]),
        ("en", ["Åben", "Älg", "Bus", "école", "Zoo"]),
    ],
)
def test_a_list_is_in_the_order_of_its_language(language: str, ordered: list[str]) -> None:
    words.speak(language, "UTC")
    try:
        assert sorted(sorted(ordered), key=words.alphabetical) == ordered
    finally:
        words.speak("en", "UTC")
