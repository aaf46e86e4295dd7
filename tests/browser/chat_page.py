"""A municipality's page on another origin, with the chat's script tag; and the widget as somebody sees it there."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from playwright.sync_api import Frame, Locator, Page, expect

from hub.channels.channel import Channel
from hub.storage.unit import Unit
from tests.browser.desk import wait_for

PAGE = """<!doctype html><html lang="sv"><head><meta charset="utf-8"><title>Granvik kommun</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<meta http-equiv="Content-Security-Policy" content="default-src 'self'; script-src 'self' {torg}; frame-src {torg}">
<script src="{torg}/chat/widget.js" data-chat="{channel}" async></script></head>
<body><header><b>Granvik kommun</b></header><main><h1>Avfall och slamtömning</h1>
<p>Här ser du när dina kärl töms.</p><p><a href="#torg-chat">Chatta med oss</a></p></main></body></html>"""


class Site:
    """Its address, and what it shows."""

    def __init__(self, torg: str) -> None:
        site = self
        self.torg, self.channel = torg, 0

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = PAGE.format(torg=site.torg, channel=site.channel).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        Thread(target=self._server.serve_forever, daemon=True).start()
        # Another host than Torg's 127.0.0.1, so another site to the browser.
        self.origin = f"http://localhost:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def site(torg: str) -> Iterator[Site]:
    made = Site(torg)
    try:
        yield made
    finally:
        made.close()


def add_chat(unit: Unit, /, queue: str, **settings: Any) -> int:
    """The channel's id; open day and night, unless it says otherwise."""
    config = {"queue": queue, "hours": "mon-sun 00:00-24:00", "holidays": "open", **settings}
    row = Channel(kind="web_chat", name="Chatten", home_id=None, sends_by_id=None, config=config)
    unit.add(row)
    return row.id


_SHOWN = """(shown) => shown ===
  (document.elementFromPoint(innerWidth - 100, innerHeight - 200)?.localName === "torg-chat")"""
"""Whether the frame is there, whose shadow is closed: what is in a hidden one never comes to rest."""


def feels(page: Page, frame: Frame) -> None:
    """Waits until a mouse is felt in the widget's frame.

    Where a frame is that was shown, or moved, just now, the browser knows later than its page does: till then a
    click in it meets nothing.
    """
    button = frame.locator("#minimise")

    def is_felt() -> bool:
        page.mouse.move(0, 0)
        button.hover()
        return bool(button.evaluate("button => button.matches(':hover')"))

    wait_for(page, is_felt)


class Widget:
    """Somebody's window on the municipality's page."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page, self.site = page, site

    def goto(self) -> None:
        self.page.goto(f"{self.site.origin}/avfall")
        expect(self.page.locator("torg-chat[data-loaded]")).to_be_attached()

    @property
    def frame(self) -> Frame:
        """What is in it. Its shadow is closed, so the frame is found among the page's."""
        return next(each for each in self.page.frames if each.url.startswith(self.site.torg))

    def at(self, selector: str, has_text: str | None = None) -> Locator:
        return self.frame.locator(selector, has_text=has_text)

    def open(self) -> None:
        self.page.get_by_role("link", name="Chatta med oss").click()
        self.page.wait_for_function(_SHOWN, arg=True)
        expect(self.at("#chat-title")).to_be_visible()
        feels(self.page, self.frame)

    def minimise(self) -> None:
        """By key. The frame tells the page, in another process: until that has heard, an opening would be undone."""
        self.page.keyboard.press("Escape")
        self.page.wait_for_function(_SHOWN, arg=False)

    def button_says(self, words: str) -> bool:
        """Waits until it does: its shadow is closed, so it is read as a screen reader has it."""
        reader = self.page.context.new_cdp_session(self.page)

        def says() -> bool:
            nodes = reader.send("Accessibility.getFullAXTree")["nodes"]
            buttons = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "button"]
            return words in buttons

        wait_for(self.page, says)
        reader.detach()
        return True

    def begins(self, text: str = "Hej, är vattnet avstängt?", name: str = "") -> None:
        """Opens it and starts a chat."""
        self.open()
        self.at("#name").fill(name)
        self.at("#question").fill(text)
        self.at("#submit").click()
        expect(self.at(".turn.mine", text)).to_be_visible()

    def says(self, text: str) -> None:
        self.at("#say").fill(text)
        self.at("#say").press("Enter")
        expect(self.at(".turn.mine", text)).to_be_visible()
