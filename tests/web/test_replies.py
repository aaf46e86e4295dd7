"""What is added to a conversation: answers, notes, matters; once each, and taken back while there is time."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from hub.access.audit import Audit
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.storage.unit import Unit
from tests.web.world import World, let_pass


def test_a_reply_goes_to_the_sender_by_the_channel_they_wrote_to(world: World) -> None:
    found = world.mail(sender="eva@example.com")
    answer = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Ja."})
    assert answer.status_code == 201
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"' == world.version(found)

    def check(unit: Unit) -> None:
        delivery = unit.first(select(Delivery))
        mail = unit.first(select(Mail).where(Mail.entry_id == int(answer.json()["id"])))
        assert delivery is not None
        assert mail is not None
        assert (delivery.recipient, delivery.channel_id) == ("eva@example.com", world.ids["out"])
        assert mail.sender == "kommunen@granvik.example"
        acts = unit.all(select(Audit).where(Audit.act == "conversation.reply"))
        assert [(row.person_id, row.conversation_id) for row in acts] == [(world.ids["sara"], found)]

    world.do(check)
    assert world.get(f"/conversations/{found}").json()["conversation"]["due_at"] is None


def test_a_channel_that_sends_by_nothing_says_so(world: World) -> None:
    found = world.mail(channel="mute")
    answer = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Ja."})
    assert answer.status_code == 422
    assert "sends by nothing" in answer.json()["detail"]


def test_undo_while_there_is_time(world: World) -> None:
    found = world.mail()
    owed = world.get(f"/conversations/{found}").json()["conversation"]["opened_at"]
    reply = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Fel svar"}).json()
    path = f"/conversations/{found}/replies/{reply['id']}"
    assert world.ask("DELETE", path).status_code == 428
    assert world.change("DELETE", path, version='"1"').status_code == 412
    undone = world.change("DELETE", path, version=f'"{reply["version"]}"')
    assert undone.status_code == 200
    assert undone.json()["due_at"] > owed
    entry = next(each for each in world.everything(f"/conversations/{found}/timeline") if each["id"] == reply["id"])
    assert entry["undone_at"] is not None
    assert [(each["state"], each["reason"]) for each in entry["deliveries"]] == [("failed", "undone")]
    assert world.change("DELETE", path).status_code == 409
    assert world.get("/search", params={"q": "Fel svar"}).json()["items"] == []


def test_undo_too_late(world: World) -> None:
    found = world.mail()
    reply = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Svar"}).json()
    let_pass(11)
    answer = world.change("DELETE", f"/conversations/{found}/replies/{reply['id']}")
    assert answer.status_code == 409
    assert "too late" in answer.json()["detail"]


def test_only_an_answer_of_this_conversation_is_undone(world: World) -> None:
    found, other = world.mail(), world.mail()
    reply = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Svar"}).json()
    incoming = world.everything(f"/conversations/{found}/timeline")[0]["id"]
    assert world.change("DELETE", f"/conversations/{other}/replies/{reply['id']}").status_code == 404
    assert world.change("DELETE", f"/conversations/{found}/replies/{incoming}").status_code == 404


def test_the_same_key_is_done_once_and_answered_twice(world: World) -> None:
    found = world.mail()
    key = {"Idempotency-Key": "k1"}
    first, second = (
        world.ask("POST", f"/conversations/{found}/replies", json={"text": "Svar"}, headers=key) for _ in range(2)
    )
    assert (first.status_code, first.content, first.headers["ETag"]) == (
        second.status_code,
        second.content,
        second.headers["ETag"],
    )
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(world.everything(f"/conversations/{found}/timeline")) == 2
    spaced = world.ask(
        "POST",
        f"/conversations/{found}/replies",
        content=b'{ "text" : "Svar" }',
        headers={"Idempotency-Key": "k1", "Content-Type": "application/json"},
    )
    assert spaced.content == first.content


def test_the_same_key_for_something_else_is_refused(world: World) -> None:
    found, other = world.mail(), world.mail()
    key = {"Idempotency-Key": "k1"}
    assert world.ask("POST", f"/conversations/{found}/notes", json={"text": "a"}, headers=key).status_code == 201
    for path, text in ((f"/conversations/{found}/notes", "b"), (f"/conversations/{other}/notes", "a")):
        answer = world.ask("POST", path, json={"text": text}, headers=key)
        assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")
    assert world.ask("POST", f"/conversations/{found}/replies", json={"text": "a"}, headers=key).status_code == 422
    secret = world.mail(queue="vatten")
    by_another = world.ask("POST", f"/conversations/{secret}/notes", "vera", json={"text": "a"}, headers=key)
    assert by_another.status_code == 201


def test_a_key_that_failed_may_be_used_again(world: World) -> None:
    found = world.mail()
    key = {"Idempotency-Key": "k1"}
    assert world.ask("POST", f"/conversations/{found}/notes", json={"text": "  "}, headers=key).status_code == 422
    assert world.ask("POST", f"/conversations/{found}/notes", json={"text": "a"}, headers=key).status_code == 201


def test_many_at_the_same_moment_with_one_key(world: World) -> None:
    found = world.mail()

    def ask(_: int) -> tuple[int, bytes]:
        answer = world.ask(
            "POST", f"/conversations/{found}/replies", json={"text": "Svar"}, headers={"Idempotency-Key": "k1"}
        )
        return answer.status_code, answer.content

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(ask, range(16)))
    assert len(answers) == 1
    assert answers.pop()[0] == 201
    assert world.do(lambda unit: unit.first(select(func.count()).select_from(Delivery))) == 1


def test_many_without_a_key_are_many(world: World) -> None:
    found = world.mail()

    def ask(number: int) -> int:
        return world.ask("POST", f"/conversations/{found}/notes", json={"text": f"n{number}"}).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(16))) == {201}
    assert world.do(lambda unit: unit.first(select(func.count()).select_from(Entry))) == 17


def test_matters(world: World) -> None:
    found = world.mail()
    path = f"/conversations/{found}/matters"
    topic = str(world.ids["fakturor"])
    made = world.ask("POST", path, json={"topic": topic})
    assert (made.status_code, made.json()["outcome"]) == (201, None)
    assert world.ask("POST", path, json={"topic": str(world.ids["regninger"])}).status_code == 422
    one = f"{path}/{made.json()['id']}"
    said = {"outcome": "solved_here", "avoidable_cause": "otydligt brev"}
    assert world.ask("PUT", one, json=said).status_code == 428
    settled = world.change("PUT", one, version=made.headers["ETag"], json=said)
    assert settled.json() | said == settled.json()
    assert world.change("PUT", one, version=made.headers["ETag"], json=said).status_code == 412
    assert world.change("PUT", one, version=settled.headers["ETag"], json={"outcome": "gone"}).status_code == 400
    assert world.get(f"/conversations/{found}").json()["matters"] == [settled.json()]
    other = world.mail()
    elsewhere = f"/conversations/{other}/matters/{made.json()['id']}"
    assert world.change("DELETE", elsewhere, version=world.version(other)).status_code == 404
    assert world.change("DELETE", one, version=settled.headers["ETag"]).status_code == 200
    assert world.get(f"/conversations/{found}").json()["matters"] == []


UNUSABLE = [
    (b'{"text": "a\\u0000b"}', 400),
    (b'{"text": "\\ud800"}', 400),
    (b'{"text": "\xff"}', 400),
    (b'{"text": ""}', 400),
    (b'{"text": " \\n"}', 422),
    (b'{"text": "a", "author": "x"}', 400),
    (b'{"text": 5}', 400),
    (b"[]", 400),
    (b"{", 400),
    (b"", 400),
    (b'{"text": "' + b"a" * 1_100_000 + b'"}', 413),
]


def test_text_that_cannot_be_used(world: World) -> None:
    found = world.mail()
    headers = {"Content-Type": "application/json"}
    for kind in ("replies", "notes"):
        for body, status in UNUSABLE:
            answer = world.ask("POST", f"/conversations/{found}/{kind}", content=body, headers=headers)
            assert answer.status_code == status, body[:50]
            assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(world.everything(f"/conversations/{found}/timeline")) == 1
