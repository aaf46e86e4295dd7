"""Visits: a municipality's page with a chat, and citizens who come to it; for tests that import these fixtures."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext
from sqlalchemy import select

from hub.inbox import chat
from hub.inbox.chat import Chat
from hub.storage.unit import Unit
from tests.browser.chat_page import Site, Widget, add_chat, site
from tests.browser.desk import PATIENCE, Watch
from tests.browser.house import House

Visit = Callable[..., Widget]


@pytest.fixture(scope="module")
def page_of_granvik(house: House) -> Iterator[Site]:
    """Served on another origin than Torg's; its chat lands in Kundtjänst."""
    with site(house.url) as made:
        made.channel = house.write(add_chat, f"granvik/{house.ids['kundtjanst']}", origins=[made.origin])
        yield made


@pytest.fixture
def visit(browser: Browser, house: House, page_of_granvik: Site) -> Iterator[Visit]:
    """`visit()`: a window on the municipality's page; options are Playwright's for a context."""
    opened: list[tuple[BrowserContext, Watch]] = []

    def visit(*, on: Site = page_of_granvik, go: bool = True, **options: object) -> Widget:
        given = {"viewport": {"width": 1440, "height": 900}, "locale": "sv-SE", "timezone_id": "Europe/Stockholm"}
        context = browser.new_context(**{**given, **options})  # type: ignore[arg-type]  # Playwright's own options
        context.set_default_timeout(PATIENCE)
        opened.append((context, Watch(context)))
        widget = Widget(context.new_page(), on)
        if go:
            widget.goto()
        return widget

    yield visit
    for context, _ in opened:
        context.close()
    house.write(_end_all)


def _end_all(unit: Unit) -> None:
    """No chat of one test rings in the next."""
    for row in unit.all(select(Chat).where(Chat.ended_at.is_(None))):
        chat.end(unit, row, "gone")


def newest(unit: Unit) -> int:
    """The conversation of the newest chat."""
    found = unit.first(select(Chat.conversation_id).order_by(Chat.id.desc()))
    assert found is not None
    return found


def answer(house: House, text: str, conversation_id: int | None = None) -> int:
    """One of ours says it by the API."""
    found = conversation_id or house.read(newest)
    status, said, _ = house.ask("POST", f"/conversations/{found}/turns", {"text": text})
    assert status == 201, said
    return found
