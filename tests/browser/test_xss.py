"""What strangers write runs nothing and fetches nothing, wherever it is shown; nor with either of two walls off
(attacks A01, A02, A03).

Every payload comes by SMTP, as subject, sender's name, file's name, text and HTML of a mail of its own; into whatever
our people name and write they are put by the hub's own verbs. What tells on them: a message that their scripts post to
our page, dialogs, the console, and requests to anywhere but us. A look-up of a name alone would not be seen.
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Dialog, Request, Route, expect
from sqlalchemy import select

from hub.channels.channel import Channel
from hub.inbox import queue, topic
from hub.inbox.entry import Mail
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.payloads import payloads
from tests.line import GRANVIK, until

PAYLOADS = payloads()
NAMES = PAYLOADS[::7]
"""Those that queues and topics are called."""
LISTENS = """
    window.told = [];
    window.addEventListener("message", (event) => event.data === "pwned" && window.told.push(String(event.origin)));
"""
FRAMES = """async ([ids, sandboxed]) => {
  const room = document.body.appendChild(document.createElement("div"));
  const show = async (id) => {
    const frame = document.createElement("iframe");
    if (sandboxed) frame.setAttribute("sandbox", "");
    frame.src = `/entries/${id}/html`;
    room.append(frame);
    await new Promise((then) => { frame.onload = then; setTimeout(then, 1000); });
    frame.remove();
  };
  const row = async () => { while (ids.length) await show(ids.shift()); };
  await Promise.all(Array.from({ length: 30 }, row));
  room.remove();
}"""
"""Thirty mails at a time, as the timeline shows one. Removed when loaded; a few go on loading for ever."""
OPENS = """async (ids) => {
  for (const id of ids) {
    await htmx.ajax("GET", `/conversations/${id}?view=open`, { source: "#list", target: "#thread", swap: "outerHTML" });
  }
}"""
SEARCHES = """async (words) => {
  for (const each of words) {
    const address = `/inbox/search?q=${encodeURIComponent(each.slice(0, 400))}`;
    await htmx.ajax("GET", address, { source: "#q", target: "#pane-list", swap: "outerHTML" });
  }
}"""
SAYS_SO = (
    "Content Security Policy|sandbox|Not allowed to|violates the following|Blocked|ERR_|400|404|Unsafe attempt|"
    "as base URLs|Refused"
)
"""The browser's own words for what it has kept from happening."""


class Canary:
    """Of one window: what ran, and what was asked for elsewhere. Nothing leaves: requests to elsewhere are cut off."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.elsewhere: list[str] = []
        self.dialogs: list[str] = []
        context = desk.page.context
        context.add_init_script(LISTENS)
        context.on("dialog", self._dialog)
        context.route(re.compile(f"^(?!{re.escape(desk.url)}|data:|blob:)"), self._cut)

    def silent(self) -> None:
        """Fails with whatever was heard."""
        assert (self.desk.page.evaluate("window.told"), self.dialogs, self.elsewhere) == ([], [], [])
        assert self.desk.page.url.startswith(self.desk.url)

    def heard(self) -> bool:
        return bool(self.desk.page.evaluate("window.told"))

    def _dialog(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":
            self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _cut(self, route: Route, request: Request) -> None:
        self.elsewhere.append(f"{request.method} {request.url}")
        route.abort()


@pytest.fixture(scope="module")
def open_web(house: House) -> Iterator[int]:
    """A `torg serve` without policies."""
    with house.process("serve", program="tests.browser.no_policy", TORG_PORT=str(house.web_ports[1])):
        until(lambda: house.healthy(1), 40)
        yield 1


@pytest.fixture(scope="module")
def mails(house: House) -> Sequence[tuple[int, int]]:
    """Conversation and entry of each payload; and of all that people of ours name and write, payloads as well."""
    house.write(_name, house.ids)
    house.send(*(_mail(number, each) for number, each in enumerate(PAYLOADS)), to=[GRANVIK])
    arrived = select(Mail).where(Mail.message_id.startswith("<payload."))
    until(lambda: len(house.all(arrived)) == len(PAYLOADS), 90)
    entries = {each.message_id: each.entry_id for each in house.all(arrived)}
    told = [
        (house.conversation_of(f"<payload.{n}@post.example>"), entries[f"<payload.{n}@post.example>"])
        for n in range(len(PAYLOADS))
    ]
    _write(house, told[0][0])
    return told


def _mail(number: int, payload: str) -> bytes:
    """As a stranger's program would write it: encoded, whatever is in it."""
    raw = payload.encode()
    third = len(PAYLOADS) // 3 + 1
    files = [f"filename*=utf-8''{quote(each, safe='')}" for each in PAYLOADS[number % third :: third]]
    lines = [
        f"From: {_word(raw)} <payload{number}@post.example>",
        f"To: {GRANVIK}",
        f"Subject: {_word(raw)}",
        f"Message-ID: <payload.{number}@post.example>",
        "Date: Thu, 26 Nov 2026 10:00:00 +0100",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        *_part("text/plain; charset=utf-8", raw),
        *_part("text/html; charset=utf-8", raw),
        *(
            line
            for each in files
            for line in _part("image/svg+xml", raw, f"Content-Disposition: attachment;\r\n {each}")
        ),
        "--b--",
    ]
    return "\r\n".join(lines).encode()


def _word(raw: bytes) -> str:
    """Encoded words (RFC 2047), as many as it takes."""
    pieces = [raw.decode()[at : at + 10].encode() for at in range(0, len(raw.decode()), 10)]
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(each).decode()}?=" for each in pieces)


def _part(kind: str, raw: bytes, *more: str) -> Iterator[str]:
    yield from ("--b", f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", *more, "")
    yield base64.encodebytes(raw).decode().replace("\n", "\r\n")


def _name(unit: Unit, ids: Mapping[str, int]) -> None:
    """Queues, topics, a municipality and a channel."""
    granvik = unit.get(Municipality, ids["granvik"])
    assert granvik is not None
    for each in NAMES:
        words = {"sv": each.replace("\0", "")}
        topic.add(unit, granvik, words)
        queue.add(unit, words, [granvik])
    row = unit.first(select(Channel).where(Channel.name == "Mail in"))
    assert row is not None
    row.name = granvik.name = "\"'><img src=x onerror=alert(1)>{{7*7}}"


def _write(house: House, conversation_id: int) -> None:
    """Notes, drafts, a matter, reasons, a citizen's name and Sara's."""
    at, written = f"/conversations/{conversation_id}", [each.replace("\0", "") for each in PAYLOADS]
    for text in ("\n\n".join(written[::2]), "\n\n".join(written[1::2])):
        house.api("POST", f"{at}/notes", {"text": text})
    house.api("POST", f"{at}/replies", {"text": "\n\n".join(written[::5])})
    for kind in ("reply", "note"):
        house.api("PUT", f"{at}/drafts/{kind}", {"text": "\n\n".join(written), "subject": "", "to": [], "cc": []})
    secret = house.arrives("Min granne", Subject="Oro")
    house.change("PUT", secret, "confidentiality", {"queue": str(house.ids["social"])})
    reason = next(each for each in written if "<script" in each and " " in each)
    house.api("PUT", f"/conversations/{secret}/glass", {"reason": f"{reason} {written[0]}"})


def test_there_are_enough_of_them_and_the_canary_sings(
    open_desk: OpenDesk, open_web: int, mails: Sequence[tuple[int, int]]
) -> None:
    """Both walls off: else silence proves nothing."""
    assert len(PAYLOADS) >= 200
    desk = open_desk("sara", None, web=open_web)
    canary = Canary(desk)
    desk.watch.expect(".")
    desk.goto("/inbox?view=mine")
    for each in PAYLOADS[:40]:
        desk.page.evaluate(
            "html => { const f = document.createElement('iframe'); f.srcdoc = html; document.body.append(f) }", each
        )
    desk.until(canary.heard)
    desk.until(lambda: bool(canary.elsewhere))
    for path in ("/inbox?view=mine", f"/entries/{mails[0][1]}/html"):
        assert "content-security-policy" not in desk.page.request.get(f"{desk.url}{path}").headers


def test_the_sanitiser_and_escaping_hold_without_a_policy(
    open_desk: OpenDesk, open_web: int, mails: Sequence[tuple[int, int]]
) -> None:
    desk = open_desk("sara", None, web=open_web)
    canary = Canary(desk)
    desk.watch.expect("ERR_|400|404")
    _all_lists(desk, len(mails))
    canary.silent()
    desk.goto("/inbox?view=open")  # beside the first of them: beside all, each takes half a second of a processor
    desk.page.evaluate(OPENS, [str(conversation_id) for conversation_id, _ in mails[::8]])
    canary.silent()
    desk.page.evaluate(FRAMES, [[str(entry_id) for _, entry_id in mails], False])
    canary.silent()
    desk.page.evaluate(SEARCHES, [f"{prefix}{each}" for each in PAYLOADS[::20] for prefix in ("", "from:")])
    canary.silent()
    _addresses(desk, canary)
    _written(desk, canary, mails)


def test_frame_and_policy_hold_without_the_sanitiser(
    house: House, open_desk: OpenDesk, mails: Sequence[tuple[int, int]]
) -> None:
    house.write(_store_as_it_came)
    desk = open_desk("sara", None)
    canary = Canary(desk)
    desk.watch.expect(SAYS_SO)
    desk.goto("/inbox?view=mine")
    ids = [str(entry_id) for _, entry_id in mails]
    desk.page.evaluate(FRAMES, [ids[::3], True])
    canary.silent()
    desk.page.evaluate(FRAMES, [ids, False])  # the policy alone says sandbox, as in a window of its own
    canary.silent()
    for conversation_id, _ in mails[::40]:
        desk.goto(f"/conversations/{conversation_id}?view=mine")
        desk.at("details.html summary").click()
        expect(desk.at("iframe.mail-frame")).to_have_attribute("src", re.compile("/html$"))
        desk.page.wait_for_timeout(100)
        canary.silent()


def _store_as_it_came(unit: Unit) -> None:
    for row in unit.all(select(Mail).where(Mail.message_id.startswith("<payload."))):
        found = re.search(r"payload\.(\d+)@", row.message_id or "")
        assert found is not None
        row.safe_html = PAYLOADS[int(found[1])].replace("\0", "")


def _all_lists(desk: Desk, count: int) -> None:
    """Page by page."""
    desk.goto("/inbox?view=open")
    while desk.page.evaluate("!!document.querySelector('#list .load-more')"):
        desk.page.evaluate("document.querySelector('#list .load-more')?.click()")  # it may have gone meanwhile
        desk.page.wait_for_timeout(50)
    assert desk.at("#list a.row").count() >= count


def _addresses(desk: Desk, canary: Canary) -> None:
    """What stands in an address and comes back in the page, or leads on."""
    for each in PAYLOADS[::24]:
        desk.goto(f"/inbox?{urlencode({'q': each[:400]})}")
        canary.silent()
    for each in [*PAYLOADS[:5], "javascript:alert(1)", "//canary.example", "/\\canary.example"]:
        for query in (
            {"view": each[:400]}, {"queue": each[:400]}, {"channel": each[:400]}, {"after": each[:90]},
            {"from": each[:50]},
        ):  # fmt: skip
            answer = desk.page.request.get(f"{desk.url}/inbox?{urlencode(query)}")
            assert answer.status < 500
            assert each not in answer.text() or "<" not in each
        desk.goto(f"/login?{urlencode({'next': each})}")
        assert desk.page.url.startswith(desk.url)


def _written(desk: Desk, canary: Canary, mails: Sequence[tuple[int, int]]) -> None:
    """What people of ours have written and named: the conversation, its menus and panes."""
    desk.goto(f"/conversations/{mails[0][0]}?view=open")
    for key, menu in (("h", "#m-queue"), ("t", "#m-topic .option"), ("m", "#m-more")):
        desk.at("#thread-title").focus()  # of a row, the same keys open the row's
        desk.press(key)
        expect(desk.at(menu).first).to_be_visible()
        desk.press("Escape")
        expect(desk.at(menu).first).to_be_hidden()
    for words, dialog in (("Confidential", "#confidential-title"), ("Misdirected", "#misdirected-title")):
        desk.at("#thread-title").focus()
        desk.press("m")
        desk.at("#m-more .option", words).click()
        expect(desk.at(dialog)).to_be_visible()
        desk.press("Escape")
        expect(desk.at(dialog)).to_have_count(0)
    desk.goto(f"/conversations/{mails[0][0]}/forward?view=open")
    desk.at(".goes-along summary").click()
    desk.goto("/messages/new?view=open")
    canary.silent()
    desk.goto("/inbox?view=open")
    for row in desk.at("#list a.row").all()[:12]:
        row.hover()
        row.focus()
        desk.press("x", "m")
        expect(desk.at("#m-row")).to_be_visible()
        desk.press("Escape")
        expect(desk.at("#m-row")).to_be_hidden()
    for key, menu in (("h", "#m-picked-queue"), ("a", "#m-picked-assign")):
        desk.press(key)
        expect(desk.at(menu)).to_be_visible()
        desk.press("Escape")
    canary.silent()


def test_nor_do_the_pages_of_it_and_of_heads(open_desk: OpenDesk, open_web: int, mails: object) -> None:
    for who, paths in (("goran", ("/channels", "/raw-events", "/plugins")), ("leila", ("/breakages", "/inbox"))):
        desk = open_desk(who, None, web=open_web)
        canary = Canary(desk)
        for path in paths:
            desk.goto(path)
            canary.silent()
