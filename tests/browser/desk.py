"""Desk: one person's browser window, with the words that tests say about it; and what it must never show."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from playwright.sync_api import (
    APIResponse,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    Route,
    WebError,
    expect,
)

from tests.pace import here

PATIENCE = 40_000
"""Milliseconds that a test waits for anything: enough for a machine that is ten times slower, or as busy."""
expect.set_options(timeout=PATIENCE)

_QUIET = 1.8
"""Seconds: more than another process takes to notice, and the page to ask for counts."""


_WATCH_ROW = """(id) => {
  (window.anew ??= {})[id] = false;
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (ctx?.target?.id === `row-${id}`) window.anew[id] = true;
  });
}"""


class Watch:
    """Of a browser context: errors of scripts, of the console (the security policy's among them), and 5xx answers."""

    def __init__(self, context: BrowserContext) -> None:
        self._found: list[str] = []
        self._expected: list[str] = []
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("response", self._response)

    def expect(self, *patterns: str) -> None:
        """What this test brings about on purpose, as regular expressions."""
        self._expected += patterns

    def check(self) -> None:
        """Fails with all that wasn't expected."""
        found = [each for each in self._found if not any(re.search(pattern, each) for pattern in self._expected)]
        assert not found, f"the browser complains: {found}"

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._found.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self._found.append(f"script: {error.error}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self._found.append(f"{response.status} {response.request.method} {response.url}")


def type_keys(page: Page, text: str) -> None:
    """Where the focus is, key by key; "ä" by the key that a Nordic keyboard has for it.

    Playwright knows an American keyboard's keys and hands in other letters past it, as an input method does; Chromium
    drops such a letter when the window has no focus at that moment.
    """
    keys = page.context.new_cdp_session(page)
    for letter in text:
        if letter.isascii():
            page.keyboard.type(letter)
            continue
        for event in ("keyDown", "keyUp"):
            said = {"text": letter, "unmodifiedText": letter} if event == "keyDown" else {}
            keys.send("Input.dispatchKeyEvent", {"type": event, "key": letter, **said})
    keys.detach()


def wait_for(page: Page, holds: Callable[[], bool]) -> None:
    """Asks until it does, while the page goes on."""
    end = time.monotonic() + PATIENCE / 1_000
    while not holds():
        assert time.monotonic() < end, "it didn't come"
        page.wait_for_timeout(50)


class Desk:
    """`page` is Playwright's own, for all that has no word here."""

    def __init__(self, page: Page, watch: Watch, url: str) -> None:
        self.page, self.watch, self.url = page, watch, url
        self.requests: list[Request] = []
        page.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108 - it marks what it is given

    def goto(self, path: str) -> None:
        """A page of the desk, with its scripts at work."""
        self.page.goto(f"{self.url}{path}")
        self.page.wait_for_load_state("load")

    def lists(self, title: str) -> None:
        """Waits for a page with the list of this name; keys do something then."""
        expect(self.at("#list-title")).to_contain_text(title)
        self.page.wait_for_load_state("load")

    def press(self, *keys: str) -> None:
        """One after the other, as Playwright names them."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Where the focus is."""
        type_keys(self.page, text)

    def at(self, selector: str, has_text: str | None = None) -> Locator:
        """Elements of the page."""
        return self.page.locator(selector, has_text=has_text)

    def row(self, conversation_id: int | str) -> Locator:
        """Of the list."""
        return self.at(f"#row-{conversation_id} > a.row")

    def rows(self) -> Sequence[str]:
        """Ids of the conversations listed, in their order."""
        return [str(each) for each in self.at("#list a.row").evaluate_all("rows => rows.map(row => row.dataset.id)")]

    def comes_anew(self, happens: Callable[[], object], *conversation_ids: int | str) -> None:
        """Has something happen that fetches these rows; waits until they were put in place."""
        for each in conversation_ids:
            self.page.evaluate(_WATCH_ROW, str(each))
        happens()
        for each in conversation_ids:
            self.page.wait_for_function("id => window.anew[id]", arg=str(each))

    @contextmanager
    def held(self, path: str) -> Iterator[Callable[[], None]]:
        """The next answer of that path comes when the block ends, as it was when `asked()` in the block came back."""
        held: list[tuple[Route, APIResponse]] = []

        def hold(route: Route) -> None:
            if held:
                route.continue_()
            else:
                held.append((route, route.fetch()))

        def asked() -> None:
            self.until(lambda: bool(held))

        self.page.route(f"**{path}?*", hold)
        yield asked
        route, answer = held[0]
        route.fulfill(response=answer)

    def until(self, holds: Callable[[], bool]) -> None:
        """Waits for it while the page goes on."""
        wait_for(self.page, holds)

    def settles(self) -> None:
        """Waits until the page asks for nothing more: what happened until now has come, and the hub has counted it."""
        known = -1
        while known != len(self.requests):
            known = len(self.requests)
            self.page.wait_for_timeout(1_000 * here(_QUIET))

    def opened(self) -> str:
        """The id of the conversation that stands beside the list."""
        return str(self.at("#thread").get_attribute("data-id"))

    def open(self, conversation_id: int | str) -> None:
        """By its row, with a click; waits until it is there."""
        self.row(conversation_id).click()
        expect(self.at(f'#thread[data-id="{conversation_id}"]')).to_be_visible()

    def says(self, words: str) -> None:
        """Waits for a toast with these words that wasn't waited for before."""
        toast = self.at("#toast [data-toast]:not([data-read])")
        expect(toast).to_contain_text(words)
        toast.evaluate("toast => toast.dataset.read = ''")

    def focused(self) -> str:
        """The id, or else the name, of what has the focus."""
        return str(self.page.evaluate("document.activeElement.id || document.activeElement.tagName"))

    def told(self) -> Sequence[str]:
        """Requests so far, in words, but those for scripts and styles."""
        said = [f"{each.method} {each.url.removeprefix(self.url)}" for each in self.requests]
        return [each for each in said if not each.startswith("GET /static/")]
