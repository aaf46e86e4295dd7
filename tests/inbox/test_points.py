"""What everybody sees of an address or a number, and what an identity is stored as."""

import pytest

from hub.errors import Corrupt
from hub.inbox import points
from hub.inbox.citizen import CitizenPoint
from hub.storage.keys import Keys

KEYS, OTHERS = Keys(b"k" * 32), Keys(b"o" * 32)


def point(kind: str, value: str, municipality_id: int = 1) -> CitizenPoint:
    return CitizenPoint(municipality_id=municipality_id, kind=kind, value=value)


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        ("email", "karin.lindqvist@post.example", "ka••••••@post.example"),
        ("email", "eva@post.example", "e••••••@post.example"),
        ("email", "ab@post.example", "a••••••@post.example"),
        ("email", "a@post.example", "••••••@post.example"),
        ("email", '"a@b"@post.example', '"a••••••@post.example'),
        ("email", "@", "••••••@"),
        ("email", "no address", "••••"),
        ("phone", "+46701234541", "+46 70 ••••• 41"),
        ("phone", "+4790123441", "+47 90 •••• 41"),
        ("phone", "+35840123456", "+35 84 ••••• 56"),
        ("phone", "112", "••••"),
        ("phone", "", "••••"),
        ("property", "Björkudden 1:14", "Björkudden 1:14"),
        ("customer", "K-4711", "K-4711"),
        ("identity", "no cipher", "••••"),
        ("identity", "AAAA", "••••"),
    ],
)
def test_masked(kind: str, value: str, masked: str) -> None:
    assert points.masked(KEYS, point(kind, value)) == masked


@pytest.mark.parametrize(
    ("number", "stored", "masked"),
    [
        ("19610512-1234", "196105121234", "1961••••-••••"),
        ("196105121234", "196105121234", "1961••••-••••"),
        (" 610512-1234 ", "6105121234", "••••••-••••"),
        ("120561 12345", "12056112345", "••••••-••••"),
        ("131052-308t", "131052-308T", "••••••-••••"),
        ("131052A308T", "131052A308T", "••••••-••••"),
    ],
)
def test_an_identity_is_stored_as_a_cipher_and_shows_a_year_at_most(number: str, stored: str, masked: str) -> None:
    value, match_key = points.seal_identity(KEYS, 1, number)
    row = point("identity", value)
    assert points.masked(KEYS, row) == masked
    assert points.clear(KEYS, row) == stored
    for part in (number.strip(), stored, stored[:6]):
        assert part not in value + match_key


def test_the_same_number_is_found_again_in_its_municipality_alone() -> None:
    _, here = points.seal_identity(KEYS, 1, "19610512-1234")
    assert points.seal_identity(KEYS, 1, "196105121234")[1] == here
    assert points.seal_identity(KEYS, 2, "196105121234")[1] != here
    assert points.seal_identity(OTHERS, 1, "196105121234")[1] != here


def test_two_ciphers_of_a_number_differ() -> None:
    first, second = (points.seal_identity(KEYS, 1, "196105121234")[0] for _ in range(2))
    assert first != second


def test_a_cipher_moved_elsewhere_is_not_read() -> None:
    value, _ = points.seal_identity(KEYS, 1, "196105121234")
    for keys, row in ((KEYS, point("identity", value, 2)), (OTHERS, point("identity", value))):
        assert points.masked(keys, row) == "••••"
        with pytest.raises(Corrupt):
            points.clear(keys, row)
