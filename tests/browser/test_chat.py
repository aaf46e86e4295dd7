"""A citizen chats on a municipality's page, and one of ours answers at the desk."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Route, expect

from tests.browser.chat_page import Site, Widget, add_chat, site
from tests.browser.conftest import BOTH_ENGINES, OpenDesk
from tests.browser.desk import type_keys
from tests.browser.house import House
from tests.browser.visits import Visit, answer, newest, page_of_granvik, visit

__all__ = ["page_of_granvik", "visit"]
pytestmark = BOTH_ENGINES


def test_what_is_said_comes_both_ways(house: House, visit: Visit) -> None:
    widget = visit()
    widget.begins()
    expect(widget.at("#stands")).to_have_text("Du står på tur. Någon svarar snart.")
    answer(house, "Ja, till klockan 15.")
    expect(widget.at(".turn:not(.mine) p")).to_have_text("Sara: Ja, till klockan 15.")
    expect(widget.at("#line")).to_have_text("Sara svarar")
    widget.says("Tack!")
    widget.at("#end").click()
    widget.at("#end-yes").click()
    expect(widget.at("#over-words")).to_contain_text("Du har avslutat chatten")


def test_what_waits_says_so_and_goes_on_once_it_is_taken(house: House, visit: Visit) -> None:
    """In the frame and on the button that stands for it while it is minimised."""
    widget = visit()
    assert widget.button_says("Chatta med oss")
    widget.begins()
    expect(widget.at("#line")).to_have_text("Du väntar på svar")
    widget.minimise()
    assert widget.button_says("Du väntar på svar")
    answer(house, "Ja, till klockan 15.")
    assert widget.button_says("Din chatt pågår 1")
    widget.open()
    expect(widget.at("#line")).to_have_text("Sara svarar")
    widget.at("#end").click()
    widget.at("#end-yes").click()
    expect(widget.at("#over-words")).to_be_visible()
    widget.minimise()
    assert widget.button_says("Chatta med oss")


def test_the_page_around_doesnt_move(visit: Visit) -> None:
    """How soon it is there, `tests/bench/chat.py` measures."""
    widget = visit(go=False)
    widget.page.add_init_script(
        """window.shifted = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((each) => (window.shifted += each.value)))
          .observe({ type: "layout-shift", buffered: true });"""
    )
    widget.goto()
    widget.open()
    widget.page.wait_for_timeout(200)
    assert widget.page.evaluate("window.shifted") == 0


def test_the_line_breaks_and_nothing_is_lost_or_doubled(house: House, visit: Visit) -> None:
    widget = visit()
    widget.begins("Första")
    found = answer(house, "Svar ett")
    expect(widget.at(".turn:not(.mine)")).to_have_count(1)
    widget.page.context.set_offline(True)
    widget.says("Andra")
    widget.says("Tredje")
    answer(house, "Svar två", found)
    widget.page.context.set_offline(False)
    expect(widget.at(".turn:not(.mine)")).to_have_count(2)
    expect(widget.at(".turn.mine small").last).not_to_contain_text("skickas")
    widget.page.reload()
    expect(widget.page.locator("torg-chat[data-loaded]")).to_be_attached()
    widget.open()
    expect(widget.at(".turn.mine p")).to_have_text(["Du: Första", "Du: Andra", "Du: Tredje"])
    expect(widget.at(".turn:not(.mine) p")).to_have_text(["Sara: Svar ett", "Sara: Svar två"])
    entries = house.ask("GET", f"/conversations/{found}/timeline")[1]["items"]
    assert [each["text"] for each in entries if each["author"]["kind"] == "citizen"] == ["Första", "Andra", "Tredje"]


def test_a_page_whose_address_ends_with_it_opens_the_chat(visit: Visit) -> None:
    """As a link in a letter has it; on that page its own link does, too."""
    widget = visit()
    widget.page.goto(f"{widget.site.origin}/avfall?i-brev#torg-chat")
    expect(widget.page.locator("torg-chat[data-loaded]")).to_be_attached()
    expect(widget.at("#chat-title")).to_be_visible()


def test_two_visitors_see_their_own_alone(house: House, visit: Visit) -> None:
    """A43."""
    astrid, bertil = visit(), visit()
    astrid.begins("Astrids fråga")
    first = house.read(newest)
    bertil.begins("Bertils fråga")
    answer(house, "Till Bertil")
    answer(house, "Till Astrid", first)
    expect(astrid.at(".turn:not(.mine) p")).to_have_text(["Sara: Till Astrid"])
    expect(bertil.at(".turn:not(.mine) p")).to_have_text(["Sara: Till Bertil"])
    assert "Astrid" not in bertil.at("body").inner_text()
    assert "secret" not in bertil.page.url + "".join(each.url for each in bertil.page.frames)


def test_another_page_may_not_show_it(house: House, page_of_granvik: Site, visit: Visit) -> None:
    with site(house.url) as stranger:
        stranger.channel = page_of_granvik.channel
        widget = visit(on=stranger, go=False)
        with widget.page.expect_console_message(lambda said: "frame-ancestors" in said.text):
            widget.page.goto(f"{stranger.origin}/")
        assert widget.page.locator("torg-chat[data-loaded]").count() == 0
        expect(widget.page.locator("torg-chat")).to_have_count(0)  # nor a button that opens nothing


def test_closed_a_message_is_left(house: House, page_of_granvik: Site, visit: Visit) -> None:
    with site(house.url) as made:
        queue = f"granvik/{house.ids['kundtjanst']}"
        made.channel = house.write(add_chat, queue, origins=[made.origin], hours="mon 00:00-00:01", name="no")
        widget = visit(on=made)
        widget.open()
        expect(widget.at("#lead")).to_be_visible()
        widget.at("#question").fill("Ring mig inte, skriv.")
        widget.at("#submit").click()
        expect(widget.at("#p-email")).to_have_text("Fyll i det här.")
        widget.at("#email").fill("astrid@post.example")
        widget.at("#submit").click()
        expect(widget.at("#left-words")).to_contain_text("astrid@post.example")


def test_a_chat_that_ends_while_its_bar_is_fetched_is_over(house: House, visit: Visit, open_desk: OpenDesk) -> None:
    widget = visit()
    widget.begins()
    found = house.read(newest)
    desk = open_desk("sara", f"/conversations/{found}?view=open")
    with desk.held(f"/conversations/{found}/chat") as asked:
        assert house.ask("PUT", f"/conversations/{found}/chat/taking")[0] == 200
        asked()
        since = len(desk.requests)
        widget.at("#end").click()
        widget.at("#end-yes").click()
        desk.until(lambda: any("/inbox/news" in each.url for each in desk.requests[since:]))  # that it ended was told
    expect(desk.at("#chat-bar")).to_contain_text("The chat is over")


def test_only_who_is_rung_asks_what_rings(house: House, visit: Visit, open_desk: OpenDesk) -> None:
    house.ask("PUT", "/me/duty", {"state": "ready"})
    sara, leila = open_desk("sara"), open_desk("leila")
    leila.settles()
    before = len(leila.requests)
    widget = visit()
    widget.begins("Ringer det?")
    expect(sara.at("#ringing [data-chat-rings]", "Ringer det?")).to_be_visible()
    sara.press("F2")
    expect(sara.at("#chat-bar")).to_contain_text("You are in this chat")
    leila.settles()
    assert not [each.url for each in leila.requests[before:] if "/ringing" in each.url]


def test_the_desk_and_the_widget_at_once(house: House, visit: Visit, open_desk: OpenDesk) -> None:
    house.ask("PUT", "/me/duty", {"state": "ready"})
    desk, widget = open_desk("sara"), visit()
    widget.begins("När töms min brunn?")
    rings = desk.at("#ringing [data-chat-rings]", "När töms min brunn?")
    expect(rings).to_be_visible()
    expect(rings).to_contain_text("Granvik")
    _axe_of(desk.page.main_frame)
    desk.press("F2")
    expect(desk.at("#chat-bar")).to_contain_text("You are in this chat")
    expect(desk.at("textarea.for-chat")).to_be_focused()
    expect(desk.at('.event[data-kind="chat"]')).to_contain_text("När töms min brunn?")
    expect(widget.at("#line")).to_have_text("Sara svarar")
    expect(widget.at(".turn.mine small")).to_contain_text("läst")
    desk.press("Escape", "r")  # by the chat, not by e-mail
    expect(desk.at("textarea.for-chat")).to_be_focused()
    desk.at("textarea.for-chat").press_sequentially("På torsdag.", delay=5)
    expect(widget.at("#typing-who")).to_have_text("Sara skriver")
    desk.press("Enter")
    expect(widget.at(".turn:not(.mine) p")).to_have_text("Sara: På torsdag.")
    expect(desk.at("[data-mark]").last).to_contain_text("Seen")
    _axe_of(desk.page.main_frame)
    widget.at("#say").press_sequentially("Tack", delay=5)
    expect(desk.at("#present")).to_contain_text("The citizen is typing")
    widget.at("#say").press("Enter")
    expect(desk.at('.event[data-kind="chat"]').last).to_contain_text("Tack")
    desk.at("#end-chat").click()
    expect(widget.at("#over-words")).to_contain_text("Vi har avslutat chatten")
    expect(desk.at("#chat-bar")).to_contain_text("The chat is over")
    expect(desk.at('#composer [data-mode="chat"]')).to_have_count(0)
    expect(desk.at('#composer [data-mode="mail"]')).to_have_count(0)  # they left no address
    desk.press("n")
    expect(desk.at("textarea.for-note")).to_be_focused()
    house.ask("PUT", "/me/duty", {"state": "away"})


def test_whoever_goes_rings_no_more_and_whoever_loads_the_page_again_does(
    house: House, visit: Visit, open_desk: OpenDesk
) -> None:
    house.ask("PUT", "/me/duty", {"state": "ready"})
    desk, widget = open_desk("sara"), visit()
    widget.begins("Är ni där?")
    rings = desk.at("#ringing [data-chat-rings]", "Är ni där?")
    expect(rings).to_be_visible()
    widget.page.reload()
    expect(widget.page.locator("torg-chat[data-loaded]")).to_be_attached()
    widget.open()
    expect(widget.at(".turn.mine", "Är ni där?")).to_be_visible()
    expect(rings).to_be_visible()
    widget.page.goto("about:blank")
    expect(rings).to_have_count(0)
    house.ask("PUT", "/me/duty", {"state": "away"})


def test_a_tab_that_was_closed_goes_on_in_the_next_and_a_second_one_begins_its_own(
    browser: Browser, page_of_granvik: Site
) -> None:
    """Where a page may keep something: never in another browser, and never while somebody has it."""
    own, others = browser.new_context(), browser.new_context()
    first = _tab(own, page_of_granvik)
    _ask(first)
    second = _tab(own, page_of_granvik)
    expect(second.locator("#question")).to_be_visible()
    second.close()
    with first.expect_event("close"):
        first.close(run_before_unload=True)
    again = _tab(own, page_of_granvik)
    expect(again.locator(".turn.mine", has_text="Är vattnet avstängt?")).to_be_visible()
    expect(again.locator("#line")).to_have_text("Du väntar på svar")
    again.locator("#say").fill("Nu är jag här igen")
    again.locator("#say").press("Enter")
    expect(again.locator(".turn.mine", has_text="igen")).to_be_visible()
    expect(_tab(others, page_of_granvik).locator("#question")).to_be_visible()
    again.locator("#end").click()
    again.locator("#end-yes").click()
    expect(again.locator("#over-words")).to_be_focused()
    own.close()
    others.close()


def _tab(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    page.goto(f"{site.torg}/chat/{site.channel}?lang=sv")
    return page


def _ask(tab: Page) -> None:
    tab.locator("#question").fill("Är vattnet avstängt?")
    tab.locator("#submit").click()
    expect(tab.locator(".turn.mine")).to_be_visible()
    expect(tab.locator("#line")).to_have_text("Du väntar på svar")


def test_a_tab_that_is_there_before_the_last_one_has_told_that_it_goes_goes_on_with_its_chat(
    browser: Browser, page_of_granvik: Site
) -> None:
    context = browser.new_context()
    first = _tab(context, page_of_granvik)
    _ask(first)
    too_soon = 2

    def answer(route: Route) -> None:
        nonlocal too_soon
        too_soon -= 1
        route.fulfill(json={"secret": ""}) if too_soon >= 0 else route.continue_()

    context.route("**/resumption?left=true", answer)
    with first.expect_event("close"):
        first.close(run_before_unload=True)
    again = _tab(context, page_of_granvik)
    expect(again.locator(".turn.mine", has_text="Är vattnet avstängt?")).to_be_visible()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_usable_by_everybody(house: House, visit: Visit, theme: str) -> None:
    """Axe, and the whole by keyboard."""
    widget = visit(color_scheme=theme)
    widget.open()
    _axe(widget)
    expect(widget.at("#name")).to_be_focused()
    for text in ("Astrid", "", "När töms brunnen?"):
        type_keys(widget.page, text)
        widget.page.keyboard.press("Tab")
    widget.page.keyboard.press("Enter")
    expect(widget.at(".turn.mine")).to_have_count(1)
    answer(house, "På torsdag.")
    expect(widget.at(".turn:not(.mine)")).to_have_count(1)
    _axe(widget)
    widget.minimise()
    widget.open()
    expect(widget.at("#say")).to_be_focused()
    widget.at("#end").click()
    _axe(widget)
    widget.page.keyboard.press("Escape")


def _axe(widget: Widget) -> None:
    _axe_of(widget.frame)


def _axe_of(frame: Frame) -> None:
    frame.evaluate(AXE_SCRIPT)
    found = frame.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })")
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found["violations"]] == []
