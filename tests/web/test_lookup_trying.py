"""What somebody meets who makes a lookup for the first time: a trial that is refused, a join, an older version."""

import re
import sqlite3
from html import unescape
from pathlib import Path

import pytest

from hub.inbox.municipality import Municipality
from hub.lookups.admit import protected
from hub.storage.unit import Unit
from tests.web import test_lookup_editing as editing
from tests.web.test_lookup_editing import (
    LINES,
    at,
    begun,
    fields_of,
    made,
    press,
    problem,
    published,
    published_once,
    url,
)
from tests.web.test_pages import Screen

screen = editing.screen
SELECT = "SELECT a.KNR, a.FBET, a.STKOD, k.NAMN1\nFROM V_AVT a JOIN T_KND k ON k.KNR = a.KNR"


def test_a_trial_that_is_refused_stays_on_its_page(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It led to a page of its own, from which a department has no way back."""
    made(screen, tmp_path)
    wrong = press(screen, "try", **{"by-identity": "KNR", "try_by": "identity", "try_value": "850505-1234"})
    assert wrong.status_code == 422
    assert 'id="try_value-problem"' in wrong.text
    assert "with its century" in " ".join(problem(wrong))

    async def refused(*_: object) -> None:
        raise protected()

    monkeypatch.setattr("hub.edge.trying.ask", refused)
    answer = press(screen, "try", try_by="customer", try_value="600606", **{"line-0-label": "Läge nu"})
    assert answer.status_code == 422
    assert "protected identity" in " ".join(problem(answer))
    assert "Try it with test data of somebody whom the register" in answer.text
    assert 'value="600606"' in answer.text
    assert 'value="Läge nu"' in answer.text


def test_columns_of_a_select_of_ones_own(screen: Screen, tmp_path: Path) -> None:
    begun(screen)
    with sqlite3.connect(tmp_path / "granvik" / "tanks.db") as line:
        line.execute("CREATE TABLE T_KND (KNR TEXT, NAMN1 TEXT)")
        line.execute("INSERT INTO T_KND VALUES ('600606', 'Ek, Bo')")
    said = {**LINES, "set-url": url(tmp_path), "select": SELECT, "by-property": "a.FBET", "by-customer": "a.KNR"}
    said |= {"about-property": "FBET", "about-customer": "KNR"}
    found = press(screen, "columns", **said)
    assert found.status_code == 200, problem(found)
    assert '<option value="NAMN1">' in found.text
    assert "Ek, Bo" not in found.text
    with_days = press(screen, "columns", select=f"{SELECT} AND a.NDAT >= :today_minus_30 AND k.KNR <> :value")
    assert with_days.status_code == 200, problem(with_days)
    assert '<option value="NAMN1">' in with_days.text
    assert 'value="30"' not in with_days.text  # of nobody's row
    with_codes = press(screen, "columns", select=f"{SELECT} AND a.NDAT >= :today_minus_30")
    assert 'value="10"' in with_codes.text
    wrong = press(screen, "columns", select="DELETE FROM V_AVT")
    assert wrong.status_code == 422
    assert "begins with SELECT" in " ".join(problem(wrong))


def test_a_view_is_kept_that_is_written_before_what_it_is_asked_by(screen: Screen, tmp_path: Path) -> None:
    begun(screen)
    assert press(screen, "save", **{"set-url": url(tmp_path), "view": "V_AVT"}).status_code == 303
    assert fields_of(screen.get(at(screen), "disa")[1])["view"] == "V_AVT"
    missing = press(screen, "publish", **{"line-0-label": "Läge", "line-0-value": "STKOD"})
    assert missing.status_code == 422
    assert press(screen, "save", **LINES).status_code == 303
    said = fields_of(screen.get(at(screen), "disa")[1])
    assert (said["view"], said["by-customer"], said["by-identity"]) == ("V_AVT", "KNR", "")


def test_after_a_roll_back_the_page_shows_what_is_asked(screen: Screen, tmp_path: Path) -> None:
    """It showed the newest: what agents don't see any more, and what the next change would have brought back.

    What shows no more than before is published without being approved anew.
    """
    published_once(screen, tmp_path)
    assert press(screen, "publish", seconds="7").status_code == 303
    assert published(screen) == [(2, "published"), (1, "retired")]
    page = fields_of(screen.get(at(screen), "disa")[1])
    assert page["seconds"] == "7"
    again = screen.post(f"{at(screen)}/versions/1", "disa", {"version": page["version"]}, part=False)
    assert again.status_code == 303, problem(again)
    assert published(screen) == [(2, "retired"), (1, "published")]
    assert fields_of(screen.get(at(screen), "disa")[1])["seconds"] == "5"
    assert press(screen, "publish", seconds="6").status_code == 303
    assert published(screen)[0] == (3, "published")


def test_a_field_that_is_added_stays_while_another_is(screen: Screen) -> None:
    said = {"title": "Avgift", "department": str(screen.world.ids["waste"]), "kind": "sql", "card": "invoice"}
    screen.post(f"/made-lookups/new/{screen.world.ids['granvik']}", "disa", said, part=False)
    one = press(screen, "add", name="avgift", add="total")
    assert 'name="field-total"' in one.text
    assert 'name="field-total" list="columns" maxlength="400" spellcheck="false" value="" data-focus>' in one.text
    said = {**fields_of(one.text), "add": "due", "do": "add"}
    two = screen.post(at(screen, "avgift"), "disa", said, part=False)
    assert 'name="field-total"' in two.text
    assert 'name="field-due" list="columns" maxlength="400" spellcheck="false" value="" data-focus>' in two.text


def test_what_is_wrong_is_said_with_the_words_of_the_page(screen: Screen, tmp_path: Path) -> None:
    said = {"title": "Avgift", "department": str(screen.world.ids["waste"]), "kind": "sql", "card": "invoice"}
    screen.post(f"/made-lookups/new/{screen.world.ids['granvik']}", "disa", said, part=False)
    page = unescape(screen.get(at(screen, "avgift"), "disa")[1])
    assert "Number is missing: the card isn't without it." in page
    answer = press(screen, "columns", name="avgift", **{"set-url": f"sqlite:///{tmp_path}/torg.db", "view": "V"})
    shown = unescape(answer.text)
    assert f"Address: departments may not read from there, but from {tmp_path}/granvik. IT says" in shown


def test_amounts_in_hundredths_of_a_crown_are_said_once_for_all(screen: Screen) -> None:
    said = {"title": "Avgift", "department": str(screen.world.ids["waste"]), "kind": "sql", "card": "invoice"}
    screen.post(f"/made-lookups/new/{screen.world.ids['granvik']}", "disa", said, part=False)
    fields = {"field-number": "NR", "field-status": "ST", "field-total": "BELOPP_ORE", "codes-status-0-theirs": "1"}
    fields |= {"codes-status-0-ours": "paid", "by-invoice": "NR", "hundredths": "on"}
    assert press(screen, "save", name="avgift", **fields).status_code == 303
    page = screen.get(at(screen, "avgift"), "disa")[1]
    assert 'name="hundredths" checked' in page
    assert 'placeholder="125000"' in page
    assert "hundredths = true" in unescape(page)
    plain = {**fields_of(page), "do": "save"}
    del plain["hundredths"]
    screen.post(at(screen, "avgift"), "disa", plain, part=False)
    assert "hundredths = " not in screen.get(at(screen, "avgift"), "disa")[1]


def came(page: str) -> list[tuple[str, str]]:
    """The row as it came: marked names in stars."""
    inside = page.partition('<dl class="snippet came"')[2].partition("</dl>")[0]
    pairs = re.findall(r"<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", inside, re.S)
    return [(re.sub(r"</?mark>", "*", name), " ".join(re.sub(r"<[^>]*>", "", said).split())) for name, said in pairs]


def test_a_trial_shows_one_row_as_it_came_to_the_tester_alone(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    hidden = {"line-2-label": "Bomkod", "line-2-value": "TMEMO", "seen-line-2": "asked"}
    tried = press(
        screen,
        "try",
        try_by="property",
        try_value="BJÖRKEN 1:14",
        **hidden,
        **{"by-customer": "", "about-customer": ""},
    )
    assert tried.status_code == 200, problem(tried)
    assert came(tried.text) == [
        ("*FBET*", "BJÖRKEN 1:14"), ("*NDAT*", "20261219"), ("*STKOD*", "10"), ("*TMEMO*", "••••"),
        ("KNR", "not used, not fetched"),
    ]  # fmt: skip
    assert not re.search(r"\b4711\b", tried.text)
    rows = [(row.act, row.source, row.outcome, row.person_id) for row in screen.world.do(editing.audit)]
    asked = [each for each in rows if each[0] in {"lookup.ask", "lookup.answer"}]
    assert asked == [
        ("lookup.ask", "lookup editor: avtal", "asked", screen.world.ids["disa"]),
        ("lookup.answer", "lookup editor: avtal", "found 1", screen.world.ids["disa"]),
    ]
    for who in ("disa", "dana"):  # nothing of it is kept
        assert "20261219" not in screen.get(at(screen), who)[1]
    none = press(screen, "try", try_by="property", try_value="GRANEN 9:9")
    assert came(none.text) == []


def test_what_a_select_brings_along_is_marked_as_not_used(screen: Screen, tmp_path: Path) -> None:
    begun(screen)
    with sqlite3.connect(tmp_path / "granvik" / "tanks.db") as line:
        line.execute("CREATE TABLE T_KND (KNR TEXT, NAMN1 TEXT)")
        line.execute("INSERT INTO T_KND VALUES ('600606', 'Ek, Bo')")
    said = {**LINES, "set-url": url(tmp_path), "select": SELECT, "by-property": "a.FBET", "by-customer": "a.KNR"}
    said |= {"about-property": "FBET", "about-customer": "KNR", "line-1-value": "STKOD", "line-1-kind": "text"}
    tried = press(screen, "try", **said, try_by="customer", try_value="600606")
    assert ("NAMN1", "Ek, Bo not used") in came(tried.text), problem(tried)
    assert ("*KNR*", "600606") in came(tried.text)


def test_an_answer_about_somebody_else_shows_no_row(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    tried = press(
        screen, "try", **{"by-customer": "FBET", "about-customer": "KNR"}, try_by="customer", try_value="BJÖRKEN 1:14"
    )
    assert "about somebody else" in tried.text, problem(tried)
    assert came(tried.text) == []
    assert "20261219" not in tried.text


def test_whose_row_it_is_is_masked_in_it_whatever_it_was_asked_by(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    with sqlite3.connect(tmp_path / "granvik" / "tanks.db") as tanks:
        tanks.execute("UPDATE V_AVT SET TMEMO = '19610412-1239' WHERE FBET = 'BJÖRKEN 1:14'")
    whose = {"about-identity": "TMEMO", "by-customer": "", "about-customer": ""}
    tried = press(screen, "try", try_by="property", try_value="BJÖRKEN 1:14", **whose)
    assert dict(came(tried.text))["*TMEMO*"] == "1961••••-••••", problem(tried)
    assert "19610412" not in tried.text


def offered(page: str) -> list[str]:
    """Names to choose from, in every field that takes a column."""
    return re.findall(r'<option value="([^"]*)">', page.partition('<datalist id="columns">')[2].partition("</")[0])


def test_names_that_were_read_are_offered_until_the_source_is_another(screen: Screen, tmp_path: Path) -> None:
    """They were gone with the next save, when most of the card was still to be made."""
    begun(screen)
    everything = ["KNR", "FBET", "STKOD", "NDAT", "TMEMO"]
    read = press(screen, "columns", **{"set-url": url(tmp_path), "view": "V_AVT"})
    assert offered(read.text) == everything
    assert press(screen, "save", **LINES).status_code == 303
    page = screen.get(at(screen), "disa")[1]
    assert offered(page) == everything
    assert "TMEMO" not in page.partition('name="file"')[2].partition("</textarea>")[0]
    press(screen, "try", try_by="property", try_value="BJÖRKEN 1:14")
    assert sorted(offered(screen.get(at(screen), "disa")[1])) == sorted(everything)
    key = re.search(r'name="approves" value="(\w+)"', press(screen, "publish").text)
    assert key is not None
    assert press(screen, "publish", approves=key[1], approved="on").status_code == 303
    assert sorted(offered(screen.get(at(screen), "disa")[1])) == sorted(everything)
    assert press(screen, "save", seconds="7").status_code == 303
    assert sorted(offered(screen.get(at(screen), "disa")[1])) == sorted(everything)
    assert press(screen, "save", view="V_ANNAN").status_code == 303
    assert offered(screen.get(at(screen), "disa")[1]) == []


def test_names_of_a_trial_are_offered_where_nothing_else_tells_them(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    assert offered(screen.get(at(screen), "disa")[1]) == []
    tried = press(screen, "try", try_by="property", try_value="BJÖRKEN 1:14")
    assert sorted(offered(tried.text)) == ["FBET", "KNR", "NDAT", "STKOD", "TMEMO"]
    assert press(screen, "save").status_code == 303
    assert offered(screen.get(at(screen), "disa")[1]) == offered(tried.text)


def test_what_is_wrong_names_no_setting_as_the_file_has_it(screen: Screen, tmp_path: Path) -> None:
    begun(screen)
    page = unescape(screen.get(at(screen), "disa")[1])
    assert "“Column that says whose it is” is missing: name their column that says whose it is, e.g. “Column" in page
    made_of = {"set-url": url(tmp_path), "view": "V_AVT", **LINES, "about-property": "FBET"}
    made_of |= {"by-property": "FBET = 'x'"}
    wrong = unescape(press(screen, "try", try_by="property", try_value="BJÖRKEN 1:14", **made_of).text)
    assert "Property: it asks the same whatever is asked by." in wrong
    made_of |= {"by-property": "FBET", "view": "V_NEJ"}
    gone = unescape(press(screen, "try", try_by="property", try_value="BJÖRKEN 1:14", **made_of).text)
    assert "“Property”: There is no table or view of that name" in gone
    assert "by.property" not in gone.partition('id="preview"')[2]
    assert press(screen, "save", kind="rest").status_code == 303
    mixed = press(screen, "save", **{"set-base_url": "https://a.example", "set-not_found": "404, x"})
    assert "“Statuses that say: nothing is known”: 2 = 'x' can't be used" in " ".join(map(unescape, problem(mixed)))


def test_a_list_that_cannot_be_is_told_as_a_file_has_it(screen: Screen) -> None:
    begun(screen)
    version = fields_of(screen.get(at(screen), "disa")[1])["version"]
    file = 'name = "avtal"\nkind = "sql"\ntitle = { sv = "Avtal" }\nuntil_asked = ["total"]\n'
    said = {"version": version, "file": file, "do": "file"}
    answer = screen.post(at(screen), "disa", said, part=False)
    assert answer.status_code == 422
    assert "['total']" in unescape(" ".join(problem(answer)))
    assert "('total'" not in unescape(answer.text)


def test_times_are_of_the_municipality_until_another_zone_is_chosen(screen: Screen) -> None:
    def moves(unit: Unit) -> None:
        home = unit.get(Municipality, screen.world.ids["granvik"])
        assert home is not None
        home.timezone = "Europe/Helsinki"

    screen.world.do(moves)
    said = {"title": "Avgift", "department": str(screen.world.ids["waste"]), "kind": "sql", "card": "invoice"}
    screen.post(f"/made-lookups/new/{screen.world.ids['granvik']}", "disa", said, part=False)
    page = unescape(screen.get(at(screen, "avgift"), "disa")[1])
    assert '<option value="Europe/Helsinki" selected>' in page
    assert 'time_zone = "Europe/Helsinki"' in page
    assert fields_of(page)["field-currency"] == "“EUR”"
    assert press(screen, "save", name="avgift", time_zone="Europe/Copenhagen").status_code == 303
    page = unescape(screen.get(at(screen, "avgift"), "disa")[1])
    assert '<option value="Europe/Copenhagen" selected>' in page
    assert 'time_zone = "Europe/Copenhagen"' in page


def test_the_page_says_what_can_be_hidden(screen: Screen) -> None:
    begun(screen)
    assert "These can be hidden until asked for: Lines, Summary." in screen.get(at(screen), "disa")[1]
    invoice = press(screen, "see", card="invoice").text
    assert "These can be hidden until asked for: Payment reference, Pay to, Debt collector," in invoice
    assert "except what is always shown: Number, Status, Currency." in invoice
