"""A citizen chats: what their page may ask, and nobody else's."""

import asyncio

import pytest
from sqlalchemy import select

from hub import clock
from hub.clock import NEVER
from hub.edge.visits import Visits, visits
from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.settings import Settings
from hub.storage.unit import Unit
from tests.stand_ins.scanner import Scanner
from tests.web.chats import Visitor, add_chat, conversation_of, key, look
from tests.web.world import World, let_pass, must


@pytest.fixture
def channel_id(world: World) -> int:
    return world.do(add_chat, world.ids)


@pytest.fixture
def visitor(world: World, channel_id: int) -> Visitor:
    return Visitor(world, channel_id)


def test_a_chat_is_owed_within_minutes_and_answered_in_it(world: World, channel_id: int, visitor: Visitor) -> None:
    before = clock.now()
    assert visitor.reception()["open"]
    assert visitor.begin().status_code == 201
    found = world.do(conversation_of, channel_id)
    assert before <= found["due_at"] - 5 * clock.MINUTE <= clock.now()
    assert found["subject"] == "Hej, är vattnet avstängt?"
    state = visitor.turns()["state"]
    assert (state["state"], state["ahead"]) == ("waiting", 0)

    answer = world.ask("POST", f"/conversations/{found['id']}/turns", json={"text": "Ja, till klockan 15."})
    assert answer.status_code == 201, answer.text
    shown = visitor.turns()
    assert [each["text"] for each in shown["turns"]] == ["Hej, är vattnet avstängt?", "Ja, till klockan 15."]
    assert [each["mine"] for each in shown["turns"]] == [True, False]
    assert (shown["state"]["state"], shown["state"]["who"]) == ("taken", "Sara")
    assert world.do(conversation_of, channel_id)["due_at"] == NEVER
    line = world.get(f"/conversations/{found['id']}").json()["conversation"]
    assert (line["assignee"]["name"], line["contact_kind"]) == ("Sara", "chat")
    assert world.get("/search?q=avstängt").json()["items"]


def test_its_channel_shows_what_came_today_and_when_last(world: World, channel_id: int, visitor: Visitor) -> None:
    visitor.begin()
    visitor.say("Är ni där?")
    state = world.client.app.state
    asyncio.run(visits(state).write_down(world.storage))
    (line,) = [each for each in world.everything("/channels", "ida") if each["id"] == str(channel_id)]
    assert line["came_today"] == 1  # a chat, whatever is said in it
    assert line["last_contact_at"] is not None


def test_said_twice_it_is_there_once(world: World, channel_id: int, visitor: Visitor) -> None:
    """A43, F02: a page whose line was cut sends again what it has no answer to."""
    visitor.reception()
    body = {"ticket": visitor.ticket, "key": key(), "text": "Hej", "language": "sv"}
    first, second = (visitor.ask("POST", "/visits", json=body) for _ in range(2))
    assert first.json() == second.json()
    visitor.secret = first.json()["secret"]
    named = key()
    assert visitor.say("Är ni där?", named).json() == visitor.say("Är ni där?", named).json()
    assert len(visitor.turns()["turns"]) == 2


def test_a43_another_secret_opens_nothing(world: World, channel_id: int, visitor: Visitor) -> None:
    visitor.begin(name="Astrid", email="astrid@example.com")
    other = Visitor(world, world.do(add_chat, world.ids))
    other.begin(name="Astrid", email="astrid@example.com")
    assert len(other.turns()["turns"]) == 1
    stranger = Visitor(world, channel_id)
    for secret in ("", "x", other.secret, visitor.secret[:-1], visitor.secret.lower()):
        stranger.secret = secret
        for method, path, options in (
            ("GET", "/turns", {}),
            ("GET", "/events", {}),
            ("POST", "/turns", {"json": {"key": key(), "text": "Släpp in mig"}}),
            ("PUT", "/end", {}),
            ("PUT", "/marks", {"json": {}}),
            ("POST", "/typing", {}),
            ("PUT", "/mail", {"json": {"email": "ond@example.com"}}),
            ("GET", "/files/abc", {}),
        ):
            answer = stranger.ask(method, path, **options)
            assert answer.status_code == 404, (secret, method, path, answer.text)
            assert "vattnet" not in answer.text
    assert visitor.turns()["state"]["state"] == "waiting"


def test_a43_a_claimed_address_merges_nothing(world: World, channel_id: int, visitor: Visitor) -> None:
    world.mail(sender="astrid@example.com")
    visitor.begin(name="Astrid", email="astrid@example.com")
    found = world.do(conversation_of, channel_id)

    def points(unit: Unit) -> list[tuple[bool, bool]]:
        rows = unit.all(select(CitizenPoint).where(CitizenPoint.match_key == "astrid@example.com"))
        return sorted((row.claimed_at is not None, row.citizen_id == found["citizen_id"]) for row in rows)

    assert world.do(points) == [(False, False), (True, True)]
    earlier = world.get(f"/citizens/{found['citizen_id']}/conversations").json()["items"]
    assert [each["id"] for each in earlier] == [str(found["id"])]


def test_another_sites_script_is_refused(visitor: Visitor) -> None:
    visitor.reception()
    body = {"ticket": visitor.ticket, "key": key(), "text": "Hej", "language": "sv"}
    headers = {"Origin": "https://ond.example", "Sec-Fetch-Site": "cross-site"}
    assert visitor.ask("POST", "/visits", json=body, headers=headers).status_code == 403


def test_closed_hours_take_a_message(world: World) -> None:
    closed = Visitor(world, world.do(add_chat, world.ids, hours="mon 08:00-08:01"))
    clock.set_source(lambda: clock.from_iso("2026-12-01T12:00:00Z") or 0)
    told = closed.reception()
    assert (told["open"], told["message"], told["opens_at"]) == (False, True, "2026-12-07T07:00:00Z")
    assert closed.begin().status_code == 409
    assert closed.begin(path="/messages").json()["field"] == "email"
    assert closed.begin(path="/messages", email="astrid@example.com").status_code == 201
    found = world.do(conversation_of, closed.channel_id)
    assert clock.to_iso(found["due_at"]) == "2026-12-03T12:00:00Z"
    answer = world.ask("POST", f"/conversations/{found['id']}/turns", json={"text": "Hej"})
    assert answer.status_code == 409


def test_an_answer_goes_by_mail_when_the_visitor_has_left(world: World, channel_id: int, visitor: Visitor) -> None:
    world.do(_addressed, world.ids)
    visitor.begin()
    assert visitor.ask("PUT", "/mail", json={"email": "astrid@example.com"}).status_code == 204
    assert visitor.ask("PUT", "/end").status_code == 204
    assert visitor.say("Hallå?").status_code == 409
    found = world.do(conversation_of, channel_id)
    assert found["due_at"] > clock.now()
    assert found["due_at"] != NEVER
    answer = world.ask("POST", f"/conversations/{found['id']}/replies", json={"text": "Till klockan 15."})
    assert answer.status_code == 201, answer.text
    entries = world.get(f"/conversations/{found['id']}/timeline").json()["items"]
    assert entries[-1]["deliveries"][0]["recipient"] == "astrid@example.com"


def _addressed(unit: Unit, ids: dict[str, int]) -> None:
    from hub.channels.channel import Channel  # noqa: PLC0415 - here alone

    row = must(unit.get(Channel, ids["in"]))
    row.config = {"addresses": {"kommunen@granvik.example": f"granvik/{ids['kontakt']}"}}


def test_bad_input_is_said_and_loses_nothing(visitor: Visitor) -> None:
    visitor.begin()
    assert visitor.say("").status_code == 400
    assert visitor.say("x" * 5000).status_code == 400
    assert visitor.ask("POST", "/turns", json={"key": "kort", "text": "Hej"}).status_code == 400
    assert (
        visitor.ask("POST", "/visits", json={"ticket": "abc", "key": key(), "text": "a", "language": "sv"}).json()[
            "field"
        ]
        == "ticket"
    )
    assert len(visitor.turns()["turns"]) == 1


def test_limits_of_a_network_and_a_chat(world: World) -> None:
    channel_id = world.do(add_chat, world.ids, starts_an_hour=2)
    chatty = Visitor(world, channel_id)
    assert [Visitor(world, channel_id).begin().status_code for _ in range(3)] == [201, 201, 409]
    let_pass(3600)
    assert chatty.begin().status_code == 201
    answers = [chatty.say(f"Hej {number}").status_code for number in range(41)]
    assert answers[-1] == 429
    assert set(answers[:39]) == {201}  # with the one that began it


@pytest.mark.parametrize("path", ["/visits", "/messages"])
def test_no_more_is_said_with_a_ticket_than_in_its_chat(visitor: Visitor, path: str) -> None:
    answers = [visitor.begin(path=path, email="ida@example.com").status_code for _ in range(41)]
    assert answers == [201] * 40 + [429]


def test_to_a_message_whose_conversation_is_closed_nothing_is_added_unseen(
    world: World, channel_id: int, visitor: Visitor
) -> None:
    assert visitor.begin(path="/messages", email="ida@example.com").status_code == 201
    found = world.do(conversation_of, channel_id)["id"]
    assert visitor.begin("Och en sak till", path="/messages", email="ida@example.com").status_code == 201
    world.change("PUT", f"/conversations/{found}/closure", version=world.version(found))
    assert visitor.begin("Och en till", path="/messages", email="ida@example.com").status_code == 409
    assert visitor.say("Hej").status_code == 409


def test_channels_that_are_none_are_looked_for_as_seldom_as_secrets(world: World, channel_id: int) -> None:
    stranger = Visitor(world, channel_id + 1)
    let_pass(0)
    assert [stranger.say("Hej").status_code for _ in range(61)] == [404] * 60 + [429]


def test_a_file_of_a_chat_is_found_by_its_name(world: World, visitor: Visitor) -> None:
    visitor.begin()
    for name in ("ritning åäö.pdf", "planteckning.pdf"):
        sent = visitor.ask("POST", f"/files?key={key()}", files={"file": (name, b"%PDF-1.4", "application/pdf")})
        assert sent.status_code == 201, sent.text
    for words, many in (("ritning kind:chat", 1), ("planteckning", 1), ("situationsplan", 0)):
        assert len(world.get("/search", params={"q": words}).json()["items"]) == many, words


def test_files_are_bytes_and_only_this_chats(world: World, channel_id: int, visitor: Visitor) -> None:
    """A14, A15."""
    visitor.begin()
    content = b"<script>alert(1)</script>"
    named = key()
    for _ in range(2):
        sent = visitor.ask("POST", f"/files?key={named}", files={"file": ("../bild.html", content, "text/html")})
        assert sent.status_code == 201, sent.text
    (file,) = [each for turn in visitor.turns()["turns"] for each in turn["files"]]
    assert "/" not in file["name"]
    got = visitor.ask("GET", f"/files/{file['id']}")
    assert got.content == content
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    other = Visitor(world, channel_id)
    other.begin()
    assert other.ask("GET", f"/files/{file['id']}").status_code == 404
    large = visitor.ask("POST", f"/files?key={key()}", files={"file": ("stor.bin", b"x" * 11_000_000)})
    assert large.status_code in {413, 422}


def test_a11_a_transcript_takes_an_answer_first(world: World, channel_id: int, visitor: Visitor) -> None:
    world.do(_addressed, world.ids)
    visitor.begin()
    wanted = {"email": "astrid@example.com", "transcript": True}
    assert visitor.ask("PUT", "/mail", json=wanted).status_code == 409
    found = world.do(conversation_of, channel_id)
    world.ask("POST", f"/conversations/{found['id']}/turns", json={"text": "Ja."})
    assert visitor.ask("PUT", "/mail", json=wanted).status_code == 204
    assert visitor.turns()["state"]["transcript"]
    world.do(look)
    visitor.ask("PUT", "/end")
    for _ in range(2):
        world.do(look)
    (mail,) = [
        each for each in world.get(f"/conversations/{found['id']}/timeline").json()["items"] if each["kind"] == "mail"
    ]
    assert "Sara: Ja." in mail["text"]
    assert [each["recipient"] for each in mail["deliveries"]] == ["astrid@example.com"]


def test_a_transcript_goes_where_it_was_asked_for(world: World, channel_id: int) -> None:
    """The address that answers go to is another, misspelt perhaps; that it was mailed counts for the one that was."""
    world.do(_addressed, world.ids)
    for number in range(4):
        visitor = Visitor(world, channel_id)
        visitor.begin(email=f"astird{number}@example.com")
        found = world.do(conversation_of, channel_id)
        world.ask("POST", f"/conversations/{found['id']}/turns", json={"text": "Ja."})
        wanted = {"email": "astrid@example.com", "answers": False, "transcript": True}
        answer = visitor.ask("PUT", "/mail", json=wanted)
        if number == 3:
            assert (answer.status_code, answer.json()["field"]) == (422, "email")
            continue
        assert answer.status_code == 204
        visitor.ask("PUT", "/end")
        world.do(look)
        assert _mailed(world, found["id"]) == ["astrid@example.com"]
    assert visitor.ask("PUT", "/mail", json={**wanted, "email": "astird3@example.com"}).status_code == 204


def test_a_transcript_asked_for_anew_goes_to_the_address_said_last(world: World, channel_id: int) -> None:
    world.do(_addressed, world.ids)
    visitor = Visitor(world, channel_id)
    visitor.begin()
    found = world.do(conversation_of, channel_id)
    world.ask("POST", f"/conversations/{found['id']}/turns", json={"text": "Ja."})
    for said in ("astird@example.com", "astrid@example.com"):
        wanted = {"email": said, "answers": False, "transcript": True}
        assert visitor.ask("PUT", "/mail", json=wanted).status_code == 204
    visitor.ask("PUT", "/end")
    world.do(look)
    assert _mailed(world, found["id"]) == ["astrid@example.com"]
    assert visitor.ask("PUT", "/mail", json=wanted).status_code == 204  # it went there
    assert visitor.ask("PUT", "/mail", json={**wanted, "email": "annan@example.com"}).status_code == 409
    world.do(look)
    assert _mailed(world, found["id"]) == ["astrid@example.com"]


def _mailed(world: World, conversation_id: int) -> list[str]:
    """To whom mails of it go."""
    items = world.get(f"/conversations/{conversation_id}/timeline").json()["items"]
    return [sent["recipient"] for each in items if each["kind"] == "mail" for sent in each["deliveries"]]


def test_seen_is_told_both_ways(world: World, channel_id: int, visitor: Visitor) -> None:
    visitor.begin()
    found = world.do(conversation_of, channel_id)
    mine = visitor.turns()["turns"][0]["id"]
    world.ask("PUT", f"/conversations/{found['id']}/chat/taking")
    assert visitor.turns()["state"]["read"] is None
    assert world.ask("PUT", f"/conversations/{found['id']}/chat/seen", json={"entry": mine}).status_code == 204
    assert visitor.turns()["state"]["read"] == mine
    ours = world.ask("POST", f"/conversations/{found['id']}/turns", json={"text": "Hej"}).json()["id"]
    assert visitor.ask("PUT", "/marks", json={"delivered": ours, "seen": ours}).status_code == 204
    line = world.get(f"/conversations/{found['id']}/chat").json()
    assert (line["delivered_id"], line["seen_id"]) == (ours, ours)
    assert world.ask("PUT", f"/conversations/{found['id']}/chat/taking", "kim").status_code == 409


def test_a_closed_conversation_ends_its_chat(world: World, channel_id: int, visitor: Visitor) -> None:
    visitor.begin()
    found = world.do(conversation_of, channel_id)
    assert (
        world.change("PUT", f"/conversations/{found['id']}/closure", version=world.version(found["id"])).status_code
        == 200
    )
    assert visitor.turns()["state"]["state"] == "ended"
    assert visitor.say("Hallå").status_code == 409


def test_moved_it_is_owed_within_minutes_all_the_same(world: World, channel_id: int, visitor: Visitor) -> None:
    visitor.begin()
    found = world.do(conversation_of, channel_id)
    to = {"queue": str(world.ids["vatten"])}
    moved = world.change("PUT", f"/conversations/{found['id']}/queue", version=world.version(found["id"]), json=to)
    assert moved.status_code == 200
    assert world.do(conversation_of, channel_id)["due_at"] == found["due_at"]
    assert visitor.turns()["state"]["state"] == "waiting"


def _late(unit: Unit, conversation_id: int, at: int) -> None:
    """As one is whose mail waits, and became part of it."""
    must(unit.get(Conversation, conversation_id)).due_at = at


def test_what_is_late_for_another_reason_stays_late_when_the_visitor_leaves(
    world: World, channel_id: int, visitor: Visitor
) -> None:
    visitor.begin()
    late = clock.now() - clock.DAY
    world.do(_late, world.do(conversation_of, channel_id)["id"], late)
    assert visitor.ask("PUT", "/end").status_code == 204
    assert world.do(conversation_of, channel_id)["due_at"] == late


def test_what_the_visitor_left_unanswered_is_owed_in_days(world: World, channel_id: int, visitor: Visitor) -> None:
    visitor.begin()
    assert visitor.ask("PUT", "/end").status_code == 204
    assert world.do(conversation_of, channel_id)["due_at"] > clock.now() + clock.DAY // 2


def test_the_stream_tells_turns_and_nothing_that_is_ours(world: World, channel_id: int, visitor: Visitor) -> None:
    visitor.begin()
    found = world.do(conversation_of, channel_id)["id"]
    world.ask("POST", f"/conversations/{found}/notes", json={"text": "Hemligt om Astrid"})
    world.ask("POST", f"/conversations/{found}/turns", json={"text": "Ja."})
    visitor.ask("PUT", "/end")  # after which the stream ends
    told = visitor.ask("GET", "/events")
    assert told.headers["Content-Type"].startswith("text/event-stream")
    assert told.text.count("event: turn") == 2
    assert '"state":"ended"' in told.text
    assert "Hemligt" not in told.text
    newest = visitor.turns()["turns"][-1]["id"]
    again = visitor.ask("GET", "/events", headers={"Last-Event-ID": newest})
    assert "event: turn" not in again.text


def test_a_scanner_sees_files_first_and_one_that_is_silent_lets_nothing_by(world: World, visitor: Visitor) -> None:
    scanner = Scanner()
    world.client.app.state.settings = Settings(scanner=scanner.address)
    visitor.begin()

    def send(content: bytes) -> int:
        return visitor.ask("POST", f"/files?key={key()}", files={"file": ("a.txt", content)}).status_code

    assert (send(b"hej"), send(b"a virus")) == (201, 422)
    scanner.mute = True
    assert send(b"hej") == 503
    scanner.close()
    assert [each["files"] != [] for each in visitor.turns()["turns"]] == [False, True]


def test_a_secret_opens_its_chat_for_a_day_after_its_end(world: World, channel_id: int, visitor: Visitor) -> None:
    visitor.begin()
    let_pass(2 * 24 * 3600)
    assert visitor.turns()["state"]["state"] == "waiting"
    visitor.ask("PUT", "/end")
    let_pass(23 * 3600)
    assert visitor.turns()["state"]["state"] == "ended"
    let_pass(2 * 3600)
    for path in ("/turns", "/events", "/files/abc"):
        assert visitor.ask("GET", path).status_code == 404


def test_a_topic_whose_queue_is_gone_or_anothers_lands_with_the_chat_and_is_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Settings from before `check` refused them, or a queue that was retired since."""
    topics = {"Vann": f"nesoy/{world.ids['innbygger']}", "Borta": "granvik/ingen"}
    channel_id = world.do(add_chat, world.ids, topics=topics)
    for topic in topics:
        assert Visitor(world, channel_id).begin(topic=topic).status_code == 201
        found = world.get(f"/conversations/{world.do(conversation_of, channel_id)['id']}").json()["conversation"]
        assert (found["municipality_id"], found["queue_id"]) == (str(world.ids["granvik"]), str(world.ids["kontakt"]))
    told = [each.message for each in caplog.records if each.name == "hub.edge.visiting"]
    assert len(told) == 2
    assert all(str(channel_id) in each for each in told)


def test_merged_while_it_goes_on_it_ends_and_the_timeline_says_so(
    world: World, channel_id: int, visitor: Visitor
) -> None:
    visitor.begin()
    found = world.do(conversation_of, channel_id)["id"]
    into = world.mail()
    path, body = f"/conversations/{into}/merges/{found}", {"version": int(world.version(found).strip('"'))}
    merged = world.change("PUT", path, version=world.version(into), json=body)
    assert merged.status_code == 200, merged.text
    assert visitor.turns()["state"]["state"] == "ended"
    entries = world.get(f"/conversations/{into}/timeline").json()["items"]
    ended = [each for each in entries if each["kind"] == "change" and each["body"]["what"] == "chat_ended"]
    assert [(each["author"]["name"], each["body"]["by"]) for each in ended] == [("Sara", "person")]


def another_process(world: World) -> None:
    """Which remembers nothing of what this one was asked."""
    world.client.app.state.visits = Visits()


def test_of_several_processes_none_takes_more_than_all_together(world: World, visitor: Visitor) -> None:
    """A27: a visitor who is spread over all of them says, sends and guesses no more than at one."""
    let_pass(0)
    visitor.begin()
    said = []
    for number in range(42):
        another_process(world)
        said.append(visitor.say(f"Hej {number}").status_code)
    assert said == [201] * 39 + [429] * 3
    named = key()
    let_pass(61)
    sent = []
    for _ in range(12):
        another_process(world)
        sent.append(visitor.ask("POST", f"/files?key={key()}", files={"file": ("a.txt", b"a")}).status_code)
    assert sent == [201] * 10 + [429] * 2
    let_pass(61)
    assert visitor.say("Hej", named).status_code == visitor.say("Hej", named).status_code == 201


def test_signs_that_cost_little_are_counted_for_all_processes_too(world: World, visitor: Visitor) -> None:
    let_pass(0)
    visitor.begin()
    processes = [Visits() for _ in range(3)]
    given = []
    for number in range(246):
        world.client.app.state.visits = processes[number % 3]
        given.append(visitor.ask("POST", "/typing").status_code)
    assert given == [204] * 240 + [429] * 6
    let_pass(61)
    assert visitor.ask("POST", "/typing").status_code == 204


def test_secrets_are_guessed_as_seldom_at_several_processes(world: World, channel_id: int) -> None:
    begins = clock.now() // clock.MINUTE * clock.MINUTE + clock.MINUTE  # of a minute: all of it is left to wait
    clock.set_source(lambda: begins)
    stranger = Visitor(world, channel_id)
    stranger.secret = "x" * 32
    guessed = []
    for number in range(62):
        if number % 20 == 0:
            another_process(world)
        guessed.append(stranger.say("Hej"))
    assert [each.status_code for each in guessed] == [404] * 60 + [429] * 2
    assert 0 < int(guessed[-1].headers["Retry-After"]) <= 60
    another_process(world)
    assert stranger.say("Hej").status_code == 429
    let_pass(61)
    assert stranger.say("Hej").status_code == 404
