"""Rows without opening them: their own menu, and several picked at once, by mouse and by key."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import WASTE, House
from tests.line import until


def _three(house: House) -> list[str]:
    """At the end of the list of Avfall."""
    return [str(house.arrives("Hej!", to=WASTE, Subject=f"Rad {number}")) for number in range(3)]


def _desk(house: House, open_desk: OpenDesk, **options: object) -> Desk:
    return open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}", **options)


def test_what_is_picked_by_key_is_done_to_all_and_taken_back(house: House, open_desk: OpenDesk) -> None:
    ids = _three(house)
    desk = _desk(house, open_desk)
    desk.open(ids[0])
    for each in ids:
        desk.row(each).focus()
        desk.press("x")
    expect(desk.at("#picked")).to_contain_text("3 selected")
    expect(desk.at("#said")).to_have_text("3 selected")
    expect(desk.row(ids[1])).to_have_accessible_description("Selected")
    desk.press("x")
    expect(desk.at("#picked")).to_contain_text("2 selected")
    desk.press("x")
    expect(desk.at("#picked")).to_contain_text("3 selected")
    desk.press("a")
    expect(desk.at("#m-picked-assign")).to_contain_text("Anton Berg")
    desk.at("#m-picked-assign .option", "Anton Berg").focus()
    desk.press("Enter")
    desk.says("3 conversations assigned to Anton Berg")
    expect(desk.at("#picked")).to_be_empty()
    for each in ids:
        expect(desk.at(f"#row-{each} [aria-label='Assigned to Anton Berg']")).to_be_attached()
    expect(desk.at("#assign")).to_contain_text("Anton Berg")  # the open one among them
    assert desk.page.evaluate("document.activeElement.matches('#list a.row')")
    desk.press("z")
    desk.says("3 conversations are as they were")
    for each in ids:
        expect(desk.at(f"#row-{each} [aria-label='Unassigned']")).to_be_attached()
        desk.row(each).focus()
        desk.press("x")
    desk.press("e")
    desk.says("3 conversations closed")
    assert all(house.conversation(each)["conversation"]["closed_at"] for each in ids)


def test_what_is_picked_by_mouse_waits_and_what_changed_meanwhile_stays(house: House, open_desk: OpenDesk) -> None:
    ids = _three(house)
    desk = _desk(house, open_desk)
    for each in ids[:2]:
        desk.at(f"#row-{each}").hover()
        desk.at(f"#row-{each} .pick input").check()
    expect(desk.at("#picked")).to_contain_text("2 selected")
    desk.page.route(
        "**/inbox/picked?*", lambda route: route.abort() if route.request.method == "GET" else route.continue_()
    )
    desk.watch.expect("ERR_FAILED", "Failed to fetch")
    house.change("PUT", ids[1], "assignment", {"person": "me"}, who="anton")
    expect(desk.at(f"#row-{ids[1]} [aria-label='Assigned to Anton Berg']")).to_be_attached()
    desk.at("#picked").get_by_role("button", name="Wait until").click()
    desk.at("#m-picked-wait .option").first.click()
    desk.says("1 conversation waits until")
    expect(desk.at("#toast")).to_contain_text("1 stays as it is: ")
    expect(desk.at("#picked")).to_contain_text("1 selected")
    expect(desk.at(f"#row-{ids[1]}")).to_have_attribute("data-picked", "")
    desk.at("#thread").click()
    desk.press("Escape")
    expect(desk.at("#picked")).to_be_empty()
    expect(desk.at("#list [data-picked]")).to_have_count(0)


CATCHES_UP = "document.body.dispatchEvent(new CustomEvent('resync', { detail: { data: '' } }))"
"""As when the line of live events was down for a moment: all rows come anew."""


def test_the_box_stays_under_the_mouse_while_rows_come_anew(house: House, open_desk: OpenDesk) -> None:
    first, second, _ = _three(house)
    desk = _desk(house, open_desk)
    desk.at(f"#row-{first}").hover()
    desk.at(f"#row-{first} .pick input").check()  # it has the focus
    desk.at(f"#row-{second}").hover()
    desk.comes_anew(lambda: desk.page.evaluate(CATCHES_UP), first, second)
    expect(desk.at(f"#row-{first} .pick input")).to_be_focused()
    expect(desk.at(f"#row-{first} .row-more")).to_have_count(0)
    expect(desk.at(f"#row-{second} .row-more")).to_be_visible()
    desk.at(f"#row-{second} .pick input").check()
    expect(desk.at("#picked")).to_contain_text("2 selected")


def test_the_mouse_takes_no_button_or_box_from_under_the_focus(house: House, open_desk: OpenDesk) -> None:
    first, second, third = _three(house)
    desk = _desk(house, open_desk)
    desk.at(f"#row-{first}").hover()
    desk.at(f"#row-{first} .row-more").click()
    expect(desk.at("#m-row")).to_be_visible()
    desk.press("Escape")
    expect(desk.at(f"#row-{first} .row-more")).to_be_focused()
    desk.at(f"#row-{second}").hover()
    expect(desk.at(f"#row-{first} .row-more")).to_be_focused()
    desk.at(f"#row-{second} .pick input").check()
    expect(desk.at(f"#row-{first} .row-more")).to_have_count(0)
    desk.at(f"#row-{second} .pick input").uncheck()
    desk.at(f"#row-{third}").hover()
    expect(desk.at(f"#row-{second} .pick input")).to_be_focused()
    desk.press("Space")
    expect(desk.at("#picked")).to_contain_text("1 selected")
    desk.press("Space")
    expect(desk.at("#picked")).to_be_empty()
    expect(desk.at(f"#row-{second} .pick input")).to_be_focused()
    desk.press("Shift+Tab")
    expect(desk.row(second)).to_be_focused()


def test_a_menu_of_the_bar_stays_open_while_what_is_picked_comes_anew(house: House, open_desk: OpenDesk) -> None:
    first, second, _ = _three(house)
    desk = _desk(house, open_desk)
    for each in (first, second):
        desk.row(each).focus()
        desk.press("x")
    desk.press("w")
    expect(desk.at("#m-picked-wait")).to_be_visible()
    desk.at("#picked-date").fill("2031-04-01")
    desk.comes_anew(lambda: house.change("PUT", second, "assignment", {"person": "me"}, who="anton"), second)
    desk.settles()
    expect(desk.at("#picked-date")).to_have_value("2031-04-01")
    expect(desk.at("#m-picked-wait")).to_be_visible()
    with desk.page.expect_request("**/inbox/picked?*"):
        desk.press("Escape")
    desk.press("w")
    expect(desk.at("#picked-date")).to_have_value("")
    desk.at("#picked-date").fill("2031-04-01")
    desk.at("#m-picked-wait .menu-end button").click()
    desk.says("2 conversations wait until")  # as they are by now, for the bar was asked for anew


def test_a_search_leaves_nothing_picked(house: House, open_desk: OpenDesk) -> None:
    ids = _three(house)
    desk = _desk(house, open_desk)
    desk.row(ids[2]).focus()
    desk.press("x")
    expect(desk.at("#picked")).to_contain_text("1 selected")
    desk.at("#q").fill("ingenting alls")
    expect(desk.at("#list-title")).to_contain_text("Found")
    expect(desk.at("#picked")).to_be_empty()
    desk.at("#q").fill("")
    expect(desk.at("#list-title")).to_contain_text("Avfall")
    expect(desk.at("#list [data-picked]")).to_have_count(0)


ANEW = """async (row) => {
  const same = row.cloneNode(true);
  same.querySelectorAll(".row-more, .pick").forEach((each) => each.remove());
  await htmx.swap({ text: same.outerHTML, target: row, sourceElement: row, swap: "outerHTML" });
}"""
"""As when its whole list comes anew."""


def _beside(desk: Desk, button: str) -> bool:
    """Whether the menu of rows opened there."""
    opener, menu = (desk.at(each).bounding_box() for each in (button, "#m-row"))
    return bool(opener and menu and abs(menu["y"] - opener["y"]) < menu["height"] + 60)


def test_the_menu_of_a_row_does_it_without_opening_it(house: House, open_desk: OpenDesk) -> None:
    ids = _three(house)
    desk = _desk(house, open_desk)
    desk.open(ids[0])
    desk.at(f"#row-{ids[1]}").hover()
    desk.at(f"#row-{ids[1]} .row-more").click()
    expect(desk.at("#m-row")).to_be_visible()
    desk.at(f"#row-{ids[1]}").evaluate(ANEW)
    until(lambda: _beside(desk, f"#row-{ids[1]} .row-more"))
    desk.comes_anew(lambda: desk.page.evaluate(CATCHES_UP), ids[1])
    assert _beside(desk, f"#row-{ids[1]} .row-more")
    desk.at("#m-row .option", "Close").click()
    desk.says("Closed")
    assert desk.opened() == ids[0]
    expect(desk.at("#thread-head")).to_contain_text("Open")
    desk.press("z")
    desk.says("Open again")
    assert house.conversation(ids[1])["conversation"]["closed_at"] is None
    desk.row(ids[2]).focus()
    desk.press("m")
    expect(desk.at("#m-row :focus")).to_be_attached()
    desk.press("w")
    expect(desk.at("#m-row-wait")).to_be_visible()
    desk.press("1")
    desk.says("Waits until")
    assert house.conversation(ids[2])["conversation"]["wait_until"]
    desk.row(ids[0]).focus()
    desk.press("m")
    expect(desk.at("#m-more")).to_be_visible()  # the open one's own
    desk.press("Escape")
    desk.row(ids[1]).focus()
    desk.press("Tab", "Tab")
    expect(desk.at(f"#row-{ids[1]} .row-more")).to_be_focused()
    desk.press("Enter")
    desk.at("#m-row .option", "Misdirected").click()
    expect(desk.at("#asking dialog")).to_be_visible()
    desk.at("#misdirected-to").select_option("")
    desk.at("#misdirected-where").fill("Trafikverket")
    desk.press("Control+Enter")
    desk.says("Closed as misdirected")
    assert desk.opened() == ids[0]


def test_nothing_is_offered_for_what_is_others_alone(house: House, open_desk: OpenDesk) -> None:
    secret = house.arrives("Min granne.", to=WASTE, Subject="Oro")
    house.change("PUT", secret, "confidentiality", {"queue": str(house.ids["social"])})
    desk = _desk(house, open_desk)
    desk.at(f"#row-{secret}").hover()
    expect(desk.at(f"#row-{secret} .row-more")).to_have_count(0)
    desk.row(secret).focus()
    desk.press("x")
    expect(desk.at("#picked")).to_be_empty()
