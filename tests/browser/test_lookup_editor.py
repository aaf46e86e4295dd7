"""A department's ten minutes: a supplier's own table with states as figures becomes a card beside a conversation."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.storage.unit import Unit
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.look import SIZES, Look, open_with_axe

WIDE = "wide"


@pytest.fixture(scope="module")
def tanks(house: House) -> Path:
    """Short names, states as figures, dates without signs: as a supplier made it. In a folder that IT allows."""
    folder = house.folder / "sources"
    folder.mkdir()
    with sqlite3.connect(folder / "tanks.db") as line:
        line.execute("CREATE TABLE V_AVT (KNR TEXT, FBET TEXT, STKOD INTEGER, NDAT TEXT, TMEMO TEXT)")
        line.execute("INSERT INTO V_AVT VALUES ('600606', 'BJÖRKEN 1:14', 10, '20261219', 'bom 4711')")
        line.execute("INSERT INTO V_AVT VALUES ('600607', 'BJÖRKEN 1:15', 30, '20261220', '')")
    return folder / "tanks.db"


def _open(unit: Unit, conversation_id: int) -> None:
    conversation = unit.lock(Conversation, conversation_id)
    assert conversation is not None
    citizen = unit.get(Citizen, conversation.citizen_id)
    assert citizen is not None
    citizen.protection = "no"


def _fill(desk: Desk, said: Mapping[str, str]) -> None:
    for name, text in said.items():
        field = desk.at(f"[name='{name}']")
        if field.evaluate("it => it.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)


def _hidden_aside(desk: Desk) -> list[str]:
    """Tables of which a part is only seen when one scrolls sideways."""
    wide = "all => all.filter(it => it.scrollWidth > it.clientWidth).map(it => it.id)"
    found: list[str] = desk.at(".x-scroll").evaluate_all(wide)
    return found


def _hides_a_code(desk: Desk) -> None:
    page = desk.page
    page.get_by_role("button", name="Add line").click()
    _fill(desk, {"line-2-label": "Barrier code", "line-2-value": "TMEMO", "seen-line-2": "asked"})
    desk.at("[name=reply-line-2]").uncheck()
    page.get_by_role("button", name="Read its columns").click()
    expect(desk.at("[name=seen-line-2]")).to_have_value("asked")
    expect(desk.at("main")).not_to_contain_text("4711")  # nor among the words that stand in its columns
    expect(desk.at("[name=codes-line-2-0-theirs]")).to_have_value("")
    expect(page.get_by_label("Let Barrier code go into replies")).not_to_be_checked()


def test_the_whole_way_from_a_table_to_a_card(house: House, tanks: Path, open_desk: OpenDesk) -> None:
    look = Look(SIZES[WIDE], large=False)
    desk = open_with_axe(open_desk, "elsa", "/made-lookups")
    page = desk.page
    page.get_by_role("link", name="New lookup").first.click()
    page.get_by_label("What the card is called").fill("Tank contract")
    page.get_by_text("Lines of your own").click()
    look.at(desk, "new")
    page.get_by_role("button", name="Begin").click()
    expect(desk.at("h1")).to_have_text("Tank contract")
    _fill(desk, {"set-url": f"sqlite:///{tanks}", "view": "V_AVT"})
    page.get_by_role("button", name="Read its columns").click()
    expect(desk.at(".columns")).to_contain_text("STKOD")
    _fill(
        desk,
        {
            "by-property": "FBET", "by-customer": "KNR", "line-0-label": "State", "line-0-value": "STKOD",
        },
    )  # fmt: skip
    page.get_by_role("button", name="Add line").click()
    _fill(desk, {"line-1-label": "Next emptying", "line-1-value": "NDAT", "line-1-kind": "date"})
    _hides_a_code(desk)
    expect(desk.at("[name=codes-line-0-0-theirs]")).to_have_value("10")
    expect(desk.at(".ok[role=status]")).to_be_focused()
    with page.expect_navigation():
        desk.at("#purpose").press("Enter")  # it saves the draft: whoever writes is where they were
    expect(desk.at("#purpose")).to_be_focused()
    expect(desk.at(".page-head")).to_contain_text("Draft saved")
    page.get_by_role("button", name="Read its columns").click()
    _fill(desk, {"codes-line-0-0-ours": "Booked", "codes-line-0-1-ours": "Ended"})
    for number in (2, 3):  # there is always room for one more
        _fill(desk, {f"codes-line-0-{number}-theirs": f"9{number}", f"codes-line-0-{number}-ours": "Void"})
    expect(page.get_by_label("Their word 5 for State")).to_have_value("")
    preview = desk.at("#preview")
    expect(preview).to_contain_text("Booked")  # as it is typed, before anything is saved
    for state, shows in (
        ("Not asked", "confirm the identity first"),
        ("Asking", "Asking…"),
        ("Not found", "Nothing found"),
        ("Down", "seconds"),
    ):
        desk.at(".states").get_by_text(state, exact=True).click()
        expect(preview).to_contain_text(shows)
    look.at(desk, "edited")
    assert _hidden_aside(desk) == []
    _fill(desk, {"try_by": "property", "try_value": "BJÖRKEN 1:15"})
    page.get_by_role("button", name="Save and try").click()
    expect(preview).to_contain_text("Ended")
    expect(desk.at("aside")).to_contain_text("From the source itself")
    expect(desk.at(".came")).to_contain_text("20261220")
    expect(desk.at(".came mark").first).to_have_text("FBET")
    look.at(desk, "tried")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(desk.at(".approval")).to_contain_text("All who ask see on the card")
    expect(desk.at(".approval")).to_contain_text("Seen when somebody asks for it, for a purpose: Barrier code.")
    look.at(desk, "approval")
    page.get_by_label("I approve this for the department").check()
    page.get_by_role("button", name="Approve and publish").click()
    expect(desk.at(".page-head")).to_contain_text("Version 1 is asked")
    assert look.wrong == [], "\n".join(look.wrong)
    _asked_by_an_agent(house, open_desk)


def _asked_by_an_agent(house: House, open_desk: OpenDesk) -> None:
    conversation = house.arrives("När kommer ni till Björken 1:14?", Subject="Slam")
    house.write(_open, conversation)
    desk = open_desk("sara", f"/conversations/{conversation}?view=open")
    desk.at("#thread-title").focus()
    desk.press("i", "2")
    if desk.at("#identity-number").is_visible():
        desk.type("19121212-1212")
        desk.press("Enter")
    expect(desk.at("#identity-line[data-state=confirmed]")).to_be_visible()
    card = desk.at("#lookup-tank_contract")
    card.get_by_role("button", name="Ask Tank contract").click()
    form = desk.at("#m-ask-tank_contract")
    form.locator("[name=by]").select_option("property")
    form.locator("[name=value]").fill("BJÖRKEN 1:14")
    form.locator("[name=purpose]").fill("The citizen asks about their tank")
    form.get_by_role("button", name="Ask").click()
    expect(card).to_contain_text("Booked")
    expect(card).to_contain_text("Next emptying")
    expect(card).not_to_contain_text("4711")
    card.get_by_role("button", name="Reveal Barrier code").click()
    expect(desk.at("#reveal-title")).to_have_text("Reveal Barrier code")
    desk.page.get_by_label("Find the right invoice or property").check()
    desk.page.get_by_role("button", name="Reveal for 2 minutes").click()
    expect(card).to_contain_text("bom 4711")
    expect(card).to_contain_text("hides again after 2 min")


def test_at_narrow_sizes_nothing_is_cut_off(house: House, tanks: Path, open_desk: OpenDesk) -> None:
    look = Look(SIZES["narrow"], large=False)
    desk = open_with_axe(open_desk, "elsa", f"/made-lookups/new/{house.ids['granvik']}", viewport=look.window)
    desk.page.get_by_label("What the card is called").fill("Tank register")
    desk.page.get_by_role("button", name="Begin").click()
    expect(desk.at("h1")).to_have_text("Tank register")
    look.at(desk, "an invoice’s fields")
    desk.at("[name=card]").select_option("fields")
    expect(desk.at("[name=line-0-label]")).to_be_visible()
    look.at(desk, "lines of one’s own")
    assert _hidden_aside(desk) == []
    desk.goto("/made-lookups")
    look.at(desk, "list")
    assert look.wrong == [], "\n".join(look.wrong)
