"""An agent holds several chats, one of them open: rows go where they belong, and what is said in the others is told."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.chat_page import Widget
from tests.browser.conftest import BOTH_ENGINES, OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.visits import Visit, answer, newest, page_of_granvik, visit

__all__ = ["page_of_granvik", "visit"]
pytestmark = BOTH_ENGINES
Chats = Callable[..., list[tuple[Widget, int]]]


@pytest.fixture
def chats(house: House, visit: Visit) -> Iterator[Chats]:
    """`chats("Astrid", "Bertil")`: each begins one; Sara has taken all of them. With their conversations."""
    begun: list[tuple[Widget, int]] = []

    def begin(*names: str) -> list[tuple[Widget, int]]:
        for name in names:
            widget = visit()
            widget.begins(f"{name} undrar", name)
            begun.append((widget, house.read(newest)))
            assert house.ask("PUT", f"/conversations/{begun[-1][1]}/chat/taking")[0] == 200
        return begun[-len(names) :]

    yield begin
    for _, conversation_id in begun:
        house.change("PUT", conversation_id, "closure")


def group(desk: Desk, conversation_id: int) -> Locator:
    """In which a row stands."""
    return desk.at(f"ul[data-group]:has(> #row-{conversation_id})")


def stands(desk: Desk, conversation_id: int, name: str) -> None:
    """Waits until it is this one."""
    expect(group(desk, conversation_id)).to_have_attribute("data-group", name)


def told(desk: Desk) -> Locator:
    """What is told of chats that aren't open."""
    return desk.at("#turns [data-turn]")


def place_of(desk: Desk) -> Any:
    """What nobody may take: the focus, and where the list is scrolled to."""
    return desk.page.evaluate("[document.activeElement.id, document.querySelector('#list').scrollTop]")


def is_near(row: Locator, before: Any) -> bool:
    """Whether it stands where it stood: a list is scrolled by whole pixels."""
    now: Any = row.bounding_box()
    return bool(now["x"] == before["x"] and abs(now["y"] - before["y"]) < 1)


def test_a_row_goes_where_its_chat_belongs_by_now(house: House, chats: Chats, open_desk: OpenDesk) -> None:
    (astrid, first), (_, second) = chats("Astrid", "Bertil")
    desk = open_desk("sara", f"/conversations/{first}?view=mine")
    assert desk.rows() == [str(first), str(second)]
    expect(desk.at(".list-group .faint")).to_have_text(["2"])
    desk.press("r")
    desk.type("Ja, till tre.")
    before = place_of(desk)
    desk.press("Enter")
    stands(desk, first, "never")
    stands(desk, second, "hour")
    assert desk.rows() == [str(second), str(first)]
    expect(desk.at(".list-group")).to_have_text(["Within the hour1", "Nothing is owed1"])
    assert place_of(desk) == before
    assert desk.opened() == str(first)
    astrid.says("Tack!")
    stands(desk, first, "hour")
    assert desk.rows() == [str(second), str(first)]  # due later than what has waited since
    expect(desk.at(".list-group")).to_have_text(["Within the hour2"])
    expect(told(desk)).to_have_count(0)  # it is open


def test_what_is_said_in_another_chat_of_ones_own_is_told_once(house: House, chats: Chats, open_desk: OpenDesk) -> None:
    (astrid, first), (bertil, second) = chats("Astrid", "Bertil")
    answer(house, "Jag tittar på det.", second)
    desk = open_desk("sara", f"/conversations/{first}?view=mine")
    stands(desk, second, "never")
    expect(desk.at(f"#row-{second} .unread")).to_have_count(0)
    desk.press("r")
    desk.settles()
    before, since = place_of(desk), len(desk.requests)
    bertil.says("Hur går det?")
    expect(told(desk)).to_contain_text("Bertil writes: Hur går det?")
    expect(desk.at(f"#row-{second} .unread")).to_be_attached()
    stands(desk, second, "hour")
    desk.settles()
    asked = [each.url for each in desk.requests[since:] if "/inbox/" in each.url]
    assert ["news" in each for each in asked].count(True) <= 2, (
        asked
    )  # the row's, and once more that nobody types there
    assert sum("said=" in each for each in asked) == 1, asked
    assert place_of(desk) == before
    assert desk.opened() == str(first)
    bertil.says("Hallå?")
    expect(told(desk)).to_contain_text("Hallå?")
    expect(told(desk)).to_have_count(1)
    desk.page.reload()
    desk.settles()
    expect(told(desk)).to_have_count(0)
    bertil.says("Är du kvar?")
    expect(told(desk)).to_contain_text("Är du kvar?")
    desk.press("r")
    desk.type("Strax, jag")
    told(desk).get_by_role("link", name="Open").click()
    expect(desk.at(f'#thread[data-id="{second}"]')).to_be_visible()
    expect(desk.at(f"#turn-{second}")).to_be_focused()
    expect(told(desk)).to_have_count(0)
    expect(desk.row(second)).to_have_attribute("aria-current", "true")
    expect(desk.at(f"#row-{second} .unread")).to_have_count(0)
    expect(bertil.at(".turn.mine small").last).to_contain_text("läst")
    astrid.says("Och jag?")
    expect(told(desk)).to_contain_text("Astrid writes: Och jag?")
    desk.press("F2")
    expect(desk.at(f"#turn-{first}")).to_be_focused()
    expect(desk.at(f"#turn-{first}")).to_have_value("Strax, jag")  # what wasn't sent is there again
    desk.type(" ser efter")
    desk.press("Enter")
    expect(astrid.at(".turn:not(.mine) p").last).to_have_text("Sara: Strax, jag ser efter")
    desk.page.reload()
    expect(desk.at(f"#turn-{first}")).to_have_value("")


def test_nobody_is_told_of_their_own_words_or_of_a_colleagues_chat(
    house: House, chats: Chats, open_desk: OpenDesk
) -> None:
    (_, first), (_, second) = chats("Astrid", "Bertil")
    sara, anton = open_desk("sara", f"/conversations/{first}?view=mine"), open_desk("anton", "/inbox?view=open")
    answer(house, "Jag tittar.", second)
    stands(sara, second, "never")
    expect(told(sara)).to_have_count(0)
    ((cecilia, _),) = chats("Cecilia")
    cecilia.says("Och en sak till")
    expect(told(sara)).to_contain_text("Cecilia writes: Och en sak till")
    anton.settles()
    expect(told(anton)).to_have_count(0)


def test_on_a_page_without_the_list_it_is_told_as_well(house: House, chats: Chats, open_desk: OpenDesk) -> None:
    ((astrid, found),) = chats("Astrid")
    desk = open_desk("sara", "/callbacks")
    desk.settles()
    astrid.says("Är du där?")
    expect(told(desk)).to_contain_text("Astrid writes: Är du där?")
    told(desk).get_by_role("link", name="Open").click()
    expect(desk.at(f'#thread[data-id="{found}"]')).to_be_visible()
    expect(desk.at("#list a.row")).not_to_have_count(0)


def test_what_one_points_at_stays_until_one_points_elsewhere(house: House, chats: Chats, open_desk: OpenDesk) -> None:
    (_, first), (_, second) = chats("Astrid", "Bertil")
    desk = open_desk("sara", "/inbox?view=mine")
    desk.row(second).hover()
    answer(house, "Ett svar.", first)
    expect(desk.row(first)).to_contain_text("Ett svar.")
    desk.settles()
    assert desk.rows() == [str(first), str(second)]
    desk.at("#thread").hover()
    stands(desk, first, "never")
    assert desk.rows() == [str(second), str(first)]
    desk.row(first).hover()
    desk.row(second).focus()
    answer(house, "Ett till.", second)
    expect(desk.row(second)).to_contain_text("Ett till.")
    desk.press("j")  # the hand is at the keys; and the row that had the focus is left
    expect(desk.row(first)).to_be_focused()
    stands(desk, second, "never")


def test_what_is_out_of_sight_moves_and_nothing_else_does(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara")
    ids = desk.rows()
    last, above = ids[-1], ids[0]
    middle = desk.row(ids[18])
    middle.evaluate("row => row.scrollIntoView({block: 'center'})")
    middle.hover()
    before = middle.bounding_box()
    house.hold_back(int(last), 60)  # the most urgent one now
    house.change("POST", last, "notes", {"text": "Bråttom."})
    stands(desk, int(last), "hour")
    assert desk.rows()[0] == last
    assert is_near(middle, before)
    house.hold_back(int(above), 90 * 86_400)
    house.change("POST", above, "notes", {"text": "Det har tid."})
    stands(desk, int(above), "later")
    assert desk.rows()[-1] == above
    assert is_near(middle, before)
    desk.at("#list").evaluate("list => list.scrollTo(0, 0)")
    expect(desk.row(last)).to_be_visible()
