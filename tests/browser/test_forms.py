"""A form in Chromium: with its script and without, by keys alone; what is sent twice is one conversation."""

from typing import Any

import pytest
from msgspec import structs
from playwright.sync_api import Page, expect
from sqlalchemy import select

from hub import clock
from hub.channels import forms as channels
from hub.edge import filling, form_token
from hub.inbox import form
from hub.inbox.conversation import Conversation
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.storage.unit import Unit
from inbox_ui.public.form_page import TOKEN
from tests.browser.conftest import OpenDesk
from tests.browser.house import House
from tests.line import until
from tests.web.form_world import DEFINITION

NOBODY: dict[str, Any] = {"storage_state": {"cookies": [], "origins": []}}
AT = "/forms/granvik/felanmalan/en"


@pytest.fixture(autouse=True)
def published(house: House) -> None:
    def publish(unit: Unit) -> None:
        home, queue = unit.get(Municipality, house.ids["granvik"]), unit.get(Queue, house.ids["kundtjanst"])
        assert home is not None
        assert queue is not None
        if form.by_name(unit, home.id, "felanmalan") is None:
            row = form.add(unit, home, "felanmalan", queue, DEFINITION)
            form.publish(unit, row, None)
            channels.require(unit, house.registry, home)

    house.write(publish)


def came(house: House) -> int:
    """How many conversations forms have made."""
    return len(house.all(select(Conversation).where(Conversation.contact_kind == "form")))


def sends(page: Page) -> None:
    """As a person does, who takes a moment: a browser that is driven is as fast as a program."""
    page.wait_for_timeout(filling.FASTEST / 1_000)
    page.get_by_role("button", name="Send").click()


def was_shown(house: House, page: Page, seconds: int) -> None:
    """The page, as if it came so long ago, whatever a slow machine made of it."""
    field = page.locator(f"[name={TOKEN}]")
    token = form_token.read(house.storage.keys, field.input_value())
    assert token is not None
    other = structs.replace(token, shown_at=clock.now() - seconds * clock.SECOND)
    field.evaluate("(field, other) => (field.value = other)", form_token.write(house.storage.keys, other))


def number_on(page: Page) -> str:
    expect(page.locator(".form-receipt")).to_be_visible()
    return page.locator(".form-receipt b").inner_text()


def test_with_its_script_only_what_counts_is_shown(house: House, open_desk: OpenDesk) -> None:
    before = came(house)
    desk = open_desk("nobody", AT, **NOBODY)
    other = desk.page.get_by_label("What is it?")
    expect(other).to_be_hidden()
    desk.page.get_by_text("Something else", exact=True).click()
    expect(other).to_be_visible()
    desk.page.get_by_text("Street lamp", exact=True).click()
    expect(other).to_be_hidden()
    desk.page.get_by_label("Describe it").fill("It blinks.")
    desk.page.wait_for_timeout(filling.FASTEST / 1_000)
    desk.page.get_by_role("button", name="Send").dblclick()
    assert number_on(desk.page)
    until(lambda: came(house) == before + 1)
    desk.page.reload()
    assert number_on(desk.page)
    assert came(house) == before + 1


def test_the_button_of_files_speaks_the_forms_language(open_desk: OpenDesk) -> None:
    desk = open_desk("nobody", AT.replace("/en", "/sv"), **NOBODY)
    drop = desk.page.locator(".drop")
    expect(drop).to_contain_text("Välj filer")
    expect(drop).to_contain_text("Ingen fil är vald")
    with desk.page.expect_file_chooser() as choosing:
        drop.click()
    choosing.value.set_files({"name": "hål.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff"})
    expect(drop.get_by_role("status")).to_have_text("hål.jpg")


def test_without_a_script_and_nothing_is_lost_on_an_error(house: House, open_desk: OpenDesk) -> None:
    before = came(house)
    desk = open_desk("nobody", AT, **NOBODY, java_script_enabled=False)
    page = desk.page
    expect(page.get_by_text("Only if you have answered")).to_be_visible()
    page.get_by_text("Something else", exact=True).click()
    page.get_by_label("Describe it").fill("A hole in the road.")
    files = [{"name": "hole.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff"}]
    page.locator("input[type=file]").set_input_files(files)  # type: ignore[arg-type]  # a payload
    page.get_by_label("E-mail").fill("nobody")
    desk.watch.expect("422")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("What is it?")
    expect(page.get_by_label("Describe it")).to_have_value("A hole in the road.")
    expect(page.get_by_text("hole.jpg")).to_be_visible()
    page.get_by_label("What is it?").fill("A hole")
    page.get_by_label("E-mail").fill("ida@post.example")
    sends(page)
    assert number_on(page)
    until(lambda: came(house) == before + 1)


def test_whoever_goes_back_from_the_number_after_a_refusal_is_shown_the_form(house: House, open_desk: OpenDesk) -> None:
    before = came(house)
    desk = open_desk("nobody", AT, **NOBODY)
    page = desk.page
    desk.watch.expect("422")
    page.get_by_text("Street lamp", exact=True).click()
    page.get_by_label("Describe it").fill("It blinks.")
    page.get_by_label("E-mail").fill("nobody")
    sends(page)
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("E-mail").fill("ida@post.example")
    sends(page)
    assert number_on(page)
    until(lambda: came(house) == before + 1)
    page.go_back()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.go_forward()
    assert number_on(page)
    assert came(house) == before + 1


def test_the_words_of_a_condition_stand_in_the_languages_own_marks(open_desk: OpenDesk) -> None:
    desk = open_desk("nobody", AT, **NOBODY, java_script_enabled=False)
    for language, marks in (("en", "“”"), ("sv", "””")):
        desk.goto(AT.replace("/en", f"/{language}"))
        said = desk.at(".only-if").first.inner_text()
        assert "".join(each for each in said if each in '“”«»"') == marks * 2, said


def test_what_is_sent_at_once_is_shown_again_and_taken_then(house: House, open_desk: OpenDesk) -> None:
    before = came(house)
    desk = open_desk("nobody", AT, **NOBODY)
    desk.watch.expect("422")
    desk.page.get_by_text("Street lamp", exact=True).click()
    desk.page.get_by_label("Describe it").fill("It blinks.")
    was_shown(house, desk.page, -60)
    desk.page.get_by_role("button", name="Send").click()
    expect(desk.page.get_by_text("It isn't sent yet")).to_be_visible()
    expect(desk.page.get_by_label("Describe it")).to_have_value("It blinks.")
    was_shown(house, desk.page, 60)
    desk.page.get_by_role("button", name="Send").click()
    assert number_on(desk.page)
    until(lambda: came(house) == before + 1)


def test_by_keys_alone_and_an_agent_reads_it(house: House, open_desk: OpenDesk) -> None:
    before = came(house)
    desk = open_desk("nobody", AT, **NOBODY)
    keys = desk.page.keyboard
    desk.page.locator("input[type=radio]").first.focus()
    keys.press("Space")
    keys.press("Tab")
    keys.type("The lamp at the harbour")
    for _ in range(20):
        keys.press("Tab")
        if desk.page.evaluate("document.activeElement.textContent.trim()") == "Send":
            break
    desk.page.wait_for_timeout(filling.FASTEST / 1_000)
    keys.press("Enter")
    assert number_on(desk.page)
    until(lambda: came(house) == before + 1)
    newest = house.all(select(Conversation.id).where(Conversation.contact_kind == "form").order_by(Conversation.id))[-1]
    agent = open_desk("sara", f"/conversations/{newest}?view=open")
    expect(agent.at('.event[data-kind="form"] dl')).to_contain_text("The lamp at the harbour")
    expect(agent.at('.event[data-kind="form"]')).to_contain_text("Unconfirmed")
