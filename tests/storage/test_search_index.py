"""The search index: both engines answer the same question with the same entries."""

import pytest
import sqlalchemy

from hub.storage import search_index
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from hub.storage.words import FILES, FROM, KIND, address_mark, marks, tokens
from tests.storage.centre import Centre

NEWEST = 2**63 - 1
TEXTS = (
    ("sv", "Min faktura för slamtömning har inte kommit"),
    ("sv", "När plogas vägarna på Åsögatan?"),
    ("sv", "Fakturan är fel, avfallsavgiften också"),
    ("nb", "Når tømmes septiktanken? Regningen er betalt"),
    ("da", "Jeg har ikke fået mine affaldsposer"),
    ("fi", "Missä laskuni on? Jätemaksu"),
    ("en", "Where are my invoices, and when is the O'Brien road ploughed?"),
    ("sv", "Räksmörgås 4711-22 anna@example.com"),
    ("nn", "Eg har ikkje fått rekninga for 漢字 и Привет"),
)
QUESTIONS = {
    "faktura": [1, 3],
    "faktura ": [1, 3],
    "FAKTUROR ": [1, 3],
    "fakt": [1, 3],
    "fa": [1, 3, 5, 9],
    "f": [],
    "пр": [9],
    "vag ": [2],
    "väg": [2],
    "asogatan": [2],
    "åsö": [2],
    "avfall": [3],
    "avfall ": [],
    "tømme ": [4],
    "regninger ": [4],
    "affaldspose ": [5],
    "lasku": [6],
    "invoice ": [7],
    "o'brien": [7],
    "raksmorgas ": [8],
    "4711": [8],
    "4711-22": [8],
    "anna@example.com": [8],
    "漢字": [9],
    "漢字 ": [9],
    "привет ": [9],
    "ПРИВ": [9],
    "faktura slamtömning": [1],
    "slamtömning faktura": [1],
    "fakturan fel": [3],
    "faktura regning": [],
    "": [],
    "   ": [],
    '"': [],
    "faktura*": [1, 3],
    "faktura OR vägarna": [],
    "NOT faktura": [],
    "faktura) OR (vägarna": [],
    "tokens:faktura": [],
    "NEAR(faktura fel)": [],
    "':*": [],
    "faktura\\": [1, 3],
    "a" * 5000: [],
}


def write(unit: Unit, centre: Centre) -> None:
    here = centre.ids["granvik"]
    search_index.write(unit, [(number, here, tokens(text, lang)) for number, (lang, text) in enumerate(TEXTS, start=1)])


def find(centre: Centre, words: str, before: int = NEWEST, limit: int = 99) -> list[int]:
    return list(centre.here(search_index.find, words, before=before, limit=limit))


def refresh(centre: Centre) -> None:
    """The planner's statistics."""
    with centre.storage.engines.writer.connect() as connection:
        connection.execute(sqlalchemy.text("ANALYZE"))
        connection.commit()


def test_a_table_of_questions_has_the_same_answers_on_both_engines(centre: Centre) -> None:
    centre.do(write, centre)
    wrong = {
        words[:40]: found
        for words, wanted in QUESTIONS.items()
        if (found := find(centre, words)) != sorted(wanted)[::-1]
    }
    assert wrong == {}


def test_every_whole_text_is_found_by_its_own_words(centre: Centre) -> None:
    centre.do(write, centre)
    for number, (_, text) in enumerate(TEXTS, start=1):
        assert number in find(centre, text + " "), text


def test_the_newest_come_first_and_a_page_goes_on_where_the_last_ended(centre: Centre) -> None:
    ids = list(range(1, 4000))
    centre.do(search_index.write, [(each, centre.ids["granvik"], ["avgift"]) for each in ids])
    assert find(centre, "avgift", limit=3) == [3999, 3998, 3997]
    assert find(centre, "avgift", before=3997, limit=3) == [3996, 3995, 3994]
    assert find(centre, "avgift", limit=5000) == ids[::-1]
    assert find(centre, "avgift", before=2, limit=5) == [1]
    assert find(centre, "avgift", before=1, limit=5) == []


def test_a_rare_word_is_found_behind_many_newer_entries(centre: Centre) -> None:
    rows = [
        (each, centre.ids["granvik"], ["vanlig", *(["ovanlig"] if each in {5, 2500} else [])])
        for each in range(1, 3000)
    ]
    centre.do(search_index.write, rows)
    assert find(centre, "ovanlig") == [2500, 5]


def test_only_the_last_word_may_be_unfinished(centre: Centre) -> None:
    centre.do(search_index.write, [(1, centre.ids["granvik"], ["kommun", "slamtom"])])
    assert find(centre, "kommun slam") == [1]
    assert find(centre, "slam kommun") == []


def test_an_entry_indexed_again_is_found_by_its_new_words_only(centre: Centre) -> None:
    centre.do(search_index.write, [(7, centre.ids["granvik"], ["gammal"]), (8, centre.ids["granvik"], ["gammal"])])
    centre.do(search_index.replace, 7, centre.ids["granvik"], ["ny", "annan"])
    assert (find(centre, "gammal "), find(centre, "annan ")) == ([8], [7])


def test_an_entry_that_moved_is_found_by_its_new_municipality_only(centre: Centre) -> None:
    centre.do(search_index.write, [(7, centre.ids["granvik"], ["ord"])])
    centre.do(search_index.replace, 7, centre.ids["nesoy"], ["ord"])
    assert find(centre, "ord ") == []
    assert list(centre.storage.read_now(centre.scope("nesoy"), search_index.find, "ord ", before=NEWEST, limit=9)) == [
        7
    ]


def test_an_entry_without_words_can_be_indexed(centre: Centre) -> None:
    centre.do(search_index.write, [(7, centre.ids["granvik"], [])])
    assert find(centre, "ord") == []


@pytest.mark.parametrize("municipality_id", [1, 12, 123, 1234])
def test_a_municipality_whose_id_begins_like_anothers_is_another(centre: Centre, municipality_id: int) -> None:
    centre.do(search_index.write, [(each, each, ["ord"]) for each in (1, 12, 123, 1234)])
    scope = Scope((municipality_id,), "test")
    assert list(centre.storage.read_now(scope, search_index.find, "ord", before=NEWEST, limit=9)) == [municipality_id]


def test_a_text_of_a_megabyte_can_be_indexed(centre: Centre) -> None:
    text = " ".join(f"ord{number:07d}bokstäver" for number in range(60_000))
    centre.do(search_index.write, [(1, centre.ids["granvik"], tokens(text, "sv"))])
    assert find(centre, "ord0000007bokstäver") == [1]


def test_a_long_beginning_is_found_among_many_and_behind_many(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "_LOOKED_THROUGH", 20)
    here = centre.ids["granvik"]
    rows = [(each, here, ["byggnad" if each in {3, 5, 90, 95} else "bygata"]) for each in range(1, 100)]
    centre.do(search_index.write, rows)
    for words in ("bygg", "byggna", "byggnad"):
        assert find(centre, words) == [95, 90, 5, 3]
        assert find(centre, words, limit=3) == [95, 90, 5]
        assert find(centre, words, before=90, limit=1) == [5]
    assert find(centre, "byggare") == []
    assert find(centre, "by", limit=3) == [99, 98, 97]


def test_old_ones_are_found_slice_by_slice(centre: Centre) -> None:
    """Months apart, behind thousands of newer ones."""
    here, month = centre.ids["granvik"], 1 << 53
    rows: list[tuple[int, int, list[str]]] = []
    for each in range(6_000):
        said = ["sno", "plog"] if each % 500 == 7 else ["sno"]
        rows.append((month * (1 + each // 500) + each, here, said))
    rows += [(month * 20 + each, here, ["sand"]) for each in range(2_000)]
    centre.do(search_index.write, rows)
    refresh(centre)
    snow = sorted((each[0] for each in rows if "sno" in each[2]), reverse=True)
    plough = sorted((each[0] for each in rows if "plog" in each[2]), reverse=True)
    assert find(centre, "sno ", limit=7_000) == snow
    assert find(centre, "sno ", before=snow[700], limit=900) == snow[701:1_601]
    assert find(centre, "sno plog ", limit=9) == plough[:9]
    assert list(centre.here(search_index.find, "sno ", before=NEWEST, limit=9_000, since=snow[99])) == snow[:100]


def test_of_some_entries_those_with_the_words(centre: Centre) -> None:
    centre.do(write, centre)
    centre.do(search_index.write, [(50, centre.ids["nesoy"], tokens("faktura", "sv"))])

    def among(words: str, *ids: int) -> set[int]:
        return centre.here(search_index.among, words, (), ids)

    assert among("faktura ", 1, 2, 3, 50, 99) == {1, 3}
    assert among("fakt", 1, 2, 3, 50, 99) == {1, 3}
    assert among("fa fel ", 1, 2, 3) == set()
    assert among("", 1) == among("faktura", *()) == set()
    assert centre.here(search_index.among, "", [[("\ue000" + str(centre.ids["nesoy"]), False)]], [1, 50]) == set()


def test_marks_are_found_as_marks_only(centre: Centre) -> None:
    here = centre.ids["granvik"]
    sent = marks("mail", "Anna Lind", "anna@post.example", files=True)
    centre.do(search_index.write, [(1, here, [*tokens("Hej Bo", "sv"), *sent]), (2, here, tokens("Hej Anna", "sv"))])

    def marked(*groups: search_index.Group, words: str = "") -> list[int]:
        return list(centre.here(search_index.find, words, before=NEWEST, limit=9, marked=groups))

    assert marked([(FROM + "anna", False)]) == [1]
    assert marked([(FROM + "a", True)]) == marked([(FROM + "lin", True)]) == [1]
    assert marked([(address_mark("anna@po"), True)]) == [1]
    assert marked([(address_mark("ann@post.example"), False)]) == []
    assert marked([(KIND + "mail", False)], [(FILES, False)], words="hej ") == [1]
    assert marked([(KIND + "note", False)]) == []
    assert find(centre, "anna ") == [2]
