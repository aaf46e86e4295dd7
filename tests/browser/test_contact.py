"""Calls and visits at the desk: written down by keys alone in under ten seconds; what rings pops and takes no focus."""

import time
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hub import clock
from hub.access import duty
from hub.access.person import Person
from hub.inbox import department
from hub.inbox.call import Call
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.promise import Promise
from hub.storage.unit import Happening, Unit
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import House
from tests.pace import here

NOTE = "Undrar varför tunnan inte blev tömd. Bilen kommer i morgon."


@pytest.fixture(scope="module", autouse=True)
def furnished(house: House) -> None:
    """A department to hand over to, and telephones."""

    def furnish(unit: Unit) -> None:
        home = unit.get(Municipality, house.ids["granvik"])
        assert home is not None
        department.add(unit, home, {"sv": "Renhållning"}, None)
        sara = unit.get(Person, house.ids["sara"])
        assert sara is not None
        sara.phone = "101"

    house.write(furnish)


def begin(desk: Desk, kind: str = "1") -> None:
    desk.press("Alt+n")
    expect(desk.at("#m-new")).to_be_visible()
    menu, button = desk.at("#m-new").bounding_box(), desk.at("#new-button").bounding_box()
    assert menu is not None
    assert button is not None
    assert menu["y"] > button["y"]  # below it, as where it is clicked
    assert abs(menu["x"] + menu["width"] - button["x"] - button["width"]) < button["width"]
    desk.press(kind)
    expect(desk.at("#registration")).to_be_visible()
    desk.page.wait_for_load_state("load")


def ids_of(desk: Desk) -> tuple[int, int]:
    parts = desk.page.url.partition("?")[0].split("/")
    return int(parts[-3]), int(parts[-1])


def test_a_call_is_written_down_in_ten_seconds_by_keys_alone(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", "/inbox?view=mine")
    begin(desk)
    conversation_id, _ = ids_of(desk)
    began = time.monotonic()
    desk.press("2", "n")
    desk.type(NOTE)
    desk.press("Escape", "o", "2")
    expect(desk.at("#call-department")).to_be_focused()
    desk.press("R")  # more letters must come within a second of each other
    desk.press("Escape", "u", "2")  # among the causes a number is one of them, and no topic
    desk.press("+", "4", "o", "1", "Control+Enter")
    desk.page.wait_for_url("**/inbox?**")
    assert time.monotonic() - began < here(10)

    def kept(unit: Unit) -> Any:
        matters = unit.all(select(Matter).where(Matter.conversation_id == conversation_id).order_by(Matter.id))
        promise = unit.first(select(Promise).where(Promise.conversation_id == conversation_id))
        call = unit.first(
            select(Call).join(Entry, Entry.id == Call.entry_id).where(Entry.conversation_id == conversation_id)
        )
        entry = unit.first(select(Entry).where(Entry.conversation_id == conversation_id, Entry.kind == "call"))
        assert promise is not None
        assert call is not None
        assert entry is not None
        said = [(each.outcome, each.avoidable_cause) for each in matters]
        return said, promise.kind, promise.department_id is not None, entry.text, call.registered_at is not None

    said, kind, has_department, text, registered = house.write(kept)
    assert said == [("handed_over", "web_unclear"), ("solved_here", None)]
    assert (kind, has_department, text, registered) == ("handover", True, NOTE, True)


def test_nothing_is_chosen_beforehand_and_what_is_missing_loses_nothing(open_desk: OpenDesk) -> None:
    desk = open_desk("sara", "/inbox?view=mine")
    desk.watch.expect("status of 422")
    begin(desk, "2")
    expect(desk.at("#registration :checked:not(option)")).to_have_count(0)
    desk.press("n")
    desk.type("Ville ha en blankett.")
    desk.press("Control+Enter")
    desk.says("Choose what it was about")
    desk.press("Escape", "3", "Control+Enter")
    desk.says("Say how it ended")
    expect(desk.at("#callnote")).to_have_value("Ville ha en blankett.")
    expect(desk.at("#saved")).to_contain_text("Draft saved")
    desk.goto(desk.page.url.removeprefix(desk.url))
    expect(desk.at("#callnote")).to_have_value("Ville ha en blankett.")
    desk.press("o", "1", "Control+Enter")
    desk.page.wait_for_url("**/inbox?**")


def test_of_several_questions_the_one_that_lacks_something_is_named_and_comes_into_focus(open_desk: OpenDesk) -> None:
    desk = open_desk("sara", "/inbox?view=mine")
    desk.watch.expect("status of 422")
    begin(desk)
    desk.press("1", "+", "2", "o", "1", "u", "ArrowDown", "+", "3", "o", "1", "Control+Enter")
    desk.says("Slamtömning: say how it ended.")
    expect(desk.at("#question-now")).to_contain_text("Slamtömning")
    expect(desk.at('[name="outcome"]').first).to_be_focused()
    desk.press("o", "1", "Control+Enter")
    desk.page.wait_for_url("**/inbox?**")


def test_a_key_goes_from_question_to_question(open_desk: OpenDesk) -> None:
    desk = open_desk("sara", "/inbox?view=mine")
    begin(desk)
    desk.press("1", "+", "2", "o", "1", "+", "3")
    now = desk.at("#question-now")
    for words in ("Slamtömning", "Sophämtning", "Bygglov", "Slamtömning"):
        desk.press("-")
        expect(now).to_contain_text(words)
        expect(now.locator("button")).to_be_focused()
    expect(desk.at("#questions [data-question]")).to_have_count(2)
    desk.press("-")
    expect(desk.at('[name="outcome"]:checked')).to_have_value("solved_here")
    desk.press("?")
    expect(desk.at("#shortcuts")).to_contain_text("the next of several questions")
    desk.press("Escape")


def rings(house: House) -> tuple[int, int]:
    """As an exchange's events leave it: a call to the queue, by a number that somebody had once."""

    def ring(unit: Unit) -> tuple[int, int]:
        here, now = house.ids["granvik"], clock.now()
        citizen = Citizen(municipality_id=here, name="Hanne Myklebust", protection="no", language="sv")
        unit.add(citizen)
        unit.add(
            CitizenPoint(
                municipality_id=here, citizen_id=citizen.id, first_citizen_id=citizen.id, kind="phone",
                value="+46701740699", match_key="+46701740699",
            )
        )  # fmt: skip
        row = Conversation(
            municipality_id=here, citizen_id=citizen.id, queue_id=house.ids["kundtjanst"], subject="Kundtjänst",
            language="sv", opened_at=now,
        )  # fmt: skip
        unit.add(row)
        entry = row.append(
            unit,
            Entry(
                kind="call", author_kind="citizen", visibility="public", text="", body={}, channel_id=house.ids["in"],
                item_key=f"call-{now}", occurred_at=now - 30 * clock.SECOND,
            ),
        )  # fmt: skip
        unit.add(
            Call(
                municipality_id=here, entry_id=entry.id, state="queued", number="+46701740699", called="+46846500401",
                queue_id=house.ids["kundtjanst"], queue_name="Kundtjänst", menu_path=["1"],
                offered_at=now - 30 * clock.SECOND, transfers=[], steps={}, seen={},
            )
        )  # fmt: skip
        return row.id, entry.id

    return house.write(ring)


def heard(desk: Desk, name: str = "ring") -> None:
    """As the stream of events brings it."""
    desk.page.evaluate("name => document.body.dispatchEvent(new CustomEvent(name, { detail: { data: '{}' } }))", name)


def pops(desk: Desk) -> None:
    """It is heard of until the hub knows of it: it didn’t write it, and keeps what it reckoned for a moment."""

    def is_there() -> bool:
        heard(desk)
        return desk.at("#callpop").is_visible()

    desk.until(is_there)


def test_what_rings_pops_over_what_somebody_writes_and_takes_no_focus(house: House, open_desk: OpenDesk) -> None:
    house.write(duty.say, house.ids["sara"], "ready")
    desk = open_desk("sara", "/inbox?view=open")
    desk.press("/")
    desk.type("sla")
    conversation_id, entry_id = rings(house)
    pops(desk)
    expect(desk.at("#callpop")).to_contain_text("May be Hanne Myklebust")
    expect(desk.at("#callpop")).to_contain_text("Granvik kommun, du talar med Sara")
    assert "+46701740699" not in desk.at("#callpop").inner_text()
    assert desk.focused() == "q"
    expect(desk.at("#said-now")).to_contain_text("Incoming call for Granvik kommun")
    expect(desk.at("#phone")).to_contain_text("waiting")
    desk.page.evaluate("document.getElementById('said-now').textContent = ''")
    heard(desk)
    desk.page.wait_for_timeout(500)
    expect(desk.at("#said-now")).to_have_text("")
    desk.press("F2")
    desk.page.wait_for_url(f"**/conversations/{conversation_id}/contacts/{entry_id}")
    expect(desk.at("#thread-title")).to_contain_text("May be Hanne Myklebust")
    expect(desk.at(".hops")).to_contain_text("Menu choice")
    for key in ("hold", "transfer", "hang-up"):  # its channel can't be told
        expect(desk.at(f"#{key}")).to_have_count(0)
    house.write(hangs_up, entry_id)


def test_whoever_says_not_now_sees_it_no_more_and_the_next_call_pops(house: House, open_desk: OpenDesk) -> None:
    house.write(duty.say, house.ids["sara"], "ready")
    desk = open_desk("sara", "/inbox?view=open")
    _, entry_id = rings(house)
    pops(desk)
    desk.at("#not-now").click()
    expect(desk.at("#callpop")).to_be_hidden()
    expect(desk.at("#phone")).to_contain_text("waiting")  # it goes on ringing at the others
    heard(desk)
    desk.page.wait_for_timeout(500)
    desk.goto("/callbacks")
    expect(desk.at("#callpop")).to_be_hidden()
    house.write(hangs_up, entry_id)
    _, entry_id = rings(house)
    pops(desk)
    house.write(hangs_up, entry_id)


@pytest.mark.parametrize(("number", "staff"), [(None, False), ("+46701740699", True)])
def test_what_rings_says_that_its_number_is_withheld_or_one_of_ours(
    house: House, open_desk: OpenDesk, number: str | None, staff: bool
) -> None:
    def comes_from(unit: Unit, entry_id: int) -> None:
        row = unit.first(select(Call).where(Call.entry_id == entry_id))
        assert row is not None
        row.number, row.staff = number, staff

    house.write(duty.say, house.ids["sara"], "ready")
    _, entry_id = rings(house)
    house.write(comes_from, entry_id)
    desk = open_desk("sara", "/inbox?view=open", viewport={"width": 390, "height": 664})
    pops(desk)
    pop = desk.at("#callpop")
    expect(pop).to_contain_text("from a number of ours" if staff else "number withheld")
    expect(pop).to_contain_text("number seen before") if staff else expect(pop).not_to_contain_text("seen before")
    expect(desk.at("#said-now")).to_contain_text("a number of ours" if staff else "Its number is withheld")
    for width in (390, 320):
        desk.page.set_viewport_size({"width": width, "height": 664})
        for button in ("#answer", "#not-now"):
            expect(desk.at(button)).to_be_in_viewport(ratio=1)
    desk.at("#not-now").click()
    expect(pop).to_be_hidden()
    house.write(hangs_up, entry_id)


def hangs_up(unit: Unit, entry_id: int) -> None:
    row = unit.first(select(Call).where(Call.entry_id == entry_id))
    assert row is not None
    row.ended_at, row.state, row.cause = clock.now(), "ended", "abandoned"
    unit.note(Happening("conversation_changed", 0, row.municipality_id, 0))
