"""A morning's work by keyboard only, and what the database and the citizens have of it afterwards.

Fourteen mails; twenty with `--large`.
"""

from email.message import EmailMessage
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import BOTH_ENGINES, OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import PASSWORD, House
from tests.line import until

pytestmark = BOTH_ENGINES

MAILS, MAILS_AT_LARGE = 14, 20
"""Most are worked on in ways of their own; the others are answered one after the other."""


class Morning:
    """Sara at her desk. Each verb is what her fingers do; her eyes wait for the answer. `done`: ids, in their order."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.done: list[str] = []
        self.answers: dict[str, str] = {}

    def open(self) -> str:
        """The row that has the focus."""
        conversation_id = str(self.desk.at("#list a.row:focus").get_attribute("data-id"))
        self.desk.press("Enter")
        expect(self.desk.at(f'#thread[data-id="{conversation_id}"]')).to_be_visible()
        expect(self.desk.at("#thread-title")).to_be_focused()
        self.done.append(conversation_id)
        return conversation_id

    def pass_by_the_done(self) -> None:
        """Those that still wait for others."""
        while self.desk.at("#list a.row:focus").get_attribute("data-id") in self.done:
            self.desk.press("j")

    def next(self) -> str:
        """The one below; closing and letting wait have brought the focus there already."""
        self.desk.press("j")
        return self.open()

    def topic(self, words: str) -> None:
        """Another question."""
        self.desk.press("t")
        expect(self.desk.at("#m-topic .option").first).to_be_visible()
        self.desk.type(words)
        self.desk.press("Enter")
        self.desk.says("Question added")

    def note(self, text: str) -> None:
        """For colleagues."""
        self.desk.press("n")
        expect(self.desk.at("textarea.for-note")).to_be_focused()
        self.desk.type(text)
        self.desk.press("Control+Enter")
        self.desk.says("Note added")

    def write(self, text: str) -> None:
        """An answer, begun or gone on with."""
        self.desk.press("r")
        expect(self.desk.at("textarea.for-reply")).to_be_focused()
        self.desk.press("Control+End")
        self.desk.type(text)
        self.answers[self.done[-1]] = self.answers.get(self.done[-1], "") + text

    def reply_and_close(self, text: str) -> None:
        """Sent."""
        self.write(text)
        self.desk.press("Control+Enter")
        self.desk.says("Sent and closed")


def test_a_morning_without_a_mouse(house: House, open_desk: OpenDesk, *, large: bool) -> None:
    mails = MAILS_AT_LARGE if large else MAILS
    desk = open_desk("sara", "/inbox", storage_state=None)
    expect(desk.at("#email")).to_be_focused()
    desk.type("sara@granvik.example")
    desk.press("Tab")
    desk.type(PASSWORD)
    desk.press("Enter")
    desk.lists("Mine")
    desk.press("g", "u")
    desk.lists("Unassigned")
    desk.press("j")
    morning = Morning(desk)
    worked = _before_coffee(morning)
    worked |= _after_coffee(morning, worked["noted"])
    desk.press("g", "u")
    desk.lists("Unassigned")
    desk.press("j", "j", "k")
    while len(morning.done) < mails:
        morning.pass_by_the_done()
        morning.open()
        morning.reply_and_close(f"Hej! Detta är svar nummer {len(morning.done)}.")
    assert len(set(morning.done)) == mails
    _check_rows(house, worked)
    _check_mails(house, morning, worked)


def _before_coffee(morning: Morning) -> dict[str, str]:
    """Ids by what was done."""
    desk, worked = morning.desk, {}
    worked["answered"] = morning.open()
    morning.topic("slam")
    desk.press("o", "1")
    desk.says("Solved here")
    morning.reply_and_close("Hej! Den töms på torsdag.")

    worked["noted"] = morning.open()
    desk.press("a", "1")
    desk.says("Assigned to Sara Lind")
    morning.note("Ringer henne i morgon.")
    desk.press("w", "1")
    desk.says("Waits until")

    worked["closed"] = morning.open()
    desk.press("e")
    desk.says("Closed")
    desk.press("z")
    desk.says("Open again")
    desk.press("e")
    desk.says("Closed")

    worked["handed over"] = morning.open()
    desk.press("h", "1")
    desk.says("Handed over to Kundtjänst")

    worked["asked"] = morning.next()
    desk.press("i", "1")
    desk.says("Identity confirmed")
    morning.topic("faktura")
    morning.write("Hej! Fakturan är betald.")
    desk.press("Control+Enter")
    expect(desk.at("dialog.ended")).to_be_visible()
    desk.press("Space")  # the first outcome has the focus
    desk.press("Control+Enter")
    desk.says("Sent and closed")
    return worked


def _after_coffee(morning: Morning, noted: str) -> dict[str, str]:
    """The same, up to what she has taken and noted."""
    desk, worked = morning.desk, {}
    worked["forwarded"] = morning.open()
    desk.press("f")
    expect(desk.at("#forward-to")).to_be_focused()
    desk.type("miljo@granvik.example")
    desk.press("Control+Enter")
    desk.says("Forwarded")

    worked["spam"] = morning.next()
    desk.press("m")
    expect(desk.at("#m-more .option").first).to_be_focused()
    desk.press("ArrowUp", "Enter")
    desk.says("Closed as spam")

    worked["waits"] = morning.open()
    morning.write("Hej! Vi återkommer på måndag.")
    desk.press("Control+Shift+Enter")
    expect(desk.at("#m-wait .option").first).to_be_focused()
    desk.press("Enter")
    desk.says("Sent, and waits")

    worked["regretted"] = morning.open()
    morning.reply_and_close("Hej! Nej.")
    desk.press("z")
    desk.says("Taken back. Nothing was sent")
    expect(desk.at("#timeline > .event[data-undone]")).to_contain_text("Undone, never sent")
    expect(desk.at("textarea.for-reply")).to_have_value("Hej! Nej.")
    morning.write(" Eller jo, det går bra.")
    desk.press("Control+Enter")
    desk.says("Sent and closed")

    worked["begun"] = _begin(desk)
    _look_around(morning)
    desk.press("g", "n")
    desk.page.wait_for_url("**/conversations/*")
    expect(desk.at("#assign")).to_contain_text("Me")
    worked["taken"] = desk.opened()
    desk.press("g", "m")
    desk.lists("Mine")
    assert set(desk.rows()) == {noted, worked["taken"]}
    return worked


def _begin(desk: Desk) -> str:
    """A message of our own."""
    desk.press("c")
    expect(desk.at("#new-to")).to_be_focused()
    desk.type("eva@post.example")
    desk.press("Tab", "Tab")
    desk.type("Er ansökan")
    desk.press("Tab")
    desk.type("Hej Eva! Den har kommit fram.")
    desk.press("Control+Enter")
    desk.says("Sent")
    return desk.opened()


def _look_around(morning: Morning) -> None:
    """Search, keys, all that is open."""
    desk = morning.desk
    desk.press("/")
    expect(desk.at("#q")).to_be_focused()
    desk.type("färdtjänst")
    expect(desk.at("#list-title")).to_contain_text("Found")
    expect(desk.at("#list a.row").first).to_contain_text("ärdtjänst")
    desk.press("Escape", "j")
    morning.open()
    desk.press("]")
    expect(desk.at("#panel")).to_be_hidden()
    desk.press("]")
    expect(desk.at("#citizen")).to_be_visible()
    desk.press("?")
    expect(desk.at("#shortcuts")).to_be_visible()
    desk.press("Escape")
    expect(desk.at("#shortcuts")).to_be_hidden()
    desk.press("g", "a")
    desk.lists("All open")


def _check_rows(house: House, worked: dict[str, str]) -> None:
    """As the API tells them."""
    pages = {what: house.conversation(conversation_id) for what, conversation_id in worked.items()}
    lines = {what: page["conversation"] for what, page in pages.items()}
    for what in ("answered", "closed", "asked", "spam", "regretted"):
        assert lines[what]["closed_at"] is not None, what
    assert lines["spam"]["closed_as"] == "spam"
    assert [each["outcome"] for each in pages["answered"]["matters"]] == ["solved_here"]
    assert [each["outcome"] for each in pages["asked"]["matters"]] == ["solved_here"]
    for what in ("noted", "waits"):
        assert lines[what]["wait_until"] is not None, what
    sara = {"id": str(house.ids["sara"]), "name": "Sara Lind"}
    assert lines["noted"]["assignee"] == lines["taken"]["assignee"] == sara
    assert lines["handed over"]["queue_id"] == str(house.ids["kundtjanst"])
    assert [each["text"] for each in _written(house, worked["noted"], "note")] == ["Ringer henne i morgon."]
    changes = [each["body"]["what"] for each in house.timeline(worked["closed"]) if each["kind"] == "change"]
    assert changes == ["closed", "reopened", "closed"]
    identity = house.api("GET", f"/conversations/{worked['asked']}/identity")["identity"]
    assert identity["how"] == "control_question"
    answers = _written(house, worked["regretted"], "mail")
    assert [(each["text"], each["undone_at"] is None) for each in answers] == [
        ("Hej! Nej.", False), ("Hej! Nej. Eller jo, det går bra.", True)
    ]  # fmt: skip


def _check_mails(house: House, morning: Morning, worked: dict[str, str]) -> None:
    """What the citizens got: each an answer in the thread of their own mail."""
    sent = house.outgoing(len(morning.answers) + 2)
    answers = {str(mail["In-Reply-To"]): mail for mail in sent if mail["In-Reply-To"]}
    assert len(answers) == len(morning.answers)
    for conversation_id, text in morning.answers.items():
        asked = next(each for each in house.timeline(conversation_id) if each["author"]["kind"] == "citizen")
        mail = answers[asked["mail"]["message_id"]]
        assert mail["To"] == asked["mail"]["sender"]
        assert asked["mail"]["message_id"] in mail["References"]
        assert text in _text(mail)
    begun, forwarded = sorted((mail for mail in sent if not mail["In-Reply-To"]), key=lambda mail: str(mail["To"]))
    assert (begun["To"], begun["Subject"]) == ("eva@post.example", "Er ansökan")
    assert "Hej Eva!" in _text(begun)
    assert forwarded["To"] == "miljo@granvik.example"
    until(lambda: _settled(house, worked["waits"]))


def _settled(house: House, conversation_id: str) -> bool:
    deliveries = [row["state"] for each in _written(house, conversation_id, "mail") for row in each["deliveries"]]
    return deliveries == ["sent"]


def _written(house: House, conversation_id: str, kind: str) -> list[Any]:
    """Entries of ours."""
    entries = house.timeline(conversation_id)
    return [each for each in entries if each["kind"] == kind and each["author"]["kind"] == "person"]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
