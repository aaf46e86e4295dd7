"""What was typed into the search field, taken apart: nothing raises, and what was understood is understood again."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.inbox.search_words import FILTERS, Asked, Term, parse, written

TODAY = date(2026, 11, 26)
PIECES = (
    *FILTERS, "från", "ämne", "kö", "är", "före", "har", ":", ":", '"', '"', " ", " ", "\n", "open", "öppen", "is:o",
    "is:", "2026-11", "2026-13-40", "2026-", "idag", "//", "http://x", "foo", "#12", "912", "anna@x.se", 'from:"a b"',
    "me", "\x00", "31.02.2026",
)  # fmt: skip
typed = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3))).map("".join))


def one(text: str) -> Term:
    (found,) = parse(text, TODAY).terms
    return found


@given(typed)
def test_whatever_is_typed_is_understood_and_said_again(text: str) -> None:
    asked = parse(text, TODAY)
    assert parse(written(asked), TODAY) == asked


@given(typed)
def test_what_is_not_understood_is_searched_as_words_or_only_half_typed(text: str) -> None:
    for term in parse(text, TODAY).terms:
        assert term.known != bool(term.words) or (not term.known and (term.unfinished or not term.value))


def test_free_words_and_filters() -> None:
    assert parse('bygglov från:anna kö:"Bygg och miljö" is:open', TODAY) == Asked(
        "bygglov",
        (
            Term("from", "anna"),
            Term("queue", "Bygg och miljö"),
            Term("is", "open", unfinished=True),
        ),
    )


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("från:anna", "from", "anna"),
        ("fra:anna@x.dk", "from", "anna@x.dk"),
        ("ämne:faktura", "topic", "faktura"),
        ("Kö:vatten", "queue", "vatten"),
        ("kommun:granvik", "to", "granvik"),
        ("in:granvik", "to", "granvik"),
        ("är:stängd", "is", "closed"),
        ("er:åpen", "is", "open"),
        ("is:försenad", "is", "overdue"),
        ("är:oläst", "is", "unread"),
        ("is:wait", "is", "waiting"),
        ("handläggare:jag", "assignee", "me"),
        ("saksbehandler:ingen", "assignee", "none"),
        ("assignee:Sara", "assignee", "Sara"),
        ("har:bilaga", "has", "attachment"),
        ("kind:e-post", "kind", "mail"),
        ("typ:anteckning", "kind", "note"),
        ("före:2026-11-24", "before", "2026-11-24"),
        ("efter:2026-11", "after", "2026-11-01"),
        ("før:24.11.2026", "before", "2026-11-24"),
        ("etter:1.2.2026", "after", "2026-02-01"),
        ("after:2025", "after", "2025-01-01"),
        ("after:igår", "after", "2026-11-25"),
        ("before:today", "before", "2026-11-26"),
    ],
)
def test_names_and_values_in_several_languages(text: str, name: str, value: str) -> None:
    found = one(text + " ")
    assert (found.filter, found.value, found.known) == (name, value, True)
    assert one(unicodedata.normalize("NFD", text) + " ") == found


@pytest.mark.parametrize("text", ["from:", "bygg from:", "is:o", "after:2026-", "before:", 'from:"', "assignee:"])
def test_half_typed_filters_are_shown_and_not_searched(text: str) -> None:
    found = one(text)
    assert (found.known, found.words) == (False, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [("foo:bar", "foo bar"), ("is:banana ", "banana"), ("is:o ", "o"), ("before:2026-13-40 ", "2026-13-40")],
)
def test_what_nobody_understands_is_searched_as_words(text: str, words: str) -> None:
    found = one(text)
    assert (found.known, found.words) == (False, words)


@pytest.mark.parametrize("text", ["http://example.com/x", "Re: faktura", "klockan 10:30", "a::", ":x"])
def test_what_only_looks_like_a_filter_is_words(text: str) -> None:
    assert parse(text, TODAY).terms == ()


def test_a_number_alone_may_be_a_conversation() -> None:
    assert parse(" #912345678901234567 ", TODAY).conversation_id == 912345678901234567
    assert parse("faktura 912345678901234567", TODAY).conversation_id is None
    assert parse(str(2**63), TODAY).conversation_id is None
    assert parse("0123", TODAY).conversation_id is None


def test_a_phrase_says_that_it_is_one_and_ends_its_last_word() -> None:
    phrase = parse('"min faktura"', TODAY)
    assert (phrase.words, phrase.quoted, phrase.unfinished) == ("min faktura", True, False)
    assert parse('"min fakt', TODAY).unfinished
    assert not parse('from:"anna lind" ', TODAY).quoted


@pytest.mark.parametrize(
    ("text", "unfinished"), [("bygg", True), ("bygg ", False), ("bygg is:open", False), ("is:open bygg", True)]
)
def test_only_the_last_word_may_be_unfinished(text: str, unfinished: bool) -> None:
    assert parse(text, TODAY).unfinished == unfinished
