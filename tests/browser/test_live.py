"""What happens elsewhere comes into the page by itself: soon, once, and without moving what somebody reads."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from email.utils import format_datetime, localtime
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import BOTH_ENGINES, OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import WASTE, House
from tests.line import letter
from tests.pace import here

pytestmark = BOTH_ENGINES

THICK = """([other, mine]) => {
  const happens = (id) => document.body.dispatchEvent(new CustomEvent("row", { detail: { data: `{"id": "${id}"}` } }));
  const asked = { [other]: [], [mine]: [] };
  const fetches = window.fetch;
  let longest = 0;
  window.fetch = (address, ...rest) => {
    const { pathname, searchParams } = new URL(address, location.href);
    const named = ["shown", "ids"].map((name) => searchParams.get(name) ?? "").join();
    const began = performance.now();
    for (const id of pathname === "/inbox/news" ? named.split(",") : []) asked[id]?.push(began);
    const answer = fetches(address, ...rest);
    answer.finally(() => (longest = Math.max(longest, performance.now() - began)));
    return answer;
  };
  const storm = setInterval(happens, 20, other);
  setTimeout(() => {
    const told = performance.now();
    happens(mine);
    setTimeout(() => {
      clearInterval(storm);
      const others = asked[other].filter((at) => at > told).length;
      window.waited = { mine: asked[mine][0] - told, others, longest };
    }, 2000);
  }, 3000);
}"""
"""Another conversation changes without end, the open one once: how long its row waited, and how often others' came."""
MANY = """(ids) => {
  for (const id of ids) document.body.dispatchEvent(new CustomEvent("row", { detail: { data: `{"id": "${id}"}` } }));
}"""
"""As when what lay in a mailbox for days comes in at once."""
LONG = """(many) => {
  const row = document.querySelector("#list > ul > li[id]");
  for (let number = 0; number < many; number++) {
    const other = row.cloneNode(true);
    other.id = `row-${2 ** 41 + number}`;
    other.dataset.stale = "";
    row.parentElement.append(other);
  }
  document.body.dispatchEvent(new CustomEvent("resync", { detail: { data: "{}" } }));
}"""
"""A list of so many rows more, which are nobody's, and a line that was away."""
MORE = """() => {
  const more = document.createElement("a");
  more.className = "load-more";
  document.getElementById("list").append(more);
}"""
"""A list that isn't loaded to its end."""
SOON = 2_000
"""Milliseconds from a mail's 250 to its row on a screen that another process serves."""


@pytest.fixture(scope="module")
def second(house: House) -> Iterator[int]:
    """Another `torg serve` on the same database; mail comes to the first one."""
    with house.serving(1, listens=False):
        yield 1


def test_the_row_of_another_process_s_mail_comes_within_two_seconds(
    house: House, second: int, open_desk: OpenDesk
) -> None:
    desk = open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}", web=second)
    expect(desk.at("#list a.row")).to_have_count(4)
    desk.page.evaluate("window.stays = true")
    desk.settles()
    before = len(desk.requests)
    mail = letter(
        From="Olle <olle@post.example>", To=WASTE, Subject="Trasig soptunna", Date=format_datetime(localtime())
    )
    house.send(mail, to=[WASTE])
    expect(desk.at("#list a.row", has_text="Trasig soptunna")).to_be_visible(timeout=here(SOON))
    expect(desk.at(".rail .nav-link[aria-current] .count")).to_have_text("5")
    desk.settles()
    assert _asked(desk, before) == {"/inbox/news": 1, "/inbox/rail": 1}
    assert desk.page.evaluate("window.stays")


def test_the_list_never_jumps_under_its_reader(house: House, open_desk: OpenDesk) -> None:
    desk = open_desk("sara")
    middle = desk.at("#list a.row").nth(18)
    middle.evaluate("row => row.scrollIntoView({block: 'center'})")
    before = middle.bounding_box()
    first, second = (house.arrives(to=WASTE, Subject=subject) for subject in ("Grannens sopor", "Mina sopor"))
    chip = desk.at("#news")
    expect(chip).to_have_text("2 new, show")
    last = house.arrives(Subject="En sista sak")
    expect(desk.row(last)).to_be_attached()  # below what is in sight: nothing moves
    expect(chip).to_have_text("2 new, show")
    assert middle.bounding_box() == before
    expect(desk.row(first)).to_have_count(0)
    chip.click()
    expect(desk.row(first)).to_be_attached()
    expect(desk.row(second)).to_be_attached()
    expect(chip).to_be_hidden()
    assert desk.at("#list").evaluate("list => list.scrollTop") == 0
    expect(desk.row(last)).to_have_count(1)


def test_what_waits_behind_the_button_and_is_closed_elsewhere_is_counted_no_more(
    house: House, open_desk: OpenDesk
) -> None:
    desk = open_desk("sara")
    desk.at("#list a.row").nth(18).evaluate("row => row.scrollIntoView({block: 'center'})")
    first, second, third = (house.arrives(to=WASTE, Subject=f"Sopor {number}") for number in range(3))
    chip = desk.at("#news")
    expect(chip).to_have_text("3 new, show")
    house.change("PUT", second, "closure")
    expect(chip).to_have_text("2 new, show")
    desk.page.route("**/inbox/news?*", lambda route: route.fulfill(status=404), times=1)  # this is missed
    desk.watch.expect("404")
    house.change("PUT", third, "closure")
    desk.settles()
    desk.page.evaluate(MANY, [str(2**40 + number) for number in range(200)])  # so the whole list is looked at
    expect(chip).to_have_text("1 new, show")
    chip.click()
    expect(desk.row(first)).to_be_attached()
    expect(chip).to_be_hidden()
    for each in (second, third):
        expect(desk.row(each)).to_have_count(0)


def test_an_answer_comes_into_the_open_conversation_and_moves_nothing(house: House, open_desk: OpenDesk) -> None:
    long = "\n\n".join(f"Detta är stycke {n} av ett långt brev om min brunn." for n in range(40))
    conversation_id = house.arrives(long, Subject="Ett långt brev")
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    desk.press("r")
    desk.type("Hej! Jag läser")
    history = desk.at("#history")
    history.evaluate("history => history.scrollTo(0, 200)")
    expect(desk.at("#saved")).to_contain_text("Draft saved")
    desk.settles()
    before = len(desk.requests)
    entry_id = house.goes_on(conversation_id, "Glöm det, den är tömd nu.")
    expect(desk.at(f"#entry-{entry_id}")).to_contain_text("Glöm det")
    desk.settles()
    assert history.evaluate("history => history.scrollTop") == 200
    assert desk.focused() == f"reply-{conversation_id}"
    asked = _asked(desk, before)
    desk.type(" det nu.")
    assert desk.at("textarea.for-reply").input_value() == "Hej! Jag läser det nu."
    for part in (f"/conversations/{conversation_id}/newer", f"/conversations/{conversation_id}/head", "/inbox/rail"):
        assert asked[part] == 1, asked
    assert 1 <= asked["/inbox/news"] <= 2, asked  # once more when she is said to type no longer, eight seconds later


def test_in_a_storm_a_screen_asks_once_in_a_while_and_shows_all_of_it(house: House, open_desk: OpenDesk) -> None:
    mine = house.arrives(Subject="Min egen sak")
    changed = [house.arrives(Subject=f"Sak {n}") for n in range(5)]
    desk = open_desk("sara", f"/conversations/{mine}?view=open&municipality={house.ids['granvik']}")
    desk.settles()
    before, began = len(desk.requests), time.monotonic()
    for turn in range(6):
        for each in changed:
            house.change("POST", each, "notes", {"text": f"Ännu ett varv, {turn}."})
    new = house.arrives(Subject="Mitt i allt")
    house.change("PUT", changed[-1], "closure")
    expect(desk.row(changed[-1])).to_contain_text("Closed")
    expect(desk.row(new)).to_be_attached()
    took = time.monotonic() - began
    desk.settles()
    asked = _asked(desk, before)
    assert set(asked) <= {"/inbox/news", "/inbox/rail", "/events"}, asked
    assert asked["/inbox/news"] <= 4 + took, asked  # soon, a bit later, later, and then once a second
    assert asked["/inbox/rail"] <= 2 + took / 2, asked


def test_when_mails_come_by_the_hundred_the_list_is_asked_for_and_not_each_of_them(
    house: House, open_desk: OpenDesk
) -> None:
    desk = open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}")
    desk.settles()
    desk.page.route("**/inbox/list?*", lambda route: route.fulfill(status=503), times=1)  # the hub can't, at first
    desk.watch.expect("503")
    before = len(desk.requests)
    desk.page.evaluate(MANY, [str(2**40 + number) for number in range(500)])
    new = house.arrives(to=WASTE, Subject="En av alla")
    expect(desk.row(new)).to_be_attached()
    desk.settles()
    asked = _asked(desk, before)
    assert 3 <= asked["/inbox/list"] <= 4, asked  # in vain, then more than stand in an address; the line may say more
    assert asked["/inbox/news"] <= 1, asked  # of the new one, unless it was among them


def test_a_long_list_that_missed_something_is_renewed_once(house: House, open_desk: OpenDesk) -> None:
    """Two hundred rows of which the list as it is has none: each is asked about, and goes."""
    house.arrives(to=WASTE, Subject="Den enda")
    desk = open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}")
    desk.settles()
    before = len(desk.requests)
    desk.page.evaluate(LONG, 200)
    expect(desk.page.locator("#list li[data-stale]")).to_have_count(0)
    desk.settles()
    asked = _asked(desk, before)
    assert asked["/inbox/list"] <= 2, asked  # the line may have said it, too
    assert 4 <= asked["/inbox/news"] <= 6, asked


def test_what_came_by_the_hundred_and_is_on_no_page_of_the_list_yet_waits_behind_the_button(
    house: House, open_desk: OpenDesk
) -> None:
    """Of what the list has beside the rows that came, its button says how many there are."""
    there = house.arrives(to=WASTE, Subject="Den som finns")
    desk = open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}")
    desk.settles()
    new = house.arrives(Subject="I en annan kö")
    desk.settles()

    def beside(route: Route) -> None:
        answer = route.fetch()
        assert str(new) not in answer.text()
        route.fulfill(response=answer, body=re.sub(r'<li id="row-.*?</li>', "", answer.text(), flags=re.S))

    desk.page.route("**/inbox/list?*", beside)
    desk.page.evaluate("(id) => document.getElementById(`row-${id}`).remove()", str(there))
    desk.page.evaluate(MANY, [str(there), str(new), *(str(2**40 + number) for number in range(200))])
    expect(desk.page.locator("#news")).to_have_text("1 new, show")


def test_what_went_further_down_than_the_list_is_loaded_is_nothing_new(house: House, open_desk: OpenDesk) -> None:
    put_off = house.arrives(to=WASTE, Subject="Den som får vänta")
    desk = open_desk("sara", f"/inbox?view=open&queue={house.ids['avfall']}")
    desk.settles()
    desk.page.evaluate(MORE)
    house.change("PUT", put_off, "waiting", {"until": "2099-01-01T00:00:00Z"})
    expect(desk.row(put_off)).to_have_count(0)

    def beside(route: Route) -> None:
        answer = route.fetch()
        assert re.search(rf'data-waiting="[\d,]*\b{put_off}\b', answer.text())
        route.fulfill(response=answer, body=re.sub(r'<li id="row-.*?</li>', "", answer.text(), flags=re.S))

    desk.page.route("**/inbox/list?*", beside)
    before = len(desk.requests)
    desk.page.evaluate(MANY, [str(put_off), *(str(2**40 + number) for number in range(200))])
    new = house.arrives(to=WASTE, Subject="Den som är ny")
    expect(desk.at("#news")).to_be_visible()
    desk.settles()
    assert _asked(desk, before)["/inbox/list"] >= 1
    expect(desk.row(new)).to_have_count(0)
    expect(desk.at("#news")).to_have_text("1 new, show")


def test_what_one_has_before_oneself_does_not_wait_for_a_storm(house: House, open_desk: OpenDesk) -> None:
    mine, other = (house.arrives(Subject=subject) for subject in ("Min sak", "En annan sak"))
    desk = open_desk("sara", f"/conversations/{mine}?view=open&municipality={house.ids['granvik']}")
    desk.settles()
    desk.page.evaluate(THICK, [str(other), str(mine)])
    waited = desk.page.wait_for_function("() => window.waited").json_value()
    assert waited["mine"] < here(600) + waited["longest"], waited  # one may have been on its way
    assert waited["others"] <= 3, waited  # in two seconds, the one that went with the open one's among them


def test_what_happens_while_a_part_is_fetched_comes_after_it(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives()
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    with desk.held(f"/conversations/{conversation_id}/newer") as asked:
        first = house.goes_on(conversation_id, "Ett till.")
        asked()
        second = house.goes_on(conversation_id, "Och ännu ett.")
        version = house.conversation(conversation_id)["conversation"]["version"]
        expect(desk.at("#thread-head")).to_have_attribute("data-version", str(version))  # the news of it have come
    for entry_id in (first, second):
        expect(desk.at(f"#entry-{entry_id}")).to_have_count(1)


def test_what_a_colleague_does_shows_in_the_row(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives(to=WASTE, Subject="Vem tar den?")
    desk = open_desk(
        "sara", f"/inbox?view=open&queue={house.ids['avfall']}"
    )  # of all the centre's it may be on page two
    row = desk.row(conversation_id)
    row.focus()
    house.change("PUT", conversation_id, "assignment", {"person": "me"}, who="anton")
    expect(row.get_by_role("img", name="Assigned to Anton Berg")).to_be_visible()
    house.change("PUT", conversation_id, "closure", who="anton")
    expect(row).to_contain_text("Closed")
    expect(row).to_be_focused()


def _asked(desk: Desk, since: int) -> "Counter[Any]":
    """Paths, by how often they were fetched; but the sign that somebody reads, which is given every 20 seconds."""
    paths = (each.url.removeprefix(desk.url).partition("?")[0] for each in desk.requests[since:])
    return Counter(path for path in paths if not path.endswith("/presence"))


def test_how_far_an_answer_is_shows_by_itself(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej, när kommer bilen?")
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    since = len(desk.requests)
    desk.press("r")
    desk.type("Hej! I morgon.")
    desk.press("Control+Enter")
    answer = desk.at("#timeline > .event[data-mine]")
    expect(answer).to_contain_text("Leaves soon")
    answer.locator(".box").evaluate("box => (box.dataset.read = '')")
    house.outgoing(1)
    expect(answer).not_to_contain_text("Leaves soon")
    expect(answer.locator("[id^=deliveries] .chip")).to_have_count(1)
    expect(answer.locator(".box[data-read]")).to_have_count(1)  # what was opened or marked in it stays so
    asked = _asked(desk, since)
    assert any(path.startswith(f"/conversations/{conversation_id}/entries/") for path in asked)
    assert asked[f"/conversations/{conversation_id}"] == 0  # it alone, not all of the conversation
