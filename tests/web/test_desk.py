"""The desk's own pages: what a change answers with, the way back, and what is said to whoever can't have it so."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from httpx import Response
from sqlalchemy import select

from hub import clock
from hub.access.person import Membership
from hub.formats.html import sanitise
from hub.inbox import topic
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit
from inbox_ui.rendering import FORM, SHOWS, short
from tests.web.test_page_walls import Screen
from tests.web.world import let_pass, must
from tests.web.world import world as make_world

PART = {"HX-Request": "true"}


class Desk(Screen):
    """Sara's."""

    def post_part(self, path: str, form: dict[str, str], **headers: str) -> Response:
        return self.post(path, "sara", form, **PART, **headers)

    def version(self, conversation_id: int) -> str:
        return str(self.world.do(lambda unit: must(unit.get(Conversation, conversation_id)).version))

    def row(self, conversation_id: int) -> tuple[int | None, int]:
        """When it waits until, and when it is due."""

        def read(unit: object) -> tuple[int | None, int]:
            found = must(unit.get(Conversation, conversation_id))  # type: ignore[attr-defined]  # a unit
            return found.wait_until, found.due_at

        return self.world.do(read)

    def undo(self, answer: Response, **headers: str) -> Response:
        """Presses what the toast of `answer` offers."""
        toast = answer.text.rpartition("data-toast=")[2]
        path = unescape(must(re.search(r'hx-post="([^"]*)"', toast))[1])
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', toast))
        hidden.pop("_csrf_token")
        return self.post_part(path, hidden, **headers)


@pytest.fixture
def desk(sqlite_database: str, tmp_path: Path) -> Iterator[Desk]:
    """What differs between engines is tested below the edge."""
    with make_world(sqlite_database, tmp_path, pages=True) as world:
        yield Desk(world)


def said(answer: Response) -> str:
    """The toast's words."""
    found = re.findall(r'data-toast=.*?<span class="grow">(.*?)</span>', answer.text, re.S)
    return unescape(found[-1]) if found else ""


def at(days: int) -> str:
    """A time from now, as a button has it."""
    return (clock.to_datetime(clock.now()) + timedelta(days=days)).replace(microsecond=0).isoformat()


def test_waiting_is_undone(desk: Desk) -> None:
    found = desk.world.mail()
    before = desk.row(found)
    waits = desk.post_part(f"/conversations/{found}/waiting", {"version": "1", "until": at(3)})
    assert said(waits).startswith("Waits until ")
    assert desk.row(found)[0] is not None
    undone = desk.undo(waits)
    assert said(undone) == "Waits no longer"
    until, due = desk.row(found)
    assert (until, due != before[1]) == (None, True)  # owed by the rule, not as the test's row began
    assert desk.world.get(f"/conversations/{found}").json()["conversation"]["due_at"] is not None
    assert said(desk.undo(undone)).startswith("Waits until ")
    assert desk.row(found)[0] is not None


def test_undone_it_waits_as_long_as_it_did_before(desk: Desk) -> None:
    found = desk.world.mail()
    desk.post_part(f"/conversations/{found}/waiting", {"version": "1", "until": at(3)})
    before = desk.row(found)
    longer = desk.post_part(f"/conversations/{found}/waiting", {"version": "2", "until": at(9)})
    assert desk.row(found) > before
    assert said(desk.undo(longer)).startswith("Waits until ")
    assert desk.row(found) == before
    later = desk.post_part(f"/conversations/{found}/waiting/end", {"version": desk.version(found)})
    assert (said(later), desk.row(found)[0]) == ("Waits no longer", None)
    again = desk.post_part(f"/conversations/{found}/waiting/end", {"version": desk.version(found)})
    assert (again.status_code, "wait for anything" in unescape(again.text)) == (409, True)


def test_the_api_ends_waiting(desk: Desk) -> None:
    world, found = desk.world, desk.world.mail()
    path = f"/conversations/{found}/waiting"
    assert world.change("DELETE", path, version='"1"').status_code == 409
    assert world.change("PUT", path, version='"1"', json={"until": "2099-01-01T00:00:00Z"}).status_code == 200
    ended = world.change("DELETE", path, version='"2"')
    assert (ended.status_code, ended.json()["wait_until"]) == (200, None)
    assert ended.json()["due_at"] < "2099"


def test_what_is_taken_back_elsewhere_leaves_what_is_read_alone(desk: Desk) -> None:
    """Whoever closed one and has opened another: that one's head, menus and composer stay."""
    one, other = desk.world.mail(), desk.world.mail()
    closed = desk.post_part(f"/conversations/{one}/closure", {"version": "1"})
    undone = desk.undo(closed, **{SHOWS: str(other)})
    assert (undone.headers["HX-Retarget"], 'id="thread-head"' in undone.text) == ("#toast", False)
    assert f'href="/conversations/{one}?' in undone.text
    closed = desk.undo(undone, **{SHOWS: str(one)})
    assert 'id="thread-head"' in closed.text

    def answer() -> Response:
        return desk.post_part(f"/conversations/{one}/replies", {"text": "Svar", "then": "open"})

    beside = desk.undo(answer(), **{SHOWS: str(one)})
    assert (beside.headers["HX-Retarget"], 'id="composer"' in beside.text) == ("#composer", True)
    back = desk.undo(answer(), **{SHOWS: str(other)})
    assert (back.headers["HX-Retarget"], f'id="thread" data-id="{one}"' in back.text) == ("#thread", True)
    written = desk.undo(answer(), **{SHOWS: FORM})
    assert (written.headers["HX-Retarget"], 'id="composer"' in written.text) == ("#toast", False)


def test_the_topic_of_a_question_is_changed_and_how_it_ended_stays(desk: Desk) -> None:
    found = desk.world.mail()

    def add(unit: Unit) -> str:
        granvik = must(unit.get(Municipality, desk.world.ids["granvik"]))
        return str(topic.add(unit, granvik, {"sv": "Sophämtning", "en": "Waste collection"}).id)

    other = desk.world.do(add)
    desk.post_part(f"/conversations/{found}/matters", {"version": "1", "topic": str(desk.world.ids["fakturor"])})
    (question,) = desk.world.get(f"/conversations/{found}").json()["matters"]
    at = f"/conversations/{found}/matters/{question['id']}"
    desk.post_part(at, {"version": desk.version(found), "outcome": "handed_over"})
    changed = desk.post_part(at, {"version": desk.version(found), "topic": other})
    assert (changed.status_code, said(changed)) == (200, "Topic changed")
    (now,) = desk.world.get(f"/conversations/{found}").json()["matters"]
    assert (now["topic_id"], now["outcome"]) == (other, "handed_over")
    assert "Sara changed the question to Waste collection" in unescape(desk.get(f"/conversations/{found}", **PART).text)
    gone = desk.post_part(at, {"version": desk.version(found), "topic": "4711"})
    assert (gone.status_code, desk.world.get(f"/conversations/{found}").json()["matters"]) == (422, [now])


def test_it_is_said_whence_an_answer_and_a_forward_leave(desk: Desk) -> None:
    found = desk.world.mail()
    page = unescape(desk.get(f"/conversations/{found}", **PART).text)
    assert re.search(r"To \S+ from kommunen@granvik\.example</span>", page)
    forward = desk.get(f"/conversations/{found}/forward", **PART).text
    assert '<span class="cut">kommunen@granvik.example</span>' in forward


def test_nothing_to_send_is_said_first_and_beside_what_can_be_undone(desk: Desk) -> None:
    found = desk.world.mail()
    desk.post_part(f"/conversations/{found}/matters", {"version": "1", "topic": str(desk.world.ids["fakturor"])})
    answer = desk.post_part(f"/conversations/{found}/replies", {"text": " ", "then": "close"})
    assert (answer.status_code, said(answer)) == (422, "Write something first.")
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#toast", "beforeend")


def test_what_was_done_is_said_in_the_readers_language(desk: Desk) -> None:
    found = desk.world.mail()
    desk.get("/inbox")
    cookie = f"__Host-torg={desk.cookies['sara']}; language=sv"
    closed = desk.post_part(f"/conversations/{found}/closure", {"version": "1"}, Cookie=cookie)
    assert said(closed) == "Stängt"


def test_only_queues_that_somebody_could_read_in_are_offered(desk: Desk) -> None:
    found = desk.world.mail()
    path = f"/conversations/{found}/confidentiality"
    offered = desk.get(path, **PART).text
    assert re.findall(r'<option value="(\d+)"', offered) == [
        str(desk.world.ids[name]) for name in ("kontakt", "vatten")
    ]  # kim and vera are named for them

    def leave(unit: Unit) -> None:
        for each in unit.all(select(Membership).where(Membership.queue_id.is_not(None))):
            if each.queue_id == desk.world.ids["vatten"]:
                each.until = clock.now()

    desk.world.do(leave)
    assert re.findall(r'<option value="(\d+)"', desk.get(path, **PART).text) == [str(desk.world.ids["kontakt"])]
    holmo = desk.world.mail(municipality="holmo")
    nobody = desk.get(f"/conversations/{holmo}/confidentiality", **PART).text
    assert ("Nobody is named for a queue" in unescape(nobody), "<select" in nobody) == (True, False)
    version = {"version": "1", "queue": str(desk.world.ids["vatten"])}
    assert said(desk.post_part(path, version)).startswith("Nobody is named for this queue")


def test_a_search_says_how_many_and_what_it_did_not_understand(desk: Desk) -> None:
    for number in range(3):
        desk.world.mail(f"Om fakturan {number}", closed=number == 0)
    shown = desk.get("/inbox/search?q=fakturan", **PART).text
    assert re.search(r'id="list-title"[^>]*>Found <span class="soft">3</span>', shown)
    assert (shown.count("data-unread"), shown.count("data-closed")) == (2, 1)  # nobody has to read a closed one
    for typed, words in (
        ("is:blah", "is: can't be blah – it was searched as a word. It can be open, closed,"),
        ("is:o", "is: may be followed by open, closed,"),
        ("after:blah", "after: wants a date"),
        ("blah:x", "There is no filter blah:"),
    ):
        answer = desk.get(f"/inbox/search?q={typed}", **PART)
        assert (answer.status_code, words in unescape(answer.text)) == (200, True), typed


def test_a_search_that_is_sent_knows_the_list_to_go_back_to(desk: Desk) -> None:
    queue = desk.world.ids["vatten"]
    page = desk.get(f"/inbox?view=open&queue={queue}&q=faktura").text
    form = must(re.search(r'<form class="search".*?</form>', page, re.S))[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert hidden == {"view": "open", "queue": str(queue)}


def test_an_unknown_list_is_named_and_so_are_those_there_are(desk: Desk) -> None:
    answer = desk.get("/inbox?view=all")
    assert answer.status_code == 422
    assert "There is no list all: choose one of mine, unassigned, open, waiting, overdue, closed." in answer.text


def test_the_composer_opens_as_what_was_written_last(desk: Desk) -> None:
    found = desk.world.mail()

    def mode() -> str:
        return must(re.search(r'data-mode="(\w+)" data-id', desk.get(f"/conversations/{found}").text))[1]

    assert mode() == "mail"
    for second, (kind, expected) in enumerate((("reply", "mail"), ("note", "note"), ("reply", "mail")), 1):
        let_pass(second)
        assert desk.post(f"/conversations/{found}/drafts/{kind}", "sara", {"text": kind}).status_code == 204
        assert mode() == expected


def test_due_is_said_in_a_sentence_where_it_stands_alone(desk: Desk) -> None:
    hour = 60 * clock.MINUTE
    for due, words in ((7 * hour + clock.MINUTE, "Answer within 7 h"), (-3 * hour, "Late by 3 h")):
        found = desk.world.mail(due_at=clock.now() + due)
        assert words in desk.get(f"/conversations/{found}").text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Granviks kommun", "Granviks kommun"),
        ("Borås kommun", "Borås kommun"),
        ("Habo kommun", "Habo"),
        ("Nesøy kommune", "Nesøy"),
        ("Københavns Kommune", "Københavns Kommune"),
        ("Kommun", "Kommun"),
    ],
)
def test_a_municipality_is_never_called_what_it_is_not(name: str, shown: str) -> None:
    assert short(name) == shown


def test_a_municipality_is_called_in_rows_as_whoever_added_it_said(desk: Desk) -> None:
    def rename(unit: Unit) -> None:
        row = must(unit.get(Municipality, desk.world.ids["granvik"]))
        row.name, row.short_name = "Granviks kommun", "Granvik"

    desk.world.do(rename)
    desk.world.mail()
    page = desk.get("/inbox?view=open").text
    assert (page.count("</svg>Granvik</span>"), "</svg>Granviks kommun" in page) == (2, False), (
        "its row, and under More"
    )
    assert '<span class="label">Granvik</span>' in page


def test_a_day_within_a_sentence_is_written_as_the_language_does(desk: Desk) -> None:
    found = desk.world.mail()
    desk.get("/inbox")
    cookie = f"__Host-torg={desk.cookies['sara']}; language=sv"
    waits = desk.post_part(f"/conversations/{found}/waiting", {"version": "1", "until": at(3)}, Cookie=cookie)
    assert re.fullmatch(r"Väntar till (mån|tis|ons|tors|fre|lör|sön) \d+ \w+", said(waits))


def test_a_mail_is_shown_without_the_pictures_that_are_missing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """By the words that it has for them, or ours; the others stand in it."""
    files = [(f"{name}.png", "image/png", name.encode()) for name in ("whole", "gone", "bare")]
    found = desk.world.mail("Se bilden", attachments=files)

    def with_pictures(unit: Unit) -> int:
        entry = must(unit.first(select(Entry).where(Entry.conversation_id == found, Entry.kind == "mail")))
        for file in unit.all(select(Attachment).where(Attachment.entry_id == entry.id)):
            file.inline_id = file.name
            if file.name != "whole.png":
                file.body, file.blob = None, f"attachments/{entry.municipality_id}/{file.sha256}"
        must(unit.first(select(Mail).where(Mail.entry_id == entry.id))).safe_html = sanitise(
            '<p>Hej.</p><img src="cid:whole.png"><img alt="Karta &gt; &quot;väg&quot;" width="9" src="cid:gone.png">'
            '<img src="cid:bare.png" alt=""><img src="cid:none.png"><p>Slut.</p>'
        )
        return entry.id

    entry_id = desk.world.do(with_pictures)
    shown = desk.get(f"/entries/{entry_id}/html")
    assert shown.status_code == 200
    ours = '<img alt="A picture that can&#x27;t be shown">'
    assert f'<p>Hej.</p><img src="data:image/png;base64,{b64encode(b"whole").decode()}">' in shown.text
    assert re.findall(r"<img alt=[^>]*>|<img(?! src)[^>]*>", shown.text.replace(" > ", " &gt; ")) == [
        '<img alt="Karta &gt; &quot;väg&quot;">', ours, ours,
    ]  # fmt: skip
    assert "<p>Slut.</p>" in shown.text
    names = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert [each.startswith(f"entry {entry_id}: The blob attachments/") for each in names] == [True, True]
