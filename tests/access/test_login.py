"""Whom a token makes, and when it makes nobody."""

import hashlib

import pytest
from sqlalchemy import select

from hub import clock
from hub.access import login, person
from hub.access.login import Login
from hub.access.person import Actor, Held, Membership, Person
from hub.errors import Invalid
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def shown(world: World, token: str) -> Actor | None:
    return world.do(login.by_token, token)


def new_token(world: World, who: str = "sara", **options: object) -> str:
    return world.do(lambda unit: login.add_token(unit, must(unit.get(Person, world.ids[who])), "new", **options))  # type: ignore[arg-type]  # options as those of add_token


def membership(
    world: World, *, since: int | None = None, until: int | None = None, role: str = "agent", code: str = "nesoy"
) -> None:
    """One more of Sara's."""

    def add(unit: Unit) -> None:
        row = person.join(unit, must(unit.get(Person, world.ids["sara"])), place(unit, world, code), role)
        row.since = row.since if since is None else since
        row.until = until

    world.do(add)


def place(unit: Unit, world: World, code: str) -> Municipality:
    return must(unit.get(Municipality, world.ids[code]))


def test_a_token_makes_the_person_with_their_memberships_and_its_scopes(world: World) -> None:
    actor = must(shown(world, new_token(world, scopes=["read", "audit"])))
    ids = world.ids
    assert (actor.id, actor.name, actor.email) == (ids["sara"], "Sara", "sara@granvik.example")
    assert set(actor.memberships) == {Held(ids["granvik"], "agent", None), Held(ids["holmo"], "agent", None)}
    assert actor.municipality_ids == {ids["granvik"], ids["holmo"]}
    assert actor.grants == {"read", "audit"}


def test_only_a_hash_of_a_token_is_stored(world: World, database_url: str) -> None:
    token = new_token(world)
    row = world.do(lambda unit: must(unit.first(select(Login).where(Login.name == "new"))))
    assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
    with world.storage.engines.writer.begin() as connection:
        told = "\n".join(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]  # sqlite3's own
    assert row.token_hash in told
    assert token not in told
    assert token.removeprefix("torg_") not in told


def test_tokens_are_long_and_never_the_same(world: World) -> None:
    made = {new_token(world) for _ in range(20)}
    assert len(made) == 20
    assert all(each.startswith("torg_") and len(each) == 5 + 43 for each in made)


@pytest.mark.parametrize("change", ["", "first", "last", "upper", "hash", "space"])
def test_a_wrong_token_makes_nobody(world: World, change: str) -> None:
    token = world.tokens["sara"]
    wrong = {
        "": "",
        "first": "x" + token[1:],
        "last": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "upper": token.upper(),
        "hash": hashlib.sha256(token.encode()).hexdigest(),
        "space": token + " ",
    }[change]
    assert shown(world, wrong) is None


def test_a_token_ends_at_its_expiry_to_the_microsecond(world: World) -> None:
    ends = clock.now() + clock.DAY
    token = new_token(world, expires_at=ends)
    clock.set_source(lambda: ends - 1)
    assert shown(world, token) is not None
    clock.set_source(lambda: ends)
    assert shown(world, token) is None


def test_an_ended_token_makes_nobody_and_the_others_go_on(world: World) -> None:
    token = new_token(world)

    def end(unit: Unit) -> None:
        must(unit.first(select(Login).where(Login.name == "new"))).ended_at = clock.now()

    world.do(end)
    assert shown(world, token) is None
    assert shown(world, world.tokens["sara"]) is not None


def test_a_disabled_person_is_nobody_by_any_token(world: World) -> None:
    def disable(unit: Unit) -> None:
        must(unit.get(Person, world.ids["sara"])).disabled_at = clock.now()

    world.do(disable)
    assert shown(world, world.tokens["sara"]) is None
    assert shown(world, world.tokens["reader"]) is None
    assert shown(world, world.tokens["vera"]) is not None
    assert world.get("/conversations").status_code == 401


def test_an_unknown_scope_is_refused_by_name(world: World) -> None:
    with pytest.raises(Invalid, match="there is no scope admin; there is: read, write, it, audit"):
        new_token(world, scopes=["read", "admin"])


def test_a_membership_holds_from_since_until_until(world: World) -> None:
    now = clock.now()
    membership(world, since=now + 10, until=now + 20)
    held = []
    for at in (now + 9, now + 10, now + 19, now + 20):
        clock.set_source(lambda at=at: at)  # type: ignore[misc]  # bound for each turn
        held.append(world.ids["nesoy"] in world.actor("sara").municipality_ids)
    assert held == [False, True, True, False]


def test_an_ended_membership_takes_its_role_and_no_other(world: World) -> None:
    membership(world, role="it")
    membership(world, role="auditor", until=clock.now())
    let_pass(1)
    roles = {(each.municipality_id, each.role) for each in world.actor("sara").memberships}
    assert (world.ids["nesoy"], "it") in roles
    assert (world.ids["nesoy"], "auditor") not in roles


def test_one_joined_now_reaches_what_is_there_now(world: World) -> None:
    there = world.mail(municipality="nesoy", queue="innbygger")
    assert world.get(f"/conversations/{there}").status_code == 404
    membership(world)
    let_pass(3)  # a token is believed for two seconds
    assert world.get(f"/conversations/{there}").status_code == 200


def test_a_role_that_is_none_is_refused(world: World) -> None:
    with pytest.raises(Invalid, match="role is one of agent, lead, it, department, auditor, admin"):
        membership(world, role="root")
    rows = world.do(lambda unit: unit.all(select(Membership).where(Membership.role == "root")))
    assert not rows


def test_a_queue_membership_is_held_for_that_queue_only(world: World) -> None:
    vera, ids = world.actor("vera"), world.ids
    assert vera.holds(("agent",), ids["granvik"], ids["vatten"])
    assert not vera.holds(("agent",), ids["granvik"], ids["kontakt"])
    assert not vera.holds(("agent",), ids["granvik"])
    assert not vera.holds(("agent",), ids["holmo"], ids["vatten"])
    assert not vera.holds(("lead", "it"), ids["granvik"], ids["vatten"])
    assert world.actor("sara").holds(("lead", "agent"), ids["granvik"], ids["vatten"])


def test_a_person_is_found_by_address_in_any_case_and_there_is_one_of_each(world: World) -> None:
    found = world.do(person.by_email, " SARA@Granvik.example ")
    assert found.id == world.ids["sara"]
    with pytest.raises(Invalid, match="already"):
        world.do(person.add, "Sara@granvik.example", "Another")
    with pytest.raises(Invalid, match="torg person add"):
        world.do(person.by_email, "nobody@granvik.example")


@pytest.mark.parametrize("address", ["", "  ", "sara", "@granvik.example", "sara@", "sa ra@granvik.example", "a\n@b"])
def test_what_is_no_address_makes_no_person(world: World, address: str) -> None:
    with pytest.raises(Invalid, match="not an e-mail address"):
        world.do(person.add, address, "Name")
