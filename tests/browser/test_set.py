"""What an admin and IT set in a browser: signatures with their preview, responses kept ready, receipts, alarms."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hub.inbox.canned import Canned
from hub.inbox.letterhead import Letterhead
from hub.inbox.receipt import ReceiptRule
from hub.watch.target import AlarmTarget
from tests.browser.conftest import OpenDesk
from tests.browser.house import House
from tests.line import letter


def test_a_signature_by_keys_alone(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("goran", "/letterheads")
    section = desk.at("section", "Granvik").first
    section.get_by_role("link", name="Change All queues").focus()
    desk.press("Enter")
    expect(desk.at("h1")).to_have_text("Signature of all queues")
    desk.at("#f-signature").focus()
    desk.type("Hälsningar\n")
    desk.at('[data-inserts="{{agent}}"]').focus()
    desk.press("Enter")
    expect(desk.at("#f-signature")).to_be_focused()
    desk.type(", kundtjänst")
    expect(desk.at("#preview")).to_contain_text("Göran Nyström, kundtjänst")
    desk.at("[name=quotes][value=yes]").focus()
    desk.press("ArrowDown")
    expect(desk.at("#preview")).not_to_contain_text("quoted")
    desk.press("Enter")
    expect(desk.at(".kept li").first).to_contain_text("Answers don’t quote")
    saved = house.one(select(Letterhead))
    assert (saved.signature, saved.quotes) == ("Hälsningar\n{{agent}}, kundtjänst", False)


def test_a_response_is_written_offered_retired_and_back(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("goran", "/canned")
    desk.at("section", "Holmö").get_by_role("link", name="New response for Holmö kommun").click()
    desk.at("#f-title-sv").fill("Öppettider")
    desk.at("#f-text-sv").fill("Hej ")
    desk.at("details.language[open] [data-inserts='{{citizen}}']").click()
    expect(desk.at("#preview-sv")).to_contain_text("Hej Maria Andersson")
    desk.at("details.language summary", "Norwegian Bokmål").click()
    desk.at("#f-title-nb").fill("Åpningstider")
    desk.watch.expect("422")
    desk.at("main form .btn[data-kind=primary]").click()
    expect(desk.at("#f-text-nb-problem")).to_have_text("Write its text, too.")
    expect(desk.at("#f-text-sv")).to_have_value("Hej {{citizen}}")
    desk.at("#f-text-nb").fill("Hei {{citizen}}")
    desk.at("main form .btn[data-kind=primary]").click()
    row = desk.at(".kept li", "Öppettider")
    expect(row).to_contain_text("Swedish, Norwegian Bokmål")
    row.get_by_role("button", name="Retire Öppettider").click()
    desk.says("“Öppettider” is offered no more")
    expect(desk.at("details.retired > summary")).to_contain_text("1 retired")
    desk.press("z")
    desk.says("“Öppettider” is offered again")
    expect(desk.at("details.retired")).to_have_count(0)
    assert house.one(select(Canned)).retired_at is None


def test_receipts_of_a_queue(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("goran", "/receipts")
    desk.at("section", "Granvik").first.get_by_role("link", name="Change Avfall").click()
    desk.at("[name=sends][value=on]").check()
    desk.at("#f-unconfirmed").check()
    desk.at("#f-text-sv").fill("Ditt nummer: {reference}")
    expect(desk.at("#preview-sv")).to_contain_text("Ditt nummer: 2")
    desk.at("main form .btn[data-kind=primary]").click()
    expect(desk.at(".kept li", "Avfall").first).to_contain_text("to anybody · own words in Swedish")
    rule = house.one(select(ReceiptRule))
    assert (rule.is_on, rule.unconfirmed, rule.queue_id) == (True, True, house.ids["avfall"])


def test_an_address_is_told_of_alarms_and_tried(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("goran", "/channels")
    desk.at("main a", "Say who is").click()
    desk.at("#f-address").fill("larm@granvik.example")
    desk.press("Enter")
    row = desk.at(".kept li", "larm@granvik.example")
    expect(row).to_contain_text("Nothing was told yet")
    row.get_by_role("button", name="Send a test alarm").click()
    desk.says("A test alarm is on its way")
    expect(row.locator(".chip")).to_have_text("Sent")
    (mail,) = house.outgoing(1)
    assert (mail["To"], mail["Subject"]) == ("larm@granvik.example", "Prov av larmet")
    row.get_by_role("link", name="Remove").click()
    expect(desk.at("#asking dialog")).to_be_visible()
    desk.at("#asking .btn[data-kind=primary]").click()
    expect(desk.at("h2", "Nobody is told yet")).to_be_visible()
    assert house.all(select(AlarmTarget.id)) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [("New question", "A conversation of its own now"), ("Same question", "The same question")],
)
def test_whether_it_is_a_new_question_is_answered_from_the_commands(
    house: House, open_desk: OpenDesk, command: str, words: str
) -> None:
    who = f"Ida Berg <{command.replace(' ', '.')}@post.example>"
    first = house.arrives("När töms min brunn?", From=who)
    house.change("PUT", first, "closure")
    mail = letter("En sak till.", From=who, Subject="Bygglov")
    mail["In-Reply-To"] = mail["References"] = house.timeline(first)[0]["mail"]["message_id"]
    house.takes(mail)
    desk = open_desk("sara", f"/conversations/{first}")
    expect(desk.at("#question-asked")).to_be_visible()
    desk.press("Control+k")
    desk.type(command)
    desk.press("Enter")
    desk.says(words)
    expect(desk.at("#question-asked")).to_have_count(0)
