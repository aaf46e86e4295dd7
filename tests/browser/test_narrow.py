"""Where there is little room: the rail's words are whole, what it has none for stands under More, and nothing meets."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from hub.access import duty
from hub.access.person import Person
from hub.storage.unit import Unit
from tests.browser.conftest import OpenDesk
from tests.browser.house import House
from tests.browser.look import SIZES
from tests.browser.test_contact import hangs_up, rings

CUT = """() => {
  const said = [];
  for (const each of document.querySelectorAll(".rail :is(.nav-link, .label)")) {
    if (!each.checkVisibility()) continue;
    const { left, right } = each.getBoundingClientRect();
    if (left < 0 || right > innerWidth || each.scrollWidth > each.clientWidth) said.push(each.textContent.trim());
  }
  return said;
}"""
ENTRIES = "() => [...document.querySelectorAll('.rail .nav-link')].filter((each) => each.checkVisibility()).length"
MEET = """() => {
  const all = [...document.querySelectorAll(".topbar > *, .topbar > * > *")];
  const seen = all.filter((each) => each.checkVisibility() && !each.closest(".sr"));
  const boxes = seen.map((each) => [each, each.getBoundingClientRect()]).filter(([, box]) => box.width);
  const meets = (a, b) => a.left < b.right - 1 && a.right > b.left + 1 && a.top < b.bottom - 1 && a.bottom > b.top + 1;
  const met = boxes.filter(([each, box]) => boxes.some(([other, its]) =>
    !other.contains(each) && !each.contains(other) && meets(box, its)));
  const cut = boxes.filter(([each]) => each.matches("a, button") && each.scrollWidth > each.clientWidth + 1);
  return [...met, ...cut].map(([each]) => each.outerHTML.slice(0, 99));
}"""
"""What of the top bar lies over something else of it, or has no room for its words."""
NARROW = SIZES["narrow"]


@pytest.mark.parametrize("language", ["en", "sv", "nb", "nn", "da"])
def test_on_a_phone_the_rail_has_its_words_whole_and_the_rest_under_more(
    house: House, open_desk: OpenDesk, language: str
) -> None:
    def speaks(unit: Unit, said: str) -> None:
        unit.change(update(Person).where(Person.id == house.ids["leila"]).values(language=said))

    _, entry_id = rings(house)  # where there is a telephone, call-backs are among the lists
    house.write(speaks, language)
    desk = open_desk("leila", "/inbox?view=open", viewport=NARROW["390"])
    for size in ("390", "320"):
        desk.page.set_viewport_size(NARROW[size])
        assert desk.page.evaluate(CUT) == [], size
        assert desk.page.evaluate(ENTRIES) == 5
    desk.at("#more-lists").click()
    rest = desk.at("#more-views")
    for path in ("/inbox?view=waiting", "/inbox?view=closed", "/callbacks", "/breakages"):
        expect(rest.locator(f'[href="{path}"]')).to_be_visible()
    for where in ("municipality=", "queue=", "channel="):
        expect(rest.locator(f'[href*="{where}"]').first).to_be_visible()
    rest.locator('[href="/callbacks"]').click()
    expect(desk.at('#more-views [aria-current="page"]')).to_have_attribute("href", "/callbacks")
    colour = "it => getComputedStyle(it).color"
    assert desk.at("#more-lists").evaluate(colour) != desk.at("#rail .nav-link").first.evaluate(colour)
    house.write(hangs_up, entry_id)
    house.write(speaks, "en")


@pytest.mark.parametrize("language", ["en", "sv", "nb", "nn", "da"])
def test_on_a_phone_administration_has_the_rest_under_more_too(
    house: House, open_desk: OpenDesk, language: str
) -> None:
    def speaks(unit: Unit, said: str) -> None:
        unit.change(update(Person).where(Person.id == house.ids["goran"]).values(language=said))

    house.write(speaks, language)
    desk = open_desk("goran", "/channels", viewport=NARROW["390"])
    for size in ("390", "320"):
        desk.page.set_viewport_size(NARROW[size])
        assert desk.page.evaluate(CUT) == [], size
        assert desk.page.evaluate(ENTRIES) == 5
    desk.at("#more-lists").click()
    desk.at('#more-views [href="/web-forms"]').click()
    expect(desk.at('#more-views [aria-current="page"]')).to_have_attribute("href", "/web-forms")
    desk.page.set_viewport_size(SIZES["wide"]["1440"])
    expect(desk.at("#more-lists")).to_be_hidden()
    expect(desk.at('.rail .nav-link[href="/web-forms"]')).to_be_visible()
    house.write(speaks, "en")


@pytest.mark.parametrize("language", ["en", "sv", "nb", "nn", "da"])
def test_since_when_one_is_busy_is_whole_in_the_rail(house: House, open_desk: OpenDesk, language: str) -> None:
    def busy(unit: Unit, said: str) -> None:
        unit.change(update(Person).where(Person.id == house.ids["sara"]).values(language=said))
        duty.say(unit, house.ids["sara"], "ready")
        duty.talks(unit, house.ids["sara"])

    house.write(busy, language)
    desk = open_desk("sara", "/inbox?view=open")
    since = desk.at("#presence .stands")
    expect(since).to_contain_text(re.compile(r"\d\d[:.]\d\d"))
    assert since.evaluate("it => it.scrollWidth <= it.clientWidth && it.scrollHeight <= it.clientHeight")
    desk.page.set_viewport_size(SIZES["wide"]["1280"])  # the rail has icons alone: it is said at the button
    expect(since).to_be_hidden()
    expect(desk.at("#me-button")).to_have_attribute("title", re.compile(r"Sara Lind, .*\d\d[:.]\d\d"))

    def away(unit: Unit) -> None:
        unit.change(update(Person).where(Person.id == house.ids["sara"]).values(language="en"))
        duty.say(unit, house.ids["sara"], "away")

    house.write(away)


@pytest.mark.parametrize("language", ["en", "sv", "nb", "nn", "da"])
def test_nothing_of_the_top_bar_lies_over_anything_else_of_it(house: House, open_desk: OpenDesk, language: str) -> None:
    """Nor is any of it cut off: with who waits on the telephone, and with the line to the server up and down."""

    def speaks(unit: Unit, said: str) -> None:
        unit.change(update(Person).where(Person.id == house.ids["sara"]).values(language=said))

    house.write(speaks, language)
    _, entry_id = rings(house)
    desk = open_desk("sara", "/inbox?view=open")
    expect(desk.at("#phone time")).to_be_visible()
    for is_down in (False, True):
        if is_down:
            desk.watch.expect("ERR_INTERNET_DISCONNECTED", "Failed to fetch")
            desk.page.context.set_offline(True)
            expect(desk.at("#line-state")).to_be_visible()
        for width in (390, 480, 780, 900, 1000, 1130, 1280, 1400, 1440):
            desk.page.set_viewport_size({"width": width, "height": 720})
            assert desk.page.evaluate(MEET) == [], (width, is_down)
    desk.page.context.set_offline(False)
    house.write(hangs_up, entry_id)
    house.write(speaks, "en")
