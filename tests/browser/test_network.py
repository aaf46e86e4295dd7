"""The network goes and comes back, the server is stopped and started, the browser falls: nothing written is lost."""

import re
from collections.abc import Mapping
from contextlib import suppress

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import PASSWORD, House
from tests.line import until
from tests.pace import here

CUT = "ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|Failed to fetch"
GONE = "ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING|Failed to fetch"

OFF = re.compile(r"^Live updates are off since \d\d:\d\d; trying again$")


CLOCK_AHEAD = """
    const now = Date.now, origin = performance.timeOrigin;
    Date.now = () => now() + SECONDS * 1000;
    Object.defineProperty(performance, "timeOrigin", { value: origin + SECONDS * 1000 });
"""
"""The clock of this computer is wrong, as its browser sees it."""


COUNTED = """
    window.lines = window.pings = 0;
    document.addEventListener("htmx:sse:after:connection", () => window.lines++);
    document.addEventListener("ping", () => window.pings++, true);
"""
"""How often this page's line was made, and what came by it."""


def _draft(house: House, conversation_id: int) -> str:
    """What the server has of Sara's answer."""
    drafts = house.api("GET", f"/conversations/{conversation_id}/drafts")["own"]
    return next((str(each["written"]["text"]) for each in drafts if each["kind"] == "reply"), "")


def _writing(house: House, desk: Desk, text: str) -> int:
    """Sara has begun to answer a mail, and the server has it."""
    conversation_id = house.arrives("Hej, hur söker man bygglov?")
    desk.goto(f"/conversations/{conversation_id}?view=open")
    desk.press("r")
    desk.type(text)
    expect(desk.at("#saved")).to_contain_text("Draft saved")
    return conversation_id


def test_the_network_goes_and_comes_back(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", None)
    conversation_id = _writing(house, desk, "Hej! ")
    context = desk.page.context
    desk.watch.expect(CUT)
    context.set_offline(True)
    expect(desk.at("#line-state span")).to_have_text(OFF)
    desk.type("Du söker på webben.")
    expect(desk.at("#saved")).to_have_text("Not saved yet; kept in this browser")
    desk.press("Control+Enter")
    desk.says("The server can't be reached just now.")
    assert desk.at("textarea.for-reply").input_value() == "Hej! Du söker på webben."
    meanwhile = house.arrives(Subject="Under tiden")
    entry_id = house.goes_on(conversation_id, "Eller per brev?")
    context.set_offline(False)
    expect(desk.at("#line-state span")).to_have_text("Live updates are on again")
    expect(desk.row(meanwhile)).to_be_attached()
    expect(desk.at(f"#entry-{entry_id}")).to_be_attached()
    until(lambda: _draft(house, conversation_id) == "Hej! Du söker på webben.")
    expect(desk.at("#saved")).to_contain_text("Draft saved")


def test_the_server_is_stopped_and_started_again(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", None, web=1)
    with house.serving(1, listens=False):
        conversation_id = _writing(house, desk, "Hej! ")
    desk.watch.expect(GONE)
    expect(desk.at("#line-state span")).to_have_text(OFF)
    desk.type("Med vändande post.")
    expect(desk.at("#saved")).to_have_text("Not saved yet; kept in this browser")
    desk.row(desk.rows()[0]).click()
    desk.says("The server can't be reached just now.")
    assert desk.opened() == str(conversation_id)
    meanwhile = house.arrives(Subject="Medan den stod still")
    with house.serving(1, listens=False):
        desk.at("#line-state button", "Try now").dispatch_event("click")  # it may come back by itself meanwhile
        expect(desk.at("#line-state span")).to_have_text("Live updates are on again", timeout=1_000 * here(3))
        expect(desk.at("#line-state button")).to_be_hidden()
        expect(desk.row(meanwhile)).to_be_attached()
        until(lambda: _draft(house, conversation_id) == "Hej! Med vändande post.")
        desk.press("Control+Enter")
        desk.says("Sent and closed")


def counted(desk: Desk) -> list[int]:
    """Lines and pings."""
    found: list[int] = desk.page.evaluate("() => [window.lines, window.pings]")
    return found


def test_a_line_that_died_without_a_word_is_made_anew(open_desk: OpenDesk) -> None:
    desk = open_desk("sara", None)
    desk.watch.expect("htmx:error: timeout")  # of what is asked for while the clock is put on
    desk.page.clock.install()
    desk.page.add_init_script(COUNTED)
    desk.goto("/inbox?view=open")
    desk.until(lambda: counted(desk) == [1, 0])
    desk.page.clock.fast_forward(20_000)
    desk.until(lambda: counted(desk) == [1, 1])  # a real ping, from which it waits anew
    desk.page.clock.fast_forward(20_000)
    assert counted(desk) == [1, 1]
    desk.page.clock.fast_forward(5_500)
    desk.until(lambda: counted(desk)[0] == 2)
    expect(desk.at("#line-state")).to_be_hidden()


@pytest.mark.parametrize("ahead", [0, 3_600, -3_600], ids=["right", "an hour ahead", "an hour behind"])
def test_what_a_fallen_browser_had_and_the_server_had_not_is_put_back(
    house: House, open_desk: OpenDesk, ahead: int
) -> None:
    desk = open_desk("sara", None)
    desk.page.add_init_script(CLOCK_AHEAD.replace("SECONDS", str(ahead)))
    conversation_id = _writing(house, desk, "Hej! Det ")
    desk.page.route("**/drafts/*", lambda route: None)  # it falls before what follows is saved
    desk.type("ordnar sig.")
    kept = desk.page.context.storage_state()
    desk.page.context.close()
    again = open_desk("sara", f"/conversations/{conversation_id}?view=open", storage_state=kept)
    expect(again.at("textarea.for-reply")).to_have_value("Hej! Det ordnar sig.")
    until(lambda: _draft(house, conversation_id) == "Hej! Det ordnar sig.")


def test_what_the_server_has_is_there_in_any_browser(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", None)
    conversation_id = _writing(house, desk, "Hej! Det ordnar sig.")
    desk.page.context.close()
    again = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    expect(again.at("textarea.for-reply")).to_have_value("Hej! Det ordnar sig.")
    expect(again.row(conversation_id)).to_contain_text("Draft")


def test_who_logs_out_finds_the_draft_when_they_log_in_again(open_desk: OpenDesk) -> None:
    desk = open_desk("anton", "/inbox?view=unassigned")
    conversation_id = desk.rows()[0]
    desk.open(conversation_id)
    desk.press("r")
    desk.type("Hej! Jag återkommer.")
    desk.watch.expect("401")  # of what the page asked for meanwhile
    desk.at("#me-button").click()
    desk.at("#log-out button").click()
    desk.page.wait_for_url("**/login")
    assert desk.page.evaluate("localStorage.length") == 0
    desk.at("#email").fill("anton@granvik.example")
    desk.at("#password").fill(PASSWORD)
    desk.press("Enter")
    desk.page.wait_for_url("**/inbox")
    desk.goto(f"/conversations/{conversation_id}?view=open")
    expect(desk.at("textarea.for-reply")).to_have_value("Hej! Jag återkommer.")


NEW = {"#new-to": "ny@post.example", "#new-cc": "kopia@post.example", "#new-subject": "Vatten", "#new-text": "Hej!"}


def _says(desk: Desk, said: Mapping[str, str]) -> None:
    for field, text in said.items():
        expect(desk.at(field)).to_have_value(text)


def test_a_new_message_is_found_in_any_browser_until_it_is_discarded(open_desk: OpenDesk) -> None:
    desk = open_desk("leila", "/inbox?view=open")
    desk.press("c")
    second = str(desk.at("#new-from option").nth(1).get_attribute("value"))
    desk.at("#new-from").select_option(second)
    for field, text in NEW.items():
        desk.at(field).fill(text)
    expect(desk.at("#saved")).to_contain_text("Draft saved")
    desk.page.context.close()
    again = open_desk("leila", "/inbox?view=open")
    again.press("c")
    _says(again, {**NEW, "#new-from": second})
    again.at("#new-text").fill("Hej! Det")  # not saved yet
    again.at(".compose").get_by_role("button", name="Discard").click()
    again.says("Discarded")
    expect(again.at(".compose")).to_have_count(0)
    again.press("c")
    _says(again, dict.fromkeys(NEW, ""))
    assert again.page.evaluate("localStorage.length") == 0


def test_a_new_message_survives_a_browser_that_falls_while_the_network_is_gone(
    house: House, open_desk: OpenDesk
) -> None:
    desk = open_desk("leila", "/messages/new?view=open")
    desk.watch.expect("ERR_FAILED")
    desk.page.route("**/messages/drafts/*", lambda route: route.abort())
    for field, text in NEW.items():
        desk.at(field).fill(text)
    expect(desk.at("#saved")).to_have_text("Not saved yet; kept in this browser")
    kept = desk.page.context.storage_state()
    desk.page.context.close()
    again = open_desk("leila", "/messages/new?view=open", storage_state=kept)
    _says(again, NEW)
    until(lambda: [each["written"]["text"] for each in house.api("GET", "/drafts", who="leila")["own"]] == ["Hej!"])
    again.press("Control+Enter")
    again.says("Sent")
    again.press("c")
    _says(again, dict.fromkeys(NEW, ""))  # what was sent isn't put back, by neither


def test_ones_own_row_says_that_there_is_a_draft(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", None)
    conversation_id = _writing(house, desk, "Hej!")
    expect(desk.row(conversation_id)).to_contain_text("Draft")
    desk.at("textarea.for-reply").fill("")
    expect(desk.row(conversation_id)).not_to_contain_text("Draft")


def test_a_save_on_its_way_as_the_answer_is_sent_makes_no_draft_of_it(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", None)
    conversation_id = _writing(house, desk, "Hej! ")
    on_their_way: list[Route] = []

    def hold(route: Route) -> None:
        on_their_way.append(route)

    desk.page.route("**/drafts/reply", hold)
    desk.type("Du söker på webben.")
    desk.until(lambda: bool(on_their_way))
    desk.watch.expect("ERR_ABORTED")
    desk.at("#send-open").click()
    desk.says("Sent")
    desk.page.unroute("**/drafts/reply")
    for each in on_their_way:
        with suppress(PlaywrightError):  # it was called back
            each.continue_()
    desk.page.wait_for_timeout(2500)
    assert not _draft(house, conversation_id)
