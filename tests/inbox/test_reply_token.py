"""A reply token leads whom it was made for to its conversation, and nobody else anywhere."""

import secrets
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import clock
from hub.inbox import reply_token
from hub.storage.keys import Keys

KEYS = Keys(b"k" * 32)
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
HOME, ELSEWHERE, CONVERSATION = 11, 12, 987_654_321_012_345_678
RECIPIENT = "anna@example.com"


@pytest.fixture
def token() -> str:
    return reply_token.make(KEYS, CONVERSATION, HOME, RECIPIENT)


@pytest.fixture
def later() -> Iterator[None]:
    """Gives the clock back."""
    yield
    clock.set_source(None)


@given(st.integers(0, 2**63 - 1), st.integers(1, 2**63 - 1), st.emails())
def test_what_was_made_is_read_back(conversation_id: int, municipality_id: int, recipient: str) -> None:
    made = reply_token.make(KEYS, conversation_id, municipality_id, recipient)
    assert (len(made), made) == (44, made.lower())
    assert reply_token.read(KEYS, made, municipality_id, recipient) == conversation_id


def test_the_recipients_case_does_not_matter(token: str) -> None:
    assert reply_token.read(KEYS, token, HOME, " Anna@EXAMPLE.com ") == CONVERSATION


def test_every_changed_character_is_refused(token: str) -> None:
    changed = [
        token[:place] + letter + token[place + 1 :]
        for place in range(len(token))
        for letter in LETTERS
        if letter != token[place]
    ]
    assert len(changed) == 44 * 31
    assert {reply_token.read(KEYS, each, HOME, RECIPIENT) for each in changed} == {None}


@pytest.mark.parametrize(
    "nonsense", ["", "a", "å" * 44, "1" * 44, "a" * 43, "a" * 45, "a" * 40 + "====", "\ud800" * 44]
)
def test_what_is_no_token_is_refused(nonsense: str) -> None:
    assert reply_token.read(KEYS, nonsense, HOME, RECIPIENT) is None


def test_a_token_in_capitals_or_padded_is_another_one(token: str) -> None:
    assert reply_token.read(KEYS, token.upper(), HOME, RECIPIENT) is None
    assert reply_token.read(KEYS, token + "====", HOME, RECIPIENT) is None


def test_another_municipality_recipient_or_key_reads_nothing(token: str) -> None:
    assert reply_token.read(KEYS, token, ELSEWHERE, RECIPIENT) is None
    assert reply_token.read(KEYS, token, HOME, "eve@example.com") is None
    assert reply_token.read(Keys(b"x" * 32), token, HOME, RECIPIENT) is None


def test_it_lives_for_400_days_and_no_longer(token: str, later: None) -> None:
    made = clock.now()
    clock.set_source(lambda: made + 400 * clock.DAY)
    assert reply_token.read(KEYS, token, HOME, RECIPIENT) == CONVERSATION
    clock.set_source(lambda: made + 401 * clock.DAY)
    assert reply_token.read(KEYS, token, HOME, RECIPIENT) is None


def test_of_ten_thousand_random_tokens_none_is_accepted(token: str) -> None:
    drawn = ("".join(secrets.choice(LETTERS) for _ in range(44)) for _ in range(5_000))
    assert [each for each in drawn if reply_token.read(KEYS, each, HOME, RECIPIENT) is not None] == []
    # The first letters genuine, so that only the MAC stands between: 11 bytes are 17 letters and some.
    forged = (token[:18] + "".join(secrets.choice(LETTERS) for _ in range(25)) + token[-1] for _ in range(5_000))
    assert [each for each in forged if reply_token.read(KEYS, each, HOME, RECIPIENT) is not None] == []


def test_address_and_token_fit_a_local_part_of_64_octets(token: str) -> None:
    longest = "x" * 19
    assert reply_token.address_with(token, f"{longest}@granvik.example") == f"{longest}+{token}@granvik.example"
    assert reply_token.address_with(token, f"{longest}x@granvik.example") is None


def test_octets_are_counted_not_letters(token: str) -> None:
    assert reply_token.address_with(token, f"{'å' * 9}@granvik.example") is not None
    assert reply_token.address_with(token, f"{'å' * 10}@granvik.example") is None


def test_a_token_is_found_in_the_address_and_the_message_id_it_was_put_into(token: str) -> None:
    address = reply_token.address_with(token, "kontakt@granvik.example")
    assert address is not None
    message_id = f"<{token}.{12345:x}@granvik.example>"
    assert list(reply_token.candidates([address.upper(), message_id])) == [token, token]


def test_candidates_have_the_length_exactly(token: str) -> None:
    assert list(reply_token.candidates([token + "a", "a" + token, token[:-1], "", f"{token}.{token}"])) == [
        token,
        token,
    ]


def test_candidates_are_bounded() -> None:
    texts = [f"{'a' * 44}." * 50] * 1_000
    assert len(list(reply_token.candidates(texts))) == 20
    assert list(reply_token.candidates(["a" * 1_000_000])) == []
