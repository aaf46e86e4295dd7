"""What is added to a conversation: answers, notes, matters; once each, and taken back while there is time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from hub import clock
from hub.access.audit import Audit
from hub.access.person import Membership
from hub.inbox import confidential
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.inbox.queue import Queue
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must


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
    retopic = {**said, "topic": str(world.ids["regninger"])}
    assert world.change("PUT", one, version=settled.headers["ETag"], json=retopic).status_code == 422
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


def shut_out(world: World, conversation_id: int, by: str) -> None:
    def do(unit: Unit) -> None:
        found, water = must(unit.get(Conversation, conversation_id)), must(unit.get(Queue, world.ids["vatten"]))
        if by == "queue":
            found.move(unit, world.ids["sara"], water)
        elif by == "secret":
            confidential.limit(unit, found, world.ids["sara"], water)
        else:
            own = select(Membership).where(Membership.person_id == world.ids["kim"])
            must(unit.first(own)).until = clock.now()

    world.do(do)


@pytest.mark.parametrize("by", ["queue", "secret", "wall"])
def test_who_is_shut_out_meanwhile_calls_their_own_words_back(world: World, by: str) -> None:
    """Until they leave; nobody else outside does, and nothing of the conversation is told."""
    found = world.mail()
    path = f"/conversations/{found}/replies"
    let_pass(0)  # ten seconds to undo are not the machine's
    sent = world.ask("POST", path, "kim", json={"text": "Svar"}).json()["id"]
    saras = world.ask("POST", path, json={"text": "Hennes"}).json()["id"]
    shut_out(world, found, by)
    let_pass(3)  # a token's memberships are remembered for two seconds
    assert world.get(f"/conversations/{found}", "kim").status_code == 404
    for who, entry_id, status in (
        ("kim", saras, 404), ("nils", sent, 404), ("ida", sent, 404), ("reader", sent, 403), ("kim", sent, 204),
        ("kim", sent, 409),
    ):  # fmt: skip
        answer = world.change("DELETE", f"{path}/{entry_id}", who, version='"1"' if who == "kim" else "*")
        assert answer.status_code == status, (who, answer.text)
    assert answer.json()["detail"].startswith("It is too late to undo")
    states = world.do(lambda unit: unit.rows(select(Delivery.entry_id, Delivery.state).order_by(Delivery.id)))
    assert [tuple(each) for each in states] == [(int(sent), "failed"), (int(saras), "queued")]
    done = select(Audit.act).where(Audit.person_id == world.ids["kim"]).order_by(Audit.id)
    act = world.do(lambda unit: unit.all(done))
    assert act == ["conversation.reply", "conversation.undo"]
    assert world.ask("DELETE", f"{path}/{sent}", "kim").status_code == 428


def test_what_is_uncertain_is_decided_by_a_person_with_its_version(world: World) -> None:
    """Again or arrived, once, on the state that was read; an audit row and a line in the timeline each."""
    found = world.mail()
    for decision, state, act in (("again", "queued", "delivery.again"), ("arrival", "sent", "delivery.arrived")):
        reply = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Svar"}).json()

        def make_uncertain(unit: Unit, entry_id: int = int(reply["id"])) -> int:
            row = must(unit.first(select(Delivery).where(Delivery.entry_id == entry_id)))
            row.state = "uncertain"
            return row.id

        path = f"/conversations/{found}/deliveries/{world.do(make_uncertain)}/{decision}"
        assert world.ask("PUT", path).status_code == 428
        assert world.change("PUT", path, version='"1"').status_code == 412
        assert world.change("PUT", path, "vera", version=world.version(found)).status_code in {403, 404}
        decided = world.change("PUT", path, version=world.version(found))
        assert decided.status_code == 200
        assert decided.headers["ETag"] == world.version(found)
        assert world.change("PUT", path, version=world.version(found)).status_code == 409
        entries = world.everything(f"/conversations/{found}/timeline")
        assert entries[-1]["body"] == {"what": {"again": "sent_again"}.get(decision, "arrived"), "entry": reply["id"]}
        assert next(each for each in entries if each["id"] == reply["id"])["deliveries"][0]["state"] == state
        assert world.do(lambda unit, act=act: unit.first(select(func.count()).where(Audit.act == act))) == 1
