"""Words of a text and of a question meet in their stems, in six languages, however their letters are written."""

import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.storage.words import LANGUAGES, fold, fold_evenly, guess_language, query_tokens, tokens

FORMS = {
    "sv": [
        "faktura fakturor fakturorna",
        "bygglov bygglovet bygglovets",
        "väg vägen vägar vägarna",
        "avgift avgiften avgifter avgifterna",
        "slamtömning slamtömningen slamtömningar",
        "sopkärl sopkärlen",
        "sjukskrivning sjukskrivningen",
        "återvinningscentral återvinningscentralen",
    ],
    "nb": [
        "regning regningen regninger regningene",
        "barnehage barnehagen barnehager barnehagene",
        "søppel søppelet",
        "byggesak byggesaken byggesaker",
        "renovasjonsavgift renovasjonsavgiften",
    ],
    "nn": ["rekning rekninga rekningar rekningane", "skule skulen skular", "veg vegen vegar vegane"],
    "da": [
        "regning regningen regninger regningerne",
        "affaldspose affaldsposen affaldsposer",
        "børnehave børnehaven børnehaver",
        "byggetilladelse byggetilladelsen byggetilladelser",
        "gebyr gebyret gebyrer",
    ],
    "fi": ["lasku laskun laskut laskua", "koulu koulun koulussa koulut", "maksu maksut maksun"],
    "en": ["invoice invoices", "permit permits", "payment payments", "collection collections"],
}
PAIRS = [
    (language, forms.split()[0], form) for language, all_ in FORMS.items() for forms in all_ for form in forms.split()
]


@pytest.mark.parametrize(("language", "asked", "written"), PAIRS)
def test_a_form_of_a_word_is_found_by_any_other(language: str, asked: str, written: str) -> None:
    (token,) = tokens(written, language)
    assert token in query_tokens(asked)[0].stems
    assert token in query_tokens(written)[0].stems


@pytest.mark.parametrize(
    ("language", "begun", "written"),
    [
        ("sv", "avfall", "avfallsavgiften"),
        ("sv", "slamtöm", "slamtömningsavgift"),
        ("sv", "parkering", "parkeringstillståndet"),
        ("nb", "renovasjon", "renovasjonsavgifter"),
        ("da", "affald", "affaldsposerne"),
        ("fi", "rakennus", "rakennuslupahakemus"),
    ],
)
def test_a_compound_is_found_by_its_beginning(language: str, begun: str, written: str) -> None:
    (token,) = tokens(written, language)
    assert token.startswith(query_tokens(begun)[0].folded)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Räksmörgås", "raksmorgas"),
        ("ÅSÖGATAN", "asogatan"),
        ("Ærø", "aro"),
        ("Øresund", "oresund"),
        ("naïve", "naive"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Þórður", "thordur"),
        ("ﬁ", "fi"),
        ("\uff11\uff12\uff13", "123"),
    ],
)
def test_marks_and_case_are_folded_away(written: str, folded: str) -> None:
    assert fold(written) == folded


@pytest.mark.parametrize("word", ["Ängelholm", "Öresund", "Årsta"])
def test_swedish_and_danish_spellings_meet(word: str) -> None:
    danish = word.translate(str.maketrans("ÄäÖö", "ÆæØø"))
    assert fold(word) == fold(danish)


def test_a_letter_whose_mark_stands_apart_is_the_same_letter() -> None:
    written = "Årsavgift för återvinningscentralen i Ängelholm, é"
    assert tokens(unicodedata.normalize("NFD", written), "sv") == tokens(written, "sv")
    assert query_tokens(unicodedata.normalize("NFD", written)) == query_tokens(written)


def test_a_soft_hyphen_ends_no_word() -> None:
    assert tokens("av\u00adfalls\u00adavgift", "sv") == tokens("avfallsavgift", "sv")


def test_tokens_are_distinct_and_sorted() -> None:
    assert tokens("väg Vägen ANNAN väg", "sv") == sorted({*tokens("väg", "sv"), *tokens("annan", "sv")})


def test_signs_are_no_words() -> None:
    assert tokens('_ -- "*" (:) \ue000 \0 🦀 ', "sv") == []
    assert query_tokens("' | & ! :* \ue000") == []


def test_a_private_use_letter_stands_in_no_token() -> None:
    assert tokens("\ue000912880 x\ue0001", "sv") == ["1", "912880", "x"]


def test_a_text_of_unknown_language_is_only_folded() -> None:
    assert tokens("VÄGARNA", None) == ["vagarna"]


def test_a_question_is_cut_to_twenty_words_of_forty_letters() -> None:
    asked = query_tokens(" ".join(f"{i}{'x' * 100}" for i in range(50)))
    assert len(asked) == 20
    assert max(len(stem) for each in asked for stem in (*each.stems, each.folded)) == 40


def test_a_text_has_ten_thousand_tokens_at_most() -> None:
    assert len(tokens(" ".join(map(str, range(20_000))), "sv")) == 10_000


@given(st.text(max_size=200), st.sampled_from([*LANGUAGES, None]))
@settings(max_examples=300, deadline=None)
def test_every_token_is_letters_and_digits_whatever_was_written(text: str, language: str | None) -> None:
    for token in tokens(text, language):
        assert token.isalnum(), token
    for asked in query_tokens(text):
        assert all(each.isalnum() for each in (*asked.stems, asked.folded))


@given(st.text(min_size=1, max_size=30, alphabet=st.characters(categories=["L", "N"])), st.sampled_from([*LANGUAGES]))
@settings(max_examples=300, deadline=None)
def test_a_word_always_finds_itself(word: str, language: str) -> None:
    written, asked = tokens(word, language), query_tokens(word)
    assert len(written) <= len(asked) or not asked
    stems = {stem for each in asked for stem in each.stems}
    assert set(written) <= stems


SENTENCES = {
    "sv": [
        "Hej! Jag undrar när ni kommer och tömmer vår slamavskiljare, det är fullt nu.",
        "Vi har inte fått någon faktura för vatten och avlopp i år. Kan ni skicka den?",
    ],
    "nb": [
        "Hei, jeg lurer på når dere kommer for å tømme septiktanken vår.",
        "Jeg har ikke fått svar etter at jeg sendte skjemaet. Takk for hjelpen!",
    ],
    "nn": [
        "Hei, eg lurer på når de kjem og tømmer septiktanken vår. Me har ikkje høyrt noko frå dykk.",
        "Vi har ikkje fått rekninga for vatn og avlaup i år.",
    ],
    "da": [
        "Hej, jeg vil gerne vide, hvornår I tømmer vores septiktank. Tak for hjælpen.",
        "Goddag, jeg har ikke hørt noget efter at jeg sendte ansøgningen af sted.",
    ],
    "fi": [
        "Hei, milloin tulette tyhjentämään sakokaivomme? Se on ihan täynnä ja haisee.",
        "Hei, minä en ole saanut laskua, onko se jo lähetetty?",
    ],
    "en": [
        "Hello, when will you come and empty our septic tank? It is full.",
        "I have not received the invoice for water and sewage this year.",
    ],
}


@pytest.mark.parametrize(("language", "sentence"), [(lang, each) for lang, all_ in SENTENCES.items() for each in all_])
def test_a_sentence_tells_its_language(language: str, sentence: str) -> None:
    assert guess_language(sentence) == language
    assert guess_language(sentence.upper()) == language


@pytest.mark.parametrize("text", ["", "Faktura 123", "och", "???", "Storgatan 4"])
def test_what_does_not_tell_is_not_guessed(text: str) -> None:
    assert guess_language(text) is None


@given(st.text())
def test_evenly_folded_each_letter_stays_at_its_place(text: str) -> None:
    """Whatever stands beside it: a text of one byte a letter goes another way."""
    folded = fold_evenly(text)
    assert len(folded) == len(text)
    if len(text.lower()) == len(text):
        assert folded == "".join(map(fold_evenly, text.lower()))
        assert fold_evenly(f"{text}\u0416") == f"{folded}\u0436"


def test_evenly_folded_marks_are_gone() -> None:
    assert fold_evenly("Åäö Øæ Éžš – “Ł”") == "aao oa ezs – “l”"


HOSTILE: dict[str, Callable[[int], str]] = {
    "new words": lambda n: " ".join(f"ord{i}n" for i in range(n // 8)),
    "one long word": lambda n: "a" * n,
    "one long word with marks": lambda n: "ä" * n,
    "a run of marks": lambda n: "a" + "\u0315\u0300" * (n // 2),
    "marked letters": lambda n: "a\u0308" * (n // 2),
    "soft hyphens": lambda n: "\u00ad" * n,
    "spaces": lambda n: " " * n,
    "underscores": lambda n: "_" * n,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_length_not_with_its_square(name: str) -> None:
    def spent(length: int) -> float:
        text = HOSTILE[name](length)
        best = 60.0
        for _ in range(3):
            begun = time.thread_time()  # its own: others may have the machine meanwhile
            tokens(text, "sv")
            best = min(best, time.thread_time() - begun)
        return best

    short, long = spent(20_000), spent(320_000)
    assert long < 80 * short + 0.05, "sixteen times the text; its square would be 256"
