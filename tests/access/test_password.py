"""What may be a password, what fits one, and what a new one ends."""

import unicodedata

import pytest
from sqlalchemy import select

from hub.access import password, session
from hub.access.login import by_token
from hub.access.person import Person
from hub.errors import Invalid
from hub.storage.unit import Unit
from tests.web.world import World, must

PHRASE = "blå cykel i åtta backar"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("", "12 characters or more; this has 0"),
        ("elva tecken", "12 characters or more; this has 11"),
        ("x" * 1001, "at most 1000 characters; this has 1001"),
        ("abababababab", "one or two different characters"),
    ],
)
def test_what_is_no_password(wrong: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as refused:
        password.hashed(wrong)
    assert refused.value.field == "password"


def test_a_hash_fits_its_password_and_no_other() -> None:
    kept = password.hashed(PHRASE)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PHRASE not in kept
    assert password.fits(kept, PHRASE)
    assert not password.fits(kept, PHRASE + " ")
    assert not password.fits(kept, "")
    assert not password.fits(kept, "\ud800")
    assert not password.fits("nonsense", PHRASE)


def test_an_o_with_dots_is_the_same_on_every_keyboard() -> None:
    assert password.fits(password.hashed(unicodedata.normalize("NFC", PHRASE)), unicodedata.normalize("NFD", PHRASE))


def test_nothing_fits_where_no_password_is() -> None:
    assert not password.fits(None, "")
    assert not password.fits(None, PHRASE)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_new_password_ends_sessions_and_no_tokens(world: World) -> None:
    def give(unit: Unit) -> str:
        sara = must(unit.get(Person, world.ids["sara"]))
        token = session.begin(unit, sara)
        password.set_password(unit, sara, password.hashed(PHRASE))
        return token

    token = world.do(give)
    assert world.do(session.by_session, token) is None
    assert world.do(by_token, world.tokens["sara"]) is not None
    kept = world.do(lambda unit: unit.first(select(Person.password).where(Person.id == world.ids["sara"])))
    assert password.fits(kept, PHRASE)
