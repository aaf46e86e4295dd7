"""Pages as a browser knows them: back and forward, reload, tabs, links; and all of it without a script."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk, Watch
from tests.browser.house import PASSWORD, House
from tests.line import until


def test_back_and_forward(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara")
    first, second, *_ = desk.rows()
    desk.open(first)
    desk.open(second)
    desk.at("#list").evaluate("list => list.scrollTo(0, 500)")
    for step, wanted in (("back", first), ("forward", second), ("back", first)):
        desk.page.go_back() if step == "back" else desk.page.go_forward()
        expect(desk.at(f'#thread[data-id="{wanted}"]')).to_be_visible()
        expect(desk.row(wanted)).to_have_attribute("aria-current", "true")
        expect(desk.at("#list a.row[aria-current]")).to_have_count(1)
        assert desk.page.url.startswith(f"{desk.url}/conversations/{wanted}")
    desk.page.go_back()
    assert desk.at("#list").evaluate("list => list.scrollTop") == 500
    expect(desk.at("#thread")).to_contain_text("Choose a conversation")
    expect(desk.at("#list a.row[aria-current]")).to_have_count(0)


def test_after_going_back_everything_works_as_before(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}")
    first, second, *_ = desk.rows()
    desk.open(first)
    desk.open(second)
    desk.page.go_back()
    expect(desk.at(f'#thread[data-id="{first}"]')).to_be_visible()
    desk.settles()
    before = len(desk.requests)
    came = house.arrives(to="avfall@granvik.example", Subject="Efter tillbaka")
    expect(desk.row(came)).to_be_visible()
    house.change("PUT", first, "assignment", {"person": "me"}, who="anton")
    expect(desk.at("#assign")).to_contain_text("Anton Berg")
    assert len([each for each in desk.told()[before:] if f"/conversations/{first}/head" in each]) <= 1
    assert len([each for each in desk.told() if "/events" in each]) == 1
    desk.press("n")
    desk.type("Anton tar den.")
    desk.press("Control+Enter")
    desk.says("Note added")
    desk.press("Control+k")
    expect(desk.at("#palette")).to_be_visible()
    desk.type("hand over")
    desk.press("Enter")
    expect(desk.at("#m-queue")).to_be_visible()
    desk.press("Escape", "Escape")
    desk.press("g", "m")
    desk.lists("Mine")


def test_a_reload_shows_the_same(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", f"/inbox?view=open&municipality={house.ids['holmo']}")
    conversation_id = desk.rows()[2]
    desk.open(conversation_id)
    desk.press("r")
    desk.type("Halvfärdigt")
    rows = desk.rows()
    desk.page.reload()  # at once: what isn't saved yet goes with the page
    expect(desk.at("textarea.for-reply")).to_have_value("Halvfärdigt")
    assert (desk.opened(), desk.rows()) == (conversation_id, rows)
    expect(desk.row(conversation_id)).to_have_attribute("aria-current", "true")
    expect(desk.row(conversation_id)).to_contain_text("Draft")


def test_two_tabs_of_one_person(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej, är biblioteket öppet?")
    first = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    second = Desk(first.page.context.new_page(), first.watch, first.url)
    first.press("r")
    first.type("Hej! Ja.")
    expect(first.at("#saved")).to_contain_text("Draft saved")
    second.goto(f"/conversations/{conversation_id}?view=open")
    expect(second.at("textarea.for-reply")).to_have_value("Hej! Ja.")
    expect(second.at("#present")).not_to_contain_text("Sara")
    first.press("Control+Enter")
    first.says("Sent and closed")
    expect(second.at("#timeline")).to_contain_text("Hej! Ja.")
    expect(second.at("#thread-head")).to_contain_text("Closed")
    second.page.bring_to_front()
    second.press("e")
    second.says("Open again")
    expect(first.at("#thread-head")).to_contain_text("Open")
    assert [each["text"] for each in house.timeline(conversation_id) if each["kind"] == "mail"][1:] == ["Hej! Ja."]


def test_a_link_opens_in_a_new_tab(open_desk: OpenDesk) -> None:
    desk = open_desk("sara")
    conversation_id = desk.rows()[5]
    with desk.page.context.expect_page() as opening:
        desk.row(conversation_id).click(modifiers=["ControlOrMeta"])
    tab = opening.value
    expect(tab.locator(f'#thread[data-id="{conversation_id}"]')).to_be_visible()
    expect(tab.locator(".rail")).to_be_visible()
    expect(desk.at("#thread")).to_contain_text("Choose a conversation")


def test_a_day_without_a_script(house: House, browser: Browser) -> None:
    conversation_id = house.arrives("Hej, när är det julmarknad?", Subject="Julmarknad")
    with browser.new_context(java_script_enabled=False, locale="en-GB") as context:
        watch = Watch(context)
        desk = Desk(context.new_page(), watch, house.url)
        desk.goto("/conversations/" + str(conversation_id))
        desk.at("#email").fill("sara@granvik.example")
        desk.at("#password").fill(PASSWORD)
        desk.at("form button").first.click()
        assert desk.opened() == str(conversation_id)  # where she wanted to go
        desk.at(".rail a", has_text="All open").click()
        desk.row(conversation_id).click()
        assert desk.opened() == str(conversation_id)
        desk.at("#assign").click()
        desk.at("#m-assign button", has_text="Me").click()
        expect(desk.at("#assign")).to_contain_text("Me")
        desk.at("textarea.for-reply").fill("Hej! Första advent.")
        desk.at("#send-open").click()
        expect(desk.at("#timeline")).to_contain_text("Första advent")
        desk.at("#more").click()
        desk.at("#m-more button", has_text="Close").click()
        expect(desk.at("#thread-head")).to_contain_text("Closed")
        desk.at("#more").click()
        desk.at("#m-more button", has_text="Reopen").click()
        expect(desk.at("#thread-head")).not_to_contain_text("Closed")
        watch.check()
    line = house.conversation(conversation_id)["conversation"]
    assert (line["assignee"]["name"], line["closed_at"]) == ("Sara Lind", None)
    until(lambda: any("advent" in each["text"] for each in house.timeline(conversation_id)))


def test_a_mistyped_address_leads_to_the_inbox(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", None)
    desk.watch.expect("404")
    desk.goto("/conversation/4711")
    expect(desk.page).to_have_title("Not found · Torg")
    assert desk.at(".login-card").evaluate("card => getComputedStyle(card).display") == "grid"  # its sheet has come
    desk.at(".login-card a").click()
    desk.lists("Mine")
    outside = open_desk("sara", "/chat/4711?lang=sv", storage_state={"cookies": [], "origins": []})
    outside.watch.expect("404")
    expect(outside.at("h1")).to_have_text("Här finns ingenting")
    assert outside.at("main").evaluate("main => getComputedStyle(main).display") == "grid"
