"""A lookup made by its department: a foreign schema with coded states, from an empty page to a card that is asked."""

import re
import sqlite3
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from msgspec.structs import replace
from sqlalchemy import select

from hub.access.audit import Audit
from hub.lookups import definition
from hub.storage.unit import Unit
from tests.web.made_world import populate
from tests.web.test_pages import Screen
from tests.web.world import must
from tests.web.world import world as make_world


@pytest.fixture
def screen(database_url: str, tmp_path: Path) -> Iterator[Screen]:
    with make_world(database_url, tmp_path, pages=True) as world:
        world.do(populate, world)
        state = world.client.app.state
        state.settings = replace(state.settings, lookup_places=(str(tmp_path / "{municipality}"),))
        folder = tmp_path / "granvik"
        folder.mkdir()
        fill(folder / "tanks.db")
        yield Screen(world)


def fill(path: Path) -> None:
    """As a supplier's own table is: short names, states as figures, dates without signs."""
    with sqlite3.connect(path) as line:
        line.execute("CREATE TABLE V_AVT (KNR TEXT, FBET TEXT, STKOD INTEGER, NDAT TEXT, TMEMO TEXT)")
        line.executemany(
            "INSERT INTO V_AVT VALUES (?, ?, ?, ?, ?)",
            [("600606", "BJÖRKEN 1:14", 10, "20261219", "bom 4711"), ("600607", "BJÖRKEN 1:15", 30, "20261220", "")],
        )


def at(screen: Screen, name: str = "avtal") -> str:
    return f"/made-lookups/{screen.world.ids['granvik']}/{name}"


def fields_of(page: str) -> dict[str, Any]:
    """What a browser would send of the editor; what stands outside the form and belongs to it as well."""
    form = page[page.index('id="definition"') : page.index("</form>", page.index('id="definition"'))]
    outside = "".join(
        re.findall(r"<[^>]* form=\"definition\"[^>]*>(?:(?:<option[^>]*>[^<]*</option>)*</select>)?", page)
    )
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form + outside):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        picked = ("radio" not in tag and "checkbox" not in tag) or " checked" in tag
        if name is None or not picked or name[1] == "_csrf_token":
            continue
        text = unescape(value[1]) if value else "on"
        found[name[1]] = [*found[name[1]], text] if name[1] == "roles" and "roles" in found else text
        if name[1] == "roles" and not isinstance(found["roles"], list):
            found["roles"] = [found["roles"]]
    for name, text in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>([^<]*)</textarea>', form):
        found[name] = unescape(text)
    for name, inside in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        first = re.search(r'value="([^"]*)"', inside)
        picked_one = chosen or first
        found[name] = unescape(picked_one[1]) if picked_one else ""
    return found


def press(screen: Screen, do: str, who: str = "disa", name: str = "avtal", **changed: Any) -> Response:
    page = screen.get(at(screen, name), who)[1]
    said = {**fields_of(page), **{key.replace("__", "-"): value for key, value in changed.items()}, "do": do}
    return screen.post(at(screen, name), who, said, part=False)


def begun(screen: Screen) -> None:
    said = {"title": "Avtal", "department": str(screen.world.ids["waste"]), "kind": "sql", "card": "fields"}
    answer = screen.post(f"/made-lookups/new/{screen.world.ids['granvik']}", "disa", said, part=False)
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == at(screen)


def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/granvik/tanks.db"


LINES = {
    "line-0-label": "Läge", "line-0-value": "STKOD", "line-1-label": "Nästa tömning", "line-1-value": "NDAT",
    "line-1-kind": "date", "by-property": "FBET", "by-customer": "KNR",
    "codes-line-0-0-theirs": "10", "codes-line-0-0-ours": "Bokad",
}  # fmt: skip


def made(screen: Screen, tmp_path: Path) -> None:
    """With all that it takes, saved as a draft."""
    begun(screen)
    answer = press(screen, "save", **{"set-url": url(tmp_path), "view": "V_AVT", **LINES})
    assert answer.status_code == 303, problem(answer)


def problem(answer: Response) -> list[str]:
    return re.findall(r'class="(?:banner|problem)[^>]*>(.*?)</(?:div|p)>', answer.text, re.S)


def test_the_whole_way(screen: Screen, tmp_path: Path) -> None:
    begun(screen)
    assert "Draft, not visible to agents" in screen.get(at(screen), "disa")[1]
    missing = press(screen, "publish")
    assert missing.status_code == 422
    columns = press(screen, "columns", **{"set-url": url(tmp_path), "view": "V_AVT", **LINES})
    assert columns.status_code == 200, problem(columns)
    for each in ("KNR", "FBET", "STKOD", "NDAT", "TMEMO"):
        assert f'<option value="{each}">' in columns.text
    assert 'value="30"' in columns.text  # a code that has no word yet stands there to be given one
    assert not re.search(r"\b4711\b", columns.text)
    tried = press(screen, "try", try_by="property", try_value="BJÖRKEN 1:14")
    assert tried.status_code == 200, problem(tried)
    assert "Bokad" in tried.text
    assert "From the source itself" in tried.text
    assert ", 1 card" in tried.text
    acts = [(row.act, row.source) for row in screen.world.do(audit)]
    assert ("lookup.ask", "lookup editor: avtal") in acts
    asks = press(screen, "publish")
    assert asks.status_code == 200
    assert "you answer for this" in asks.text
    assert "All who ask see on the card:" in asks.text
    assert published(screen) == []
    key = re.search(r'name="approves" value="(\w+)"', asks.text)
    assert key is not None
    refused = press(screen, "publish", approves=key[1])  # not ticked
    assert refused.status_code == 200
    done = press(screen, "publish", approves=key[1], approved="on")
    assert done.status_code == 303, problem(done)
    assert published(screen) == [(1, "published")]
    page = screen.get(at(screen), "disa")[1]
    assert "Version 1 is asked" in page
    assert "approved by Disa" in page
    assert str(tmp_path) not in page  # the address is a secret


def test_a_condition_with_days_of_a_view(screen: Screen, tmp_path: Path) -> None:
    begun(screen)
    condition = "FBET = :value AND NDAT >= :today_minus_30"
    where = {"set-url": url(tmp_path), "view": "V_AVT", **LINES, "by-property": condition, "about-property": "FBET"}
    tried = press(screen, "try", **where, try_by="property", try_value="BJÖRKEN 1:14")
    assert tried.status_code == 200, problem(tried)
    assert "From the source itself" in tried.text
    page = screen.get(at(screen), "disa")[1]
    said = fields_of(page)
    assert (said["view"], said["by-property"], said["by-customer"]) == ("V_AVT", condition, "KNR")
    read = screen.get(at(screen), "olle")[1]
    assert [f"<code>{escape(each)}</code>" in read for each in (f"V_AVT: {condition}", "V_AVT.KNR")] == [True, True]
    unknown = press(screen, "publish", **where | {"by-property": "FBET = :value AND NDAT >= :today_less_30"})
    assert unknown.status_code == 422
    assert ":today_less_30 isn't known here" in unescape(unknown.text)


def test_a_question_that_a_file_writes_on_several_lines_stays_as_it_is(screen: Screen, tmp_path: Path) -> None:
    """A field of one line lost the breaks: FROM V_AVTWHERE."""
    begun(screen)
    question = "SELECT FBET, STKOD, NDAT\nFROM V_AVT\nWHERE FBET = :value"
    text = screen.get(f"{at(screen)}/versions/0/file", "disa")[1]
    head = text[: text.index("[settings]")]
    asked = f'by.property.select = """\n{question}"""\nby.customer = {{ view = "V_AVT", column = "KNR" }}'
    lines = '{ label = "Läge", value = "STKOD" }'
    about = 'about.property = "FBET"\nabout.customer = "KNR"'
    text = f'{head}[settings]\ncard = "fields"\nfields.title = "FBET"\nlines = [{lines}]\n{about}\n{asked}\n'
    version = fields_of(screen.get(at(screen), "disa")[1])["version"]
    saved = screen.post(at(screen), "disa", {"version": version, "file": text, "do": "file"}, part=False)
    assert saved.status_code == 303, problem(saved)
    shown = fields_of(screen.get(at(screen), "disa")[1])
    assert (shown["by-property"], shown["by-customer"]) == (question.replace("\n", " "), "KNR")
    tried = press(screen, "try", **{"set-url": url(tmp_path)}, try_by="property", try_value="BJÖRKEN 1:14")
    assert "From the source itself" in tried.text, problem(tried)
    stored = screen.world.do(lambda unit: must(definition.draft(unit, screen.world.ids["granvik"], "avtal")).definition)
    assert stored["settings"]["by"]["property"] == {"select": question}
    assert press(screen, "save", **{"by-property": "STKOD = :digits"}).status_code == 303
    stored = screen.world.do(lambda unit: must(definition.draft(unit, screen.world.ids["granvik"], "avtal")).definition)
    assert stored["settings"]["by"]["property"] == {"view": "V_AVT", "where": "STKOD = :digits"}


@pytest.mark.parametrize("seen", ["asked", "leads"])
def test_codes_of_what_the_card_hides_are_not_listed(screen: Screen, tmp_path: Path, seen: str) -> None:
    """Of a line, and of a field that has states: who makes a lookup may be none of those who may see them."""
    begun(screen)
    where = {"set-url": url(tmp_path), "view": "V_AVT"}
    hidden = press(screen, "columns", **where, **LINES, **{"seen-line-0": seen})
    assert hidden.status_code == 200, problem(hidden)
    assert '<option value="STKOD">' in hidden.text
    assert 'value="30"' not in hidden.text
    said = {"title": "Avgift", "department": str(screen.world.ids["waste"]), "kind": "sql", "card": "invoice"}
    screen.post(f"/made-lookups/new/{screen.world.ids['granvik']}", "disa", said, part=False)
    states = where | {"field-number": "FBET", "field-status": "KNR", "field-kind": "STKOD", "by-invoice": "FBET"}
    hidden = press(screen, "columns", name="avgift", **states, **{"seen-kind": "leads"})
    assert hidden.status_code == 200, problem(hidden)
    assert 'value="600606"' in hidden.text
    assert 'value="30"' not in hidden.text
    parts = {"field-kind": "", "field-reference": "TMEMO", "field-reference_kind": "STKOD"}
    hidden = press(screen, "columns", name="avgift", **states | parts, **{"seen-reference": "leads"})
    assert hidden.status_code == 200, problem(hidden)
    assert 'value="30"' not in hidden.text
    shown = press(screen, "columns", name="avgift", **states, **{"seen-kind": "all"})
    assert 'value="30"' in shown.text, problem(shown)


def test_what_shows_no_more_is_published_at_once_and_what_shows_more_asks_its_owner(
    screen: Screen, tmp_path: Path
) -> None:
    published_once(screen, tmp_path)
    assert press(screen, "publish", **{"line-0-label": "Läget", "codes-line-0-0-ours": "Bokad nu"}).status_code in {
        200,
        303,
    }
    same = press(screen, "publish", "dana", seconds="7")
    assert same.status_code in {200, 303}
    before = len(published(screen))
    answer = press(screen, "publish", "dana", **{"line-2-label": "Anteckning", "line-2-value": "TMEMO"})
    assert answer.status_code == 303, problem(answer)
    assert len(published(screen)) == before  # it waits for Disa
    assert 'name="approves"' not in screen.get(at(screen), "dana")[1]
    page = screen.get(at(screen), "disa")[1]
    assert "Waits for its owner’s approval" in page
    key = re.search(r'name="approves" value="(\w+)"', page)
    assert key is not None
    assert re.search(r'<ul class="wider"><li>All who ask see on the card: [^<]*Anteckning', page)
    assert press(screen, "publish", approves=key[1], approved="on").status_code == 303
    assert len(published(screen)) == before + 1


def published_once(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    asks = press(screen, "publish")
    key = re.search(r'name="approves" value="(\w+)"', asks.text)
    assert key is not None, problem(asks)
    assert press(screen, "publish", approves=key[1], approved="on").status_code == 303


def test_errors_stand_at_their_field_and_nothing_is_lost(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    wrong = press(screen, "save", seconds="snart", **{"line-0-label": "Kvar"})
    assert wrong.status_code == 422
    assert 'value="snart" aria-invalid="true"' in wrong.text
    nowhere = press(screen, "columns", view="V_ANNAN")
    assert nowhere.status_code == 422
    assert "V_ANNAN" in nowhere.text
    assert 'id="view-problem"' in nowhere.text
    assert "There is no table or view of that name" in unescape(nowhere.text)
    wrong = press(screen, "publish", **{"view": "V_AVT", "line-0-value": "FINNSEJ"})
    assert wrong.status_code == 422, problem(wrong)
    assert "FINNSEJ" in wrong.text


def test_from_elsewhere_nothing_is_read(screen: Screen, tmp_path: Path) -> None:
    begun(screen)
    for place in (
        f"sqlite:///{tmp_path}/torg.db",
        "postgresql:///torg?host=/var/run/postgresql",
        f"sqlite:///{tmp_path}/granvik/../torg.db",
    ):
        for do in ("columns", "try", "publish"):
            answer = press(
                screen, do, **{"set-url": place, "view": "V_AVT", "try_by": "property", "try_value": "1", **LINES}
            )
            assert answer.status_code == 422
            assert "may not read from there" in " ".join(problem(answer)), (place, do)


def test_a_preview_in_every_state_and_nothing_is_asked(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    page = screen.get(at(screen), "disa")[1]
    for state, shows in (
        ("found", "Bokad"), ("old", "over 15 minutes old"), ("unasked", "confirm the identity first"),
        ("asking", "Asking…"),
        ("none", "Nothing found"), ("several", "Did you mean"), ("no_access", "Not open to your role"),
        ("down", "did not answer within"),
    ):  # fmt: skip
        answer = screen.post(f"{at(screen)}/preview", "disa", {**fields_of(page), "see": state})
        assert answer.status_code == 200
        assert shows in answer.text, state
        assert 'method="post"' not in answer.text or state in {"found", "old"}
    assert not [row for row in screen.world.do(audit) if row.act == "lookup.ask"]


def test_of_another_department_nothing_is_seen_or_done(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    page = fields_of(screen.get(at(screen), "disa")[1])
    for who, status in (("dag", 404), ("dina", 404), ("sara", 403), ("olle", 403)):
        for path, said in (
            ("", {**page, "do": "publish"}), ("/preview", page), ("/discard", {"version": page["version"]}),
            ("/withdrawal", {"version": page["version"]}), ("/versions/1", {"version": page["version"]}),
            ("/owner", {"version": page["version"], "owner": "1"}),
        ):  # fmt: skip
            answer = screen.post(at(screen) + path, who, said, part=False)
            if (who, path) == ("olle", "/preview"):
                continue  # an auditor sees what it says
            assert answer.status_code == status, (who, path)
    said = {"title": "Deras", "department": str(screen.world.ids["waste"])}
    assert screen.post(f"/made-lookups/new/{screen.world.ids['granvik']}", "dag", said, part=False).status_code == 404


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    mine = fields_of(screen.get(at(screen), "disa")[1])
    press(screen, "save", "dana", **{"line-0-label": "Danas"})
    answer = screen.post(at(screen), "disa", {**mine, "line-0-label": "Mitt", "do": "save"}, part=False)
    assert answer.status_code == 412
    assert "Mitt" in answer.text
    assert "Danas" in screen.get(at(screen), "disa")[1]


def test_the_file_is_the_same_definition(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    number = screen.get(f"{at(screen)}/versions/1/file", "disa")[1].partition("{'")[0]
    assert 'department = "Renhållningen"' in number
    page = fields_of(screen.get(at(screen), "disa")[1])
    text = number.partition("MutableHeaders")[0].partition("Headers(")[0].replace("seconds = 5", "seconds = 6")
    answer = screen.post(
        at(screen), "disa", {"version": page["version"], "file": text + "\n", "do": "file"}, part=False
    )
    assert answer.status_code == 303, problem(answer)
    broken = screen.post(at(screen), "disa", {"version": "1", "file": "name = [", "do": "file"}, part=False)
    assert broken.status_code == 422
    stolen = text.replace("Renhållningen", "Parkerna")
    page = fields_of(screen.get(at(screen), "disa")[1])
    answer = screen.post(at(screen), "disa", {"version": page["version"], "file": stolen, "do": "file"}, part=False)
    assert answer.status_code == 422
    secret = text.replace("[settings]", '[settings]\nurl = "sqlite:////srv/x.db"')
    answer = screen.post(at(screen), "disa", {"version": page["version"], "file": secret, "do": "file"}, part=False)
    assert answer.status_code == 422
    assert "is secret" in " ".join(problem(answer))
    misspelt = text.replace("[title]", 'until_asked = ["fields.Nästa tömnig"]\n[title]')
    answer = screen.post(at(screen), "disa", {"version": page["version"], "file": misspelt, "do": "file"}, part=False)
    assert answer.status_code == 422
    assert "No line is labelled Nästa tömnig; there are: Läge, Nästa tömning." in " ".join(problem(answer))
    assert 'href="#file"' in " ".join(problem(answer))


def test_a_file_whose_settings_are_of_another_shape_is_told_where(screen: Screen) -> None:
    begun(screen)
    head = 'name = "avtal"\nkind = "sql"\ntitle = { sv = "Avtal" }\n[settings]\n'
    for settings in (
        'by = "x"',
        "by = { case = 7 }",
        "lines = 3",
        'fields = ["a"]',
        "values = { status = 1 }",
        "card = 1",
        "x = 1",
    ):
        version = fields_of(screen.get(at(screen), "disa")[1])["version"]
        answer = screen.post(
            at(screen), "disa", {"version": version, "file": head + settings, "do": "file"}, part=False
        )
        assert answer.status_code == 422, settings
        assert settings in unescape(answer.text)  # nothing is lost


def audit(unit: Unit) -> list[Audit]:
    return list(unit.all(select(Audit).order_by(Audit.id)))


def published(screen: Screen, name: str = "avtal") -> list[tuple[int, str]]:
    rows = screen.world.do(
        lambda unit: [(r.version, r.state) for r in definition.versions(unit, screen.world.ids["granvik"], name)]
    )
    return list(rows)


def test_no_department_says_who_has_a_protected_identity(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    page = fields_of(screen.get(at(screen), "disa")[1])
    text = 'name = "avtal"\nkind = "sql"\nregister = true\nregister_lists = "protected"\ntitle = { sv = "Avtal" }\n'
    answer = screen.post(at(screen), "disa", {"version": page["version"], "file": text, "do": "file"}, part=False)
    assert answer.status_code == 422
    assert "protected identity" in " ".join(problem(answer))
    new = {"file": text.replace("avtal", "avtal2"), "department": str(screen.world.ids["waste"])}
    answer = screen.post(f"/made-lookups/new/{screen.world.ids['granvik']}", "disa", new, part=False)
    assert answer.status_code == 422
    screen.world.do(make_register, screen.world.ids["granvik"])
    page = fields_of(screen.get(at(screen), "disa")[1])
    for path in ("/withdrawal", "/versions/1"):
        answer = screen.post(at(screen) + path, "disa", {"version": page["version"]}, part=False)
        assert answer.status_code in {400, 422}, (path, answer.status_code)
    assert published(screen) == [(1, "published")]


def make_register(unit: Unit, municipality_id: int) -> None:
    """As IT does."""
    (row,) = definition.versions(unit, municipality_id, "avtal")
    row.definition = {**row.definition, "register": True}


def test_an_earlier_version_that_shows_more_is_its_owners_of_today_to_approve(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    screen.world.do(unnamed, screen.world.ids["granvik"])
    fewer = press(screen, "publish", **{"line-1-label": "", "line-1-value": ""})
    key = re.search(r'name="approves" value="(\w+)"', fewer.text)
    if key is not None:
        assert press(screen, "publish", approves=key[1], approved="on").status_code == 303
    assert published(screen) == [(2, "published"), (1, "retired")]
    page = fields_of(screen.get(at(screen), "dana")[1])
    answer = screen.post(f"{at(screen)}/versions/1", "dana", {"version": page["version"]}, part=False)
    assert answer.status_code == 303, problem(answer)
    assert "Waits for its owner’s approval" in screen.get(at(screen), "disa")[1]
    assert published(screen) == [(2, "published"), (1, "retired")]


def unnamed(unit: Unit, municipality_id: int) -> None:
    """The first version was imported by IT: nobody is named in it. Who publishes next answers for it."""
    (row,) = definition.versions(unit, municipality_id, "avtal")
    row.owner_id = None
