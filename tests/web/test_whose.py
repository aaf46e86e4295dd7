"""Whose a conversation is: citizens merged and split with a way back, and those who share an address."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from hub.access.audit import Audit
from hub.inbox import identity, points
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.participant import Participant
from hub.storage.unit import Unit
from tests.web.world import World, must


def citizen_of(world: World, conversation_id: int) -> int:
    found: int = world.do(lambda unit: must(unit.get(Conversation, conversation_id)).citizen_id)
    return found


def known_of(world: World) -> list[tuple[Any, ...]]:
    """Whose each point and conversation is, and who takes part by which point."""

    def read(unit: Unit) -> list[tuple[Any, ...]]:
        live = CitizenPoint.ended_at.is_(None)
        return [
            *unit.rows(select(CitizenPoint.id, CitizenPoint.citizen_id).where(live).order_by(CitizenPoint.id)),
            *unit.rows(select(Conversation.id, Conversation.citizen_id).order_by(Conversation.id)),
            *unit.rows(select(Participant.id, Participant.citizen_point_id).order_by(Participant.id)),
        ]

    return [tuple(row) for row in world.do(read)]


def decide(
    world: World, conversation_id: int, path: str, who: str = "sara", method: str = "PUT", **options: Any
) -> Any:
    version = world.version(conversation_id, who)
    return world.change(method, f"/conversations/{conversation_id}/citizen{path}", who, version, **options)


def undo(world: World, conversation_id: int, done: Any) -> Any:
    return decide(world, conversation_id, f"/moves/{done.json()['move']}", method="DELETE")


def test_two_citizens_are_one_and_two_again(world: World) -> None:
    one, other = world.mail(), world.mail()
    before, into, was = known_of(world), citizen_of(world, one), citizen_of(world, other)
    done = decide(world, one, f"/merges/{was}")
    assert done.status_code == 200, done.text
    assert citizen_of(world, other) == into
    assert len(world.get(f"/citizens/{into}").json()["points"]) == 2
    assert [each["kind"] for each in world.get(f"/conversations/{one}/citizen").json()["moves"]] == ["merge"]
    assert undo(world, one, done).status_code == 200
    assert known_of(world) == before
    assert undo(world, one, done).status_code == 409
    acts = world.do(lambda unit: unit.all(select(Audit.act).where(Audit.act.like("citizen.%")).order_by(Audit.id)))
    assert acts == ["citizen.merge"] * 2 + ["citizen.undone"] * 2


def test_an_address_is_split_off_with_its_conversations(world: World) -> None:
    one, other = world.mail(), world.mail()
    was = citizen_of(world, other)
    decide(world, one, f"/merges/{was}")
    point = world.do(lambda unit: must(unit.first(select(CitizenPoint.id).where(CitizenPoint.first_citizen_id == was))))
    before = known_of(world)
    done = decide(world, one, f"/splits/{point}")
    assert done.status_code == 200, done.text
    assert citizen_of(world, other) != citizen_of(world, one)
    assert undo(world, one, done).status_code == 200
    assert known_of(world) == before
    alone = world.mail()
    only = world.do(lambda unit: must(unit.first(select(CitizenPoint.id).where(
        CitizenPoint.citizen_id == must(unit.get(Conversation, alone)).citizen_id))))  # fmt: skip
    assert decide(world, alone, f"/splits/{only}").status_code == 409


def test_a_family_shares_an_address_and_is_told_apart(world: World) -> None:
    """The address alone says nothing of who wrote: that is asked, and chosen from those who are known by it."""
    one = world.mail()
    before, mother = known_of(world), citizen_of(world, one)
    done = decide(world, one, "", json={"name": "Olle Berg"})
    assert done.status_code == 200, done.text
    olle = citizen_of(world, one)
    assert olle != mother
    assert world.do(lambda unit: must(unit.get(Citizen, olle)).name) == "Olle Berg"
    sharers = world.get(f"/conversations/{one}/citizen").json()["sharers"]
    assert [int(each["id"]) for each in sharers] == [mother]
    assert decide(world, one, "", json={"citizen": str(mother)}).status_code == 200
    assert citizen_of(world, one) == mother
    stranger = citizen_of(world, world.mail())
    assert decide(world, one, "", json={"citizen": str(stranger)}).status_code == 422
    assert decide(world, one, "", json={}).status_code == 422
    two = world.mail()
    whose = citizen_of(world, two)
    again = decide(world, two, "", json={"name": "Elsa"})
    assert undo(world, two, again).status_code == 200
    assert citizen_of(world, two) == whose
    assert world.get(f"/conversations/{two}/citizen").json()["sharers"] == []
    assert known_of(world)[: len(before)] != []


def test_what_was_confirmed_ends_and_the_stricter_protection_holds(world: World) -> None:
    one, other = world.mail(), world.mail()
    into, was = citizen_of(world, one), citizen_of(world, other)

    def prepare(unit: Unit) -> None:
        must(unit.get(Citizen, into)).protection = "no"
        must(unit.get(Citizen, was)).protection = "yes"
        identity.confirm(unit, must(unit.get(Conversation, one)), world.actor("sara").id, "called_back")

    world.do(prepare)
    done = decide(world, one, f"/merges/{was}")
    assert world.get(f"/conversations/{one}/identity").json()["identity"] is None
    assert world.do(lambda unit: must(unit.get(Citizen, into)).protection) == "yes"
    undo(world, one, done)
    assert world.do(lambda unit: must(unit.get(Citizen, into)).protection) == "no"


@pytest.mark.parametrize("what", ["an organisation", "another number", "another municipality", "itself"])
def test_who_is_not_the_same_is_not_merged(world: World, what: str) -> None:
    one, other = world.mail(), world.mail()
    into, was = citizen_of(world, one), citizen_of(world, other)

    def prepare(unit: Unit) -> int:
        row = must(unit.get(Citizen, was))
        if what == "an organisation":
            row.kind = "organisation"
        elif what == "another number":
            for citizen_id, number in ((into, "19121212-1212"), (was, "19111111-1111")):
                value, key = points.seal_identity(unit.keys, row.municipality_id, number)
                unit.add(CitizenPoint(municipality_id=row.municipality_id, citizen_id=citizen_id, kind="identity",
                                      first_citizen_id=citizen_id, value=value, match_key=key))  # fmt: skip
        elif what == "another municipality":
            elsewhere = must(unit.first(select(Citizen).where(Citizen.municipality_id != row.municipality_id)))
            return elsewhere.id
        return into if what == "itself" else was

    if what == "another municipality":
        world.mail(municipality="nesoy")
    before = known_of(world)
    answer = decide(world, one, f"/merges/{world.do(prepare)}")
    assert answer.status_code == {"another number": 409, "another municipality": 404}.get(what, 422), answer.text
    assert [each for each in known_of(world) if each in before] == before


def test_what_is_claimed_keeps_nobody_apart_and_joins_nobody(world: World) -> None:
    """A number or address typed into a form: anybody may have typed it, or typed it wrongly."""
    one, other = world.mail(sender="ida@post.example"), world.mail()
    into, was = citizen_of(world, one), citizen_of(world, other)

    def claim(unit: Unit) -> None:
        home = must(unit.get(Citizen, was)).municipality_id
        told: list[tuple[int, str, str, str, int | None]] = [(was, "email", "ida@post.example", "ida@post.example", 1)]
        for citizen_id, number, at in ((into, "19121212-1212", None), (was, "19111111-1111", 1)):
            told.append((citizen_id, "identity", *points.seal_identity(unit.keys, home, number), at))
        for citizen_id, kind, value, key, at in told:
            unit.add(CitizenPoint(municipality_id=home, citizen_id=citizen_id, first_citizen_id=citizen_id, kind=kind,
                                  value=value, match_key=key, claimed_at=at))  # fmt: skip

    world.do(claim)
    assert world.get(f"/conversations/{one}/citizen").json()["sharers"] == []
    assert decide(world, one, f"/given/{was}").status_code in {404, 422}
    assert decide(world, one, f"/merges/{was}").status_code == 200
    claimed = world.do(lambda unit: unit.all(select(CitizenPoint).where(CitizenPoint.claimed_at.is_not(None))))
    assert [each.confirmed_at for each in claimed] == [None, None]
    assert world.get(f"/conversations/{one}/identity").json()["identity"] is None


def test_nobody_protected_is_offered(world: World) -> None:
    """A37: a citizen with a protected identity stands in no list of who might be meant."""
    one, other = world.mail("Slam i brunnen"), world.mail("Slam i tanken")
    found = partial(world.get, f"/conversations/{one}/citizen/candidates", params={"q": "slam"})
    assert [int(each["id"]) for each in found().json()["items"]] == [citizen_of(world, other)]
    world.do(lambda unit: setattr(must(unit.get(Citizen, citizen_of(world, other))), "protection", "yes"))
    assert found().json()["items"] == []


def test_an_organisation_is_nobody(world: World) -> None:
    """Set by hand, as what it is can't be told from an address."""
    one, other = world.mail(), world.mail()
    assert decide(world, one, "/kind", json={"kind": "organisation"}).status_code == 200
    assert world.get(f"/conversations/{one}/citizen").json()["kind"] == "organisation"
    assert decide(world, one, f"/merges/{citizen_of(world, other)}").status_code == 422
    assert decide(world, one, "/kind", json={"kind": "person"}).status_code == 200
    assert decide(world, one, f"/merges/{citizen_of(world, other)}").status_code == 200
