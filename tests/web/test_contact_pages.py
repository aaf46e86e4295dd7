"""The view of a call or a visit: whom one answers as, who it may be, and the form; all of it without a script."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.access.audit import Audit
from hub.channels.channel import Channel
from hub.inbox import text
from hub.inbox.call import Call
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.matter import Matter
from hub.inbox.participant import Participant
from hub.inbox.promise import Promise
from hub.inbox.text import Text, TextRoute
from hub.storage.unit import Unit
from tests.web.test_pages import Screen
from tests.web.world import must
from tests.web.world import world as make_world


@pytest.fixture
def screen(sqlite_database: str, tmp_path: Path) -> Iterator[Screen]:
    with make_world(sqlite_database, tmp_path, pages=True) as world:
        yield Screen(world)


def begin(screen: Screen, kind: str = "call") -> str:
    """The address of its view."""
    answer = screen.post("/contacts", "sara", {"kind": kind}, part=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


def version(page: str) -> str:
    return str(must(re.search(r'name="version" value="([0-9a-f]{16})"', page))[1])


def test_written_down_without_a_script(screen: Screen) -> None:
    address = begin(screen)
    status, page = screen.get(address, "sara")
    assert status == 200
    assert "Granvik, du talar med Sara." in page
    assert "Okänd uppringare" in page
    fields = {"version": version(page), "topic": str(screen.world.ids["fakturor"]), "note": "Ringde om fakturan."}
    refused = screen.post(address, "sara", fields, "en", part=False)
    assert (refused.status_code, "Say how it ended." in unescape(refused.text)) == (422, True)
    done = {**fields, "outcome": "solved_here", "name": "Karin Lind"}
    assert screen.post(address, "sara", done, part=False).status_code == 303
    thread = screen.get(address.partition("/contacts")[0], "sara")[1]
    assert "Ringde om fakturan." in thread
    assert "löst här" in thread
    assert "Karin Lind" in thread


def test_what_is_begun_is_there_again(screen: Screen) -> None:
    address = begin(screen, "visit")
    page = screen.get(address, "sara")[1]
    assert "En besökare till" in page
    fields = {
        "note": "Söker blankett.",
        "q": f"{screen.world.ids['fakturor']}|solved_here|other|",
        "outcome": "not_finished",
    }
    assert screen.post(f"{address}/draft", "sara", fields).status_code == 204
    again = screen.get(address, "sara")[1]
    assert "Söker blankett." in again
    assert f'value="{screen.world.ids["fakturor"]}' in again
    assert screen.post(f"{address}/discard", "sara", {"version": version(page)}, part=False).status_code == 303
    assert "Var inget ändå" in screen.get(address.partition("/contacts")[0], "sara")[1]


def test_whoever_talks_is_busy_and_ready_after(screen: Screen) -> None:
    world = screen.world
    world.ask("PUT", "/me/duty", json={"state": "ready"})
    address = begin(screen)
    assert world.get("/me/duty").json()["state"] == "busy"
    page = screen.get(address, "sara")[1]
    assert "Registrera, redo för nästa" in page
    fields = {"version": version(page), "topic": str(world.ids["fakturor"]), "outcome": "solved_here"}
    screen.post(address, "sara", fields, part=False)
    assert world.get("/me/duty").json()["state"] == "ready"


def test_a_number_is_a_hint_and_nothing_is_asked_by_it(screen: Screen) -> None:
    world = screen.world
    earlier = world.mail("Hej, min brunn.", subject="Brunnen")
    address = begin(screen)
    world.do(_calls_as, int(address.split("/")[2]), earlier)
    page = unescape(screen.get(address, "sara")[1])
    assert "Kan vara" in page
    assert "+46 70" in page
    assert "+46701234567" not in page
    assert "Brunnen" not in page
    assert "Väntar på identitet: ett nummer är bara en ledtråd." in page
    assert world.do(lambda unit: unit.all(select(Audit.act).where(Audit.act.like("lookup%")))) == []


def test_once_they_are_confirmed_their_history_is_there_at_once(screen: Screen) -> None:
    """Where a number says who it may be, it waits till then: what a change answers with brings it along."""
    world = screen.world
    earlier = world.mail("Hej, min brunn.", subject="Brunnen")
    at = begin(screen).partition("/contacts")[0]
    world.do(_calls_as, int(at.split("/")[2]), earlier)
    waiting = screen.get(f"{at}/head", "sara")[1]
    assert re.search(r'id="history-earlier" hx-swap-oob', waiting)
    assert "Brunnen" not in waiting
    number = must(re.search(r'data-version="(\d+)"', waiting))[1]
    done = screen.post(f"{at}/identity", "sara", {"how": "called_back", "version": number})
    assert done.status_code == 200, done.text
    for page in (done.text, screen.get(f"{at}/head", "sara")[1]):
        assert "Brunnen" in must(re.search(r'id="history-earlier" hx-swap-oob.*', page, re.S))[0]
        assert re.search(r'id="history-count" hx-swap-oob="true"> <span class="count">1<', page)


def _calls_as(unit: Unit, conversation_id: int, earlier_id: int) -> None:
    """The caller's number is that of whoever wrote before."""
    conversation, earlier = must(unit.get(Conversation, conversation_id)), must(unit.get(Conversation, earlier_id))
    conversation.citizen_id = earlier.citizen_id
    must(unit.get(Citizen, earlier.citizen_id)).name = "Eva Björk"
    must(unit.first(select(Call))).number = "+46701234567"
    unit.add(
        CitizenPoint(
            municipality_id=earlier.municipality_id, citizen_id=earlier.citizen_id,
            first_citizen_id=earlier.citizen_id, kind="phone", value="+46701234567", match_key="+46701234567",
        )
    )  # fmt: skip


def test_a_number_that_stands_in_for_a_name_is_covered_as_any_other(screen: Screen) -> None:
    at = begin(screen).partition("/contacts")[0]
    screen.world.do(_is_known_by, int(at.split("/")[2]), "+46701234567")
    for path in (at, "/inbox?view=mine", "/inbox?view=mine&q=kind:call", f"{at}/actions"):
        page = screen.get(path, "sara")[1]
        assert "+46 70 ••••• 67" in page, path
        assert "+46701234567" not in page, path


def _is_known_by(unit: Unit, conversation_id: int, number: str) -> None:
    conversation = must(unit.get(Conversation, conversation_id))
    must(unit.get(Citizen, conversation.citizen_id)).name = number


def test_the_rail_marks_the_page_one_is_on(screen: Screen) -> None:
    begin(screen)
    for path, marked in (("/callbacks", "/callbacks"), ("/inbox?view=mine", "/inbox?view=mine")):
        page = screen.get(path, "sara")[1]
        asks = unescape(must(re.search(r'hx-get="(/inbox/rail[^"]*)"', page))[1])
        for each in (page, screen.get(asks, "sara")[1]):
            for kind, wanted in (("nav-link", [marked]), ('option[^"]*', [marked] if path == "/callbacks" else [])):
                found = re.findall(rf'class="{kind}" href="([^"]*)"[^>]*aria-current="page"', each)
                assert found == wanted, (path, kind)


def test_one_that_rings_yet_has_a_view_too(screen: Screen) -> None:
    address = begin(screen)
    screen.world.do(_rings)
    status, page = screen.get(address, "sara")
    assert (status, "Ringer" in page) == (200, True)


def _rings(unit: Unit) -> None:
    call = must(unit.first(select(Call)))
    call.answered_at, call.state, call.answered_by_id = None, "ringing", None


def test_who_is_to_be_called_back_is_seen_called_and_done_with(screen: Screen) -> None:
    world = screen.world
    address = begin(screen)
    version_now = version(screen.get(address, "sara")[1])
    day = (clock.to_datetime(clock.now()) + timedelta(days=1)).date().isoformat()
    world.do(_is_called_by, "+46701234567")
    promised = {"topic": str(world.ids["fakturor"]), "outcome": "not_finished", "call_day": day, "call_time": "10:00"}
    assert screen.post(address, "sara", {"version": version_now, **promised}, part=False).status_code == 303
    page = screen.get("/callbacks", "sara")[1]
    assert "+46 70" in page
    assert "+46701234567" not in page
    (line,) = world.get("/call-backs").json()  # a program sees no more than a page, for nobody would know that it did
    assert (line["number"], line["citizen"]) == ("+46 70 ••••• 67", "")
    at = must(re.search(r"/conversations/\d+/call-backs/\d+", page))[0]
    shown = screen.post(f"{at}/number", "sara", {}, part=False).text
    assert "tel:+46701234567" in shown
    status, again = screen.get(f"{at}/number", "sara")  # its address stands in the bar, and is read again
    assert (status, "'location': '/callbacks'" in again, "tel:" in again) == (303, True, False)
    assert world.do(lambda unit: unit.all(select(Audit.act).where(Audit.act == "citizen.reveal"))) == ["citizen.reveal"]
    tried = screen.post(f"{at}/attempts", "sara", {"reached": "no", "key": "a"}, part=False)
    assert 'id="done" role="status" tabindex="-1" autofocus' in screen.get(tried.headers["location"], "sara")[1]
    assert "Ge upp" in screen.get("/callbacks", "sara")[1]
    assert screen.post(f"{at}/outcome", "sara", {"outcome": "given_up"}, part=False).status_code == 303
    assert at not in screen.get("/callbacks", "sara")[1]
    assert at not in screen.get("/callbacks", "nils")[1]


def test_a_call_back_asks_for_a_number_where_none_is_known_and_is_called_there(screen: Screen) -> None:
    world = screen.world
    address = begin(screen)
    page = screen.get(address, "sara")[1]
    assert 'name="number"' in page
    day = (clock.to_datetime(clock.now()) + timedelta(days=1)).date().isoformat()
    fields = {
        "version": version(page), "topic": str(world.ids["fakturor"]), "outcome": "not_finished", "call_day": day,
        "call_time": "10:00",
    }  # fmt: skip
    refused = screen.post(address, "sara", fields, "en", part=False)
    assert (refused.status_code, "Write the number that they can be called back at" in unescape(refused.text)) == (
        422,
        True,
    )
    assert screen.post(address, "sara", {**fields, "number": "070-123 45 67"}, part=False).status_code == 303
    listed = screen.get("/callbacks", "sara")[1]
    at = must(re.search(r"/conversations/\d+/call-backs/\d+", listed))[0]
    assert "tel:+46701234567" in screen.post(f"{at}/number", "sara", {}, part=False).text
    assert 'name="number"' not in screen.get(address, "sara")[1]
    world.do(_is_promised_without_a_number)  # as some were, before it was asked for
    listed = screen.get("/callbacks", "sara")[1]
    assert (f"{at}/number" in listed, f"{at}/attempts" in listed) == (False, True)
    assert screen.post(f"{at}/number", "sara", {}, part=False).status_code == 200
    reached = screen.post(f"{at}/attempts", "sara", {"reached": "yes", "key": "a"}, part=False)
    assert reached.status_code == 303
    status, page = screen.get(reached.headers["location"], "sara")  # what it was about is written down next
    assert (status, 'id="registration"' in page) == (200, True)
    assert 'data-href="/callbacks"' in screen.get("/inbox?view=mine", "sara")[1]


def _is_promised_without_a_number(unit: Unit) -> None:
    must(unit.first(select(Promise))).number = None


def test_what_is_agreed_is_at_that_hour_where_the_reader_is(screen: Screen) -> None:
    """As the form is sent, nothing of the page is asked for before it: the zone is known all the same."""
    world = screen.world
    address = begin(screen)
    number = version(screen.get(address, "sara")[1])
    world.do(_is_called_by, "+46701234567")
    here = ZoneInfo("Europe/Stockholm")
    day = clock.to_datetime(clock.now()).astimezone(here).date() + timedelta(days=1)
    topic = str(world.ids["fakturor"])
    fields = {
        "version": number, "q": f"{topic}|handed_over||", "answer_by": "date", "answer_date": day.isoformat(),
        "topic": topic, "outcome": "not_finished", "call_day": day.isoformat(), "call_time": "08:00",
    }  # fmt: skip
    assert screen.post(address, "sara", fields, part=False).status_code == 303
    found = world.do(lambda unit: {each.kind: each.due_at for each in unit.all(select(Promise))})
    hours = {kind: clock.to_datetime(due).astimezone(here).strftime("%H:%M") for kind, due in found.items()}
    assert hours == {"handover": "16:00", "call-back": "08:00"}


def _is_called_by(unit: Unit, number: str) -> None:
    must(unit.first(select(Call))).number = number


def test_where_nobody_can_be_mailed_no_mail_is_offered_and_no_outcome_stays(screen: Screen) -> None:
    world = screen.world
    address = begin(screen)
    fields = {"version": version(screen.get(address, "sara")[1]), "topic": str(world.ids["fakturor"])}
    later = {"outcome": "handed_over", "answer_by": (clock.to_datetime(clock.now()) + timedelta(days=1)).isoformat()}
    assert screen.post(address, "sara", {**fields, **later}, part=False).status_code == 303
    at = address.partition("/contacts")[0]
    page = unescape(screen.get(at, "sara")[1])
    assert 'data-composer data-mode="note"' in page
    assert 'data-mode="mail"' not in page
    assert "inget mobilnummer som vi kan skicka SMS till" in page
    (matter_id,) = world.do(lambda unit: unit.all(select(Matter.id)))
    written = {"text": "Hej!", "then": "close", "asked": "yes", f"outcome_{matter_id}": "solved_here"}
    assert screen.post(f"{at}/replies", "sara", written).status_code == 422
    assert world.do(lambda unit: unit.all(select(Matter.outcome))) == ["handed_over"]
    world.do(_takes_texts, int(at.split("/")[2]), world.ids)
    page = screen.get(at, "sara")[1]
    assert 'data-composer data-mode="sms"' in page
    assert 'data-mode="mail"' not in page
    assert screen.post(f"{at}/replies", "sara", {**written, "by": "sms"}).status_code == 200
    assert world.do(lambda unit: unit.all(select(Matter.outcome))) == ["solved_here"]
    assert world.do(lambda unit: [each.number for each in unit.all(select(Text))]) == ["+46701234567"]


def test_what_telling_the_caller_by_text_message_costs_stands_beside_it(screen: Screen) -> None:
    world = screen.world
    address = begin(screen)
    at = int(address.split("/")[2])
    world.do(_takes_texts, at, world.ids)
    world.do(_is_called_by, "+46701234567")
    assert "Meddela den som ringde med sms · 1 sms<" in _plain(screen.get(address, "sara")[1])
    world.do(_was_paid, at)
    assert "1 sms, omkring 0,52 kr<" in _plain(screen.get(address, "sara")[1])
    assert 'data-price="0.52" data-currency="SEK"' in screen.get(f"/conversations/{at}", "sara")[1]


def _plain(page: str) -> str:
    return unescape(page).replace("\u00a0", " ").replace('<span class="small soft num">', "")


def _was_paid(unit: Unit, conversation_id: int) -> None:
    channel = must(unit.first(select(Channel).where(Channel.kind == "elks")))
    route = TextRoute(channel.id, "+46766861234", "+46701234567")
    entry = text.send(unit, must(unit.get(Conversation, conversation_id)), "Hej!", route, 0)
    entry.body = entry.body | {"cost": "0.52 SEK"}
    unit.change(update(Text).where(Text.entry_id == entry.id).values(outside_id="s1"))


def _takes_texts(unit: Unit, conversation_id: int, ids: Mapping[str, int]) -> None:
    """The caller's mobile number is known, and a channel sends texts for the municipality."""
    conversation = must(unit.get(Conversation, conversation_id))
    home, citizen = conversation.municipality_id, conversation.citizen_id
    point = CitizenPoint(
        municipality_id=home, citizen_id=citizen, first_citizen_id=citizen, kind="phone", value="+46701234567",
        match_key="+46701234567",
    )  # fmt: skip
    unit.add(point)
    unit.add(
        Participant(municipality_id=home, conversation_id=conversation.id, citizen_point_id=point.id, role="sender")
    )
    config = {"number": "+46766861234", "destination": f"granvik/{ids['kontakt']}"}
    unit.add(Channel(kind="elks", name="SMS", home_id=home, sends_by_id=None, config=config))


def test_what_was_written_down_is_said_with_the_way_back_to_it(screen: Screen) -> None:
    address = begin(screen)
    fields = {
        "version": version(screen.get(address, "sara")[1]), "topic": str(screen.world.ids["fakturor"]),
        "outcome": "solved_here",
    }  # fmt: skip
    led = screen.post(address, "sara", fields, "en", part=False).headers["location"]
    page = unescape(screen.get(led, "sara")[1])
    assert "Det är registrerat." in page
    assert f'href="{address}' in page
    assert "Det är registrerat." not in screen.get("/inbox?view=mine", "sara")[1]


def test_why_it_should_not_have_been_needed_is_said_by_nobody_but_who_writes_it_down(screen: Screen) -> None:
    address = begin(screen)
    fields = {
        "version": version(screen.get(address, "sara")[1]), "topic": str(screen.world.ids["fakturor"]),
        "outcome": "solved_here", "avoidable": "yes",
    }  # fmt: skip
    refused = screen.post(address, "sara", fields, "en")
    assert (refused.status_code, refused.headers["X-Field"]) == (422, "cause")
    assert "Say why it should not have been needed." in unescape(refused.text)
    again = screen.post(address, "sara", {**fields, "q": f"{fields['topic']}|solved_here|?|"}, "en")
    assert again.status_code == 422
    assert screen.post(address, "sara", {**fields, "cause": "web_unclear"}, part=False).status_code == 303
    conversation = unescape(screen.get(address.partition("/contacts")[0], "sara")[1])
    assert "löst här, kunde ha undvikits: Information saknas på webben" in conversation
