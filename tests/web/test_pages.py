"""Every page and part of one that the screen serves, asked for with others' ids: not a byte of theirs comes back."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access import session
from hub.access.person import Person
from hub.channels.channel import Channel
from hub.edge import csrf
from hub.inbox import callback, canned, matter, note, queue, topic
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.text import Text
from hub.inbox.topic import Topic
from hub.storage.unit import Unit
from hub.watch import target
from tests.web.form_world import plant_form
from tests.web.world import World, keep_raw, must
from tests.web.world import world as make_world

REASON = "Dottern ringer och frågar vem som kommer i kväll."
ENDLESS = {"/events"}
WITHOUT_ROWS = {"/static/{version:str}/{path:path}", "/health"}
LISTS = (
    *(f"/inbox?view={each}" for each in ("unassigned", "open", "waiting", "overdue", "closed")),
    *(f"/inbox/news?view=open&{each}={{conversation_id}}" for each in ("shown", "ids")),
    "/inbox/rows?view=open", "/inbox/list?view=open&ids={conversation_id}",
    "/inbox?q={word}", "/inbox/rows?q={word}", "/inbox/search?q={word}",
)  # fmt: skip


class Thing(Struct):
    """A conversation, all of it marked with one word; `ids`: what its parts are asked for by."""

    word: str
    ids: Mapping[str, object]


class Screen:
    """The world with its pages, and a browser for each person."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._cookies: dict[str, str] = {}
        client = world.client
        self.addresses = [
            route.path
            for route in client.app.routes
            if "GET" in getattr(route, "methods", ())
            and not route.path.startswith(("/api/", "/forms/"))  # a form is filled in by anybody
            and route.path not in ENDLESS | WITHOUT_ROWS
        ]

    def get(self, path: str, who: str, *, part: bool = False) -> tuple[int, str]:
        """Status, and all that was sent."""
        if who not in self._cookies:
            self._cookies[who] = self.world.do(self._log_in, who)
        headers = {"Cookie": f"__Host-torg={self._cookies[who]}", "Sec-Fetch-Site": "same-origin"}
        answer = self.world.client.get(
            path, headers=headers | ({"HX-Request": "true"} if part else {}), follow_redirects=False
        )
        return answer.status_code, answer.text + str(answer.headers)

    def post(
        self, path: str, who: str, form: Mapping[str, str], language: str | None = None, *, part: bool = True
    ) -> Response:
        """As a form of its own page, sent by its script unless told otherwise."""
        if who not in self._cookies:
            self._cookies[who] = self.world.do(self._log_in, who)
        token = csrf.token_for(self.world.storage.keys, self._cookies[who])
        cookies = f"__Host-torg={self._cookies[who]}" + (f"; language={language}" if language else "")
        headers = {"Cookie": cookies, "Sec-Fetch-Site": "same-origin"} | ({"HX-Request": "true"} if part else {})
        return self.world.client.post(
            path, data={**form, "_csrf_token": token}, headers=headers, follow_redirects=False
        )

    def version(self, path: str) -> str:
        """Of a conversation, as a form names it."""
        return str(self.world.get(path).json()["conversation"]["version"])

    def _log_in(self, unit: Unit, who: str) -> str:
        return session.begin(unit, must(unit.get(Person, self.world.ids[who])))

    def plant(self, word: str, **options: Any) -> Thing:
        """Mail, file, note, topic, avoidable cause and citizen, all of them with the word."""
        world = self.world
        conversation_id = world.mail(
            f"text {word}", subject=f"ämne {word}", sender=f"{word}@example.com",
            attachments=[(f"{word}.txt", "text/plain", word.encode())], **options,
        )  # fmt: skip
        code = options.get("municipality", "granvik")
        raw = world.do(keep_raw, world.ids, word, word.encode(), code=code)

        def furnish(unit: Unit) -> Mapping[str, object]:
            row = must(unit.get(Conversation, conversation_id))
            note.add(unit, row, world.ids["vera"], f"anteckning {word}")
            topic = must(unit.first(select(Topic).where(Topic.municipality_id == row.municipality_id)))
            question = matter.add(unit, row, world.ids["vera"], topic)
            matter.settle(unit, row, world.ids["vera"], question, "solved_here", f"orsak {word}")
            entry = must(unit.first(select(Entry).where(Entry.conversation_id == row.id, Entry.kind == "mail")))
            home = must(unit.get(Municipality, row.municipality_id))
            return {
                "conversation_id": row.id,
                "entry_id": entry.id,
                "public_id": must(unit.first(select(Attachment.public_id).where(Attachment.entry_id == entry.id))),
                "call_back_id": callback.agree(unit, row, world.ids["vera"], None, clock.now() + clock.DAY).id,
                "point_id": must(unit.first(select(CitizenPoint.id).where(CitizenPoint.citizen_id == row.citizen_id))),
                "matter_id": must(unit.first(select(Matter.id).where(Matter.conversation_id == row.id))),
                "raw_event_id": raw,
                "channel_id": world.ids["mute"],
                "kind": "smtp",
                "municipality_id": home.id,
                "canned_id": canned.write(unit, home, None, {"sv": word}, {"sv": word}).id,
                "target_id": target.add_mail(unit, f"larm{row.id}@granvik.example", home).id,
                "form_id": plant_form(unit, home, must(unit.get(queue.Queue, row.queue_id)), word),
                "number": 1,
                "language": "sv",
                "name": "invoices",
                "lookup": "invoices",
            }

        return Thing(word, world.do(furnish))

    def asked(self, thing: Thing) -> Iterator[str]:
        """Every address of the screen, for this thing."""
        for address in self.addresses:
            filled = re.sub(r"{(\w+):\w+}", lambda match: str(thing.ids[match[1]]), address)
            yield filled
        yield from (each.format(word=thing.word, **thing.ids) for each in LISTS)


@pytest.fixture
def screen(database_url: str, tmp_path: Path) -> Iterator[Screen]:
    with make_world(database_url, tmp_path, pages=True) as world:
        yield Screen(world)


def shown(screen: Screen, who: str, *things: Thing) -> set[str]:
    """The addresses that show a word of theirs to this person, as page or as part. None may fail."""
    found = set()
    for address in dict.fromkeys(address for thing in things for address in screen.asked(thing)):
        for part in (False, True):
            status, text = screen.get(address, who, part=part)
            assert status < 500, address
            for word in (thing.word for thing in things):
                if word in text.replace(f"q={word}", "").replace(f'value="{word}"', ""):
                    found.add(address)
    return found


def _reads(unit: Unit, person_id: int, language: str) -> None:
    must(unit.get(Person, person_id)).language = language


@pytest.mark.both_engines
def test_of_others_no_page_shows_a_byte(screen: Screen) -> None:
    secret = screen.plant("kanarieett", confidential="vatten")
    foreign = screen.plant("kanarietva", municipality="nesoy", queue="innbygger")
    inner = screen.plant("kanarietre", queue="vatten", confidential="vatten")
    for who, hidden in (
        ("sara", (secret, foreign, inner)),
        ("kim", (secret, foreign, inner)),
        ("vera", (foreign,)),
        ("nils", (secret, inner)),
        ("idun", (secret, inner, foreign)),
        ("olle", (secret, inner, foreign)),
    ):
        assert shown(screen, who, *hidden) == set(), who
    conversation = f"/conversations/{secret.ids['conversation_id']}"
    assert conversation in shown(screen, "vera", secret)
    assert f"/conversations/{foreign.ids['conversation_id']}" in shown(screen, "nils", foreign)


@pytest.mark.both_engines
def test_ones_own_is_shown_where_it_is_looked_for(screen: Screen) -> None:
    """Else that others' isn't proves nothing."""
    mine = screen.plant("kanariefyra")
    found = shown(screen, "sara", mine)
    at = f"/conversations/{mine.ids['conversation_id']}"
    for address in (
        at,
        f"/inbox/news?view=open&shown={mine.ids['conversation_id']}",
        f"/inbox/news?view=open&ids={mine.ids['conversation_id']}",
        f"{at}/head",
        "/inbox?view=open",
        "/inbox?q=kanariefyra",
        "/inbox/search?q=kanariefyra",
    ):
        assert address in found


@pytest.mark.both_engines
def test_the_gate_and_broken_glass_show_it_there_and_in_no_list(screen: Screen) -> None:
    world, secret = screen.world, screen.plant("kanariefem", confidential="vatten")
    at = f"/conversations/{secret.ids['conversation_id']}"
    status, gate = screen.get(at, "sara")
    assert (status, secret.word in gate, "vatten" in gate) == (200, False, True)
    assert screen.get(at, "nils")[0] == 404
    answer = world.ask("PUT", f"{at}/glass", json={"reason": REASON})
    assert answer.status_code == 200
    found = shown(screen, "sara", secret)
    assert at in found
    assert {each for each in found if not each.startswith((at, "/entries/", "/attachments/"))} == set()
    world.ask("DELETE", f"{at}/glass")
    assert shown(screen, "sara", secret) == set()


def test_what_was_done_is_said_in_the_readers_language(screen: Screen) -> None:
    conversation_id = screen.plant("kanariesex").ids["conversation_id"]
    at = f"/conversations/{conversation_id}"
    # A toast's words are chosen before the page it stands in is made. A browser's own choice goes before the person's.
    for language, said in ((None, "Tilldelat Sara"), ("en", "Assigned to Sara"), ("sv", "Tilldelat Sara")):
        answer = screen.post(f"{at}/assignment", "sara", {"version": screen.version(at)}, language)
        assert (answer.status_code, said in answer.text) == (200, True)
    refused = screen.post(f"{at}/notes", "sara", {"note": " "})
    assert (refused.status_code, "Skriv något först." in refused.text) == (422, True)
    screen.world.do(_reads, screen.world.ids["kim"], "en")
    answer = screen.post(f"{at}/closure", "kim", {"version": screen.version(at)})
    assert ">Closed</span>" in answer.text
    answer = screen.post(f"{at}/closure/end", "sara", {"version": screen.version(at)})
    assert ">Öppet igen</span>" in answer.text


def test_a_reason_that_says_nothing_is_asked_for_again(screen: Screen) -> None:
    at = f"/conversations/{screen.plant('kanariesju', confidential='vatten').ids['conversation_id']}"
    answer = screen.post(f"{at}/glass", "sara", {"reason": "Brådskar<b>"}, part=False)
    assert answer.status_code == 422
    assert "Skriv i en mening varför du måste läsa det: köns ansvariga får veta det." in answer.text
    assert ">Brådskar&lt;b&gt;</textarea>" in answer.text
    assert "kanariesju" not in answer.text


def test_a_text_that_cant_be_answered_says_why_above_the_answer_by_mail(screen: Screen) -> None:
    """What came to another municipality's number: of a municipality that has none of its own."""
    world = screen.world

    def came(unit: Unit) -> int:
        home, vatten, now = world.ids["granvik"], world.ids["vatten"], clock.now()
        sms = Channel(kind="elks", name="SMS", home_id=None, sends_by_id=None, lease_until=0,
                      config={"number": "+46766861004", "destination": f"holmo/{vatten}"})  # fmt: skip
        unit.add(sms)
        ida = Citizen(municipality_id=home, name="Ida")
        unit.add(ida)
        row = Conversation(municipality_id=home, citizen_id=ida.id, queue_id=vatten, subject="Väg", opened_at=now,
                           due_at=now, contact_kind="sms")  # fmt: skip
        unit.add(row)
        entry = row.append(unit, Entry(kind="sms", author_kind="citizen", channel_id=sms.id, visibility="public",
                                       text="Oplogat", body={}))  # fmt: skip
        unit.add(Text(municipality_id=home, entry_id=entry.id, number="+46706861004", our_number="+46766861004"))
        return row.id

    page = screen.get(f"/conversations/{world.do(came)}", "vera")[1]
    assert "Granvik har inget eget att svara från" in unescape(page)
    assert '<input type="hidden" name="by" value="mail">' in page  # what is written goes by mail, if it can
    assert 'data-mode="sms"' not in page


def test_what_went_wrong_leads_back_to_where_work_begins(screen: Screen) -> None:
    for who, start in (("sara", "/inbox"), ("ida", "/channels")):
        status, text = screen.get("/conversations/4711", who)
        assert (status in {403, 404}, f'<a class="btn" href="{start}">' in text) == (True, True), who


def test_a_file_that_is_missing_on_the_disk_is_said_in_the_readers_language(screen: Screen) -> None:
    found = screen.world.mail(attachments=[("karta.pdf", "application/pdf", b"karta")])

    def lose(unit: Unit) -> str:
        row = must(
            unit.first(
                select(Attachment).join(Entry, Entry.id == Attachment.entry_id).where(Entry.conversation_id == found)
            )
        )
        row.body, row.blob = None, f"attachments/{row.municipality_id}/{row.sha256}"
        return row.public_id

    status, text = screen.get(f"/attachments/{screen.world.do(lose)}", "sara")
    assert status == 500
    assert "saknas: återställ filmappen från en säkerhetskopia. Inget har ändrats. Säg till IT: torg db check" in text


def test_what_was_added_a_moment_ago_has_a_place_before_it_has_a_name(screen: Screen) -> None:
    """Names are read every two seconds; in between, IT adds a queue and a topic, and they are used."""
    world = screen.world
    conversation_id = world.mail()
    assert screen.get(f"/conversations/{conversation_id}", "sara")[0] == 200
    added = world.do(_add_names, world.ids["granvik"], conversation_id)
    world.ask("POST", f"/conversations/{conversation_id}/matters", json={"topic": str(added)})
    for path in (f"/conversations/{conversation_id}", "/inbox?view=open"):
        status, text = screen.get(path, "sara")
        assert status == 200
        assert "…" in text


def test_words_taken_away_again_leave_the_list_there_was(screen: Screen) -> None:
    _, text = screen.get("/inbox?view=open&queue=" + str(screen.world.ids["kontakt"]), "sara")
    (asked,) = re.findall(r'hx-get="(/inbox/search[^"]*)"', text)
    _, listed = screen.get(unescape(asked) + "&q=", "sara", part=True)
    assert 'id="list-title" class="grow cut">kontakt' in listed


def test_what_is_picked_is_changed_one_by_one_and_taken_back_together(screen: Screen) -> None:
    world = screen.world
    ids, vatten = [str(world.mail(subject=f"Ämne {number}")) for number in range(3)], str(world.ids["vatten"])
    later = "2030-01-02T07:00:00Z"
    world.change("PUT", f"/conversations/{ids[1]}/assignment", json={"person": str(world.ids["kim"])})
    _, bar = screen.get(f"/inbox/picked?ids={','.join(ids)}", "sara", part=True)
    which = re.findall(r'name="which" value="([^"]*)"', bar)[0]
    for verb, to, said, shows in (
        ("assign", "me", "3 ärenden tilldelade Sara", ("assignee", str(world.ids["sara"]))),
        ("queue", vatten, "3 ärenden överlämnade till vatten", ("queue_id", vatten)),
        ("wait", "2030-01-02T08:00:00+01:00", "3 ärenden väntar till Ons 2 jan", ("wait_until", later)),
        ("close", "", "3 ärenden stängda", ("closed", "closed")),
        ("spam", "", "3 ärenden stängda som skräppost", ("closed", "spam")),
    ):
        before = [_state(world, each) for each in ids]
        answer = screen.post("/inbox/picked", "sara", {"which": which, "verb": verb, "to": to})
        assert said in answer.text
        name, value = shows
        for each in ids:
            found = _state(world, each)[name]
            assert (found["id"] if name == "assignee" else found) == value, (verb, name)
        (acts,) = re.findall(r'name="acts" value="([^"]*)"', answer.text)
        answer = screen.post("/inbox/picked/undo", "sara", {"acts": unescape(acts)})
        assert "3 ärenden är som de var" in answer.text
        assert [_state(world, each) for each in ids] == before
        _, bar = screen.get(f"/inbox/picked?ids={','.join(ids)}", "sara", part=True)
        which = re.findall(r'name="which" value="([^"]*)"', bar)[0]


def test_of_what_is_picked_only_what_is_as_it_was_seen_is_changed(screen: Screen) -> None:
    world = screen.world
    mine, meanwhile = str(world.mail()), str(world.mail())
    foreign = str(world.mail(municipality="nesoy", queue="innbygger", subject="kanarieatta"))
    secret = str(world.mail(queue="kontakt", confidential="vatten", subject="kanarienio"))
    _, bar = screen.get(f"/inbox/picked?ids={mine},{meanwhile},{foreign},{secret}", "sara", part=True)
    assert f'data-ids="{mine},{meanwhile}"' in bar
    assert "kanarie" not in bar
    which = re.findall(r'name="which" value="([^"]*)"', bar)[0]
    world.ask("POST", f"/conversations/{meanwhile}/notes", json={"text": "Vänta"})
    form = {"which": f"{which},{foreign}-1,{secret}-1", "verb": "close"}
    answer = screen.post("/inbox/picked", "sara", form)
    assert answer.status_code == 200
    assert "1 ärende stängt. 3 blir som de är: " in answer.text
    assert f'data-ids="{meanwhile}"' in answer.text  # what failed stays picked, as far as it may be known of
    assert [_state(world, each)["closed"] for each in (mine, meanwhile)] == ["closed", None]
    again = screen.post("/inbox/picked", "sara", {"which": f"{foreign}-1", "verb": "close"})
    assert (again.status_code, "kanarie" in again.text) == (404, False)
    for wrong in ({"which": "1;2"}, {"which": f"{mine}-1", "verb": "erase"}, {"which": f"{mine}-5", "to": "x"}):
        assert screen.post("/inbox/picked", "sara", {"verb": "assign", **wrong}).status_code in {400, 412, 422}, wrong
    for acts in ("1|2|erase|", "x", f"{mine}|1|assign|<b>"):
        assert screen.post("/inbox/picked/undo", "sara", {"acts": acts}).status_code == 400
    many = ",".join(str(1000 + number) for number in range(51))
    status, text = screen.get(f"/inbox/picked?ids={many}", "sara", part=True)
    assert (status, "Högst 50 ärenden kan väljas tillsammans." in text) == (422, True)


def test_whom_all_that_is_picked_can_be_given_to(screen: Screen) -> None:
    world = screen.world
    here, there = str(world.mail(queue="kontakt")), str(world.mail(queue="vatten"))
    names = {}
    for ids in (here, there, f"{here},{there}"):
        _, text = screen.get(f"/inbox/picked/colleagues?ids={ids}", "sara", part=True)
        names[ids] = set(re.findall(r"</span>(\w+)</span>", text))
    assert names == {here: {"Kim"}, there: {"Vera", "Lena"}, f"{here},{there}": set()}


def _add_names(unit: Unit, municipality_id: int, conversation_id: int) -> int:
    granvik = must(unit.get(Municipality, municipality_id))
    must(unit.get(Conversation, conversation_id)).queue_id = queue.add(unit, {"sv": "Ny"}, [granvik]).id
    return topic.add(unit, granvik, {"sv": "Nytt"}).id


def _state(world: World, conversation_id: str) -> Any:
    line = world.get(f"/conversations/{conversation_id}").json()["conversation"]
    closed = line["closed_as"] or ("closed" if line["closed_at"] else None)
    return {**{name: line[name] for name in ("assignee", "queue_id", "wait_until")}, "closed": closed}


def test_a_draft_that_is_emptied_is_none(screen: Screen) -> None:
    at = f"/conversations/{screen.plant('kanarietio').ids['conversation_id']}"
    for text, there in (("Hej", ["reply"]), ("", [])):
        answer = screen.post(f"{at}/drafts/reply", "sara", {"text": text, "cc": "", "seen": ""})
        assert answer.status_code == 204
        assert [each["kind"] for each in screen.world.get(f"{at}/drafts").json()["own"]] == there
