"""Forms as an admin makes them: every button saves all of the page; what isn't finished can't be published."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from hub.access import person
from hub.access.person import Person
from hub.inbox import form
from hub.inbox.form import Form
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit
from tests.web.test_pages import Screen
from tests.web.world import must
from tests.web.world import world as make_world


@pytest.fixture
def screen(sqlite_database: str, tmp_path: Path) -> Iterator[Screen]:
    with make_world(sqlite_database, tmp_path, pages=True) as world:

        def appoint(unit: Unit) -> None:
            row = must(unit.get(Person, world.ids["sara"]))
            person.join(unit, row, must(unit.get(Municipality, world.ids["granvik"])), "admin")

        world.do(appoint)
        yield Screen(world)


def begun(screen: Screen) -> int:
    """A new draft; its id."""
    path = f"/web-forms/new/{screen.world.ids['granvik']}"
    said = {"title": "Felanmälan", "name": "fel", "queue": str(screen.world.ids["kontakt"])}
    answer = screen.post(path, "sara", said)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["Location"].rpartition("/")[2])


def fields_of(page: str) -> dict[str, Any]:
    """What a browser would send of the editor, as it is shown."""
    form_ = page[page.index("form-editor") : page.index("</form>", page.index("form-editor"))]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form_):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is None or ("checkbox" in tag and " checked" not in tag) or name[1] == "_csrf_token":
            continue
        text = unescape(value[1]) if value else "on"
        if "checkbox" in tag and name[1] in found:
            found[name[1]] = [*found[name[1]], text]
        else:
            found[name[1]] = text
    for name, text in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>([^<]*)</textarea>', form_):
        found[name] = unescape(text)
    for name, inside in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form_, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[name] = chosen[1] if chosen else ""
    return found


def press(screen: Screen, form_id: int, do: str, **changed: Any) -> Response:
    """A button of the editor, with fields changed before."""
    page = screen.get(f"/web-forms/{form_id}", "sara")[1]
    return screen.post(f"/web-forms/{form_id}", "sara", {**fields_of(page), **changed, "do": do}, part=False)


def row_of(screen: Screen, form_id: int) -> Form:
    row: Form = screen.world.do(lambda unit: must(unit.get(Form, form_id)))
    return row


def test_a_form_is_made_and_published(screen: Screen) -> None:
    form_id = begun(screen)
    for kind in ("choice", "text", "email"):
        answer = press(screen, form_id, f"add:{kind}")
        assert answer.status_code == 303
        assert re.search(r"#label-\d-sv$", answer.headers["Location"])  # its question is what is written next
    page = screen.get(f"/web-forms/{form_id}", "sara")[1]
    assert re.search(r'id="label-2-sv"[^>]* value="E-post"', page)  # what is called by its name begins so
    refused = press(screen, form_id, "publish")
    assert refused.status_code == 422
    assert _marked(refused.text) == ["label-0-sv"]
    assert re.search(r'id="problem">.*<a class="link" href="#label-0-sv">[^<]+</a>: [^<]*svenska', refused.text)
    assert screen.world.client.get("/forms/granvik/fel").status_code == 404
    refused = press(screen, form_id, "publish", **{"label-0-sv": "Vad gäller det?", "opt-0-0-sv": "Lampa"})
    assert _marked(refused.text) == ["opt-0-1-sv"]
    said = {
        "label-0-sv": "Vad gäller det?", "opt-0-0-sv": "Lampa", "opt-0-1-sv": "Annat", "label-1-sv": "Vad då?",
        "label-2-sv": "E-post", "required-0": "on",
    }  # fmt: skip
    assert press(screen, form_id, "save", **said).status_code == 303
    assert press(screen, form_id, "save", **{"when-1": ["f1:a2"]}).status_code == 303
    published = press(screen, form_id, "publish")
    assert published.status_code == 303, re.findall(r"banner.*", published.text)
    shown = screen.world.client.get("/forms/granvik/fel")
    assert shown.status_code == 200
    assert 'data-when="f-f1 a2"' in shown.text
    assert "Version 1" in screen.get(f"/web-forms/{form_id}", "sara")[1]


def test_a_title_that_is_missing_in_a_language_is_said_at_its_field(screen: Screen) -> None:
    form_id = begun(screen)
    press(screen, form_id, "add:email")
    assert press(screen, form_id, "save", languages=["sv", "da"]).status_code == 303
    refused = press(screen, form_id, "publish", **{"label-0-sv": "E-post", "label-0-da": "E-mail"})
    assert refused.status_code == 422
    assert _marked(refused.text) == ["title-da"]


def _marked(page: str) -> list[str]:
    """Ids of what is said to be wrong: the one has the focus, and is told why."""
    return re.findall(r'id="([^"]+)"[^>]* aria-invalid="true" aria-describedby="problem" autofocus', page)


def test_fields_are_moved_and_taken_away_with_nothing_lost(screen: Screen) -> None:
    form_id = begun(screen)
    press(screen, form_id, "add:text")
    press(screen, form_id, "add:date", **{"label-0-sv": "Först"})
    press(screen, form_id, "up:1", **{"label-1-sv": "Sedan"})
    assert [each.label for each in row_of(screen, form_id).definition.fields] == [{"sv": "Sedan"}, {"sv": "Först"}]
    press(screen, form_id, "remove:0")
    assert [each.key for each in row_of(screen, form_id).definition.fields] == ["f1"]


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(screen: Screen) -> None:
    form_id = begun(screen)
    mine = fields_of(screen.get(f"/web-forms/{form_id}", "sara")[1])
    press(screen, form_id, "save", **{"title-sv": "Deras"})
    answer = screen.post(f"/web-forms/{form_id}", "sara", {**mine, "title-sv": "Mitt", "do": "save"}, part=False)
    assert answer.status_code == 412
    assert "Mitt" in answer.text
    assert row_of(screen, form_id).definition.title == {"sv": "Deras"}
    again = fields_of(answer.text)
    assert screen.post(f"/web-forms/{form_id}", "sara", {**again, "do": "save"}, part=False).status_code == 303
    assert row_of(screen, form_id).definition.title == {"sv": "Mitt"}


def test_an_earlier_version_is_shown_again_and_a_form_is_retired(screen: Screen) -> None:
    form_id = begun(screen)
    press(screen, form_id, "add:text", **{"title-sv": "Ett"})
    press(screen, form_id, "publish", **{"label-0-sv": "Vad?"})
    press(screen, form_id, "publish", **{"title-sv": "Två"})
    assert "Två" in screen.world.client.get("/forms/granvik/fel").text
    version = {"version": str(row_of(screen, form_id).version)}
    assert screen.post(f"/web-forms/{form_id}/versions/1", "sara", version).status_code == 303
    assert "Ett" in screen.world.client.get("/forms/granvik/fel").text
    version = {"version": str(row_of(screen, form_id).version)}
    assert screen.post(f"/web-forms/{form_id}/retirement", "sara", version).status_code == 303
    assert screen.world.client.get("/forms/granvik/fel").status_code == 410


def test_the_draft_is_previewed_in_a_frame_of_ours_and_cant_be_sent(screen: Screen) -> None:
    form_id = begun(screen)
    press(screen, form_id, "add:text", **{"label-0-sv": "Vad?"})
    status, text = screen.get(f"/web-forms/{form_id}/preview/sv", "sara")
    assert status == 200
    assert "frame-ancestors 'self'" in text
    assert "form-action 'none'" in text


def test_it_is_the_admins_of_its_municipality_alone(screen: Screen) -> None:
    form_id = begun(screen)
    for who in ("vera", "ida", "nils"):
        assert screen.get("/web-forms", who)[0] == 403
        assert screen.get(f"/web-forms/{form_id}", who)[0] == 403

    def appoint(unit: Unit) -> None:
        row = must(unit.get(Person, screen.world.ids["nils"]))
        person.join(unit, row, must(unit.get(Municipality, screen.world.ids["nesoy"])), "admin")

    screen.world.do(appoint)
    assert form.MOST > 1
    assert screen.get(f"/web-forms/{form_id}", "nils")[0] in {403, 404}
