"""Sentences to citizens: each kind of card, in each language; on one line, not long, and never what can't be right."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest

from hub import clock
from hub.contract import (
    About,
    AnyCard,
    DisturbanceCard,
    Field,
    FieldsCard,
    InvoiceCard,
    Payment,
    PaymentReference,
    PermitCard,
    Pickup,
    PickupCard,
    Step,
    When,
)
from hub.contract.cards import Decision, Status
from inbox_ui.lookups.sentences import LANGUAGES, language_of, sentence, worth

AT = datetime(2026, 11, 26, 9, 38, tzinfo=UTC)
ABOUT = About(identity="191212121212")


@pytest.fixture(autouse=True)
def _on_a_day() -> Any:
    clock.set_source(lambda: clock.from_datetime(AT))
    yield
    clock.set_source(None)


def invoice(**fields: Any) -> InvoiceCard:
    given: dict[str, Any] = {
        "number": "8842071",
        "status": "unpaid",
        "total": Decimal(1486),
        "currency": "SEK",
        **fields,
    }
    return InvoiceCard(about=ABOUT, as_of=AT, **given)


def pickup(**fields: Any) -> PickupCard:
    return PickupCard(about=ABOUT, as_of=AT, **{"waste": "Restavfall", **fields})


def permit(**fields: Any) -> PermitCard:
    return PermitCard(about=ABOUT, as_of=AT, **{"number": "BN 1", "status": "Pågår", **fields})


def disturbance(**fields: Any) -> DisturbanceCard:
    return DisturbanceCard(about=ABOUT, as_of=AT, title="Vattnet är avstängt", **fields)


SAID: list[tuple[AnyCard, str]] = [
    (invoice(due=date(2026, 10, 31)),
     "Faktura 8842071 (1 486 kr) skulle ha betalats senast den 31 oktober 2026. Vi kan inte se att den är betald än."),
    (invoice(due=date(2026, 11, 30)), "Faktura 8842071 (1 486 kr) ska betalas senast den 30 november 2026."),
    (invoice(status="sent"), "Faktura 8842071 (1 486 kr) är inte betald än."),
    (invoice(status="paid", payments=[Payment(date(2026, 11, 3), Decimal(1486))]),
     "Faktura 8842071 (1 486 kr) betalades den 3 november 2026."),
    (invoice(status="paid", title="Slam"), "Faktura 8842071 (Slam, 1 486 kr) är betald."),
    (invoice(status="partly_paid", balance=Decimal("486.5"), due=date(2026, 12, 1)),
     "En del av faktura 8842071 (1 486 kr) är betald. Kvar att betala är 486,50 kr. Resten ska betalas senast den 1 "
     "december 2026."),
    (invoice(status="debt_collection", collector="Svea", collector_case="K 1"),
     "Faktura 8842071 (1 486 kr) har lämnats till Svea (K 1) för inkasso. Vänd dig dit med frågor om betalningen."),
    (invoice(status="unknown", total=None), "Det finns en faktura 8842071, men vi kan inte se om den är betald."),
    (invoice(status="unknown", due=date(2026, 10, 31), reference=PaymentReference("8907136421", "ocr")),
     "Det finns en faktura 8842071 (1 486 kr), men vi kan inte se om den är betald."),
    (invoice(kind="direct_debit", due=date(2026, 11, 30), reference=PaymentReference("8907136421", "ocr")),
     "Faktura 8842071 (1 486 kr) betalas med autogiro den 30 november 2026."),
    (invoice(kind="direct_debit", due=date(2026, 10, 31), reference=PaymentReference("8907136421", "ocr")),
     "Faktura 8842071 (1 486 kr) skulle ha betalats senast den 31 oktober 2026. Vi kan inte se att den är betald än. "
     "Betala med OCR-nummer 8907136421."),
    (invoice(kind="self", reference=PaymentReference("8907136421", "ocr")),
     "Faktura 8842071 (1 486 kr) är inte betald än."),
    (invoice(status="void"), "Faktura 8842071 (1 486 kr) har makulerats och ska inte betalas."),
    (invoice(deferred_to=date(2027, 1, 31), due=date(2026, 10, 31)),
     "Du har anstånd med faktura 8842071 (1 486 kr) till den 31 januari 2027."),
    (invoice(deferred_to=date(2027, 1, 31), due=date(2026, 10, 31), reminded=date(2026, 11, 23)),
     "Du har anstånd med faktura 8842071 (1 486 kr) till den 31 januari 2027. En påminnelse skickades den 23 november "
     "2026."),
    (invoice(status="sent", reference=PaymentReference("8907136421", "ocr"), pay_to="bankgiro 1-2"),
     "Faktura 8842071 (1 486 kr) är inte betald än. Betala med OCR-nummer 8907136421 till bankgiro 1-2."),
    (invoice(status="sent", reference=PaymentReference("8907136422", "ocr"), pay_to="bankgiro 1-2"),
     "Faktura 8842071 (1 486 kr) är inte betald än."),
    (invoice(deferred_to=date(2026, 11, 1)),
     "Faktura 8842071 (1 486 kr) skulle ha betalats senast den 1 november 2026. Vi kan inte se att den är betald än."),
    (invoice(kind="credit", status="credited", total=Decimal(-300), issued=date(2026, 11, 1)),
     "Kreditfaktura 8842071 (-300 kr) utfärdades den 1 november 2026."),
    (invoice(total=Decimal(-300), due=date(2026, 11, 30), reference=PaymentReference("8907136421", "ocr")),
     "Det finns en kreditfaktura 8842071 (-300 kr)."),
    (pickup(next=When(date(2026, 12, 1), date(2026, 12, 1), "day"), container="Kärl", size=Decimal(190), unit="L"),
     "Nästa hämtning (Restavfall, kärl 190 L) är tisdag den 1 december 2026."),
    (pickup(waste="Slam", is_septic=True, next=When(date(2026, 12, 28), date(2027, 1, 3), "week"),
            past=[Pickup(date(2026, 11, 5), "bommen var låst.")]),
     "Tömningen torsdag den 5 november 2026 (Slam) kunde inte göras: bommen var låst. Nästa tömning (Slam) är vecka 53 "
     "(28 december till 3 januari)."),
    (pickup(next=When(date(2027, 6, 1), date(2027, 6, 30), "month")), "Nästa hämtning (Restavfall) är i juni 2027."),
    (pickup(next=When(date(2026, 11, 25), date(2026, 11, 25), "day")),
     "Det finns ingen dag för nästa hämtning (Restavfall) än."),
    (pickup(), "Det finns ingen dag för nästa hämtning (Restavfall) än."),
    (permit(missing=["Kontrollplan", "Ritning"], missing_since=date(2026, 11, 10), title="Garage"),
     "I ärende BN 1 (Garage) saknas fortfarande: Kontrollplan, Ritning. Vi bad om det den 10 november 2026."),
    (permit(steps=[Step("Beslut", date(2026, 12, 14), done=False)], officer="Eva Holm"),
     "Status för ärende BN 1: Pågår. Nästa steg: Beslut, den 14 december 2026. Handläggare är Eva Holm."),
    (permit(decision=Decision("granted", on=date(2026, 11, 13)), missing=["Kontrollplan"]),
     "Beslut i ärende BN 1 fattades den 13 november 2026: beviljat. I ärende BN 1 saknas fortfarande: Kontrollplan."),
    (permit(decision=Decision("other", "Lämnas utan åtgärd")),
     "Det finns ett beslut i ärende BN 1: Lämnas utan åtgärd."),
    (permit(status="", title="Garage"), "Det finns ett ärende BN 1 (Garage)."),
    (disturbance(status="open", ends=datetime(2026, 11, 26, 14, 0, tzinfo=UTC)),
     "Just nu pågår en störning: Vattnet är avstängt. Den väntas vara över 26 november 2026 kl. 15.00."),
    (disturbance(status="planned", area="Ån"), "Planerat: Vattnet är avstängt (Ån)."),
    (disturbance(status="closed"), "Störningen är över: Vattnet är avstängt."),
    (FieldsCard(about=ABOUT, as_of=AT, title="Mätare",
                fields=[Field("Avläst", "2026-10-01", "date"), Field("m³", "412")]),
     "Mätare: Avläst 1 oktober 2026, m³ 412."),
    (FieldsCard(about=ABOUT, as_of=AT, title="Mätare"), "Mätare."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("card", "expected"), SAID, ids=lambda each: "" if isinstance(each, str) else each.__class__.__name__
)
def test_a_card_in_a_sentence(card: AnyCard, expected: str) -> None:
    told = sentence([card], "Ekonomi", "sv", "Europe/Stockholm")
    assert told.replace("\u00a0", " ") == f"{expected} Källa: Ekonomi, 26 november 2026 kl. 10.38."
    assert not re.search(r"\d (\d|kr)", told.replace(" (", "(")), "no line breaks within an amount"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_card_is_told_of_in_every_language(language: str) -> None:
    told = [sentence([card], "Ekonomi", language, "Europe/Oslo") for card, _ in SAID]
    assert not [each for each in told if "%" in each or "None" in each or "  " in each or ".." in each]
    assert language == "en" or not [each for each in told if "Source" in each]


PERIOD = (date(2026, 7, 1), date(2026, 9, 30))
OWN: list[tuple[AnyCard, str, str]] = [
    (invoice(status="unpaid"), "Fakturan är {status}.", "Fakturan är inte betald."),
    (invoice(kind="credit", status="credited"), "{kind}, {status}", "kreditfaktura, krediterad"),
    (invoice(status="unknown"), "Fakturan är {status}.", ""),
    (invoice(period=PERIOD), "{period_from} till {period_to}", "den 1 juli 2026 till den 30 september 2026"),
    (invoice(reference=PaymentReference("534895461", "ocr")), "{reference_kind} {reference}", "OCR 534895461"),
    (invoice(reference=None), "{reference}", ""),
    (pickup(next=When(date(2026, 11, 30), date(2026, 12, 6), "week")), "Nästa: {next}", "Nästa: vecka 49"),
    (permit(missing=["Ritning", "Karta"]), "Vi saknar {missing}.", "Vi saknar Ritning, Karta."),
    (permit(decision=Decision("granted", "BEV", date(2026, 11, 2))), "{decision}, {decided}",
     "beviljat, den 2 november 2026"),
    (disturbance(status="open"), "{title}: {status}", "Vattnet är avstängt: pågår"),
    (FieldsCard(about=ABOUT, as_of=AT, title="Mätare", summary="412"), "{title} {summary}", "Mätare 412"),
]  # fmt: skip


@pytest.mark.parametrize(("card", "own", "expected"), OWN)
def test_a_departments_own_sentence_says_it_in_the_citizens_words(card: AnyCard, own: str, expected: str) -> None:
    """By the names that the editor offers; where the card doesn't say one of them, the usual sentence is said."""
    told = sentence([card], "Ekonomi", "sv", "Europe/Stockholm", own)
    usual = sentence([card], "Ekonomi", "sv", "Europe/Stockholm")
    assert told == (f"{expected} Källa: Ekonomi, 26 november 2026 kl. 10.38." if expected else usual)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_ours_for_a_state_reaches_a_citizen(language: str) -> None:
    states = [each for each in get_args(Status) if each != "unknown"]
    told = [sentence([invoice(status=each)], "X", language, "UTC", "<{status}>") for each in states]
    assert not [each for each in told if "_" in each]
    if language != "en":
        assert not [each for each, state in zip(told, states, strict=True) if f"<{state}>" in each]


SAYS: dict[str, Callable[[str], AnyCard]] = {
    "invoice": lambda text: invoice(number=text, title=text, status="debt_collection", collector=text),
    "pickup": lambda text: pickup(waste=text, past=[Pickup(date(2026, 11, 20), text)]),
    "permit": lambda text: permit(number=text, status=text, officer=text, steps=[Step(text, done=False)]),
    "disturbance": lambda text: DisturbanceCard(about=ABOUT, as_of=AT, title=text, status="open", area=text),
    "fields": lambda text: FieldsCard(about=ABOUT, as_of=AT, title=text, fields=[Field(text, text)] * 9),
}


@pytest.mark.parametrize("kind", SAYS)
def test_another_systems_text_stays_on_its_line_and_short(kind: str) -> None:
    told = sentence([SAYS[kind]("rad ett\r\n\r\nBcc: x@y.example\t\x00\u202e %(who)s " * 90)], "E\nkonomi", "sv", "UTC")
    assert told.isprintable()
    assert len(told) < 1_200


def test_the_language_is_the_conversations_else_the_municipalitys() -> None:
    assert language_of("nn", "nb") == "nn"
    assert language_of("no", "sv") == "nb"
    assert language_of("sv-FI", "fi") == "sv"
    assert language_of(None, "da") == "da"
    assert language_of("ar", "sv") == "sv"
    assert language_of("ar", "fi") == "en"


def test_of_many_the_loud_ones_are_told_of() -> None:
    paid, owed = invoice(status="paid"), invoice(status="unpaid")
    assert worth([paid, owed, paid, owed]) == [1, 3]
    assert worth([paid] * 5) == [0, 1, 2]
    assert worth([invoice(status="debt_collection"), paid]) == [0]
    assert worth([invoice(kind="credit", status="sent"), paid, owed]) == [2]


@pytest.mark.parametrize(("zone", "late"), [("Europe/Stockholm", False), ("Europe/Helsinki", True)])
def test_an_invoice_is_late_by_the_municipalitys_midnight(zone: str, late: bool) -> None:
    clock.set_source(lambda: clock.from_datetime(datetime(2026, 11, 26, 22, 30, tzinfo=UTC)))
    told = sentence([invoice(due=date(2026, 11, 26))], "Ekonomi", "sv", zone)
    assert ("skulle ha betalats" in told) is late
