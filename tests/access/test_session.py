"""Whom a session makes, until when, and how many may try to begin one."""

import hashlib

import pytest
from sqlalchemy import select

from hub import clock
from hub.access import attempt, login, password, session
from hub.access.attempt import MOST, WINDOW, TooManyAttempts
from hub.access.audit import Audit
from hub.access.login import Login
from hub.access.person import Actor, Person
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must

SARA, NOBODY = "sara@granvik.example", "nobody@granvik.example"
HASH = "$argon2id$kept"


def begin(world: World, who: str = "sara") -> str:
    return world.do(lambda unit: session.begin(unit, must(unit.get(Person, world.ids[who]))))


def shown(world: World, token: str) -> Actor | None:
    return world.do(session.by_session, token)


def give_password(world: World, who: str = "sara") -> None:
    world.do(lambda unit: password.set_password(unit, must(unit.get(Person, world.ids[who])), HASH))


def attempt_once(world: World, email: str, right: bool, before: str | None = None) -> str | None:
    return world.do(attempt.settle, world.do(attempt.ask, email), right, before)


def acts(world: World) -> list[tuple[int | None, str, str]]:
    def read(unit: Unit) -> list[tuple[int | None, str, str]]:
        rows = unit.all(select(Audit).where(Audit.act == attempt.ACT).order_by(Audit.id))
        return [(row.person_id, row.outcome, must(row.subject_key)) for row in rows]

    return world.do(read)


def test_a_session_makes_its_person_with_all_scopes(world: World) -> None:
    token = begin(world)
    actor = must(shown(world, token))
    assert (actor.id, actor.grants) == (world.ids["sara"], frozenset(login.TOKEN_SCOPES))
    assert actor.memberships == world.actor("sara").memberships
    row = world.do(lambda unit: must(unit.first(select(Login).where(Login.kind == "session"))))
    assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) == 43


def test_a_session_is_no_token_and_a_token_no_session(world: World) -> None:
    assert world.do(login.by_token, begin(world)) is None
    assert shown(world, world.tokens["sara"]) is None
    world.do(session.end, world.tokens["sara"])
    assert world.do(login.by_token, world.tokens["sara"]) is not None


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(world: World) -> None:
    began = clock.now()
    clock.set_source(lambda: began)
    token = begin(world)
    for at in (1, session.LASTS // 2, session.LASTS - 1):
        clock.set_source(lambda at=at: began + at)  # type: ignore[misc]  # bound for each turn
        assert shown(world, token)
    clock.set_source(lambda: began + session.LASTS)
    assert shown(world, token) is None


def test_a_log_out_ends_one_and_end_all_the_others(world: World) -> None:
    first, second, veras = begin(world), begin(world), begin(world, "vera")
    assert world.do(session.end, first) == world.ids["sara"]
    assert world.do(session.end, first) is None
    assert (shown(world, first), bool(shown(world, second))) == (None, True)
    assert world.do(lambda unit: session.end_all(unit, must(unit.get(Person, world.ids["sara"])))) == 1
    assert (shown(world, second), bool(shown(world, veras))) == (None, True)


def test_a_disabled_person_is_nobody(world: World) -> None:
    token = begin(world)
    world.do(lambda unit: setattr(must(unit.get(Person, world.ids["sara"])), "disabled_at", clock.now()))
    assert shown(world, token) is None


def test_a_right_password_begins_a_session_and_ends_the_one_before(world: World) -> None:
    give_password(world)
    first = must(attempt_once(world, " Sara@Granvik.example", True))
    second = must(attempt_once(world, SARA, True, first))
    assert shown(world, first) is None
    assert must(shown(world, second)).id == world.ids["sara"]
    assert [(by, outcome) for by, outcome, _ in acts(world)] == [(world.ids["sara"], "done")] * 2


def test_where_nothing_fits_nothing_is_asked_for(world: World) -> None:
    give_password(world, "vera")
    world.do(lambda unit: setattr(must(unit.get(Person, world.ids["vera"])), "disabled_at", 1))
    for email in (NOBODY, SARA, "vera@granvik.example", "", "\x00", "\ud800", "a\nb"):
        asked = world.do(attempt.ask, email)
        assert asked.password is None
        assert world.do(attempt.settle, asked, password.fits(asked.password, "")) is None
    assert {outcome for _, outcome, _ in acts(world)} == {"refused"}


def test_a_password_that_changed_meanwhile_lets_nobody_in(world: World) -> None:
    give_password(world)
    asked = world.do(attempt.ask, SARA)
    world.do(lambda unit: password.set_password(unit, must(unit.get(Person, world.ids["sara"])), "$argon2id$new"))
    assert world.do(attempt.settle, asked, True) is None


@pytest.mark.parametrize("email", [SARA, NOBODY])
def test_an_account_has_so_many_attempts_whether_there_is_one_or_not(world: World, email: str) -> None:
    give_password(world)
    began = clock.now()
    for second in range(MOST):
        clock.set_source(lambda second=second: began + second * clock.SECOND)  # type: ignore[misc]  # bound for each turn
        assert attempt_once(world, email, False) is None
    with pytest.raises(TooManyAttempts, match=r"^Too many attempts to log in. Try again in 15 minutes.$") as refused:
        world.do(attempt.ask, email)
    assert refused.value.minutes == 15
    assert len(acts(world)) == MOST
    assert world.do(attempt.ask, "vera@granvik.example").person_id == world.ids["vera"]
    clock.set_source(lambda: began + WINDOW - 1)
    with pytest.raises(TooManyAttempts, match=r"in 1 minute\."):
        world.do(attempt.ask, email)
    clock.set_source(lambda: began + WINDOW)
    world.do(attempt.ask, email)


def test_a_hundred_at_once_learn_no_more_than_a_hundred_in_turn(world: World) -> None:
    give_password(world)
    asked = [world.do(attempt.ask, SARA) for _ in range(MOST + 1)]
    for each in asked[:MOST]:
        assert world.do(attempt.settle, each, False) is None
    with pytest.raises(TooManyAttempts):
        world.do(attempt.settle, asked[MOST], True)


def test_a_right_one_begins_the_count_anew(world: World) -> None:
    give_password(world)
    for _ in range(2):
        for _ in range(MOST - 1):
            assert attempt_once(world, SARA, False) is None
        assert attempt_once(world, SARA, True)
        let_pass(1)


def test_the_audit_tells_accounts_apart_and_names_none(world: World) -> None:
    give_password(world)
    for email in (SARA, NOBODY, NOBODY, "another@granvik.example"):
        attempt_once(world, email, False)
    rows = acts(world)
    assert {by for by, _, _ in rows} == {None}
    keys = [key for _, _, key in rows]
    assert keys[1] == keys[2]
    assert len(set(keys)) == 3
