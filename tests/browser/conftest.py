"""A browser and a house for each module, and windows for each test; whatever the browser complains of is a failure."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState, sync_playwright

from tests.browser.desk import Desk, Watch
from tests.browser.house import House
from tests.recycled import own_database
from tests.servers import Chromium, Missing

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BOTH_ENGINES = pytest.mark.parametrize(
    "house", ["sqlite", pytest.param("postgresql", marks=pytest.mark.large)], indirect=True, scope="module"
)
"""`pytestmark` of a module whose house shall stand on PostgreSQL, too, where there is time; else on SQLite alone."""

LogIn = Callable[[str], StorageState]
OpenDesk = Callable[..., Desk]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: while Playwright runs, nothing else in this thread may have an event loop."""
    try:
        program = Chromium.locate()
    except Missing as missing:
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        # Root may not use Chromium's sandbox; everybody else does.
        browser = playwright.chromium.launch(
            executable_path=program, headless=True, args=FLAGS, chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def house(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Filled, and served on its first port. It asks for the browser so as not to be built where there is none."""
    folder = tmp_path_factory.mktemp("house")
    with ExitStack() as at_the_end:
        if getattr(request, "param", "sqlite") == "postgresql":
            server, template = (request.getfixturevalue(f"postgres_{name}") for name in ("url", "template"))
            name = f"torg_browser_{os.getpid()}_{folder.name}"
            database_url = at_the_end.enter_context(own_database(server, name, template))
        else:
            shutil.copy(request.getfixturevalue("sqlite_template"), folder / "torg.db")
            database_url = f"sqlite:///{folder}/torg.db"
        house = House(folder, database_url)
        at_the_end.callback(house.storage.close)
        with house.serving():
            house.fill()
            yield house
        assert house.bugs() == []


@pytest.fixture(scope="module")
def log_in(house: House) -> LogIn:
    """`log_in("sara")`: what a browser has where she has logged in, without the sixth of a second of a password."""
    return cache(house.logged_in)


@pytest.fixture
def open_desk(
    request: pytest.FixtureRequest,
    browser: Browser,
    house: House,
    log_in: LogIn,
    tmp_path: Path,
) -> Iterator[OpenDesk]:
    """`open_desk("sara", "/inbox?view=open")`: a window of its own; further options are Playwright's for a context.

    `desk.watch.expect(…)` what shall go wrong there.
    """
    opened: list[tuple[BrowserContext, Desk]] = []

    def open_desk(who: str, path: str | None = "/inbox?view=open", *, web: int = 0, **options: Any) -> Desk:
        given: dict[str, Any] = {} if "storage_state" in options else {"storage_state": log_in(who)}
        given |= {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "timezone_id": "Europe/Stockholm"}
        context = browser.new_context(**{**given, **options})
        context.set_default_timeout(10_000)
        desk = Desk(context.new_page(), Watch(context), house.url_of(web))
        opened.append((context, desk))
        if path is not None:
            desk.goto(path)
        return desk

    yield open_desk
    for number, (context, desk) in enumerate(opened):
        if request.node.stash.get(FAILED, False):
            for page in context.pages:
                page.screenshot(path=tmp_path / f"window{number}.png", caret="initial")
            print(f"window {number} asked last for", *desk.told()[-30:], sep="\n  ")  # noqa: T201 - shown with the failure
        context.close()
    for _, desk in opened:
        desk.watch.check()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test leaves pictures of its windows in its folder."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report
