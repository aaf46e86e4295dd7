"""Rows become cards as the settings say: every way of writing a day or an amount, and settings that can't be."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.contract import (
    About,
    AnyCard,
    Decision,
    DisturbanceCard,
    Field,
    FieldsCard,
    InvoiceCard,
    Misconfigured,
    Payment,
    PaymentReference,
    PermitCard,
    Pickup,
    PickupCard,
    Step,
    Subject,
    Unreadable,
    When,
)
from hub.contract.config import read_config
from hub.contract.mapping import MOST_ROWS, CardMapping
from hub.contract.mapping_config import MappedConfig
from hub.contract.testing.inspection import assert_cards

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
INVOICE: Mapping[str, Any] = {
    "card": "invoice",
    "fields": {
        "number": "Fakturanr",
        "status": "Status",
        "due": "Förf.datum",
        "total": "Belopp",
        "balance": "Kvar",
        "currency": {"text": "SEK"},
        "reference": "OCR",
    },
    "about": {"customer": "Kundnr", "invoice": "Fakturanr"},
    "values": {"status": {"Betald": "paid", "Obetald": "unpaid"}},
    "decimal": ",",
}
ROW: Mapping[str, Any] = {
    "Fakturanr": "53489546",
    "Kundnr": 600606,
    "Status": "OBETALD ",
    "Förf.datum": "30.11.2026",
    "Belopp": "4 995,00 kr",
    "Kvar": "4995,00",
    "OCR": "8907136421",
}
PICKUP: Mapping[str, Any] = {
    "card": "pickup",
    "says_whom": False,
    "fields": {"waste": "what", "next": "when"},
    "about": {"address": "where"},
}


def made(settings: Mapping[str, Any], *rows: Mapping[str, Any], **more: Any) -> list[AnyCard]:
    cards = CardMapping(read_config(Mapped, dict(settings))).cards(rows, NOW, **more)
    assert_cards(cards)
    return cards


def one(settings: Mapping[str, Any], *rows: Mapping[str, Any], **more: Any) -> Any:
    cards = made(settings, *rows, **more)
    assert len(cards) == 1
    return cards[0]


class Mapped(MappedConfig, frozen=True):
    """Nothing but the mapping."""


def with_fields(settings: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {**settings, "fields": {**settings["fields"], **fields}}


def test_an_invoice() -> None:
    assert one(INVOICE, ROW) == InvoiceCard(
        about=About(customer="600606", invoice="53489546"),
        as_of=NOW,
        number="53489546",
        status="unpaid",
        due=date(2026, 11, 30),
        total=Decimal("4995.00"),
        balance=Decimal("4995.00"),
        currency="SEK",
        reference=PaymentReference("8907136421", "ocr"),
        title="",
    )


def test_what_is_paid_in_part_follows_from_the_amounts() -> None:
    assert one(INVOICE, {**ROW, "Kvar": "95,00"}).status == "partly_paid"


def test_a_word_that_is_not_known_is_unknown() -> None:
    assert one(INVOICE, {**ROW, "Status": "Bevakas"}).status == "unknown"


def test_what_a_credit_says_is_negative() -> None:
    settings = with_fields(INVOICE, kind={"text": "credit"})
    card = one(settings, ROW)
    assert (card.kind, card.total, card.balance) == ("credit", Decimal("-4995.00"), Decimal("-4995.00"))
    assert one(settings, {**ROW, "Belopp": "4995,00-"}).total == Decimal("-4995.00")


def test_rules_come_before_the_column() -> None:
    rules = [
        {"to": "void", "when": {"Makulerad": "true"}},
        {"to": "paid", "when": {"Kvar": ["0"], "Belopp": ["4995", "1"]}},
    ]
    settings = {**INVOICE, "rules": rules, "decimal": "."}
    row = {**ROW, "Belopp": Decimal("4995.00"), "Kvar": Decimal("0.00")}
    assert one(settings, {**row, "Makulerad": True}).status == "void"
    assert one(settings, row).status == "paid"
    assert one(settings, {**row, "Kvar": Decimal("0.01")}).status == "partly_paid"


def test_rows_that_a_join_repeats_are_one_card() -> None:
    settings = {
        **with_fields(INVOICE, status={"text": "paid"}),
        "group_by": ["Fakturanr"],
        "lists": {"payments": {"fields": {"on": "Betald den", "amount": "Inbetalt"}}},
    }
    first = {**ROW, "Betald den": date(2026, 11, 1), "Inbetalt": Decimal("4000.00")}
    second = {**ROW, "Betald den": datetime(2026, 11, 2, 8, 0), "Inbetalt": "995,00"}  # noqa: DTZ001 - as drivers give it
    none = {**ROW, "Fakturanr": "7", "Betald den": None, "Inbetalt": None}
    one_paid, unpaid = (card for card in made(settings, first, none, second) if isinstance(card, InvoiceCard))
    assert one_paid.payments == [
        Payment(date(2026, 11, 1), Decimal("4000.00")),
        Payment(date(2026, 11, 2), Decimal("995.00")),
    ]
    assert (unpaid.number, unpaid.payments) == ("7", [])


@pytest.mark.parametrize("whose", ["19121212-1212", "20010203-1234"])
def test_a_number_that_two_have_is_two_cards(whose: str) -> None:
    settings = {
        **with_fields(INVOICE, status={"text": "paid"}),
        "about": {"identity": "Vem"},
        "group_by": ["Fakturanr"],
        "lists": {"payments": {"fields": {"on": "Betald den", "amount": "Inbetalt"}}},
    }
    own = {**ROW, "Vem": "20121212-1212", "Betald den": date(2026, 11, 1), "Inbetalt": 1}
    other = {**ROW, "Vem": whose, "Betald den": date(2026, 11, 2), "Inbetalt": 2}
    cards = [card for card in made(settings, own, other, own) if isinstance(card, InvoiceCard)]
    assert [(card.about.identity, [each.amount for each in card.payments]) for card in cards] == [
        ("20121212-1212", [Decimal(1)] * 2),
        (whose, [Decimal(2)]),
    ]


def test_only_what_the_settings_let_through_is_shown() -> None:
    settings = {**INVOICE, "only": {"Sekretess": ["nej", "0"]}}
    assert made(settings, {**ROW, "Sekretess": "ja"}, ROW, {**ROW, "Sekretess": None}) == []
    assert len(made(settings, {**ROW, "Sekretess": "Nej"}, {**ROW, "Sekretess": 0})) == 2


def test_of_several_marks_of_secrecy_all_must_say_no() -> None:
    settings = {**INVOICE, "only": {"marks[].secret": "false"}}
    open_, secret = {"secret": False}, {"secret": True}
    assert made(settings, {**ROW, "marks": [open_, secret]}, {**ROW, "marks": []}, {**ROW, "marks": None}) == []
    assert len(made(settings, {**ROW, "marks": [open_, open_]})) == 1


def test_a_number_as_a_text_is_written_out() -> None:
    assert one(INVOICE, {**ROW, "Fakturanr": Decimal("1E+2")}).number == "100"
    with pytest.raises(Unreadable):
        made(INVOICE, {**ROW, "Fakturanr": Decimal("1E+999999999")})


def test_the_first_column_where_something_stands() -> None:
    settings = with_fields(INVOICE, title=["Rubrik", "Text"], due=["Ny förf.dag", "Förf.datum"])
    card = one(settings, {**ROW, "Rubrik": " ", "Text": "Avgift", "Ny förf.dag": None})
    assert (card.title, card.due) == ("Avgift", date(2026, 11, 30))
    assert one(settings, {**ROW, "Rubrik": "Tillägg", "Text": "Avgift"}).title == "Tillägg"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-12-03", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("2026-12-03T00:00:00", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("2026-12-02T23:30:00.0000000Z", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("2026-12-03 00:00:00", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("03-12-2026", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("3.12.2026", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("Torsdag d. 03-12-2026", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("torsdag den 3. december 2026", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("Torsdag 3 december 2026", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("20261203", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        (20261203, (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("1796252400", (date(2026, 12, 3), date(2026, 12, 3), "day")),
        (1796252400, (date(2026, 12, 3), date(2026, 12, 3), "day")),
        (1796252400000, (date(2026, 12, 3), date(2026, 12, 3), "day")),
        (date(2026, 12, 3), (date(2026, 12, 3), date(2026, 12, 3), "day")),
        (datetime(2026, 12, 2, 23, 30, tzinfo=UTC), (date(2026, 12, 3), date(2026, 12, 3), "day")),
        ("v49 2026", (date(2026, 11, 30), date(2026, 12, 6), "week")),
        ("Uge 49", (date(2026, 11, 30), date(2026, 12, 6), "week")),
        ("2026-W49", (date(2026, 11, 30), date(2026, 12, 6), "week")),
        ("desember 2026", (date(2026, 12, 1), date(2026, 12, 31), "month")),
        ("2026-12", (date(2026, 12, 1), date(2026, 12, 31), "month")),
    ],
)
def test_a_day_as_it_is_written(written: object, meant: tuple[date, date, Any]) -> None:
    assert one(PICKUP, {"what": "Restavfall", "when": written}).next == When(*meant)


@pytest.mark.parametrize(
    "none", [None, "", " ", "-", "0", 0, "1799-12-31", "0001-01-01T00:00:00", "1900-01-01", "9999-12-31", 1799_12_31]
)
def test_a_day_that_means_none(none: object) -> None:
    assert one(PICKUP, {"what": "Restavfall", "when": none}).next is None


@pytest.mark.parametrize(
    "wrong", ["12/03/2026", "2026-13-03", "31.2.2026", "4. torsdag i måneden", "snart", "v54 2026", 3.5, True, [], {}]
)
def test_what_is_no_day_is_not_half_a_card(wrong: object) -> None:
    with pytest.raises(Unreadable) as raised:
        made(PICKUP, {"what": "Restavfall", "when": wrong})
    assert str(wrong) not in str(raised.value) or wrong in ([], {})
    assert "when" in str(raised.value)


@pytest.mark.parametrize(
    ("form", "written"),
    [("dd/mm/yyyy", "03/12/2026"), ("m/d/yyyy", "12/3/2026"), ("yymmdd", "261203"), ("d.m.yy", "3.12.26")],
)
def test_a_day_in_a_form_that_the_settings_name(form: str, written: str) -> None:
    card = one({**PICKUP, "date_format": form}, {"what": "Restavfall", "when": written})
    assert card.next == When(date(2026, 12, 3), date(2026, 12, 3), "day")


def test_of_several_days_the_next_is_the_first_that_comes() -> None:
    settings = with_fields(PICKUP, next="dates[]")
    dates = ["2026-12-24T00:00:00", "2026-11-25T00:00:00", "2026-12-10T00:00:00", "2026-12-10T00:00:00"]
    card = one(settings, {"what": "Papp", "dates": dates})
    assert card.next == When(date(2026, 12, 10), date(2026, 12, 10), "day")
    assert card.later == [When(date(2026, 12, 24), date(2026, 12, 24), "day")]
    assert one(settings, {"what": "Papp", "dates": ["2026-11-25"]}).next is None
    assert one(settings, {"what": "Papp"}).next is None


@pytest.mark.parametrize(
    ("point", "written", "meant"),
    [
        (",", "1 234,50", "1234.50"),
        (",", "1.234,50", "1234.50"),
        (",", "1.234", "1234"),
        (",", "\N{MINUS SIGN}1\N{NO-BREAK SPACE}234,5", "-1234.5"),
        (",", "12,50 kr", "12.50"),
        (",", "SEK 12,50", "12.50"),
        (",", "100:-", "100"),
        (".", "1234.50", "1234.50"),
        (".", "1,234.50", "1234.50"),
        (".", "100.00-", "-100.00"),
        (".", 840, "840"),
        (".", Decimal("0.10"), "0.10"),
        (".", 0.1, "0.1"),
        (".", "123456789012345.67", "123456789012345.67"),
    ],
)
def test_an_amount_exactly_as_it_is_written(point: str, written: object, meant: str) -> None:
    assert str(one({**INVOICE, "decimal": point}, {**ROW, "Belopp": written, "Kvar": None}).total) == meant


@pytest.mark.parametrize(
    ("point", "wrong"),
    [(".", "1,234"), (".", "12,50"), (",", "12.50"), (",", "1,2,3"), (".", "1e400000"), (".", "NaN"), (".", "--1"),
     (".", "tolv"), (".", True), (".", float("inf")), (".", "1" * 40), (".", [1])],
)  # fmt: skip
def test_what_could_be_another_amount_is_not_read(point: str, wrong: object) -> None:
    with pytest.raises(Unreadable, match="total"):
        made({**INVOICE, "decimal": point}, {**ROW, "Belopp": wrong})


def test_a_permit_with_its_steps_papers_and_decision() -> None:
    settings = {
        "card": "permit",
        "fields": {
            "number": "case.number",
            "status": "case.status",
            "missing": "case.missing[].name",
            "decision": "case.outcome",
            "decided": "case.decided",
        },
        "about": {"case": "case.number", "property": "case.places[]"},
        "values": {"decision": {"BEV": "granted"}, "status": {"P": "Pågående"}},
        "lists": {
            "steps": {
                "rows": "case.events[]",
                "fields": {"title": "name", "on": "at"},
                "only": {"secret": "false"},
            }
        },
    }
    case = {
        "number": "BYGG 2026-1",
        "status": "P",
        "places": ["BJÖRKEN 1:23", "Björken 1:24"],
        "missing": [{"name": "Situationsplan"}, {"name": ""}],
        "outcome": "BEV",
        "decided": "2026-11-01",
        "events": [
            {"name": "Ansökan", "at": "2026-10-01", "secret": False},
            {"name": "Samtal", "at": "2026-10-02", "secret": True},
            {"name": "Tyst", "at": "2026-10-02"},
            {"name": "Startbesked", "at": "2026-12-01", "secret": False},
        ],
    }
    card = one(settings, {"case": case}, asked=Subject("property", "björken  1:24"))
    assert card == PermitCard(
        about=About(case="BYGG 2026-1", property="Björken 1:24"),
        as_of=NOW,
        number="BYGG 2026-1",
        status="Pågående",
        steps=[Step("Ansökan", date(2026, 10, 1), True), Step("Startbesked", date(2026, 12, 1), False)],
        missing=["Situationsplan"],
        decision=Decision("granted", on=date(2026, 11, 1)),
    )
    assert one(settings, {"case": case}, asked=Subject("property", "EKEN 9:9")).about.property == "BJÖRKEN 1:23"
    assert one(settings, {"case": {"number": "1", "status": "P"}}).decision is None


def test_a_permit_is_decided_only_where_something_says_so() -> None:
    """The least that a file can say names nothing of a decision."""
    fields = {"number": "nr", "kind": "slag", "status": "läge", "officer": "hos", "applied": "inkom"}
    settings = {"card": "permit", "about": {"case": "nr"}, "fields": fields}
    row = {"nr": "1", "slag": "Bygglov", "läge": "Pågående", "hos": "Anna", "inkom": "2026-11-02"}
    assert one(settings, row).decision is None
    words = {"Bifall": "granted", "*": "refused"}
    settings = {**settings, "fields": {**fields, "decision": "utfall"}, "values": {"decision": words}}
    assert [one(settings, {**row, "utfall": said}).decision for said in ("", None, "Bifall", "Avslag")] == [
        None, None, Decision("granted"), Decision("refused"),
    ]  # fmt: skip
    rule = {"field": "decision", "to": "granted", "when": {"läge": "Klart"}}
    ruled = {**settings, "fields": fields, "rules": [rule]}
    assert one(ruled, row).decision is None
    assert one(ruled, {**row, "läge": "Klart"}).decision == Decision("granted")


def test_what_a_card_holds_in_parts_is_there_only_where_a_part_is() -> None:
    card = one({**INVOICE, "fields": {**INVOICE["fields"], "reference_kind": "Sort"}}, {**ROW, "OCR": "", "Sort": ""})
    assert not any((card.reference, card.period, card.payments))
    lists = {"past": {"rows": "been[]", "fields": {"on": "day", "deviation": "why"}}}
    pickup = one({**PICKUP, "lists": lists}, {"what": "Slam", "when": "", "where": "Åvägen 2", "been": [{"day": ""}]})
    assert not any((pickup.next, pickup.later, pickup.past))


def test_a_disturbance_and_plain_fields() -> None:
    disturbance = {
        "card": "disturbance",
        "says_whom": False,
        "fields": {"title": "what", "status": "state", "begins": "from", "ends": "to"},
        "values": {"status": {"*": "open", "klar": "closed"}},
    }
    card = one(disturbance, {"what": "Vattenläcka", "state": "pågår", "from": "2026-11-26T08:00", "to": None})
    assert isinstance(card, DisturbanceCard)
    assert (card.status, card.begins, card.ends) == ("open", datetime(2026, 11, 26, 7, tzinfo=UTC), None)
    fields = {
        "card": "fields",
        "fields": {"title": {"text": "Båtplats {nr}"}},
        "about": {"customer": "kund"},
        "link": "https://plats.example/{kund}/{nr}?visa=allt",
        "as_of": "hämtad",
        "lines": [
            {"label": "Avgift", "value": "avgift", "kind": "amount", "currency": {"text": "SEK"}},
            {"label": "Från", "value": "från", "kind": "date"},
            {"label": "Anm.", "value": "anm"},
        ],
    }
    row = {"nr": "7/B", "kund": "1 2", "avgift": Decimal("1200.00"), "från": "1.5.2026", "hämtad": "2026-11-26 09:00"}
    assert one(fields, row) == FieldsCard(
        about=About(customer="1 2"),
        as_of=datetime(2026, 11, 26, 8, tzinfo=UTC),
        link="https://plats.example/1%202/7%2FB?visa=allt",
        title="Båtplats 7/B",
        fields=[Field("Avgift", "1200.00", "amount", "SEK"), Field("Från", "2026-05-01", "date")],
    )


def test_a_list_of_past_pickups_and_yes_or_no() -> None:
    settings = {
        **with_fields(PICKUP, is_septic="kind"),
        "values": {"is_septic": {"Slam": "ja", "*": "nej"}},
        "lists": {"past": {"rows": "past[]", "fields": {"on": "value"}}},
    }
    card = one(settings, {"what": "Slam", "kind": "slam", "when": None, "past": ["2026-10-01", None, ""]})
    assert isinstance(card, PickupCard)
    assert (card.is_septic, card.past) == (True, [Pickup(date(2026, 10, 1))])


def test_a_time_to_come_is_now() -> None:
    assert one({**INVOICE, "as_of": "när"}, {**ROW, "när": "2031-01-01"}).as_of == NOW
    assert one(INVOICE, ROW, as_of=datetime(2026, 11, 1, tzinfo=UTC)).as_of == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("missing", ["Fakturanr", "Status"])
def test_what_a_card_is_not_without(missing: str) -> None:
    row = {name: value for name, value in ROW.items() if name != missing}
    if missing == "Status":
        assert one(INVOICE, row).status == "unknown"
    else:
        with pytest.raises(Unreadable, match="number"):
            made(INVOICE, row)


def test_a_text_is_one_line_without_what_no_column_takes() -> None:
    card = one(with_fields(INVOICE, title="rubrik"), {**ROW, "rubrik": " a\r\nb\0c\ud800 "})
    assert card.title == "a b\ufffdc\ufffd"


def test_what_is_about_nobody_says_nobody() -> None:
    row = {**ROW, "Kundnr": None}
    assert one(INVOICE, row).about == About(invoice="53489546")
    settings = {**INVOICE, "about": {"property": {"text": "{Trakt} {Block}"}}}
    assert one(settings, {**ROW, "Trakt": "BJÖRKEN", "Block": "1:23"}).about == About(property="BJÖRKEN 1:23")
    assert one(settings, {**ROW, "Trakt": "BJÖRKEN", "Block": ""}).about == About()


def test_more_rows_than_anybody_reads() -> None:
    with pytest.raises(Unreadable, match="rows"):
        CardMapping(read_config(Mapped, dict(INVOICE))).cards([ROW] * (MOST_ROWS + 1), NOW)


DOUBLED: dict[str, Any] = {"card": "fields", "fields": {"title": "a"}, "values": {}, "rules": [], "lists": {}}


@pytest.mark.parametrize(
    ("change", "setting", "words"),
    [
        ({"fields": {**INVOICE["fields"], "totl": "Belopp"}}, "fields.totl", "total"),
        ({"fields": {"number": "Fakturanr"}}, "fields", "fields.status is missing"),
        ({"fields": {**INVOICE["fields"], "total": "Belopp[0]"}}, "fields.total", "can't be used"),
        ({"fields": {**INVOICE["fields"], "total": ""}}, "fields.total", "can't be used"),
        ({"about": {}}, "about", "missing"),
        ({"about": {"customer": {"text": "1"}}}, "about.customer", "braces"),
        ({"values": {"status": {"Betald": "payd"}}}, "values.status.Betald", "one of paid"),
        ({"values": {"stat": {}}}, "values.stat", "there are"),
        ({"rules": [{"to": "payd", "when": {"a": "b"}}]}, "rules", "one of paid"),
        ({"rules": [{"to": "paid", "when": {}}]}, "rules", "empty"),
        ({"rules": [{"to": "paid", "field": "x", "when": {"a": "b"}}]}, "rules", "no field"),
        ({"lists": {"steps": {"rows": "a[]", "fields": {"title": "b"}}}}, "lists.steps", "payments"),
        ({"lists": {"payments": {"rows": "a[]", "fields": {"on": "b"}}}}, "lists.payments.fields", "amount"),
        ({"lists": {"payments": {"fields": {"on": "b", "amount": "c"}}}}, "lists.payments", "rows"),
        ({"lines": [{"label": "a", "value": "b"}]}, "lines", "fields"),
        ({**DOUBLED, "lines": [{"label": "Läge", "value": "a"}, {"label": "Läge ", "value": "b"}]}, "lines", "'Läge'"),
        ({"link": "javascript:alert(1)"}, "link", "https://"),
        ({"link": "https://{Kundnr}/x"}, "link", "after the host"),
        ({"date_format": "%Y"}, "date_format", "dd/mm/yyyy"),
        ({"time_zone": "Sweden"}, "time_zone", "Europe/Stockholm"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "Europe/Stockholm"),
    ],
)
def test_settings_that_cannot_be_are_told_by_their_name(change: Mapping[str, Any], setting: str, words: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        CardMapping(read_config(Mapped, {**INVOICE, **change}))
    assert raised.value.field == setting
    assert words in str(raised.value)


def test_columns_that_are_not_there_are_named() -> None:
    mapping = CardMapping(read_config(Mapped, dict(INVOICE)))
    mapping.check_columns(list(ROW))
    with pytest.raises(Misconfigured) as raised:
        mapping.check_columns(["Fakturanr", "Status"])
    assert raised.value.field in {"fields.due", "fields.total"}
    assert "Fakturanr, Status" in str(raised.value)


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"x", object(), "x" * 30_000])
@pytest.mark.parametrize("column", sorted({*ROW, "hämtad"} - {"Kvar", "Förf.datum"}))
def test_whatever_stands_in_a_row_it_is_read_or_unreadable(column: str, value: object) -> None:
    with pytest.raises(Unreadable) as raised:
        made({**INVOICE, "as_of": "hämtad"}, {**ROW, column: value})
    assert not any(str(said) in str(raised.value) for said in ROW.values())


def test_amounts_in_hundredths_and_nothing_else() -> None:
    settings = {**with_fields(INVOICE, reminders="Antal"), "hundredths": True}
    card = one(settings, {**ROW, "Belopp": 124950, "Kvar": "-50", "Antal": 2})
    assert (card.total, card.balance, card.reminders) == (Decimal("1249.50"), Decimal("-0.50"), 2)
    settings = {**with_fields(PICKUP, size="L", price_a_year="P"), "hundredths": True}
    tank = one(settings, {"what": "Slam", "when": None, "where": "Provgatan 1", "L": 190, "P": "124950"})
    assert (tank.size, tank.price_a_year) == (Decimal(190), Decimal("1249.50"))
