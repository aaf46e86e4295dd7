"""A browser for all, a house for each module, windows for each test; whatever the browser complains of is a failure."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.browser.desk import PATIENCE, Desk, Watch
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
    # What draws and what runs pages is started once, not for every window.
    "--in-process-gpu",
    "--disable-software-rasterizer",
    "--renderer-process-limit=1",
]
_QUICK = "--js-flags=--no-maglev --no-turbofan"
"""No page of a test is there for long enough to get back what it takes to compile its scripts better."""
BOTH_ENGINES = pytest.mark.parametrize(
    "house", ["sqlite", pytest.param("postgresql", marks=pytest.mark.large)], indirect=True, scope="module"
)
"""`pytestmark` of a module whose house shall stand on PostgreSQL, too, where there is time; else on SQLite alone."""

LogIn = Callable[[str], StorageState]
OpenDesk = Callable[..., Desk]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends before a test of another folder: while Playwright runs, nothing else in this thread may have an event loop.

    To start it takes a second and a half of a processor.
    """
    try:
        program = Chromium.locate()
    except Missing as missing:
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        # Root may not use Chromium's sandbox; everybody else does.
        browser = playwright.chromium.launch(
            executable_path=program, headless=True, args=[*FLAGS, _QUICK], chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def first_house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Path]:
    """Filled, and left again; and where its files are kept as they were then. To fill one takes two seconds."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(sqlite_template, folder / "torg.db")
    with _filled(folder, f"sqlite:///{folder}/torg.db") as house:
        pass
    kept = folder.with_name(f"{folder.name}-kept")
    shutil.copytree(folder, kept)
    return house, kept


@pytest.fixture(scope="module")
def house(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Filled, and served on its first port. It asks for the browser so as not to be built where there is none."""
    if getattr(request, "param", "sqlite") == "postgresql":
        folder = tmp_path_factory.mktemp("house")
        server, template = (request.getfixturevalue(f"postgres_{name}") for name in ("url", "template"))
        with (
            own_database(server, f"torg_browser_{os.getpid()}_{folder.name}", template) as database_url,
            _filled(folder, database_url) as house,
        ):
            yield house
        return
    first, kept = request.getfixturevalue("first_house")
    shutil.rmtree(first.folder)
    shutil.copytree(kept, first.folder)
    with _closed(first.again()) as house, house.serving():
        yield house
    assert house.bugs() == []


@contextmanager
def _filled(folder: Path, database_url: str) -> Iterator[House]:
    with _closed(House(folder, database_url)) as house:
        with house.serving():
            house.fill()
            yield house
        assert house.bugs() == []


@contextmanager
def _closed(house: House) -> Iterator[House]:
    try:
        yield house
    finally:
        house.storage.close()


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
        context.set_default_timeout(PATIENCE)
        desk = Desk(context.new_page(), Watch(context), house.url_of(web))
        opened.append((context, desk))
        if path is not None:
            desk.goto(path)
        return desk

    yield open_desk
    for number, (context, desk) in enumerate(opened):
        if request.node.stash.get(FAILED, False):
            for page in context.pages:
                with suppress(PlaywrightError):  # of one that hangs there is none
                    page.screenshot(path=tmp_path / f"window{number}.png", caret="initial", timeout=10_000)
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
