"""From a key press to the changed screen: `python -m tests.bench.interaction URL EMAIL PASSWORD`, in Chromium.

What the browser itself measures (Event Timing: from the input to the next paint), of a hundred keys at the desk: next,
previous, open, menus, palette, composer. Chromium rounds to 8 ms.
"""

import os
import statistics
import sys

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS
from tests.servers import Chromium

_OBSERVE = """
window.taken = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.interactionId) window.taken.push([entry.name, entry.duration]);
}).observe({ type: "event", durationThreshold: 16, buffered: true });
"""
_KEYS = [
    *"jjjjj",
    "Enter",
    "a",
    "Escape",
    "m",
    "Escape",
    "r",
    *"Hej",
    "Escape",
    "n",
    *"Obs",
    "Escape",
    *"kkj",
    "Enter",
    "t",
    "Escape",
    "?",
    "Escape",
]
_LEAST = 16.0
"""Milliseconds: quicker ones aren't told apart, and count as this."""


def main(url: str, email: str, password: str) -> None:
    """Prints how many interactions there were, p50, p95 and the slowest."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=Chromium.locate(), args=FLAGS, chromium_sandbox=os.geteuid() != 0
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/login")
        page.fill("#email", email)
        page.fill("#password", password)
        page.press("#password", "Enter")
        page.goto(f"{url}/inbox?view=open")
        page.wait_for_load_state("load")
        page.evaluate(_OBSERVE)
        pressed = 0
        for _ in range(4):
            for key in _KEYS:
                page.keyboard.press(key)
                page.wait_for_timeout(120)
                pressed += 1
        slow: list[float] = [duration for name, duration in page.evaluate("window.taken") if name == "keydown"]
        browser.close()
    taken = sorted([*slow, *[_LEAST] * max(0, pressed - len(slow))])
    centiles = statistics.quantiles(taken, n=100)
    sys.stdout.write(
        f"{pressed} keys: p50 {centiles[49]:.0f} ms, p95 {centiles[94]:.0f} ms, slowest {taken[-1]:.0f} ms\n"
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
