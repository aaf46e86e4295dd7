"""The first trial of a lookup whose maker knows its source by name alone: it says what came, and why no card did."""

import json
import re
import sqlite3
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from inbox_ui.stored import is_known
from tests.stand_ins.recorded import Recorded
from tests.web import test_lookup_editing as editing
from tests.web.test_lookup_editing import LINES, at, begun, fields_of, made, press, problem, url
from tests.web.test_lookup_trying import came
from tests.web.test_pages import Screen

screen = editing.screen
PERMITS = {
    "card": "permit", "by-customer": "/permits", "query-customer": "holder={value}&page={page}",
    "about-customer": "holder.no", "try_value": "600606", "in_the_open": "on",
}  # fmt: skip

OF_A_ROW = ("permit.no", "permit.state", "holder.no", "holder.pin")


@pytest.fixture
def parking(screen: Screen) -> Iterator[Recorded]:
    """A supplier's service: pages of one row each, parts within parts, 404 for whom it doesn't know."""
    with Recorded() as source:
        state = screen.world.client.app.state
        state.settings = replace(state.settings, lookup_places=(source.address,))
        for number in (1, 2, 3):
            row = {"permit": {"no": f"P-{number}", "state": "ACT"}, "holder": {"no": "600606", "pin": "9911"}}
            said = {"meta": {"page": number}, "data": [row] if number < 3 else []}
            source.answer("/v2/permits", json.dumps(said), query={"holder": "600606", "page": str(number)})
        began = {"title": "Permits", "department": str(screen.world.ids["waste"]), "kind": "rest", "card": "permit"}
        screen.post(f"/made-lookups/new/{screen.world.ids['granvik']}", "disa", began, part=False)
        yield source


def tried(screen: Screen, name: str = "permits", **said: Any) -> str:
    answer = press(screen, "try", name=name, **said)
    assert answer.status_code == 200, problem(answer)
    return unescape(answer.text)


def names(page: str) -> list[str]:
    """What the answer has, where nothing of it is shown."""
    inside = page.partition('id="pv-names">')[2].partition("</section>")[0]
    return re.findall(r"<code>(.*?)</code>", inside)


def test_a_path_that_is_not_there_is_not_taken_for_nobody(screen: Screen, parking: Recorded) -> None:
    """Both are 404 to many suppliers: it said *none found*, as if the person weren't known."""
    page = tried(screen, **PERMITS, **{"set-base_url": f"{parking.address}/v1"}, **{"set-in_the_open": "on"})
    assert "It answered 404, which counts as: nothing is known." in page
    assert names(page) == []


def test_statuses_are_written_as_people_write_numbers(screen: Screen, parking: Recorded) -> None:
    where = {**PERMITS, "set-base_url": f"{parking.address}/v1", "set-in_the_open": "on"}
    page = tried(screen, **where, **{"set-not_found": "404, 410"})
    assert fields_of(page)["set-not_found"] == "404, 410"
    wrong = press(screen, "try", name="permits", **where, **{"set-not_found": "404 or so"})
    assert wrong.status_code == 422
    assert "'404 or so' can't be used: it is a whole number" in unescape(problem(wrong)[0])
    other = press(screen, "try", name="permits", **where, **{"set-not_found": "410"})
    assert "which counts as: nothing is known" not in unescape(other.text)


def test_names_are_told_before_any_is_known_and_pages_are_read(screen: Screen, parking: Recorded) -> None:
    """The card needn't be finished, nor whose the answer is be found: but then no value of it is shown."""
    where = {**PERMITS, "set-base_url": f"{parking.address}/v2", "set-in_the_open": "on"}
    page = tried(screen, **where)
    assert "doesn't say whom it is about" in page
    assert names(page) == ["meta.page", *(f"data[].{each}" for each in OF_A_ROW)]
    assert "It has a list at data[]" in page
    assert "9911" not in page
    parking.ledger.clear()
    hidden = {"try_value": "600606", "rows-customer": "data[]", "field-title": "holder.pin", "seen-title": "leads"}
    page = tried(screen, **hidden)
    assert [each.query["page"] for each in parking.ledger] == [["1"], ["2"], ["3"]]
    assert "The card still lacks fields" in page
    assert ("permit.no", "P-1 not used") in came(page)
    assert ("*holder.pin*", "••••") in came(page)
    assert "9911" not in page
    said = fields_of(page)
    assert (said["query-customer"], said["rows-customer"]) == ("holder={value}&page={page}", "data[]")
    whole = tried(screen, **{"try_value": "600606", "field-number": "permit.no", "field-status": "permit.state"})
    assert "The card still lacks fields" not in whole
    assert ("*permit.no*", "P-1") in came(whole)


def test_an_answer_without_a_row_says_so(screen: Screen, parking: Recorded, tmp_path: Path) -> None:
    parking.answer("/v2/permits", '{"data": []}', query={"holder": "600607"})
    where = {**PERMITS, "set-base_url": f"{parking.address}/v2", "set-in_the_open": "on", "rows-customer": "data[]"}
    assert "It answered without a row: compare the query" in tried(screen, **where | {"try_value": "600607"})
    state = screen.world.client.app.state
    state.settings = replace(state.settings, lookup_places=(str(tmp_path / "{municipality}"),))
    made(screen, tmp_path)
    page = tried(screen, "avtal", try_by="property", try_value="GRANEN 9:9")
    assert "see how their column writes it" in page
    wrong = tried(screen, "avtal", **{"by-property": "FBET = :value AND NOSUCH = 1", "about-property": "FBET"},
                  try_by="property", try_value="GRANEN 9:9")  # fmt: skip
    assert "Tell IT, if it lasts: “Property”: There is no column of that name." in wrong


def test_a_condition_has_what_is_asked_by_as_it_is_chosen_beside_it(screen: Screen, tmp_path: Path) -> None:
    """The choice was dropped without a word, and nothing was found."""
    begun(screen)
    with sqlite3.connect(tmp_path / "granvik" / "tanks.db") as tanks:
        tanks.execute("CREATE TABLE T (PNR TEXT, DAT INTEGER, STS INTEGER)")
        tanks.execute("INSERT INTO T VALUES ('610412-1239', 99991231, 10), ('610412-1239', 20200101, 10)")
    condition = "PNR = :value AND DAT >= :today_minus_30_digits"
    said = {"set-url": url(tmp_path), "select": "SELECT PNR, DAT, STS FROM T", "view": "", "by-identity": condition}
    said |= {"like-identity": "ten_dashed", "about-identity": "PNR", "line-0-label": "Läge", "line-0-value": "STS"}
    page = tried(screen, "avtal", **said, try_by="identity", try_value="19610412-1239")
    assert "1 card" in page
    assert "PNR = :ten_dashed AND DAT >= :today_minus_30_digits" in unescape(screen.get(at(screen), "disa")[1])
    shown = fields_of(screen.get(at(screen), "disa")[1])
    assert (shown["by-identity"], shown["like-identity"]) == (condition, "ten_dashed")
    several = "PNR IN (:ten_dashed, :dashed)"
    assert press(screen, "save", **{"by-identity": several, "like-identity": "value"}).status_code == 303
    shown = fields_of(screen.get(at(screen), "disa")[1])
    assert (shown["by-identity"], shown["like-identity"]) == (several, "value")
    same = press(screen, "try", **{"by-identity": "PNR = 'x'"}, try_by="identity", try_value="19610412-1239")
    assert same.status_code == 422
    assert "the same whatever is asked by" in unescape(same.text)


def test_to_add_a_line_adds_no_field(screen: Screen) -> None:
    """Both buttons said the same, so that the first field that there was came with each line."""
    begun(screen)
    page = press(screen, "line", **{"line-0-label": "Läge", "line-0-value": "STKOD"}).text
    assert 'name="field-summary"' not in page
    assert re.search(r'name="line-1-label"[^>]*data-focus', page)


def test_what_is_hidden_goes_into_no_reply_and_its_switch_says_so(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    assert press(screen, "save", **{"seen-line-0": "asked"}).status_code == 303
    page = screen.get(at(screen), "disa")[1]
    assert 'name="reply-line-0" aria' in page
    assert 'name="reply-line-1" checked' in page


def test_a_sentence_that_names_what_the_card_has_not_is_told(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    answer = press(screen, "see", **{"sentence-sv": "Nästa: {Nästa tömning}, {läge}."})
    assert "The card has no {läge}: the usual sentence is said instead." in unescape(answer.text)


@pytest.mark.parametrize("address", ["tanks.db", "sqlite:///tanks.db"])
def test_what_is_wrong_with_an_address_is_said_in_the_readers_language(screen: Screen, address: str) -> None:
    begun(screen)
    wrong = press(screen, "columns", **LINES, **{"set-url": address, "view": "V_AVT"})
    assert wrong.status_code == 422
    said = unescape(re.sub(r"<[^>]*>", " ", problem(wrong)[0])).replace("Go there", "")
    assert is_known(" ".join(said.split()).replace("Address isn't", "url isn't"))
