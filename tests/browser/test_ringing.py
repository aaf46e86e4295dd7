"""What rings: nothing is covered, and nobody loses their place."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, ViewportSize, expect

from hub.access import duty
from tests.browser.chat_page import Widget, add_chat, site
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.look import NOBODY, SIZES
from tests.browser.test_contact import hangs_up, rings

COVERED = """() => {
  const shown = (each) => {
    let { left, top, right, bottom } = each.getBoundingClientRect();
    for (let at = each.parentElement; at; at = at.parentElement) {
      if (getComputedStyle(at).overflow === "visible") continue;
      const box = at.getBoundingClientRect();
      [left, top] = [Math.max(left, box.left), Math.max(top, box.top)];
      [right, bottom] = [Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    return { left, top, right, bottom };
  };
  const pops = [...document.querySelectorAll("#rings .callpop:not([hidden])")].map(shown);
  const meets = (a, b) => a.left < b.right - 1 && a.right > b.left + 1 && a.top < b.bottom - 1 && a.bottom > b.top + 1;
  const those = [...document.querySelectorAll("a, button, input, select, textarea, summary, h2, h3, .bubbles, .row")];
  const others = those.filter((each) => each.checkVisibility() && !each.closest("#rings, .sr, .skip"));
  const under = others.filter((each) => pops.some((pop) => meets(shown(each), pop)));
  return under.map((each) => each.outerHTML.slice(0, 99));
}"""
"""What one could press or read, and what rings lies over it."""
WIDTHS: Mapping[str, ViewportSize] = {**SIZES["wide"], "900": {"width": 900, "height": 700}, **SIZES["narrow"]}


@contextmanager
def chat_rings(house: House, open_desk: OpenDesk) -> Iterator[None]:
    """To whoever is on duty, for as long as nobody takes it."""
    with site(house.url) as made:
        queue = f"granvik/{house.ids['kundtjanst']}"
        made.channel = house.write(add_chat, queue, origins=[made.origin])
        widget = Widget(open_desk("nobody", None, **NOBODY).page, made)
        widget.goto()
        widget.begins("När töms min brunn?")
        yield


def top(of: Locator) -> float:
    """Pixels below the window's."""
    box = of.bounding_box()
    assert box is not None
    return box["y"]


def both_ring(house: House, desk: Desk) -> int:
    """A call beside the chat; the entry of it."""
    expect(desk.at("#ringing [data-chat-rings]")).to_be_visible()
    _, entry_id = rings(house)
    expect(desk.at("#callpop")).to_be_visible()
    return entry_id


def test_what_rings_covers_nothing_and_whoever_writes_goes_on(house: House, open_desk: OpenDesk) -> None:
    """At every width, with the citizen's panel and without it, in a conversation and on a page without one."""
    house.write(duty.say, house.ids["sara"], "ready")
    with chat_rings(house, open_desk):
        desk = open_desk("sara", None)
        for size, viewport in WIDTHS.items():
            desk.page.set_viewport_size(viewport)
            conversation_id = house.arrives("Hej!\n\n" + "Rad.\n" * 80)
            desk.goto(f"/conversations/{conversation_id}?view=open")
            field = desk.at("textarea.for-reply")
            field.click()
            desk.type("Hej")
            expect(desk.at("#ringing [data-chat-rings]")).to_be_visible()
            lies = field.bounding_box()
            entry_id = both_ring(house, desk)
            desk.type(" igen")
            expect(field).to_be_focused()
            expect(field).to_have_value("Hej igen")
            assert desk.page.evaluate(COVERED) == [], size
            if size in ("1440", "1280", "900", "390"):  # else the field gives room as well
                assert field.bounding_box() == lies, size
            house.write(hangs_up, entry_id)
            expect(desk.at("#callpop")).to_have_count(0)
        desk.page.set_viewport_size(WIDTHS["1440"])
        desk.at("#panel-toggle").check(force=True)
        entry_id = both_ring(house, desk)
        assert desk.page.evaluate(COVERED) == []
        for path in ("/callbacks", "/inbox?view=open"):
            desk.goto(path)
            for size, viewport in WIDTHS.items():
                desk.page.set_viewport_size(viewport)
                expect(desk.at("#ringing [data-chat-rings]")).to_be_visible()
                assert desk.page.evaluate(COVERED) == [], (path, size)
        house.write(hangs_up, entry_id)
    house.write(duty.say, house.ids["sara"], "away")


@pytest.mark.parametrize("size", ["1440", "390"])
def test_what_one_reads_stays_where_it_is(house: House, open_desk: OpenDesk, size: str) -> None:
    """In a list that one has scrolled, and in a conversation whose newest words are in sight."""
    house.write(duty.say, house.ids["sara"], "ready")
    conversation_id = house.arrives("Hej!\n\n" + "Rad.\n" * 80)
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open", viewport=WIDTHS[size])
    below = "it => Math.round(it.scrollHeight - it.scrollTop - it.clientHeight)"
    expect(desk.at("#history")).to_be_visible()
    desk.until(lambda: desk.at("#history").evaluate(below) < 2)
    _, entry_id = rings(house)
    expect(desk.at("#callpop")).to_be_visible()
    desk.until(lambda: desk.at("#history").evaluate(below) < 2)
    house.write(hangs_up, entry_id)
    expect(desk.at("#callpop")).to_have_count(0)
    desk.until(lambda: desk.at("#history").evaluate(below) < 2)
    desk.goto("/inbox?view=open")
    row = desk.row(desk.rows()[9])
    row.scroll_into_view_if_needed()
    desk.at("#pane-list .scroll").evaluate("it => { it.scrollTop = 300; }")
    lies = top(row)
    _, entry_id = rings(house)
    expect(desk.at("#callpop")).to_be_visible()
    desk.until(lambda: abs(top(row) - lies) < 1)
    house.write(hangs_up, entry_id)
    expect(desk.at("#callpop")).to_have_count(0)
    desk.until(lambda: abs(top(row) - lies) < 1)
    house.write(duty.say, house.ids["sara"], "away")
