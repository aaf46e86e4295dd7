"""Identity numbers are masked in every text of a card, and nothing else that is a number is."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import fields, replace

from hub.contract import About, AnyCard, Field, FieldsCard, InvoiceCard, PermitCard, PickupCard
from hub.contract.cards import Decision, DisturbanceCard, PaymentReference, Pickup, Step
from hub.lookups import numbers
from hub.lookups.cover import covered, in_clear
from hub.lookups.question import Answered

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
ANNA, OTHER = "19121212-1212", "131052-308T"
TEXT = f"Ek, Bo ({OTHER}) och 1212121212"
"""A co-owner, and the one it is about, without century or sign."""
SHOWN = "Ek, Bo (••••••-••••) och 1912••••-••••"
NUMBERS = {"number": "2611281234", "pay_to": "5050-1055", "collector_case": "20121212-1"}
"""Of something else: they begin as a day does."""


def card(of: Any, **said: Any) -> Any:
    """With a number in each of its texts."""
    about = About(identity=ANNA, customer="2611281234", invoice="2611281234")
    names = {each.name for each in fields(of) if each.type in {str, "str"}}
    texts = {**dict.fromkeys(names, TEXT), **NUMBERS, "currency": "SEK", **said}
    return of(about=about, as_of=NOW, **{name: text for name, text in texts.items() if name in of.__struct_fields__})


CARDS: list[AnyCard] = [
    card(InvoiceCard, kind="invoice", status="paid", reference=PaymentReference("26112812347", "ocr")),
    card(PickupCard, past=(Pickup(date(2026, 11, 1), TEXT),)),
    card(PermitCard, steps=(Step(TEXT),), missing=(TEXT,), decision=Decision("other", TEXT)),
    card(DisturbanceCard, status="open"),
    card(FieldsCard, fields=(Field("Ägare", TEXT), Field("Fakturanr", "2611281234"), Field("Tel", "0176-71 00 00"))),
]


def shown(one: AnyCard, *until_asked: str) -> Any:
    return covered(Answered("found", "one", 1, NOW, (one,)), (), until_asked).cards[0]


def texts_in(said: object, name: str = "") -> list[tuple[str, str]]:
    if isinstance(said, Struct):
        return [each for part in fields(said) for each in texts_in(getattr(said, part.name), part.name)]
    if isinstance(said, list | tuple):
        return [each for part in said for each in texts_in(part, name)]
    return [(name, said)] if isinstance(said, str) else []


@pytest.mark.parametrize("one", CARDS, ids=lambda each: type(each).__name__)
def test_in_every_text_of_every_card(one: AnyCard) -> None:
    before, after = texts_in(one), texts_in(shown(one))
    assert len([text for _, text in before if text == TEXT]) >= 2
    assert after == [
        (name, "1912••••-••••" if name == "identity" else SHOWN if text == TEXT else text) for name, text in before
    ]


def test_a_link_that_has_one_is_dropped() -> None:
    for has in (f"https://x.example/{ANNA}", "https://x.example/?p=1212121212", "https://x.example/%3131052-308T"):
        assert shown(replace(CARDS[0], link=has)).link is None
    link = "https://x.example/invoices/2611281234"
    assert shown(replace(CARDS[0], link=link)).link == link


def test_a_number_of_something_is_masked_where_it_is_the_one_that_it_is_about() -> None:
    one = replace(CARDS[0], about=About(identity=ANNA, customer="1212121212"), number="121212-1212")
    assert (shown(one).about.customer, shown(one).number) == ("1912••••-••••", "1912••••-••••")


def test_what_waits_to_be_asked_for_is_kept_as_it_is_for_who_asks() -> None:
    answered = Answered("found", "one", 1, NOW, (CARDS[-1],))
    kept = covered(answered, ())
    clear = in_clear(kept.cards[0], "fields.Ägare")
    assert clear is not None
    assert clear.value == TEXT
    dots = covered(kept, (), ("fields.Ägare",))
    assert [each.field for each in dots.masked] == ["fields.Ägare"]
    assert TEXT not in {text for _, text in texts_in(dots.cards[0])}


def test_its_ways_are_made_out_once_for_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not for each of its texts: of two thousand cards that stood in the way of everybody for seconds."""
    made: list[str] = []
    ways_of = numbers._ways_of

    def counted(number: str) -> re.Pattern[str] | None:
        made.append(number)
        return ways_of(number)

    monkeypatch.setattr(numbers, "_ways_of", counted)
    covered(Answered("found", "one", 1, NOW, (CARDS[0], CARDS[-1])), (), ())
    assert made == [ANNA, ANNA]


@pytest.mark.parametrize(
    "way", [ANNA, "191212121212", "121212-1212", "1212121212", "121212 1212", "19121212 – 1212", "12 12 12-12 12"]
)
def test_the_one_that_it_is_about_in_whatever_way(way: str) -> None:
    assert shown(replace(CARDS[-1], title=f"Avser {way}.")).title == "Avser 1912••••-••••."


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("19850505-1236", "19850505-1236"),  # its check digit is wrong
        ("850709-9805", "••••••-••••"),
        ("198507099805", "1985••••-••••"),
        ("850709–9805", "••••••-••••"),
        ("8507099805", "8507099805"),  # may be an invoice's
        ("OCR 201012121213", "OCR 201012121213"),
        ("Faktura 261128-1234", "Faktura 261128-1234"),  # a Danish day, without a check digit that is right
        ("211062-5629", "••••••-••••"),
        ("010190-1234", "••••••-••••"),  # of a day on which Danish numbers have none
        ("01019000164", "••••••-••••"),
        ("070-123 45 67, +46701234567", "070-123 45 67, +46701234567"),
        ("556036-0793, bg 5050-1055", "556036-0793, bg 5050-1055"),
        ("2026-11-28 kl. 14:15", "2026-11-28 kl. 14:15"),
        ("20251128 1415", "20251128 1415"),
    ],
)
def test_others_where_they_are_written_as_one(text: str, after: str) -> None:
    assert shown(replace(CARDS[-1], title=text)).title == after
