"""What isn't for everybody: confidential conversations and their glass, identity, and what is revealed of a citizen."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import House

TEXT, SUBJECT = "Min dotter är placerad i familjehem sedan våren.", "Om min dotter"


def _make_confidential(desk: Desk) -> None:
    """For Social, by keys."""
    desk.press("m")
    expect(desk.at("#m-more .option").first).to_be_focused()
    desk.at("#m-more .option", has_text="Confidential").focus()
    desk.press("Enter")
    expect(desk.at("#confidential-queue")).to_be_focused()
    desk.press("S")  # more letters must come within a second of each other
    desk.press("Control+Enter")
    desk.says("Made confidential")


def test_confidential_is_gone_from_those_outside_and_there_for_those_inside(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives(TEXT, Subject=SUBJECT)
    at = f"/conversations/{conversation_id}?view=open"
    sara, anton, leila = (open_desk(who, at) for who in ("sara", "anton", "leila"))
    for desk in (sara, anton):
        desk.watch.expect(f"status of 404 .*/{conversation_id}/")  # what was on its way is refused by then
    _make_confidential(sara)
    for desk in (sara, anton):
        expect(desk.row(conversation_id)).to_contain_text("Confidential")
        expect(desk.row(conversation_id)).not_to_contain_text(SUBJECT)
        expect(desk.at("body")).not_to_contain_text(TEXT)
        expect(desk.at("body")).not_to_contain_text(SUBJECT)
    expect(leila.at("#thread-head")).to_contain_text("Confidential")
    expect(leila.at("#timeline")).to_contain_text(TEXT)
    for desk, found in ((anton, 0), (leila, 1)):
        desk.press("/")
        desk.type("familjehem")
        expect(desk.at("#list-title")).to_contain_text("Found")
        expect(desk.at("#list a.row")).to_have_count(found)


def test_glass_is_broken_with_a_reason_to_read_only_and_the_head_is_told(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives(TEXT, Subject=SUBJECT)
    leila = open_desk("leila", f"/conversations/{conversation_id}?view=open")
    _make_confidential(leila)
    leila.goto("/inbox?view=open")
    sara = open_desk("sara")
    sara.watch.expect(f"status of 404 .*/{conversation_id}/")  # what is on its way as the glass is whole again
    sara.open(conversation_id)
    expect(sara.at("#thread")).to_contain_text("This conversation is confidential")
    sara.at("#gate-why").fill("Kort")
    sara.at("#thread .btn", has_text="Open for 30 minutes").click()
    expect(sara.at("#gate-why:invalid")).to_be_visible()  # that is no reason
    sara.at("#gate-why").fill("Hon ringer och är i fara.")
    sara.at("#thread .btn", has_text="Open for 30 minutes").click()
    expect(sara.at("#timeline")).to_contain_text(TEXT)
    expect(sara.at("#thread .banner")).to_contain_text("to read only")
    expect(sara.at("#composer")).to_have_count(0)
    expect(sara.at("#assign, #hand-over, #more")).to_have_count(0)
    expect(leila.at("#toast")).to_contain_text("Sara Lind has broken the glass")
    expect(leila.at("#toast")).to_contain_text("Hon ringer och är i fara.")
    leila.at("#toast a", has_text="Show").click()
    expect(leila.at("main")).to_contain_text("Hon ringer och är i fara.")
    sara.at("#thread .banner .btn", has_text="Close now").click()
    expect(sara.at("#thread")).to_contain_text("This conversation is confidential")
    expect(sara.at("body")).not_to_contain_text(TEXT)


def test_what_is_revealed_hides_again_after_two_minutes(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej!", From="Ida Berg <ida.berg@post.example>")
    desk = open_desk("sara", None)
    desk.page.clock.install()
    desk.goto(f"/conversations/{conversation_id}?view=open")
    card = desk.at("#citizen")
    expect(card).not_to_contain_text("ida.berg@post.example")
    card.get_by_role("button", name=re.compile("^Reveal")).click()
    expect(desk.at("#asking dialog")).to_contain_text("written to the access log")
    desk.press("ArrowDown")
    desk.press("Control+Enter")
    expect(card).to_contain_text("ida.berg@post.example")
    desk.watch.expect("htmx:error: timeout")  # what is on its way while the time flies
    desk.page.clock.fast_forward(80_000)  # what the machine takes meanwhile counts, too
    expect(card).to_contain_text("ida.berg@post.example")
    desk.page.clock.fast_forward(45_000)
    expect(card).not_to_contain_text("ida.berg@post.example")
    expect(card.get_by_role("button", name=re.compile("^Reveal"))).to_be_visible()


def test_what_is_revealed_hides_again_when_the_server_is_out_of_reach(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej!", From="Ida Berg <ida.berg@post.example>")
    desk = open_desk("sara", None)
    desk.page.clock.install()
    desk.goto(f"/conversations/{conversation_id}?view=open")
    card = desk.at("#citizen")
    card.get_by_role("button", name=re.compile("^Reveal")).click()
    expect(desk.at("#asking dialog")).to_be_visible()
    desk.press("Control+Enter")
    expect(card).to_contain_text("ida.berg@post.example")
    desk.watch.expect("htmx:error", "ERR_")
    desk.page.route(re.compile("/points/"), lambda route: route.abort())
    desk.page.clock.fast_forward(125_000)
    expect(card).not_to_contain_text("ida.berg@post.example")
    desk.page.unroute(re.compile("/points/"))
    desk.page.evaluate("document.body.dispatchEvent(new CustomEvent('resync', { detail: { data: '{}' } }))")
    expect(card.get_by_role("button", name=re.compile("^Reveal"))).to_be_visible()


def test_identity_is_confirmed_and_withdrawn(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej, det är jag.")
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    anton = open_desk("anton", f"/conversations/{conversation_id}?view=open")
    line = desk.at("#citizen .identity-line")
    expect(line).to_contain_text("Not confirmed")
    desk.press("i", "2")
    desk.says("Identity confirmed")
    expect(line).to_contain_text("called back on registered number")
    expect(desk.at("#timeline")).to_contain_text("Sara Lind confirmed the identity")
    expect(anton.at("#citizen .identity-line")).to_contain_text("called back on registered number")
    assert house.api("GET", f"/conversations/{conversation_id}/identity")["identity"]["how"] == "called_back"
    line.get_by_role("button", name="withdraw").click()
    desk.says("Confirmation withdrawn")
    expect(line).to_contain_text("Not confirmed")
    assert house.api("GET", f"/conversations/{conversation_id}/identity")["identity"] is None
