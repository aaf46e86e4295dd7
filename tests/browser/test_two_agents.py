"""Two agents at the same desk at the same time: they see each other, and nobody overwrites what the other did."""

from playwright.sync_api import expect

from tests.browser.conftest import BOTH_ENGINES, OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import House

pytestmark = BOTH_ENGINES


def _both(house: House, open_desk: OpenDesk) -> tuple[Desk, Desk, int]:
    """Sara and Anton before the same conversation, new and unassigned."""
    conversation_id = house.arrives("Hej, när öppnar simhallen?")
    sara, anton = (open_desk(who, f"/conversations/{conversation_id}?view=open") for who in ("sara", "anton"))
    return sara, anton, conversation_id


def test_they_see_who_else_reads_and_types(house: House, open_desk: OpenDesk) -> None:
    sara, anton, conversation_id = _both(house, open_desk)
    expect(sara.at("#present")).to_contain_text("Anton Berg is also reading")
    expect(anton.at("#present")).to_contain_text("Sara Lind is also reading")
    leila = open_desk("leila")
    anton.press("r")
    anton.type("Hej! ")
    expect(sara.at("#present")).to_contain_text("Anton Berg is typing")
    for desk in (sara, leila):
        expect(desk.at(f'[data-typing="{conversation_id}"]')).to_contain_text("Anton Berg")
    leila.comes_anew(lambda: house.change("POST", conversation_id, "notes", {"text": "Han skriver."}), conversation_id)
    assert leila.at(f'[data-typing="{conversation_id}"]').inner_text().endswith("Anton Berg")
    anton.page.close()
    expect(sara.at("#present")).not_to_contain_text("Anton Berg")
    expect(leila.at(f'[data-typing="{conversation_id}"]')).to_be_hidden()


def test_the_second_to_answer_is_asked_first(house: House, open_desk: OpenDesk) -> None:
    sara, anton, conversation_id = _both(house, open_desk)
    sara.press("r")
    sara.type("Hej! Klockan sju.")
    anton.press("r")
    anton.type("Hej! Simhallen öppnar klockan sex.")
    anton.press("Control+Enter")
    anton.says("Sent and closed")
    expect(sara.at("#timeline")).to_contain_text("öppnar klockan sex")
    sara.press("Control+Enter")
    asked = sara.at("#asking dialog")
    expect(asked).to_contain_text("Anton Berg has answered")
    expect(asked.get_by_role("button", name="Read it first")).to_be_focused()
    sara.press("Enter")
    expect(asked).to_have_count(0)
    expect(sara.at("textarea.for-reply")).to_have_value("Hej! Klockan sju.")
    sara.press("Control+Enter")
    sara.says("Sent and closed")
    ours = [each["text"] for each in house.timeline(conversation_id) if each["author"]["kind"] == "person"]
    assert [text for text in ours if text] == ["Hej! Simhallen öppnar klockan sex.", "Hej! Klockan sju."]


def test_the_second_may_send_over_it(house: House, open_desk: OpenDesk) -> None:
    sara, anton, conversation_id = _both(house, open_desk)
    sara.press("r")
    sara.type("Hej! Klockan sju.")
    anton.press("n")
    anton.type("Simhallen renoveras.")
    anton.press("Control+Enter")
    anton.says("Note added")
    sara.press("Control+Enter")
    asked = sara.at("#asking dialog")
    expect(asked).to_contain_text("Anton Berg has written a note")
    asked.get_by_role("button", name="Send anyway").click()
    sara.says("Sent and closed")
    assert house.conversation(conversation_id)["conversation"]["closed_at"] is not None


def test_what_was_decided_on_an_older_state_is_refused_in_plain_words(house: House, open_desk: OpenDesk) -> None:
    sara, anton, conversation_id = _both(house, open_desk)
    sara.page.route("**/head?*", lambda route: None)  # Sara's line is slow: what Anton does isn't shown yet
    anton.press("a", "1")
    anton.says("Assigned to Anton Berg")
    sara.watch.expect("status of 412")
    sara.press("e")
    sara.says("Somebody changed this since you read it. Read again, then decide.")
    line = house.conversation(conversation_id)["conversation"]
    assert line["closed_at"] is None
    assert line["assignee"]["name"] == "Anton Berg"
    sara.page.unroute_all()
    sara.page.reload()
    sara.press("e")
    sara.says("Closed")
    expect(anton.at("#thread-head")).to_contain_text("Closed")


def test_two_who_take_the_next_at_once_never_get_the_same(house: House, open_desk: OpenDesk) -> None:
    desks = [open_desk(who, "/inbox?view=unassigned") for who in ("sara", "anton")]
    taken: list[str] = []
    for _ in range(4):
        for desk in desks:
            desk.at("#take-next").evaluate("it => it.click()")  # not waited for: the other presses meanwhile
        for desk in desks:
            desk.page.wait_for_url("**/conversations/*")
            taken.append(desk.opened())
            desk.goto("/inbox?view=unassigned")
    assert len(set(taken)) == len(taken)
    for number, conversation_id in enumerate(taken):
        name = house.conversation(conversation_id)["conversation"]["assignee"]["name"]
        assert name == ("Sara Lind", "Anton Berg")[number % 2]
