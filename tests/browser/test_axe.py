"""Every page and state looked at by axe, in both themes; nothing is cut off or scrolls sideways at five sizes.

With `--large` axe looks at three widths and at 200 % zoom in both themes; else at the widest, and in light at 390.
"""

from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

import pytest
from playwright.sync_api import FilePayload, expect
from sqlalchemy import select

from hub.inbox import canned, letterhead, municipality, question
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.storage.unit import Unit
from tests.browser import contact_walks, office_walks
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import WASTE, House
from tests.browser.look import NOBODY, SIZES, DeskOf, Look, asked, menu, open_with_axe


@pytest.fixture(scope="module")
def things(house: House) -> Mapping[str, int]:
    """Conversations that have something of everything, by name."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ida Berg <ida@post.example>", WASTE, "Slamtömning på Björkvägen"
    mail["Message-ID"], mail["Date"] = "<everything@post.example>", "Thu, 26 Nov 2026 10:00:00 +0100"
    mail.set_content("Hej!\n\nNär kommer ni?\n\nIda\n\nDen 1 nov skrev kommunen:\n> Vi kommer snart.\n> Hälsningar\n")
    html = '<p>Hej! <b>När</b> kommer ni?</p><img src="https://far.example/a.png" alt="">'
    mail.add_alternative(html, subtype="html")
    mail.add_attachment(_MEETING, subtype="calendar")
    mail.add_attachment("en karta", filename="karta över brunnen.txt")
    house.send(mail, to=[WASTE])
    everything = house.conversation_of("<everything@post.example>")
    house.api("POST", f"/conversations/{everything}/notes", {"text": "Ringde, ingen svarade."})
    house.write(_keep_ready)
    answer = house.api("POST", f"/conversations/{everything}/replies", {"text": "Hej! På torsdag."})
    house.write(_doubt, int(answer["id"]))
    house.change("PUT", everything, "assignment", {"person": str(house.ids["anton"])})
    house.change("PUT", everything, "assignment", {"person": str(house.ids["sara"])})
    house.api("POST", f"/conversations/{everything}/matters", {"topic": str(house.ids["Slamtömning"])})
    again = house.arrives("Hej igen!", to=WASTE, From="Ida Berg <ida@post.example>", Subject="Slam, igen")
    house.write(_ask_whether_new, everything, again)
    secret = house.arrives("Min granne slår sina barn.", Subject="Orosanmälan")
    seen = house.arrives("Så här är det.", Subject="Orosanmälan två")
    for each in (secret, seen):
        house.change("PUT", each, "confidentiality", {"queue": str(house.ids["social"])})
    house.api("PUT", f"/conversations/{seen}/glass", {"reason": "Dottern ringer och frågar vem som kommer i kväll."})
    return {"everything": everything, "secret": secret, "seen": seen}


def _keep_ready(unit: Unit) -> None:
    home = municipality.by_code(unit, "granvik")
    letterhead.put(unit, home, None, "{{agent}}\nGranviks kommun", None)
    canned.write(unit, home, None, {"sv": "Vi återkommer"}, {"sv": "Hej {{citizen}}!\n\nVi återkommer."})


def _doubt(unit: Unit, entry_id: int) -> None:
    """Nobody knows whether it left."""
    row = unit.first(select(Delivery).where(Delivery.entry_id == entry_id))
    assert row is not None
    row.state, row.reason = "uncertain", "The mail server didn't say whether it took it."


def _ask_whether_new(unit: Unit, conversation_id: int, related_id: int) -> None:
    """It was closed, and an answer that nobody has tested, and that says it is a colleague's, has another subject.

    It may be the same exchange as another.
    """
    conversation = unit.lock(Conversation, conversation_id)
    assert conversation is not None
    conversation.related_id = related_id
    conversation.append_change(unit, None, "reopened", {question.ASKED: True})
    said: dict[str, Any] = {"subject": "Bygglov", "name": "Anton", "address": WASTE, "full_text": None, "problems": []}
    entry = Entry(
        kind="mail", author_kind="citizen", visibility="public", language="sv", text="Får jag bygga?", body=said
    )
    conversation.append(unit, entry)
    tests = "failed colleague dmarc=fail"
    unit.add(
        Mail(
            municipality_id=entry.municipality_id, entry_id=entry.id, refs=[], sender="anton@granvik.example",
            recipients={"to": [WASTE], "cc": []}, authentication=tests,
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def judged() -> set[str]:
    """What is written alike on what is painted alike has one contrast, whichever walk comes to it first."""
    return set()


_MEETING = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Platsbesök\r\n"
    "DTSTART:20261203T090000Z\r\nDTEND:20261203T100000Z\r\nLOCATION:Björkvägen 3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.mark.parametrize("layout", SIZES)
@pytest.mark.parametrize(
    "walk",
    [
        "outside",
        "lists",
        "conversation",
        "panel",
        "writing",
        "other_panes",
        "confidential",
        "administration",
        *office_walks.WALKS,
        *contact_walks.WALKS,
    ],
)
def test_every_page_and_state(
    house: House,
    open_desk: OpenDesk,
    things: Mapping[str, int],
    judged: set[str],
    layout: str,
    walk: str,
    *,
    large: bool,
) -> None:
    look = Look(SIZES[layout], large=large, judged=judged)

    def desk_of(who: str, path: str | None, **options: Any) -> Desk:
        return open_with_axe(open_desk, who, path, viewport=look.window, **options)

    {**WALKS, **office_walks.WALKS, **contact_walks.WALKS}[walk](look, desk_of, house, things)
    assert not look.wrong, "\n".join(["", *sorted(set(look.wrong))])


def test_what_is_wrong_is_found(open_desk: OpenDesk) -> None:
    """Also in one row of many that look alike."""
    look = Look(SIZES["wide"], large=False)
    desk = open_with_axe(open_desk, "sara", "/inbox?view=open")
    look.at(desk, "as it is")
    assert look.wrong == []
    desk.at("#list .row .who").nth(7).evaluate("it => (it.style.opacity = '0.4')")
    desk.at("#list .row [role=img]").first.evaluate("it => it.removeAttribute('aria-label')")
    desk.at("#q").evaluate("it => Object.assign(it.style, { position: 'relative', left: '1400px' })")
    look.at(desk, "spoilt")
    said = "\n".join(look.wrong)
    for words in ("dark: color-contrast", "light: color-contrast", "dark: role-img-alt", "cut off: <input"):
        assert f"1440, spoilt: {words}" in said


def _outside(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    desk = desk_of("sara", "/login", **NOBODY)
    look.at(desk, "log-in")
    desk.at("#email").fill("sara@granvik.example")
    desk.at("#password").fill("wrong")
    desk.watch.expect("401")
    desk.press("Enter")
    expect(desk.at("[role=alert]")).to_be_visible()
    look.at(desk, "log-in with a problem")
    desk.watch.expect("404")
    for path in ("/nothing", "/chat/4711"):
        desk.goto(path)
        look.at(desk, f"nothing at {path}")


def _lists(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    desk = desk_of("sara", "/inbox?view=mine&q=ingenting+alls")
    look.at(desk, "inbox, nothing found")
    desk.goto("/inbox?view=overdue")
    look.at(desk, "inbox, empty")
    desk.goto("/inbox?view=open")
    look.at(desk, "inbox")
    desk.goto(f"/inbox?view=open&queue={house.ids['avfall']}")
    desk.page.evaluate(
        "document.getElementById('news').hidden = false; document.getElementById('news').textContent = '3'"
    )
    line = "const line = document.getElementById('line-state'); line.hidden = false;"
    desk.page.evaluate(f"{{ {line} line.querySelector('span').textContent = line.dataset.off }}")
    look.at(desk, "inbox, line off", ".topbar")
    look.at(desk, "inbox, news", ".pane-head")
    for each in ("me", "more-views"):
        menu(look, desk, each)
    for dialog in ("palette", "shortcuts"):
        desk.press("Control+k" if dialog == "palette" else "?")
        expect(desk.at(f"#{dialog}")).to_be_visible()
        look.at(desk, dialog, f"#{dialog}")
        desk.press("Escape")
    desk.goto("/inbox?view=open&q=is:open+from:ida+planet:mars+slam")
    look.at(desk, "search")
    desk.goto(f"/inbox?view=open&queue={house.ids['avfall']}")
    for row in desk.rows()[:2]:
        desk.row(row).focus()
        desk.press("x")
    expect(desk.at("#picked")).to_contain_text("2 selected")
    look.at(desk, "picked")
    for each in ("m-picked-assign", "m-picked-queue", "m-picked-wait"):
        menu(look, desk, each)
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
    for shown in (".meeting", ".mail-frame", "[name=other]", "[id=question-asked]"):
        expect(desk.at(f"#thread {shown}").first).to_be_visible()
    look.at(desk, "conversation")
    for each in ("m-assign", "m-queue", "m-more", "m-wait", "m-topic", "m-identify"):
        menu(look, desk, each)
    menu(look, desk, str(desk.at("form.menu[id^=m-matter]").first.get_attribute("id")))
    desk.at("#thread-title").focus()
    desk.press("w")
    expect(desk.at("#m-wait-only")).to_be_visible()
    look.at(desk, "m-wait-only", "#m-wait-only")
    desk.press("Escape")
    for words, state in (("Misdirected", "misdirection"), ("Merge", "merges"), ("Confidential", "confidentiality")):
        desk.press("m")
        desk.at("#m-more .option", words).click()
        asked(look, desk, state)
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
    menu(look, desk, "m-identify")
    desk.at("#citizen button", "Reveal").first.click()
    asked(look, desk, "reveal")
    desk.at("#citizen button", "Same or another").click()
    asked(look, desk, "whose")
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
    desk.at("#canned").click()
    expect(desk.at("#m-canned .option").first).to_be_visible()
    look.at(desk, "canned", "#m-canned")
    desk.press("Escape")
    desk.at("textarea.for-reply").fill("Hej!")
    desk.press("Control+Enter")
    asked(look, desk, "ended")
    answer = {"Subject": "Re: Slamtömning på Björkvägen", "In_Reply_To": "<everything@post.example>"}
    house.arrives("Hallå?", to=WASTE, From="Ida Berg <ida@post.example>", **answer)
    expect(desk.at("#timeline")).to_contain_text("Hallå?")
    desk.at("#send-open").click()
    asked(look, desk, "overtaken")
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
    first = str(desk.at("#channels .menu").first.get_attribute("id"))
    menu(look, desk, first)
    desk.at(f"[popovertarget='{first}']").click()
    desk.at(f"#{first} .option", "Pause").click()
    asked(look, desk, "why it stands still")
    desk.goto(str(desk.at(f"#{first} .option", "Pause").get_attribute("href")))
    look.at(desk, "why it stands still, as a page")
    desk.goto("/channels/new")
    look.at(desk, "kinds of channels")
    desk.goto("/channels/new/imap")
    desk.at("#f-name").fill("Avfall")
    desk.at("#f-host").fill("127.0.0.1")
    desk.at("#f-username").fill("avfall")
    desk.at("#f-addresses").fill("inget")
    desk.watch.expect("422")
    desk.at("main form .btn[data-kind=primary]").click()
    expect(desk.at("main .problem").first).to_be_visible()
    look.at(desk, "a new channel, refused")
    desk.goto("/raw-events?find=nobody%40post.example&since=2026-01-01")
    look.at(desk, "raw events, none found")
    desk.goto("/raw-events")
    look.at(desk, "raw events")
    desk.goto(str(desk.at("main a[href^='/raw-events/']").first.get_attribute("href")))
    look.at(desk, "raw event")
    desk.at("main [hx-get$='/content']").first.click()
    asked(look, desk, "why its content is needed")
    desk.goto("/plugins")
    look.at(desk, "plugins")


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
