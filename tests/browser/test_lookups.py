"""Lookup cards by keys: who it is, then the topic's cards come; a sentence into the answer; a card kept as it was."""

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect
from sqlalchemy import delete

from hub.inbox import matter
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.topic import Topic
from hub.lookups import definition, file
from hub.lookups.kept import KeptAnswer
from hub.storage.unit import Unit
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.look import SIZES, Look, open_with_axe

ANNA = "19121212-1212"
INVOICES = "Personnr;Fakturanr;Text;Belopp;Forfaller;Status\n{who};8842071;{text};1486;2026-10-31;{state}\n"
TWO = (
    "Personnr;Fakturanr;Text;Belopp;Forfaller;Status\n"
    "{who};{first};A;1;2026-10-31;Obetald\n{who};{second};B;2;2026-10-31;Obetald\n"
)
WASTE = "Adress;Avfall;Datum\nAskvägen 4;Restavfall;2099-06-03\n"
FILES: Mapping[str, str] = {
    "invoices": """
card = "invoice"
values.status.Obetald = "unpaid"
values.status.Betald = "paid"
about.identity = "Personnr"
[settings.fields]
number = "Fakturanr"
title = "Text"
total = "Belopp"
due = "Forfaller"
status = "Status"
currency = { text = "SEK" }
""",
    "waste": """
card = "pickup"
says_whom = false
about.address = "Adress"
[settings.fields]
waste = "Avfall"
next = "Datum"
""",
}


class Beside:
    """A conversation whose topic allows invoices and a register that is down; parking is another, waste a place's."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder, self.id = house, folder, 0
        self.invoices("Slamtömning")
        self.put("waste.csv", WASTE)
        for name, title, settings in (
            ("invoices", "Invoices", self._table("invoices")),
            ("parking", "Parking", self._table("invoices")),
            ("waste", "Waste", self._table("waste")),
            ("sewer", "Sewer", f'kind = "rest"\n{REST}'),
        ):
            house.write(_publish, house, name, title, settings)

    def begin(self) -> None:
        """Another conversation."""
        self.id = self.house.arrives("Hej, ska jag betala fakturan?", Subject="Faktura")
        self.house.write(_allow, self.house.ids, self.id)

    def _table(self, name: str) -> str:
        return f'kind = "table"\n[settings]\npath = "{self.folder / name}.csv"{FILES[name]}'

    def invoices(self, text: str, state: str = "Obetald") -> None:
        self.put("invoices.csv", INVOICES.format(who=ANNA, text=text, state=state))

    def put(self, name: str, content: str) -> None:
        """As a department's export does, and some time ago: a file is read when nobody writes to it."""
        path = self.folder / f"{name}.new"
        path.write_text(content, encoding="utf-8")
        os.utime(path, (time.time() - 9, time.time() - 9))
        path.rename(self.folder / name)


REST = """
[settings]
base_url = "http://127.0.0.1:9"
card = "fields"
[settings.by.identity]
path = "/sewers"
query = { who = "{value}" }
rows = "[]"
[settings.about]
identity = "who"
[settings.fields]
title = "title"
"""


def _publish(unit: Unit, house: House, name: str, title: str, settings: str) -> None:
    text = f'name = "{name}"\ntitle = {{ en = "{title}", sv = "{title}" }}\n{settings}'
    declared, _, config = file.read(text, house.registry, lambda _: {})
    definition.publish(unit, house.ids["granvik"], declared, config)


def _allow(unit: Unit, ids: Mapping[str, int], conversation_id: int) -> None:
    conversation, topic = unit.lock(Conversation, conversation_id), unit.get(Topic, ids["Faktura"])
    assert conversation is not None
    assert topic is not None
    citizen = unit.get(Citizen, conversation.citizen_id)
    assert citizen is not None
    citizen.protection = "no"
    topic.lookups = ["invoices", "sewer"]
    matter.add(unit, conversation, ids["sara"], topic)


@pytest.fixture(scope="module")
def departments(house: House, tmp_path_factory: pytest.TempPathFactory) -> Beside:
    return Beside(house, tmp_path_factory.mktemp("exports"))


@pytest.fixture
def beside(departments: Beside) -> Beside:
    """With a conversation of its own, whose citizen nobody has confirmed."""
    departments.begin()
    return departments


def _confirm(desk: Desk) -> None:
    desk.press("i", "2")
    if desk.at("#identity-number").is_visible():
        desk.type(ANNA)
        desk.press("Enter")
    expect(desk.at("#identity-line[data-state=confirmed]")).to_be_visible()


def test_enter_confirms_by_the_way_in_focus_and_a_number_that_was_left_is_not_kept(
    beside: Beside, open_desk: OpenDesk
) -> None:
    desk = open_desk("sara", f"/conversations/{beside.id}?view=open")
    desk.at("#thread-title").focus()
    desk.press("i", "2")
    desk.type("1234")
    stood = desk.at("#m-identify").bounding_box()
    desk.press("Enter")
    desk.watch.expect("422")
    desk.says("with its century")
    expect(desk.at("#m-identify")).to_be_visible()
    assert desk.at("#m-identify").bounding_box() == stood  # beside what opened it
    desk.press("Escape")
    desk.at("#thread-title").focus()
    desk.press("i")
    expect(desk.at("#identity-number")).to_have_value("")
    expect(desk.at("#m-identify [name=how]").first).to_be_focused()
    desk.press("Enter")
    expect(desk.at("#identity-line[data-state=confirmed]")).to_be_visible()


def test_a_question_from_the_first_key_to_the_sentence(beside: Beside, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", f"/conversations/{beside.id}?view=open")
    expect(desk.at("#lookups-allowed")).to_contain_text("Waits for identity")
    asked = [each for each in desk.told() if "/lookups" in each]
    assert asked == []  # to look at it asks nothing
    desk.at("#thread-title").focus()
    desk.press("l", "1")
    expect(desk.at("#m-identify")).to_be_visible()
    expect(desk.at("#m-identify .asks-then")).to_have_text("Then asked together: Invoices and Sewer.")
    desk.at("#thread-head").evaluate("it => (it.dataset.before = '')")
    beside.house.goes_on(beside.id, "Jag bor på Ekgatan 4.")
    expect(desk.at("#thread-head:not([data-before])")).to_be_visible()
    expect(desk.at("#m-identify")).to_be_visible()  # it came anew, open as it was, and still says so
    expect(desk.at("#m-identify .asks-then")).to_have_text("Then asked together: Invoices and Sewer.")
    desk.at("#m-identify [data-kind=primary]").click()
    expect(desk.at("#m-identify")).to_be_visible()  # no way is chosen yet, and nobody chooses for them
    desk.at("#m-identify [name=how]").first.focus()
    desk.press("ArrowDown")
    expect(desk.at("#m-identify [name=how]").nth(1)).to_be_focused()
    desk.press("2")
    expect(desk.at("#m-identify [name=how]").nth(1)).to_be_checked()
    expect(desk.at("#identity-number")).to_be_focused()
    desk.type("1234")
    desk.press("Enter")
    desk.watch.expect("422")
    desk.says("with its century")
    expect(desk.at("#identity-number")).to_have_value("1234")
    desk.at("#identity-number").fill(ANNA)
    desk.press("Enter")
    invoices = desk.at("#lookups-open #lookup-invoices")
    expect(invoices).to_contain_text("Slamtömning")
    expect(invoices.locator(".card-head .chip")).to_have_text("Overdue")
    expect(desk.at("#lookup-sewer[data-state=error]")).to_contain_text("Try again")
    expect(desk.at("#lookup-parking[data-state=unasked]")).to_be_visible()
    expect(invoices).to_be_focused()
    desk.press("Shift+I")
    field = desk.at("textarea.for-reply")
    expect(field).to_be_focused()
    expect(field).to_have_value(
        re.compile(r"^Faktura 8842071 \(Slamtömning, 1\s486\skr\) skulle ha betalats .* Källa: Invoices, ")
    )
    expect(desk.at("#saved")).to_contain_text("Draft saved")
    desk.at("#inserted [data-takes-out]").click()
    expect(field).to_have_value("")


def test_a_card_follows_its_source_and_is_kept_as_it_was(beside: Beside, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", f"/conversations/{beside.id}?view=open")
    _confirm(desk)
    invoices = desk.at("#lookups-open #lookup-invoices")
    expect(invoices).to_contain_text("Overdue")
    invoices.get_by_role("button", name="Pin").click()
    desk.says("Pinned to the conversation")
    pinned = desk.at('.event[data-kind="lookup"]')
    expect(pinned).to_contain_text("SEK 1,486")
    beside.invoices("Slamtömning", "Betald")
    desk.at("#thread-title").focus()
    desk.press("Shift+L")
    expect(invoices.locator(".card-head .chip")).to_have_text("Paid")
    expect(pinned).to_contain_text("Overdue")
    desk.press("l", "1")
    expect(invoices).to_be_focused()
    beside.invoices("Slamtömning")
    beside.house.change("DELETE", beside.id, "identity", who="anton")  # it was somebody else, as a colleague knows
    expect(desk.at("#lookups-allowed")).to_contain_text("Waits for identity")
    expect(desk.at("#lookups-open > *")).to_have_count(0)
    expect(pinned).to_be_visible()


def test_of_an_old_card_that_was_chosen_nothing_is_inserted(beside: Beside, open_desk: OpenDesk) -> None:
    beside.put("invoices.csv", TWO.format(who=ANNA, first="8842071", second="8842072"))
    desk = open_desk("sara", f"/conversations/{beside.id}?view=open")
    _confirm(desk)
    invoices, field = desk.at("#lookups-open #lookup-invoices"), desk.at("textarea.for-reply")
    expect(invoices).to_contain_text("8842072")

    def inserts_second() -> None:
        invoices.locator("summary").nth(1).click()
        invoices.locator('[data-inserts="1"]').click()

    beside.house.write(lambda unit: unit.change(delete(KeptAnswer)))  # as when they are old
    beside.put("invoices.csv", TWO.format(who=ANNA, first="8842070", second="8842071"))
    inserts_second()
    desk.says("Nothing was inserted: choose again.")
    expect(invoices).to_contain_text("8842070")
    expect(invoices).to_be_focused()
    expect(field).to_have_value("")
    inserts_second()
    expect(field).to_have_value(re.compile("^Faktura 8842071 "))
    beside.invoices("Slamtömning")


def test_a_slow_answer_is_asked_for_once_and_lands_where_it_belongs(beside: Beside, open_desk: OpenDesk) -> None:
    other = beside.house.arrives("Hej igen", Subject="Annat")
    desk = open_desk("sara", f"/conversations/{beside.id}?view=open")
    _confirm(desk)
    invoices = desk.at("#lookups-open #lookup-invoices")
    expect(invoices).to_contain_text("8842071")
    expect(desk.at("#lookup-sewer[data-state=error]")).to_be_visible()  # it is asked again with the others, else
    held: list[Route] = []
    desk.page.route(re.compile(r"/lookups/invoices\?"), lambda route: held.append(route))  # noqa: PLW0108 - it marks what it is given

    def asks_twice() -> Route:
        invoices.focus()
        desk.press("Shift+L", "Shift+L")
        expect(invoices).to_have_attribute("aria-busy", "true")
        desk.until(lambda: bool(held))
        assert len(held) == 1
        return held.pop()

    beside.invoices("Vatten")
    slow = asks_twice()
    desk.at("#lookups").evaluate("it => (it.dataset.before = '', it.dispatchEvent(new CustomEvent('lookups-changed')))")
    expect(desk.at("#lookups:not([data-before])")).to_be_visible()
    slow.continue_()
    expect(invoices).to_contain_text("Vatten")
    assert held == []

    slow = asks_twice()
    desk.open(other)
    desk.at("#thread-title").focus()
    with desk.page.expect_response(re.compile(r"/lookups/invoices\?")):
        slow.continue_()
    desk.settles()
    expect(desk.at("#thread-title")).to_be_focused()
    beside.invoices("Slamtömning")


def test_another_card_takes_a_purpose_and_an_address_no_identity(beside: Beside, open_desk: OpenDesk) -> None:
    desk = open_desk("sara", f"/conversations/{beside.id}?view=open")
    expect(desk.at("#lookups-open > *")).to_have_count(0)
    desk.at("#thread-title").focus()
    desk.press("l", "3")
    desk.type("Askvägen 4")
    desk.press("Enter")
    waste = desk.at("#lookups-open #lookup-waste")
    expect(waste).to_contain_text("address only")
    expect(desk.at("#lookups-places")).to_be_hidden()
    desk.press("l", "4")  # of a person: first who it is, then what for
    desk.press("1")
    if desk.at("#identity-number").is_visible():
        desk.type(ANNA)
        desk.press("Enter")
    purpose = desk.at("#purpose-parking")
    expect(purpose).to_be_focused()
    expect(purpose).to_have_value("Answer about Faktura")
    desk.press("Enter")
    expect(desk.at("#lookups-open #lookup-parking")).to_contain_text("8842071")
    expect(desk.at("#lookups-open #lookup-parking")).to_be_focused()
    expect(waste).to_be_visible()


def test_it_is_the_same_for_everybody(beside: Beside, open_desk: OpenDesk) -> None:
    """Axe in both themes, nothing cut off, in the states that stand beside each other."""
    _confirm(open_desk("sara", f"/conversations/{beside.id}?view=open"))
    for layout, sizes in SIZES.items():
        look = Look(sizes, large=False)
        desk = open_with_axe(open_desk, "sara", f"/conversations/{beside.id}?view=open", viewport=look.window)
        if not desk.at("#t1").is_visible():
            desk.press("]")
        expect(desk.at("#lookups")).to_be_visible()
        look.at(desk, f"lookups, {layout}", "#lookups")
        desk.at("#citizen [popovertarget=m-identify]").click()
        look.at(desk, f"identify, {layout}", "#m-identify")
        desk.press("Escape")
        if (again := desk.at("#lookup-parking [popovertarget]")).count():
            again.first.click()
            look.at(desk, f"ask, {layout}", "#m-ask-parking")
        assert not look.wrong, "\n".join(["", *sorted(set(look.wrong))])
