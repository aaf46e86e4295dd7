"""Where a conversation belongs: into another one, to another municipality, to nobody; and each way back."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import House


def _more(desk: Desk, words: str) -> None:
    """An action of the menu, by keys."""
    desk.press("m")
    expect(desk.at("#m-more .option").first).to_be_focused()
    desk.at("#m-more .option", has_text=words).focus()
    desk.press("Enter")


def test_two_mails_of_one_citizen_become_one_conversation_and_two_again(house: House, open_desk: OpenDesk) -> None:
    sender = "Olle Ek <olle.ek@post.example>"
    first = house.arrives("Hej, min tunna är trasig.", From=sender, Subject="Tunna")
    second = house.arrives("Glömde: den är grön.", From=sender, Subject="Färgen")
    desk = open_desk("sara", f"/conversations/{first}?view=open")
    _more(desk, "Merge with")
    desk.at("#asking .option", has_text="Färgen").click()
    desk.says("Merged")
    expect(desk.at("#timeline")).to_contain_text("Glömde: den är grön.")
    expect(desk.at("#timeline")).to_contain_text("min tunna är trasig")
    assert house.conversation(second)["conversation"]["closed_as"] == "merged"
    expect(desk.row(second)).to_contain_text("Closed")
    desk.press("z")
    expect(desk.at("#timeline")).not_to_contain_text("Glömde: den är grön.")
    expect(desk.at("#timeline")).to_contain_text("took a merged conversation out again")
    assert house.conversation(second)["conversation"]["closed_at"] is None
    assert [each["text"] for each in house.timeline(second) if each["kind"] == "mail"] == ["Glömde: den är grön."]


def test_what_was_meant_for_another_municipality_goes_there(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej, när går färjan till Holmö?", Subject="Färjan")
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    _more(desk, "Misdirected to")
    expect(desk.at("#misdirected-to")).to_be_focused()
    desk.at("#misdirected-to").select_option(label="Holmö kommun · Kundtjänst")
    desk.press("Control+Enter")
    desk.says("Closed as misdirected")
    expect(desk.at("#thread-head")).to_contain_text("Misdirected")
    holmo = house.api("GET", f"/conversations?municipality={house.ids['holmo']}&limit=50")["items"]
    (moved,) = (each for each in holmo if each["subject"] == "Färjan")
    desk.goto(f"/conversations/{moved['id']}?view=open")
    expect(desk.at("#timeline")).to_contain_text("när går färjan")
    expect(desk.at("#thread-head")).to_contain_text("Moved here from Granvik kommun")
    desk.at("#thread-head a", has_text="Moved here from").click()
    expect(desk.at(f'#thread[data-id="{conversation_id}"]')).to_be_visible()


def test_what_belongs_to_somebody_else_is_noted_and_may_come_back(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej, min bil är stulen.", Subject="Stöld")
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    _more(desk, "Misdirected to")
    desk.at("#misdirected-to").select_option(label="Somebody else, as noted below")
    desk.press("Tab")
    desk.type("Polisen")
    desk.press("Control+Enter")
    desk.says("Closed as misdirected")
    expect(desk.at("#timeline")).to_contain_text("misdirected to Polisen")
    assert house.conversation(conversation_id)["conversation"]["closed_as"] == "misdirected"
    desk.press("z")
    desk.says("Open again")
    assert house.conversation(conversation_id)["conversation"]["closed_at"] is None


def test_spam_and_back(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Köp klockor!", Subject="Klockor")
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    _more(desk, "Spam")
    desk.says("Closed as spam")
    expect(desk.at("#thread-head .chip", has_text="Spam")).to_be_visible()
    desk.press("z")
    desk.says("Open again")
    expect(desk.at("#thread-head .chip", has_text="Spam")).to_have_count(0)
    line = house.conversation(conversation_id)["conversation"]
    assert (line["closed_at"], line["closed_as"]) == (None, None)
    assert line["due_at"] is not None
