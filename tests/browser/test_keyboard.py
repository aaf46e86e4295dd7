"""Where the focus is: always seen, never lost, back where it came from; and in which order Tab goes."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import ConsoleMessage, Route, expect

from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import WASTE, House
from tests.line import until

SEEN = """() => {
  const at = document.activeElement;
  if (at === document.body) return "lost";
  const label = at.closest("label") ?? at;
  const marks = [at, label, at.parentElement].map((each) => getComputedStyle(each));
  const marked = marks.some(({ outlineStyle, outlineWidth, boxShadow }) =>
    (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none");
  const box = label.getBoundingClientRect();
  const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  return (marked ? "" : "unmarked ") + (inside ? "" : "outside ") || "seen";
}"""
WHERE = """() => {
  const at = document.activeElement;
  const panes = ".skip, #rail, .topbar, #pane-list, #thread-head, #history, #composer, #panel";
  const part = at.closest(`${panes}, [popover], dialog`);
  return part ? part.id || part.className.split(" ")[0] || part.tagName : at.tagName;
}"""


def _tab(desk: Desk, times: int, key: str = "Tab") -> Sequence[str]:
    """Through which parts of the page it goes; each stop is seen."""
    parts: list[str] = []
    for _ in range(times):
        desk.press(key)
        part = str(desk.page.evaluate(WHERE))
        if not parts or parts[-1] != part:
            parts.append(part)
        what = desk.page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        assert desk.page.evaluate(SEEN) == "seen" or part == "BODY", what
    return parts


def test_tab_goes_through_the_page_in_its_order_and_is_always_seen(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}")
    conversation_id = desk.rows()[0]
    desk.goto(f"/conversations/{conversation_id}?view=open&queue={house.ids['avfall']}")
    parts = _tab(desk, 75)
    order = ["skip", "rail", "topbar", "pane-list", "thread-head", "history", "composer", "panel"]
    assert [part for part in parts if part in order][: len(order)] == order
    back = _tab(desk, 3, "Shift+Tab")
    assert "BODY" not in back[1:]


def test_the_first_tab_leads_past_all_that_is_on_every_page(open_desk: OpenDesk) -> None:
    for who, path in (("sara", "/inbox?view=open"), ("goran", "/channels")):
        desk = open_desk(who, path)
        desk.press("Tab")
        expect(desk.at(".skip")).to_be_focused()
        expect(desk.at(".skip")).to_be_in_viewport()
        desk.press("Enter")
        expect(desk.at("#main")).to_be_focused()
        desk.press("Tab")
        assert desk.page.evaluate("document.activeElement.closest('#main') !== null")


def test_what_opens_takes_the_focus_and_gives_it_back(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}")
    desk.open(desk.rows()[0])
    for key, menu in (("h", "m-queue"), ("t", "m-topic"), ("a", "m-assign"), ("i", "m-identify"), ("m", "m-more")):
        desk.press(key)
        expect(desk.at(f"#{menu}")).to_be_visible()
        expect(desk.at(f"#{menu} :focus")).to_be_attached()
        desk.press("Escape")
        expect(desk.at(f"#{menu}")).to_be_hidden()
        assert desk.page.evaluate(SEEN) == "seen", menu
    for key, dialog in (("?", "shortcuts"), ("Control+k", "palette")):
        desk.press(key)
        expect(desk.at(f"#{dialog}")).to_be_visible()
        desk.press("Escape")
        assert desk.page.evaluate(SEEN) == "seen", dialog
    for words in ("Misdirected", "Merge", "Confidential"):
        desk.press("m")
        expect(desk.at("#m-more .option").first).to_be_focused()  # by the menu as it opens, not after what follows
        desk.at("#m-more .option", words).focus()
        desk.press("Enter")
        expect(desk.at("#asking dialog")).to_be_visible()
        expect(desk.at("dialog :focus")).to_be_attached()
        inside = _tab(desk, 6)
        assert set(inside) <= {"DIALOG", "BODY", "HTML"}, inside
        desk.press("Escape")
        expect(desk.at("#asking dialog")).to_have_count(0)
        assert desk.page.evaluate(SEEN) == "seen", words
    reveal = desk.at("#citizen button", "Reveal").first
    reveal.focus()
    desk.press("Enter")
    expect(desk.at("#reveal-title")).to_be_visible()
    desk.press("Escape")
    expect(reveal).to_be_focused()


def test_tabs_and_quoted_parts_work_by_keys(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}")
    desk.open(desk.rows()[0])
    desk.at("#t1").focus()
    desk.press("ArrowRight")
    expect(desk.at("#t2")).to_be_focused()
    expect(desk.at("#p2")).to_be_visible()
    desk.at("#thread-title").focus()
    desk.press("i")  # its button is in the other tab, which comes forward
    expect(desk.at("#m-identify")).to_be_visible()
    expect(desk.at("#p1")).to_be_visible()
    desk.press("Escape")
    desk.at("#t2").click()
    desk.at("#t2").focus()
    desk.press("ArrowLeft")
    expect(desk.at("#p1")).to_be_visible()
    desk.at("#thread-title").focus()
    desk.press("]")
    desk.press("n")
    desk.type("m")
    expect(desk.at("textarea.for-note")).to_have_value("m")
    desk.press("Escape")
    expect(desk.at("#thread-title")).to_be_focused()
    desk.press("Escape")
    expect(desk.at("#list a.row[aria-current]")).to_be_focused()


def test_what_is_typed_while_a_conversation_is_on_its_way_is_meant_for_it(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}")
    stands, comes = desk.rows()[:2]
    desk.open(stands)
    with desk.held(f"/conversations/{comes}") as asked:
        desk.row(comes).click()
        asked()
        desk.press("r", *"Svar 0.")
    expect(desk.at(f"#thread[data-id='{comes}']")).to_be_attached()
    expect(desk.at("textarea.for-reply")).to_have_value("Svar 0.")
    assert not [each.url for each in desk.requests if each.method == "POST" and f"{stands}/assignment" in each.url]


def test_what_is_pressed_twice_is_done_once(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("anton", "/inbox?view=mine")
    held: list[Route] = []
    desk.page.route("**/next?*", lambda route: held.append(route))  # noqa: PLW0108 - it marks what it is given
    said: list[str] = []
    desk.page.on("console", lambda message: said.append(message.text))
    press = "button => { button.click(); setTimeout(() => { button.click(); console.log('again'); }, 150); }"
    desk.at("#take-next").evaluate(press)
    desk.until(lambda: bool(held) and "again" in said)
    for each in held:
        each.continue_()
    expect(desk.at("#thread[data-id]")).to_be_visible()
    assert len([each for each in desk.told() if each.startswith("POST /next")]) == 1


def test_who_asks_for_more_goes_on_with_what_came(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej!", to=WASTE, Subject="Lång historia")
    for number in range(60):
        house.api("POST", f"/conversations/{conversation_id}/notes", {"text": f"Anteckning {number}.\n\nMer."})
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open&queue={house.ids['avfall']}")
    more = desk.at("#timeline .load-more")
    more.focus()
    top = desk.at("#timeline > .event").nth(3)
    at = "element => element.getBoundingClientRect().top"
    entry, where = top.get_attribute("id"), top.evaluate(at)
    desk.press("Enter")
    expect(more).to_have_count(0)
    expect(desk.at("#history")).to_be_focused()
    assert abs(desk.at(f"#{entry}").evaluate(at) - where) < 2
    days = desk.at("#timeline > .day").all_inner_texts()
    assert len(days) == len(set(days))


def test_a_key_that_is_no_outcome_s_does_nothing(open_desk: OpenDesk) -> None:
    """A quotation mark would end a selector."""
    desk = open_desk("sara", "/inbox?view=open")
    desk.open(desk.rows()[4])
    desk.press("o", '"', "o", "\\")
    expect(desk.at("#toast [data-toast]")).to_have_count(0)


def test_a_way_back_needs_nothing_of_the_page_that_it_stood_on(open_desk: OpenDesk) -> None:
    desk = open_desk("sara", "/inbox?view=open")
    said: list[ConsoleMessage] = []
    desk.page.on("console", lambda message: said.append(message))  # noqa: PLW0108 - it marks what it is given
    desk.open(desk.rows()[8])
    desk.press("e")
    desk.says("Closed")
    desk.press("c")
    expect(desk.at("#new-to")).to_be_focused()
    desk.at("#thread-title").focus()
    desk.press("z")
    desk.says("Open again")
    expect(desk.at("#new-to")).to_be_visible()
    assert [each.text for each in said if each.type == "warning"] == []


def test_what_can_be_undone_can_be_whatever_else_is_said_or_opened(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", "/inbox?view=open")
    desk.watch.expect("422")
    first, second = desk.rows()[5:7]
    desk.open(first)
    desk.press("w", "1")
    desk.says("Waits until")
    desk.press("z")
    desk.says("Waits no longer")
    desk.press("r")
    desk.type("Hej! Nej.")
    desk.at("#send-open").click()
    desk.says("Sent")
    desk.press("Control+Enter")
    expect(desk.at("#toast")).to_contain_text("Write something first")
    expect(desk.at("#toast [data-key=z]")).to_be_visible()
    desk.open(second)
    desk.press("z")
    expect(desk.at(f'#thread[data-id="{first}"]')).to_be_visible()
    expect(desk.at("textarea.for-reply")).to_have_value("Hej! Nej.")
    desk.press("e")
    desk.says("Closed")
    desk.open(second)
    desk.press("z")
    desk.says("Open again")
    assert desk.opened() == second
    expect(desk.at("#hand-over")).to_be_visible()
    assert house.conversation(first)["conversation"]["closed_at"] is None
    assert desk.at(f'#menus form[action*="{first}"]').count() == 0
    counted = desk.at("#rail .nav-link[aria-current] .count")
    until(lambda: desk.at("#total").inner_text() == counted.inner_text())


def test_out_of_a_search_by_key_to_its_hits_and_back_to_the_list(open_desk: OpenDesk) -> None:
    desk = open_desk("sara", "/inbox?view=open")
    there = desk.rows()
    desk.press("/")
    desk.type("Hej")
    desk.lists("Found")
    expect(desk.at("#list-title")).to_contain_text(re.compile(r"Found \d+"))
    desk.press("Escape")
    assert desk.focused() == "A"  # a hit
    expect(desk.at("#q")).to_have_value("Hej")
    desk.press("Escape")
    desk.lists("All open")
    expect(desk.at("#q")).to_have_value("")
    assert desk.rows() == there
    expect(desk.at("#list a.row").first).to_be_focused()
    desk.press("/", "ArrowDown")
    expect(desk.at("#list a.row").first).to_be_focused()


def test_a_key_for_a_conversation_says_so_where_there_is_none(open_desk: OpenDesk) -> None:
    desk = open_desk("sara", "/inbox?view=open")
    desk.press("c")
    expect(desk.at("#new-to")).to_be_focused()
    desk.press("Escape", "f")
    desk.says("Open a conversation first")


def test_how_it_ended_is_answered_by_figures(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Två frågor.", Subject="Två frågor")
    for name in ("Bygglov", "Faktura"):
        house.api("POST", f"/conversations/{conversation_id}/matters", {"topic": str(house.ids[name])})
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    desk.press("r")
    desk.type("Hej! Svar på båda.")
    desk.press("Control+Enter")
    expect(desk.at("dialog.ended")).to_be_visible()
    desk.press("2", "1")
    expect(desk.at("dialog.ended [data-kind=primary]")).to_be_focused()
    assert desk.at("dialog.ended :checked[type=radio]").evaluate_all("all => all.map((each) => each.value)") == [
        "handed_over",
        "solved_here",
    ]
    desk.press("Enter")
    desk.says("Sent and closed")


def test_the_time_of_a_draft_is_said_as_every_other_time(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives()
    options = {"locale": "en-US", "timezone_id": "America/New_York"}
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open", **options)
    desk.press("r")
    desk.type("Hej")
    expect(desk.at("#saved")).to_have_text(re.compile(r"^Draft saved \d\d:\d\d$"))
    here = datetime.now(ZoneInfo("Europe/Stockholm"))
    around = {f"{here - timedelta(minutes=late):%H:%M}" for late in (0, 1)}
    assert desk.at("#saved").inner_text().removeprefix("Draft saved ") in around


def test_on_a_phone_identity_is_confirmed_and_an_answer_taken_back(house: House, open_desk: OpenDesk) -> None:
    """The menu stands in the conversation, which the panel hides; so is the list, and the focus stays here."""
    conversation_id = house.arrives("Hej, jag är en annan.", From="Nils Ny <nils.ny@post.example>")
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open", viewport={"width": 390, "height": 844})
    desk.press("]")
    expect(desk.at("#thread-title")).to_be_hidden()
    desk.at("#identify").click()
    desk.at("#m-identify .option").first.click()
    expect(desk.at("#identity-line")).to_have_attribute("data-state", "confirmed")
    desk.at("#panel [data-pane-to=thread]").click()
    desk.press("r")
    desk.type("Välkommen!")
    desk.press("Control+Enter")
    desk.says("Sent and closed")
    assert desk.focused() == "thread-title"  # the next row isn't shown
    desk.press("z")
    desk.says("Taken back. Nothing was sent")


def test_on_a_phone_what_is_read_has_the_room_until_somebody_writes(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej!\n\n" + "Rad.\n" * 80)
    desk = open_desk("sara", "/inbox?view=open", viewport={"width": 390, "height": 844})
    desk.open(conversation_id)
    history = desk.at("#history")
    assert history.evaluate("it => it.clientHeight") > 450
    assert history.evaluate("it => it.scrollHeight - it.scrollTop - it.clientHeight") < 2  # the newest is in sight
    expect(desk.at("#send-close")).to_be_hidden()
    desk.at("textarea.for-reply").click()
    expect(desk.at("#send-close")).to_be_visible()
    desk.type("Hej")
    desk.at("#thread-title").focus()
    expect(desk.at("#send-close")).to_be_visible()
