"""Makes docs/pictures anew, of the demo in Chromium: `python -m tests.docs.pictures`.

The demo is filled in a folder of its own that is gone afterwards; nothing of what is shown is about anybody.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.architecture.source import ROOT
from tests.browser.conftest import FLAGS
from tests.connectors.tools import free_port
from tests.servers import Chromium

PICTURES = ROOT / "docs/pictures"
PASSWORD = "welcome-to-torg"
SECONDS = 300
_SETTLED = 2_000
"""Milliseconds: more than the page's last fetches take; its stream never ends, so the network is never idle."""
INVOICE = "Ny faktura trots anstånd"


@contextmanager
def demo() -> Iterator[str]:
    """Its address, once it answers."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hub.cli", "demo", "--port", str(port), "--mail-port", str(free_port())]
        with subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
        ) as running:
            try:
                yield _answering(f"http://127.0.0.1:{port}")
            finally:
                running.terminate()


def _answering(url: str) -> str:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            httpx.get(f"{url}/health", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.5)
        else:
            return url
    raise SystemExit("The demo doesn't answer.")


def _log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("E-mail").fill("sara@granvik.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox**")


def _keep(page: Page, name: str) -> None:
    page.wait_for_timeout(_SETTLED)
    page.screenshot(path=PICTURES / f"{name}.png")


def _inbox(page: Page) -> None:
    page.locator("#list a.row").filter(has_text=INVOICE).first.click()
    page.locator("#lookups").wait_for()
    _keep(page, "inbox")


def _cards(page: Page) -> None:
    """Her identity is confirmed, and what the topic allows has been asked."""
    page.locator("body").press("i")
    page.keyboard.press("Enter")
    page.locator("#lookups .card, #lookups article").first.wait_for()
    _keep(page, "cards")


def _call(page: Page, url: str) -> None:
    """It rings, is answered by F2 and by the telephone."""
    page.locator("#duty-ready").click()
    _tell(url, event="newCall")
    page.locator("#answer").wait_for()
    page.locator("body").press("F2")
    page.wait_for_url("**/contacts/**")
    _tell(url, event="answer", user="sara@granvik.example")
    page.get_by_text("Talking").first.wait_for()
    _keep(page, "call")


def _tell(url: str, **of_event: str) -> None:
    told = {"direction": "in", "callId": "a", "from": "46701740605", "to": "46846500401", **of_event}
    httpx.post(f"{url}/api/v1/cti/{PASSWORD}-telephone", data=told, trust_env=False).raise_for_status()


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with demo() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=Chromium.locate(), args=FLAGS, chromium_sandbox=os.geteuid() != 0
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="Europe/Stockholm")
        page.context.add_cookies([{"name": "language", "value": "en", "url": url}])
        _log_in(page, url)
        _inbox(page)
        _cards(page)
        _call(page, url)
        browser.close()


if __name__ == "__main__":
    main()
