"""Every page and state looked at by axe, in both themes; nothing is cut off or scrolls sideways at five sizes.

With `--large` axe looks at three widths and at 200 % zoom; else at the widest and the narrowest of them.
"""

from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import WASTE, House

pytestmark = pytest.mark.timeout(180)

SIZES: Mapping[str, Mapping[str, Any]] = {
    "1440": {"viewport": {"width": 1440, "height": 900}},
    "1280": {"viewport": {"width": 1280, "height": 720}},
    "390": {"viewport": {"width": 390, "height": 844}},
    "200 %": {"viewport": {"width": 720, "height": 450}, "device_scale_factor": 2},
    "320": {"viewport": {"width": 320, "height": 640}},
}
AXED, AXED_AT_LARGE = {"1440", "390"}, {"1440", "1280", "390", "200 %"}
"""320 is looked at for its width alone (WCAG 2.1, 1.4.10)."""
NOBODY: Mapping[str, Any] = {"storage_state": {"cookies": [], "origins": []}}

AXE = """async ([within, themes]) => {
  const said = [];
  const why = (node) => node.any[0]?.message ?? node.failureSummary;
  for (const theme of themes) {
    document.documentElement.dataset.theme = theme;
    const only = theme === themes[0] ? {} : { runOnly: ["color-contrast", "link-in-text-block"] };
    const found = await axe.run(within ?? document, { resultTypes: ["violations"], iframes: false, ...only });
    for (const { id, nodes } of found.violations) {
      for (const node of nodes) said.push(`${theme}: ${id}: ${node.target} ${why(node)}`);
    }
  }
  return said;
}"""
OUTSIDE = """() => {
  const scrolls = (each) => {
    for (let at = each.parentElement; at; at = at.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth) return true;
    }
    return false;
  };
  const root = document.documentElement;
  const said = root.scrollWidth > innerWidth ? [`the page is ${root.scrollWidth} wide`] : [];
  for (const each of document.querySelectorAll("a, button, input, select, textarea, summary, h1, h2")) {
    if (!each.checkVisibility({ visibilityProperty: true }) || each.closest(".sr, .skip")) continue;
    const { left, right, width } = each.getBoundingClientRect();
    const cut = width && (right > innerWidth + 1 || left < -1);
    if (cut && !scrolls(each)) said.push(`cut off: ${each.outerHTML.slice(0, 80)}`);
  }
  return said;
}"""


class Look:
    """At one size of window: what is wrong, by the state it is wrong in."""

    def __init__(self, size: str, *, axed: bool) -> None:
        self.size, self.axed = size, axed
        self.wrong: list[str] = []
        self.states: list[str] = []

    def at(self, desk: Desk, state: str, within: str | None = None) -> None:
        """The page as it is, or a part that opened over what was looked at before."""
        page = desk.page
        self.states.append(state)
        self.wrong += [f"{self.size}, {state}: {each}" for each in page.evaluate(OUTSIDE)]
        if not self.axed:
            return
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        themes = ["dark", "light"]
        self.wrong += [f"{self.size}, {state}: {each}" for each in page.evaluate(AXE, [within, themes])]


@pytest.fixture(scope="module")
def things(house: House) -> Mapping[str, int]:
    """Conversations that have something of everything, by name."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ida Berg <ida@post.example>", WASTE, "Slamtömning på Björkvägen"
    mail["Message-ID"], mail["Date"] = "<everything@post.example>", "Thu, 26 Nov 2026 10:00:00 +0100"
    mail.set_content("Hej!\n\nNär kommer ni?\n\nIda\n\nDen 1 nov skrev kommunen:\n> Vi kommer snart.\n> Hälsningar\n")
    mail.add_alternative("<p>Hej! <b>När</b> kommer ni?</p>", subtype="html")
    mail.add_attachment("en karta", filename="karta över brunnen.txt")
    house.send(mail, to=[WASTE])
    everything = house.conversation_of("<everything@post.example>")
    house.api("POST", f"/conversations/{everything}/notes", {"text": "Ringde, ingen svarade."})
    house.api("POST", f"/conversations/{everything}/replies", {"text": "Hej! På torsdag."})
    house.change("PUT", everything, "assignment", {"person": str(house.ids["anton"])})
    house.change("PUT", everything, "assignment", {"person": str(house.ids["sara"])})
    house.api("POST", f"/conversations/{everything}/matters", {"topic": str(house.ids["Slamtömning"])})
    house.arrives("Hej igen!", to=WASTE, From="Ida Berg <ida@post.example>", Subject="Slam, igen")
    secret = house.arrives("Min granne slår sina barn.", Subject="Orosanmälan")
    seen = house.arrives("Så här är det.", Subject="Orosanmälan två")
    for each in (secret, seen):
        house.change("PUT", each, "confidentiality", {"queue": str(house.ids["social"])})
    house.api("PUT", f"/conversations/{seen}/glass", {"reason": "Dottern ringer och frågar vem som kommer i kväll."})
    return {"everything": everything, "secret": secret, "seen": seen}


DeskOf = Callable[..., Desk]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "walk", ["outside", "lists", "conversation", "panel", "writing", "other_panes", "confidential", "administration"]
)
def test_every_page_and_state(
    house: House, open_desk: OpenDesk, things: Mapping[str, int], size: str, walk: str, *, large: bool
) -> None:
    look = Look(size, axed=size in (AXED_AT_LARGE if large else AXED))

    def desk_of(who: str, path: str, **options: Any) -> Desk:
        return open_desk(who, path, reduced_motion="reduce", **{**SIZES[size], **options})

    WALKS[walk](look, desk_of, house, things)
    assert not look.wrong, "\n".join(["", *sorted(set(look.wrong))])


def _outside(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    desk = desk_of("sara", "/login", **NOBODY)
    look.at(desk, "log-in")
    desk.at("#email").fill("sara@granvik.example")
    desk.at("#password").fill("wrong")
    desk.watch.expect("401")
    desk.press("Enter")
    expect(desk.at("[role=alert]")).to_be_visible()
    look.at(desk, "log-in with a problem")


def _lists(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    desk = desk_of("sara", "/inbox?view=mine&q=ingenting+alls")
    look.at(desk, "inbox, nothing found")
    desk.goto("/inbox?view=overdue")
    look.at(desk, "inbox, empty")
    desk.goto("/inbox?view=open")
    look.at(desk, "inbox")
    desk.page.evaluate(
        "document.getElementById('news').hidden = false; document.getElementById('news').textContent = '3'"
    )
    desk.page.evaluate("document.getElementById('line-state').hidden = false")
    look.at(desk, "inbox, line off", ".topbar")
    look.at(desk, "inbox, news", ".pane-head")
    for menu in ("me", "more-views"):
        _menu(look, desk, menu)
    for dialog in ("palette", "shortcuts"):
        desk.press("Control+k" if dialog == "palette" else "?")
        expect(desk.at(f"#{dialog}")).to_be_visible()
        look.at(desk, dialog, f"#{dialog}")
        desk.press("Escape")
    desk.goto("/inbox?view=open&q=is:open+from:ida+planet:mars+slam")
    look.at(desk, "search")
    desk.goto("/inbox?view=open")
    for row in desk.rows()[:2]:
        desk.row(row).focus()
        desk.press("x")
    expect(desk.at("#picked")).to_contain_text("2 selected")
    look.at(desk, "picked")
    for menu in ("m-picked-assign", "m-picked-queue", "m-picked-wait"):
        _menu(look, desk, menu)
    desk.row(desk.rows()[2]).focus()
    desk.press("m")
    expect(desk.at("#m-row")).to_be_visible()
    look.at(desk, "a row's menu")
    desk.press("Escape")
    desk.watch.expect("404")
    desk.goto("/conversations/1")
    look.at(desk, "error")


def _conversation(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    house.change("PUT", things["everything"], "assignment", {"person": str(house.ids["sara"])})
    desk = desk_of("sara", f"/conversations/{things['everything']}?queue={house.ids['avfall']}&view=open")
    for summary in desk.at("#timeline summary").all():
        summary.click()
    look.at(desk, "conversation")
    for menu in ("m-assign", "m-queue", "m-more", "m-wait", "m-topic", "m-identify"):
        _menu(look, desk, menu)
    _menu(look, desk, str(desk.at("form.menu[id^=m-matter]").first.get_attribute("id")))
    desk.at("#thread-title").focus()
    desk.press("w")
    expect(desk.at("#m-wait-only")).to_be_visible()
    look.at(desk, "m-wait-only", "#m-wait-only")
    desk.press("Escape")
    for words, state in (("Misdirected", "misdirection"), ("Merge", "merges"), ("Confidential", "confidentiality")):
        desk.press("m")
        desk.at("#m-more .option", words).click()
        _asked(look, desk, state)
    desk.press("a", "0")
    expect(desk.at("#toast .toast")).to_be_visible()
    look.at(desk, "toast", "#toast")


def _panel(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    desk = desk_of("sara", f"/conversations/{things['everything']}?queue={house.ids['avfall']}&view=open")
    if not desk.at("#t2").is_visible():
        desk.press("]")
    expect(desk.at("#t2")).to_be_visible()
    look.at(desk, "panel", "#panel")
    desk.at("#t2").click()
    look.at(desk, "history", "#panel")
    desk.at("#t1").click()
    desk.at("#citizen button", "Reveal").first.click()
    _asked(look, desk, "reveal")
    if (back := desk.at("#panel [data-pane-to=thread]")).is_visible():
        back.click()


def _writing(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    conversation_id = things["everything"]
    desk = desk_of("sara", f"/conversations/{conversation_id}?queue={house.ids['avfall']}&view=open")
    desk.at("#thread-title").focus()
    desk.press("n")
    desk.type("Något.")
    look.at(desk, "note", "#composer")
    desk.press("Escape", "r")
    desk.at("#composer [data-shows]").click()
    look.at(desk, "reply with Cc", "#composer")
    desk.at("textarea.for-reply").fill("Hej!")
    desk.press("Control+Enter")
    _asked(look, desk, "ended")
    house.goes_on(conversation_id, "Hallå?")
    expect(desk.at("#timeline")).to_contain_text("Hallå?")
    desk.at("#send-open").click()
    _asked(look, desk, "overtaken")
    desk.at("textarea.for-reply").fill("")


def _other_panes(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    desk = desk_of("sara", f"/conversations/{things['everything']}/forward?queue={house.ids['avfall']}&view=open")
    for summary in desk.at(".compose summary").all():
        summary.click()
    look.at(desk, "forward")
    desk.goto(f"/messages/new?queue={house.ids['avfall']}&view=open")
    look.at(desk, "new message")
    desk.at("#new-text").fill("Hej!")
    chosen = FilePayload(name="karta.pdf", mimeType="application/pdf", buffer=b"karta")
    desk.at(".compose [data-attach]").set_input_files([chosen])
    expect(desk.at("#files-new .chip")).to_have_count(1)
    expect(desk.at("#saved")).to_contain_text("Draft saved")
    look.at(desk, "new message, begun with a file")
    desk.at(".compose").get_by_role("button", name="Discard").click()
    expect(desk.at(".compose")).to_have_count(0)


def _confidential(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    desk = desk_of("sara", "/inbox?q=oro")
    desk.goto(f"/conversations/{things['secret']}?view=open&q=oro")
    look.at(desk, "gate")
    desk.goto(f"/conversations/{things['seen']}?view=open&q=oro")
    look.at(desk, "broken glass")
    look.at(desk_of("leila", "/breakages"), "breakages")


def _administration(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    desk = desk_of("goran", "/channels")
    look.at(desk, "channels")
    menu = str(desk.at("#channels .menu").first.get_attribute("id"))
    _menu(look, desk, menu)
    desk.at(f"[popovertarget='{menu}']").click()
    desk.at(f"#{menu} .option", "Pause").click()
    _asked(look, desk, "why it stands still")
    desk.goto(str(desk.at(f"#{menu} .option", "Pause").get_attribute("href")))
    look.at(desk, "why it stands still, as a page")
    desk.goto("/raw-events")
    look.at(desk, "raw events")
    desk.goto(str(desk.at("main a[href^='/raw-events/']").first.get_attribute("href")))
    look.at(desk, "raw event")
    desk.at("main [hx-get$='/content']").first.click()
    _asked(look, desk, "why its content is needed")
    desk.goto("/plugins")
    look.at(desk, "plugins")


def _menu(look: Look, desk: Desk, menu: str) -> None:
    """By its button, where this size shows one."""
    button = _shown(desk.at(f"[popovertarget='{menu}']").all())
    if button is None:
        return
    button.click()
    expect(desk.at(f"#{menu}")).to_be_visible()
    look.at(desk, menu, f"#{menu}")
    desk.press("Escape")
    expect(desk.at(f"#{menu}")).to_be_hidden()


def _asked(look: Look, desk: Desk, state: str) -> None:
    """A dialog of the server's."""
    expect(desk.at("#asking dialog")).to_be_visible()
    look.at(desk, state, "#asking")
    desk.press("Escape")
    expect(desk.at("#asking dialog")).to_have_count(0)


def _shown(found: Sequence[Locator]) -> Locator | None:
    return next((each for each in found if each.is_visible()), None)


WALKS: Mapping[str, Callable[[Look, DeskOf, House, Mapping[str, int]], None]] = {
    "outside": _outside,
    "lists": _lists,
    "conversation": _conversation,
    "panel": _panel,
    "writing": _writing,
    "other_panes": _other_panes,
    "confidential": _confidential,
    "administration": _administration,
}
