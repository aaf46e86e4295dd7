"""Confidential: what those outside are told, how they break the glass, and that nothing else gets out."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from hub import clock
from hub.access.audit import Audit
from hub.access.person import Membership
from hub.access.reading import Reading
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.queue import Queue
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must

pytestmark = pytest.mark.both_engines

REASON = "Dottern ringer och frågar vem som kommer i kväll."


def limit(world: World, conversation_id: int, queue: str = "vatten", who: str = "sara") -> Any:
    version = world.version(conversation_id, who)
    path = f"/conversations/{conversation_id}/confidentiality"
    return world.change("PUT", path, who, version, json={"queue": str(world.ids[queue])})


def broken(world: World, who: str = "sara", **options: Any) -> int:
    """A confidential conversation that `who` reads from outside."""
    found = world.mail(confidential="vatten", **options)
    answer = world.ask("PUT", f"/conversations/{found}/glass", who, json={"reason": REASON})
    assert answer.status_code == 200, answer.text
    return found


def acts(world: World) -> list[str]:
    return list(world.do(lambda unit: unit.all(select(Audit.act).order_by(Audit.id))))


def test_limiting_it_shuts_out_whoever_is_not_named_for_the_queue(world: World) -> None:
    found = world.mail()
    answer = limit(world, found)
    assert (answer.status_code, answer.json()["confidential"]) == (200, True)
    for outside in ("sara", "kim", "nils", "ida", "olle"):
        assert world.get(f"/conversations/{found}", outside).status_code == 404
    for inside in ("vera", "lena"):
        assert world.get(f"/conversations/{found}", inside).status_code == 200
    assert acts(world) == ["conversation.limit"]


def merged(world: World, into: int, other: int) -> None:
    body = {"version": int(world.version(other).strip('"'))}
    answer = world.change("PUT", f"/conversations/{into}/merges/{other}", version=world.version(into), json=body)
    assert answer.status_code == 200, answer.text


def test_what_was_merged_into_it_is_limited_and_lifted_with_it(world: World) -> None:
    """Its page would say what it is part of, and taken out again it would have its text back, for all to read."""
    third, other, into = world.mail("kanarie"), world.mail("kanarie"), world.mail("kanarie")
    merged(world, other, third)
    merged(world, into, other)
    everything = (into, other, third)
    path = f"/conversations/{other}/confidentiality"
    alone = world.change("PUT", path, version=world.version(other), json={"queue": str(world.ids["vatten"])})
    assert (alone.status_code, alone.json()["title"]) == (409, "Conflict")
    assert limit(world, into).status_code == 200
    for each in everything:
        assert world.get(f"/conversations/{each}").status_code == 404
        assert world.get(f"/conversations/{each}", "vera").status_code == 200
    assert world.everything("/search", q="kanarie") == []
    for whole, part in ((into, other), (other, third)):
        out = world.change("DELETE", f"/conversations/{whole}/merges/{part}", "vera", world.version(whole, "vera"))
        assert out.status_code == 200
        assert world.get(f"/conversations/{part}").status_code == 404
    assert acts(world).count("conversation.limit") == 3


def test_lifted_with_its_parts_all_can_be_opened_again(world: World) -> None:
    other, into = world.mail(), world.mail()
    merged(world, into, other)
    limit(world, into)
    path = f"/conversations/{into}/confidentiality"
    assert world.change("DELETE", path, "vera", world.version(into, "vera")).status_code == 200
    for each in (into, other):
        assert world.get(f"/conversations/{each}").status_code == 200


def test_lifting_it_is_for_those_inside(world: World) -> None:
    found = world.mail(confidential="vatten")
    path = f"/conversations/{found}/confidentiality"
    assert world.change("DELETE", path, "sara").status_code == 404
    lifted = world.change("DELETE", path, "vera", world.version(found, "vera"))
    assert (lifted.status_code, lifted.json()["confidential"]) == (200, False)
    assert world.get(f"/conversations/{found}", "sara").status_code == 200
    assert world.get(f"/conversations/{found}", "vera").status_code == 404  # it lies in kontakt
    again = world.change("DELETE", path, "sara", world.version(found))
    assert (again.status_code, again.json()["detail"]) == (409, "This conversation isn't confidential.")


def test_it_is_decided_on_the_version_that_was_read(world: World) -> None:
    found = world.mail()
    path, body = f"/conversations/{found}/confidentiality", {"queue": str(world.ids["vatten"])}
    assert world.ask("PUT", path, json=body).status_code == 428
    assert world.change("PUT", path, version='"0"', json=body).status_code == 412
    assert world.ask("PUT", path, "reader", json=body, headers={"If-Match": world.version(found)}).status_code == 403
    assert world.get(f"/conversations/{found}").json()["conversation"]["confidential"] is False


def test_only_a_queue_of_its_municipality_will_do(world: World) -> None:
    found = world.mail()
    world.do(lambda unit: setattr(must(unit.get(Queue, world.ids["vatten"])), "retired_at", clock.now()))
    world.ids["none"] = 2**63 - 1
    for queue in ("innbygger", "none", "vatten"):
        assert limit(world, found, queue).status_code == 422


def test_nor_a_queue_that_nobody_is_named_for(world: World) -> None:
    found = world.mail(municipality="holmo")
    answer = limit(world, found, "vatten")
    assert (answer.status_code, answer.json()["field"]) == (422, "queue")
    assert world.get(f"/conversations/{found}").json()["conversation"]["confidential"] is False


def test_whose_it_was_is_released_unless_they_can_open_it(world: World) -> None:
    def assigned(who: str) -> int:
        found = world.mail(queue="vatten")
        path, version = f"/conversations/{found}/assignment", world.version(found)
        assert world.change("PUT", path, "sara", version, json={"person": str(world.ids[who])}).status_code == 200
        return found

    assert limit(world, assigned("sara")).json()["assignee"] is None
    assert limit(world, assigned("vera")).json()["assignee"]["name"] == "Vera"


def test_a_move_releases_too_but_not_who_works_there(world: World) -> None:
    found = world.mail(queue="vatten")
    path = f"/conversations/{found}"
    world.change("PUT", f"{path}/assignment", version=world.version(found), json={"person": str(world.ids["vera"])})
    kontakt = {"queue": str(world.ids["kontakt"])}
    moved = world.change("PUT", f"{path}/queue", version=world.version(found), json=kontakt)
    assert moved.json()["assignee"] is None
    world.change("PUT", f"{path}/assignment", version=world.version(found), json={"person": "me"})
    vatten = {"queue": str(world.ids["vatten"])}
    moved = world.change("PUT", f"{path}/queue", version=world.version(found), json=vatten)
    assert moved.json()["assignee"]["name"] == "Sara"


def test_the_gate_tells_that_it_is_there_and_no_more(world: World) -> None:
    at = clock.now()
    found = world.mail("canary text", subject="canary subject", sender="canary@example.com", due_at=at + clock.DAY)
    world.ask("POST", f"/conversations/{found}/notes", json={"text": "canary note"})
    world.ask("POST", f"/conversations/{found}/matters", json={"topic": str(world.ids["fakturor"])})
    limit(world, found)
    answer = world.get(f"/conversations/{found}/glass", "kim")
    gate = answer.json()
    since = gate.pop("since")
    assert gate == {
        "id": str(found),
        "municipality_id": str(world.ids["granvik"]),
        "queue_id": str(world.ids["vatten"]),
        "queue": {"sv": "vatten"},
        "due_at": clock.to_iso(at + clock.DAY),
        "readers": 2,
        "heads": 1,
        "broken_until": None,
    }
    assert at < must(clock.from_iso(since)) < clock.now()
    assert "canary" not in answer.text
    assert "Fakturor" not in answer.text


@pytest.mark.parametrize("who", ["vera", "lena", "nils", "ida", "idun", "olle"])
def test_no_gate_for_who_is_inside_or_may_not_know(world: World, who: str) -> None:
    found = world.mail(confidential="vatten")
    assert world.get(f"/conversations/{found}/glass", who).status_code == 404
    answer = world.ask("PUT", f"/conversations/{found}/glass", who, json={"reason": REASON})
    assert answer.status_code in {403, 404}
    assert world.do(lambda unit: unit.all(select(Reading.kind).where(Reading.kind == "glass"))) == []


def test_no_gate_for_what_lies_in_anothers_queue_or_is_not_confidential(world: World) -> None:
    for found in (world.mail(queue="vatten", confidential="vatten"), world.mail(queue="vatten"), world.mail()):
        for method, body in (("GET", None), ("PUT", {"reason": REASON}), ("DELETE", None)):
            assert world.ask(method, f"/conversations/{found}/glass", "kim", json=body).status_code == 404


def test_breaking_the_glass_takes_a_sentence_and_a_token_that_may_write(world: World) -> None:
    found = world.mail(confidential="vatten")
    path = f"/conversations/{found}/glass"
    for wrong, status in ((None, 400), ({}, 400), ({"reason": "kort"}, 400), ({"reason": "ettendaordutanrum"}, 422)):
        assert world.ask("PUT", path, json=wrong).status_code == status
    assert world.ask("PUT", path, json={"reason": "      blanka      "}).status_code == 422
    assert world.ask("PUT", path, "reader", json={"reason": REASON}).status_code == 403
    assert world.get(f"/conversations/{found}").status_code == 404
    assert acts(world) == []


def test_broken_glass_opens_it_to_read(world: World) -> None:
    at = clock.now()
    found = broken(world, attachments=[("a.txt", "text/plain", b"fil")])
    until = must(clock.from_iso(world.get(f"/conversations/{found}/glass").json()["broken_until"]))
    assert at + 30 * clock.MINUTE < until < clock.now() + 30 * clock.MINUTE
    page = world.get(f"/conversations/{found}")
    assert page.json()["conversation"]["subject"] == "Faktura"
    entries = world.everything(f"/conversations/{found}/timeline")
    assert [each["kind"] for each in entries] == ["mail", "change"]
    file = world.get(f"/attachments/{entries[0]['attachments'][0]['public_id']}")
    assert file.content == b"fil"

    def logged(unit: Unit) -> list[tuple[str, int, str | None]]:
        rows = unit.all(select(Reading).order_by(Reading.at, Reading.id))
        return [(row.kind, row.person_id, row.reason) for row in rows]

    sara = world.ids["sara"]
    assert world.do(logged) == [
        ("glass", sara, REASON),
        ("conversation", sara, REASON),
        ("conversation", sara, REASON),
        ("attachment", sara, REASON),
    ]
    audit = world.do(lambda unit: must(unit.first(select(Audit))))
    assert (audit.act, audit.person_id, audit.purpose) == ("conversation.break_glass", sara, REASON)
    assert (audit.conversation_id, audit.municipality_id) == (found, world.ids["granvik"])


def test_it_opens_for_who_broke_it_and_for_nobody_else(world: World) -> None:
    found = broken(world, "kim")
    assert world.get(f"/conversations/{found}", "kim").status_code == 200
    for outside in ("sara", "nils", "ida"):
        assert world.get(f"/conversations/{found}", outside).status_code == 404


WRITES: list[tuple[str, str, Any]] = [
    ("POST", "replies", {"text": "Svar"}),
    ("POST", "notes", {"text": "Anteckning"}),
    ("POST", "forwards", {"to": ["a@b.example"], "text": "Till er"}),
    ("PUT", "drafts/note", {"text": "Halv"}),
    ("GET", "drafts", None),
    ("PUT", "assignment", {"person": "me"}),
    ("PUT", "closure", None),
    ("PUT", "spam", None),
    ("PUT", "queue", {"queue": "1"}),
    ("PUT", "waiting", {"until": "2099-01-01T00:00:00Z"}),
    ("POST", "matters", {"topic": "1"}),
    ("PUT", "confidentiality", {"queue": "1"}),
    ("DELETE", "confidentiality", None),
    ("PUT", "identity", {"how": "called_back"}),
    ("POST", "reveals", {"point": "1", "purpose": "ringa upp"}),
    ("PUT", "misdirection", {"where": "Regionen"}),
    ("PUT", "merges/1", {"version": 1}),
    ("GET", "merges", None),
    ("GET", "merge-candidates", None),
]


@pytest.mark.parametrize(("method", "what", "body"), WRITES, ids=[f"{method} {what}" for method, what, _ in WRITES])
def test_through_broken_glass_nothing_is_written(world: World, method: str, what: str, body: Any) -> None:
    found = broken(world)
    before = world.do(lambda unit: must(unit.get(Conversation, found)).version)
    version = world.version(found)
    answer = world.change(method, f"/conversations/{found}/{what}", version=version, json=body)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such conversation.")
    assert world.do(lambda unit: must(unit.get(Conversation, found)).version) == before


def test_it_closes_after_half_an_hour(world: World) -> None:
    found = broken(world)
    let_pass(29 * 60)
    assert world.get(f"/conversations/{found}").status_code == 200
    let_pass(61)
    for path in ("", "/timeline"):
        assert world.get(f"/conversations/{found}{path}").status_code == 404
    assert world.get(f"/conversations/{found}/glass").json()["broken_until"] is None


def test_it_is_put_back_before_its_time(world: World) -> None:
    found = broken(world)
    path = f"/conversations/{found}/glass"
    assert world.ask("DELETE", path).status_code == 204
    assert world.get(f"/conversations/{found}").status_code == 404
    assert world.ask("DELETE", path).status_code == 404
    assert world.ask("DELETE", path, "kim").status_code == 404
    assert acts(world) == ["conversation.break_glass", "conversation.put_back_glass"]
    let_pass(1)
    assert world.ask("PUT", path, json={"reason": REASON}).status_code == 200
    assert world.get(f"/conversations/{found}").status_code == 200


def test_limited_anew_it_is_whole_again(world: World) -> None:
    found = broken(world)
    let_pass(1)
    assert limit(world, found, "vatten", "vera").status_code == 200
    assert world.get(f"/conversations/{found}").status_code == 404


def test_whoever_leaves_the_municipality_reads_on_no_longer(world: World) -> None:
    found = broken(world, "kim")

    def end(unit: Unit) -> None:
        held = unit.all(select(Membership).where(Membership.person_id == world.ids["kim"]))
        held[0].until = clock.now()

    world.do(end)
    let_pass(5)  # past what is cached of a token
    assert world.get(f"/conversations/{found}", "kim").status_code == 404


def test_those_inside_read_who_did_it_and_the_head_finds_it_later(world: World) -> None:
    found = broken(world)
    change = world.everything(f"/conversations/{found}/timeline", "vera")[-1]
    assert (change["author"]["name"], change["body"]["what"], change["body"]["reason"]) == ("Sara", "glass", REASON)
    (told,) = world.get("/glass", "lena").json()["items"]
    at = told.pop("at")
    assert told == {
        "conversation_id": str(found),
        "municipality_id": str(world.ids["granvik"]),
        "person": {"id": str(world.ids["sara"]), "name": "Sara"},
        "reason": REASON,
    }
    assert must(clock.from_iso(at)) <= clock.now()
    for other in ("vera", "sara", "nils", "ida"):
        assert world.get("/glass", other).json()["items"] == []
    let_pass(31 * 24 * 3600)
    assert world.get("/glass", "lena").json()["items"] == []


def test_search_counts_lists_and_hints_keep_silent_glass_broken_or_not(world: World) -> None:
    mine = world.mail("en vanlig fråga")
    secret = broken(world, text="kanariefågel", subject="kanariefågel", sender="kanarie@example.com")
    world.do(lambda unit: setattr(must(unit.get(Conversation, mine)), "related_id", secret))
    citizen = world.get(f"/conversations/{secret}").json()["citizen"]["id"]
    for path in (
        "/conversations",
        "/conversations?overdue=true",
        f"/conversations?citizen={citizen}",
        f"/citizens/{citizen}/conversations",
        "/search?q=kanariefågel",
        "/search?q=from:kanarie",
        "/search?q=is:open",
        "/search?q=kind:mail",
        "/search?q=queue:kontakt is:overdue",
        f"/search?q={secret}",
        f"/conversations/{mine}",
        f"/conversations/{mine}/merge-candidates",
        f"/conversations/{mine}/merges",
    ):
        answer = world.get(path)
        assert answer.status_code == 200, path
        assert "kanariefågel" not in answer.text.replace("q=kanariefågel", "")
        assert f'"{secret}"' not in answer.text, path
    assert world.get("/counts").json()["open"] == 1
    assert {each["id"]: each["open"] for each in world.get("/queues").json()["items"]}[str(world.ids["kontakt"])] == 1
    assert [each["conversation_id"] for each in world.get("/search?q=kanariefågel", "vera").json()["items"]] == [
        str(secret)
    ]


def test_the_entry_says_from_where_to_where(world: World) -> None:
    found = world.mail()
    limit(world, found)
    limit(world, found, "kontakt", "vera")
    world.change("DELETE", f"/conversations/{found}/confidentiality", "kim", world.version(found, "kim"))

    def bodies(unit: Unit) -> list[Any]:
        changes = select(Entry.body).where(Entry.conversation_id == found, Entry.kind == "change")
        return list(unit.all(changes.order_by(Entry.id)))

    vatten, kontakt = str(world.ids["vatten"]), str(world.ids["kontakt"])
    assert json.loads(json.dumps(world.do(bodies))) == [
        {"what": "confidential", "from": None, "to": vatten},
        {"what": "confidential", "from": vatten, "to": kontakt},
        {"what": "confidential", "from": kontakt, "to": None},
    ]
