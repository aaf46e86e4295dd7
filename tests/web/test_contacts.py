"""Contacts: calls and visits that no exchange tells of, begun by hand and written down."""

from typing import Any

from sqlalchemy import select

from hub import clock
from hub.access.audit import Audit
from hub.inbox import contact, department, topic
from hub.inbox.call import Call
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.promise import Promise
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must


def begin(world: World, kind: str = "call", who: str = "sara", **said: Any) -> dict[str, str]:
    body = {"kind": kind, "municipality": "granvik", "queue": str(world.ids["vatten"]), **said}
    answer = world.ask("POST", "/contacts", who, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def path(made: dict[str, str]) -> str:
    return f"/conversations/{made['conversation_id']}/contacts/{made['id']}"


def register(world: World, made: dict[str, str], version: str | None = None, **said: Any) -> Any:
    version = version or world.get(path(made)).headers["ETag"]
    body = {"questions": [question(world)], **said}
    return world.change("PUT", path(made), version=version, json=body)


def question(world: World, outcome: str = "solved_here", **said: Any) -> dict[str, Any]:
    return {"topic": str(world.ids["fakturor"]), "outcome": outcome, **said}


def tomorrow() -> str:
    return str(clock.to_iso(clock.now() + clock.DAY))


def conversation_of(world: World, made: dict[str, str]) -> Any:
    return world.get(f"/conversations/{made['conversation_id']}").json()


def test_a_call_that_is_solved_is_closed_and_found(world: World) -> None:
    let_pass(0)
    made = begin(world)
    shown = world.get(path(made)).json()
    assert shown["greeting"] == "Granvik, du talar med Sara."
    assert (shown["kind"], shown["by_hand"], shown["call"]["state"]) == ("call", True, "answered")
    assert shown["topics"] == [str(world.ids["fakturor"])]
    let_pass(95)
    done = register(world, made, note="Undrar om påminnelsen.", name="Karin Lind")
    assert done.status_code == 200, done.text
    line = done.json()["conversation"]
    assert (line["subject"], line["citizen_name"], line["contact_kind"]) == ("Fakturor", "Karin Lind", "call")
    assert line["closed_at"] is not None
    call = world.do(lambda unit: must(unit.first(select(Call))))
    assert (call.state, call.talk_seconds, call.registered_at is not None) == ("ended", 95, True)
    for words in ("påminnelsen", "kind:samtal", "from:karin"):
        assert [each["conversation_id"] for each in world.everything("/search", q=words)] == [made["conversation_id"]]
    acts = world.do(lambda unit: unit.all(select(Audit.act).order_by(Audit.id)))
    assert acts == ["contact.begin", "contact.register"]


def test_a_number_that_stands_in_for_a_name_is_masked_for_programs_as_for_people(world: World) -> None:
    """A caller of whom nothing is known is called by their number, which is a hint and an identifier."""
    made = begin(world)
    assert register(world, made).status_code == 200
    citizen = conversation_of(world, made)["citizen"]["id"]
    world.do(_is_called, int(citizen), "+46701234567")
    for at in (f"/conversations/{made['conversation_id']}", f"/citizens/{citizen}", "/conversations?state=closed"):
        said = world.get(at).text
        assert "+46 70 ••••• 67" in said
        assert "+46701234567" not in said
    assert contact.is_unnamed("+46 70 ••••• 67")  # nor is it anybody's name


def _is_called(unit: Unit, citizen_id: int, name: str) -> None:
    must(unit.get(Citizen, citizen_id)).name = name


def test_what_is_missing_is_named_and_nothing_is_written(world: World) -> None:
    world.do(lambda unit: department.add(unit, granvik(unit), {"sv": "Renhållning"}, None))
    made = begin(world)
    for said, field in (
        ({"questions": [question(world, "handed_over")]}, "answer_by"),
        ({"questions": [question(world, "handed_over")], "answer_by": tomorrow()}, "department"),
        ({"questions": [question(world, "not_finished")]}, "call_back_at"),
        ({"questions": [question(world, "not_finished")], "call_back_at": "2020-01-01T00:00:00Z"}, "call_back_at"),
        ({"questions": [{"topic": str(world.ids["regninger"]), "outcome": "solved_here"}]}, "topic"),
    ):
        refused = register(world, made, **said)
        assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    assert conversation_of(world, made)["matters"] == []
    assert register(world, made, questions=[]).status_code == 400


def granvik(unit: Unit) -> Municipality:
    return must(unit.first(select(Municipality).where(Municipality.code == "granvik")))


def test_what_is_promised_is_waited_for_and_corrected(world: World) -> None:
    unit_of = world.do(lambda unit: department.add(unit, granvik(unit), {"sv": "Renhållning"}, None).id)
    world.ids["avfall"] = world.do(lambda unit: topic.add(unit, granvik(unit), {"sv": "Avfall"}).id)
    made = begin(world)
    at = tomorrow()
    two = [
        question(world, "handed_over", avoidable_cause="letter_unclear"),
        {"topic": str(world.ids["avfall"]), "outcome": "solved_here"},
    ]
    done = register(world, made, questions=two, department=str(unit_of), answer_by=at)
    assert done.status_code == 200, done.text
    line = done.json()["conversation"]
    assert (line["due_at"], line["wait_until"], line["closed_at"]) == (at, at, None)
    kept = conversation_of(world, made)["matters"]
    assert [(each["outcome"], each["avoidable_cause"]) for each in kept] == [
        ("handed_over", "letter_unclear"), ("solved_here", None),
    ]  # fmt: skip
    known = world.get(path(made)).json()["registered"]["questions"]
    again = [{**each, "outcome": "solved_here"} for each in known]
    assert register(world, made, version='"1"', questions=again).status_code == 412
    assert register(world, made, questions=again).json()["conversation"]["closed_at"] is not None
    rows = world.do(lambda unit: [(each.kind, each.released_at is None) for each in unit.all(select(Promise))])
    assert rows == [("handover", False)]
    assert len(conversation_of(world, made)["matters"]) == 2


def test_what_is_registered_today_moves_no_topic_to_another_key(world: World) -> None:
    let_pass(0)
    other = str(world.do(lambda unit: topic.add(unit, granvik(unit), {"sv": "Avfall"}).id))
    usual = [str(world.ids["fakturor"]), other]
    for _ in range(2):
        assert register(world, begin(world), questions=[{"topic": other, "outcome": "solved_here"}]).status_code == 200
    assert world.get(path(begin(world))).json()["topics"] == usual
    let_pass(2 * 24 * 3600)
    assert world.get(path(begin(world))).json()["topics"] == usual[::-1]


def test_a_visit_is_one_too(world: World) -> None:
    made = begin(world, "visit")
    assert world.get(path(made)).json()["call"] is None
    said: dict[str, Any] = {"questions": [question(world, "not_finished")], "call_back_at": tomorrow()}
    for number in ("", "anknytning 12"):
        refused = register(world, made, **said, number=number)
        assert (refused.status_code, refused.json()["field"]) == (422, "number"), refused.text
    done = register(world, made, **said, number="070-174 06 99")
    line = done.json()["conversation"]
    assert (line["contact_kind"], line["citizen_name"]) == ("visit", "Besökare")
    promised = world.do(lambda unit: [(each.kind, each.number) for each in unit.all(select(Promise))])
    assert promised == [("call-back", "+46701740699")]
    assert register(world, made, **said).status_code == 200  # corrected, the number that was written holds
    still = world.do(lambda unit: [each.number for each in unit.all(select(Promise)) if each.released_at is None])
    assert still == ["+46701740699"]


def test_what_was_none_is_gone_but_what_is_written_down_stays(world: World) -> None:
    made, other = begin(world), begin(world)
    version = world.get(path(made)).headers["ETag"]
    gone = world.change("DELETE", path(made), version=version)
    assert (gone.status_code, gone.json()["closed_at"] is not None) == (200, True)
    assert world.do(lambda unit: must(unit.get(Entry, int(made["id"]))).undone_at) is not None
    register(world, other)
    version = world.get(path(other)).headers["ETag"]
    assert world.change("DELETE", path(other), version=version).status_code == 409


def test_asked_for_twice_it_is_begun_once_and_only_where_one_works(world: World) -> None:
    body = {"kind": "visit", "municipality": "granvik", "queue": str(world.ids["vatten"])}
    twice = [world.ask("POST", "/contacts", json=body, headers={"Idempotency-Key": "a"}).json() for _ in range(2)]
    assert twice[0] == twice[1]
    assert world.do(lambda unit: len(unit.all(select(Conversation)))) == 1
    assert world.ask("POST", "/contacts", "kim", json=body).status_code == 404
    assert world.get(path(twice[0]), "kim").status_code == 404
    mail = world.mail()
    entry = world.do(lambda unit: must(unit.first(select(Entry.id).where(Entry.conversation_id == mail))))
    assert world.get(f"/conversations/{mail}/contacts/{entry}").status_code == 404


def test_a_known_citizen_keeps_their_name(world: World) -> None:
    made = begin(world)
    world.do(_named, int(made["conversation_id"]))
    assert register(world, made, name="Någon Annan").json()["conversation"]["citizen_name"] == "Eva Björk"


def _named(unit: Unit, conversation_id: int) -> None:
    found = must(unit.get(Conversation, conversation_id))
    must(unit.get(Citizen, found.citizen_id)).name = "Eva Björk"
