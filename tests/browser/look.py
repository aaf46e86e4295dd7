"""Look: what is wrong with a page at several sizes and in both themes, as axe and its measures say."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Frame, Locator, ViewportSize, expect

from tests.browser.chat_page import feels
from tests.browser.desk import Desk

DeskOf = Callable[..., Desk]
SIZES: Mapping[str, Mapping[str, ViewportSize]] = {
    "wide": {"1440": {"width": 1440, "height": 900}, "1280": {"width": 1280, "height": 720}},
    "narrow": {
        "390": {"width": 390, "height": 844},
        "200 %": {"width": 720, "height": 450},
        "320": {"width": 320, "height": 640},
    },
}
"""The first is the window's; each state is brought about there, and looked at in the others as well."""
AXED, AXED_AT_LARGE = {"1440", "390"}, {"1440", "1280", "390", "200 %"}
"""320 is looked at for its width alone (WCAG 2.1, 1.4.10)."""
NOBODY: Mapping[str, Any] = {"storage_state": {"cookies": [], "origins": []}}

AXE = """async ([within, themes, known]) => {
  const said = [];
  const seen = new Set(known);
  const why = (node) => node.any[0]?.message ?? node.failureSummary;
  const run = async (theme, where, only) => {
    const given = { resultTypes: ["violations"], iframes: false, elementRef: true, ...only };
    const found = await axe.run(where, given);
    for (const { id, nodes } of found.violations) {
      for (const node of nodes) said.push(`${theme}: ${id}: ${node.target} ${why(node)}`);
    }
    return found;
  };
  const written = (element) =>
    element.matches("input:not([type=checkbox], [type=radio]), select, textarea") ||
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const judgeable = (element) =>
    written(element) &&
    element.checkVisibility({ visibilityProperty: true }) &&
    !element.closest(".sr:not(input), .skip:not(:focus)") &&
    getComputedStyle(element).backgroundImage === "none";
  let chains; // what is painted behind an element
  const behind = (element) => {
    if (!element) return "";
    if (!chains.has(element)) {
      const { backgroundColor, backgroundImage, opacity, filter, mixBlendMode } = getComputedStyle(element);
      const own = [backgroundColor, backgroundImage, opacity, filter, mixBlendMode].join();
      const above = behind(element.parentElement);
      chains.set(element, own === "rgba(0, 0, 0, 0),none,1,none,normal" ? above : `${own}/${above}`);
    }
    return chains.get(element);
  };
  const looks = (element) => {
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(element);
    return [color, fontSize, fontWeight, textShadow, behind(element)].join();
  };
  const inside = within ? document.querySelector(within) : document.documentElement;
  let links; // whether there are any in blocks of text: of the other rules but contrast none looks at colours
  for (const theme of themes) {
    document.documentElement.dataset.theme = theme;
    if (theme === themes[0]) {
      const { inapplicable } = await run(theme, inside, { rules: { "color-contrast": { enabled: false } } });
      links = !inapplicable.some(({ id }) => id === "link-in-text-block");
    } else if (links) await run(theme, inside, { runOnly: ["link-in-text-block"] });
    chains = new Map();
    const fresh = new Map();
    for (const element of [inside, ...inside.querySelectorAll("*")]) {
      if (!judgeable(element)) continue;
      const look = looks(element);
      const alike = fresh.get(look) ?? [];
      if (!seen.has(look) && alike.length < 3) fresh.set(look, [...alike, element]);
    }
    if (!fresh.size) continue;
    const contrast = { runOnly: ["color-contrast"], resultTypes: ["violations", "passes"] };
    const { violations, passes } = await run(theme, [...fresh.values()].flat(), contrast);
    const judged = new Set([...violations, ...passes].flatMap(({ nodes }) => nodes.map(({ element }) => element)));
    for (const [look, alike] of fresh) if (alike.some((element) => judged.has(element))) seen.add(look);
  }
  return [said, [...seen]];
}"""
"""Contrast is most of axe's time, a tenth of a second each time it is asked, for it looks at the whole page: of what is
written alike on what is painted alike, three are looked at, until one of them is judged. Axe judges nothing that is
disabled, or that something lies over. It isn't asked of what it never judges: boxes, what is only read aloud, and what
is written on a picture of its own."""
_DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
OUTSIDE = """() => {
  const scrolls = (each) => {
    for (let at = each.parentElement; at; at = at.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth) return true;
    }
    return false;
  };
  const root = document.documentElement;
  const said = root.scrollWidth > innerWidth ? [`the page is ${root.scrollWidth} wide`] : [];
  // What stands absolutely in a part that scrolls makes the page itself as long, unless it stands by that part
  const scrolled = document.querySelector(".shell") && root.scrollHeight > innerHeight + 1;
  if (scrolled) said.push(`the page is ${root.scrollHeight} high`);
  for (const each of document.querySelectorAll("a, button, input, select, textarea, summary, h1, h2")) {
    if (!each.checkVisibility({ visibilityProperty: true }) || each.closest(".sr, .skip")) continue;
    const { left, right, width } = each.getBoundingClientRect();
    const cut = width && (right > innerWidth + 1 || left < -1);
    if (cut && !scrolls(each)) said.push(`cut off: ${each.outerHTML.slice(0, 80)}`);
  }
  return said;
}"""


def open_with_axe(open_desk: DeskOf, who: str, path: str | None, **options: Any) -> Desk:
    """A window whose pages come with axe: to bring it into each that is there already takes twice as long."""
    desk = open_desk(who, None, reduced_motion="reduce", **options)
    desk.page.context.add_init_script(AXE_SCRIPT)
    if path is not None:
        desk.goto(path)
    return desk


class Look:
    """At the sizes of one layout: what is wrong, by the state it is wrong in.

    `judged`: what other looks at the same pages have found of contrast, and this one adds to.
    """

    def __init__(self, sizes: Mapping[str, ViewportSize], *, large: bool, judged: set[str] | None = None) -> None:
        self.sizes, self.axed = sizes, AXED_AT_LARGE if large else AXED
        self.window, *_ = sizes.values()
        self.themes = {size: ["dark", "light"] if large or size == "1440" else ["light"] for size in sizes}
        self.wrong: list[str] = []
        self._judged = set() if judged is None else judged

    def at(self, desk: Desk, state: str, within: str | None = None, frame: Frame | None = None) -> None:
        """The page as it is, or a part that opened over what was looked at before; or what is in a frame of it."""
        page, shown = desk.page, frame or desk.page
        page.wait_for_load_state("domcontentloaded")  # who was sent on has for a moment a page without a root
        for size, viewport in self.sizes.items():
            page.set_viewport_size(viewport)
            if frame is not None:
                frame.evaluate(_DRAWN)
            said = shown.evaluate(OUTSIDE)
            if size in self.axed:
                found, judged = shown.evaluate(AXE, [within, self.themes[size], [*self._judged]])
                said += found
                self._judged |= set(judged)
            self.wrong += [f"{size}, {state}: {each}" for each in said]
        page.set_viewport_size(self.window)
        if frame is not None:
            feels(page, frame)


def menu(look: Look, desk: Desk, name: str) -> None:
    """By its button, where this size shows one."""
    button = _shown(desk.at(f"[popovertarget='{name}']").all())
    if button is None:
        return
    button.click()
    expect(desk.at(f"#{name}")).to_be_visible()
    look.at(desk, name, f"#{name}")
    desk.press("Escape")
    expect(desk.at(f"#{name}")).to_be_hidden()


def asked(look: Look, desk: Desk, state: str) -> None:
    """A dialog of the server's."""
    expect(desk.at("#asking dialog")).to_be_visible()
    look.at(desk, state, "#asking")
    desk.press("Escape")
    expect(desk.at("#asking dialog")).to_have_count(0)


def _shown(found: Sequence[Locator]) -> Locator | None:
    return next((each for each in found if each.is_visible()), None)
