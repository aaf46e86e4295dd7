"""Pickups: every way a date is written, buildings that are sure and that aren't, and what a source may do wrong."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from hub.contract import Answer, AnyCard, AuthFailed, DidYouMean, PickupCard, Subject, Unreachable, Unreadable, When
from hub.contract.config import read_config
from hub.contract.days import when
from hub.contract.testing import LookupTests, Request
from plugins.lookups.edp_future import EdpFuture, EdpFutureConfig
from tests.plugins.lookups.tools import LookupTools, Out, Said
from tests.stand_ins.edp import ROOT, Edp
from tests.stand_ins.recorded import HERE

NOW = datetime(2025, 5, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
BIN = {"ContainerType": "Kärl", "Size": 190.0, "Unit": "L"}
SLUDGE = {"WasteType": "Slam", "NextWastePickup": "", "WastePickupFrequency": "Vecka 27", "BinType": None}
RESIDUAL = {
    "WasteType": "Restavfall",
    "NextWastePickup": "2025-06-03",
    "WastePickupFrequency": "Varannan vecka",
    "BinType": BIN,
}
HENAN = "ÅVÄGEN 2 -6, Henån (12345)"
BUILDINGS: dict[str, list[dict[str, Any]]] = {
    HENAN: [RESIDUAL, SLUDGE],
    "STORGATAN 1, Granvik (1)": [RESIDUAL],
    "STORGATAN 10, Granvik (2)": [SLUDGE],
    "KYRKGATAN 3, Granvik (3)": [RESIDUAL],
    "KYRKGATAN 3, Björkby (4)": [SLUDGE],
    "TOMGATAN 1, Granvik (5)": [],
}


@pytest.fixture
def source() -> Iterator[Edp]:
    with Edp(BUILDINGS) as source:
        yield source


def edp(http: Out | Said | Edp, at: datetime = NOW) -> EdpFuture:
    if isinstance(http, Edp):
        http = Out(EdpFuture, http.base_url)
    return EdpFuture(read_config(EdpFutureConfig, {"base_url": "http://edp.example"}), LookupTools(http, at))


def find(lookup: EdpFuture, address: str) -> list[PickupCard]:
    cards: Sequence[AnyCard] = asyncio.run(lookup.find(Subject("address", address)))
    assert all(isinstance(card, PickupCard) for card in cards)
    return [card for card in cards if isinstance(card, PickupCard)]


def week(monday: date, sunday: date) -> When:
    return When(monday, sunday, "week")


class TestEdpFuture(LookupTests):
    lookup = EdpFuture
    settings: ClassVar[Mapping[str, Any]] = {"base_url": "https://edp.example/FutureWebBasic/SimpleWastePickup"}
    samples: ClassVar[Sequence[Path]] = [HERE / "edp_future" / "schedule.json"]
    subject = Subject("address", "Åvägen 2")

    def answer(self, sample: Path, request: Request) -> Answer:
        found = msgspec.json.encode({"Succeeded": True, "Buildings": [HENAN]})
        return Answer(200, {}, found if request.method == "POST" else sample.read_bytes())


# -- pickups ----------------------------------------------------------------------------------------------------------


def test_an_address_has_a_card_for_each_container(source: Edp) -> None:
    residual, sludge = find(edp(source), "Åvägen 2")
    assert residual == PickupCard(
        about=residual.about,
        as_of=NOW,
        waste="Restavfall",
        container="Kärl",
        size=Decimal(190),
        unit="L",
        frequency="Varannan vecka",
        next=When(date(2025, 6, 3), date(2025, 6, 3), "day"),
    )
    assert str(residual.size) == "190"
    assert residual.about.address == HENAN
    assert residual.about.identity is None
    assert (sludge.is_septic, sludge.frequency) == (True, "Vecka 27")
    assert sludge.next == week(date(2025, 6, 30), date(2025, 7, 6)), "where no date is said, its week in the year"
    assert [(asked.method, asked.path) for asked in source.ledger] == [
        ("POST", f"{ROOT}/SearchAdress"),
        ("GET", f"{ROOT}/GetWastePickupSchedule"),
    ]
    assert source.ledger[0].query == {"searchText": ["Åvägen 2"]}
    assert source.ledger[1].query == {"address": [HENAN]}


@pytest.mark.parametrize("refusal", [400, 404, 411, 415])
def test_where_the_text_must_come_as_a_form_it_does(source: Edp, refusal: int) -> None:
    source.takes, source.refusal = "form", refusal
    assert len(find(edp(source), "Åvägen 2")) == 2
    assert [asked.status for asked in source.ledger] == [refusal, 200, 200]
    assert source.ledger[1].body == b"searchText=%C3%85v%C3%A4gen+2"


@pytest.mark.parametrize("refusal", [401, 403, 429, 500, 503])
def test_other_refusals_are_not_asked_again(source: Edp, refusal: int) -> None:
    source.takes, source.refusal = "form", refusal
    with pytest.raises(AuthFailed if refusal in {401, 403} else Unreachable):
        find(edp(source), "Åvägen 2")
    assert len(source.ledger) == 1


@pytest.mark.parametrize("address", ["Nygatan 1", "Tomgatan 1"])
def test_what_is_not_there_is_nothing(source: Edp, address: str) -> None:
    assert find(edp(source), address) == []


@pytest.mark.parametrize(
    ("address", "building"),
    [
        ("storgatan 1", "STORGATAN 1, Granvik (1)"),
        ("Storgatan 10", "STORGATAN 10, Granvik (2)"),
        ("  STORGATAN   1,  granvik ", "STORGATAN 1, Granvik (1)"),
        ("Storgatan 1, Granvik (1)", "STORGATAN 1, Granvik (1)"),
        ("kyrkgatan 3, björkby", "KYRKGATAN 3, Björkby (4)"),
        (HENAN, HENAN),
        ("åvägen", HENAN),
    ],
)
def test_one_that_equals_what_was_asked_is_the_one(source: Edp, address: str, building: str) -> None:
    assert {card.about.address for card in find(edp(source), address)} == {building}


@pytest.mark.parametrize(
    ("address", "suggestions"),
    [
        ("Storgatan", ["STORGATAN 1, Granvik (1)", "STORGATAN 10, Granvik (2)"]),
        ("Kyrkgatan 3", ["KYRKGATAN 3, Granvik (3)", "KYRKGATAN 3, Björkby (4)"]),
        ("Storgatan 1 ", None),
    ],
)
def test_several_are_offered_and_each_can_be_asked_by(source: Edp, address: str, suggestions: list[str] | None) -> None:
    if suggestions is None:
        assert find(edp(source), address)
        return
    with pytest.raises(DidYouMean) as several:
        find(edp(source), address)
    assert list(several.value.suggestions) == suggestions
    for suggestion in suggestions:
        assert {card.about.address for card in find(edp(source), suggestion)} == {suggestion}


@pytest.mark.parametrize(
    ("asked", "there", "is_sure"),
    [
        ("Åvägen 4", "ÅVÄGEN 2 -6, Henån (1)", True),
        ("Åvägen 2", "ÅVÄGEN 2-6, Henån (1)", True),
        ("Åvägen 2 B", "ÅVÄGEN 2, Henån (1)", True),
        ("Åvägen 8", "ÅVÄGEN 2 -6, Henån (1)", False),
        ("Åvägen 1", "ÅVÄGEN 10, Henån (1)", False),
        ("Storgatan 1", "LILLA STORGATAN 1, Henån (1)", False),
        ("Storgatan 1A", "STORGATAN 1B, Henån (1)", False),
        ("Storgatan 1", "STORGATAN 1B, Henån (1)", False),
        ("Åvägen", "ÅVÄGEN 10, Henån (1)", True),
        ("Torpet Ekbacken", "TORPET EKBACKEN, Henån (1)", True),
        ("Torpet Ekbacken", "TORPET EKHAGEN, Henån (1)", False),
        ("Björken 1:2", "BJÖRKEN 1:2, Henån (1)", True),
        ("Björken 1:2", "BJÖRKEN 1:23, Henån (1)", False),
        ("Björken 1:23", "BJÖRKEN 1:2, Henån (1)", False),
        ("Storgatan 1, 123 45 Henån", "STORGATAN 1, Henån (1)", True),
        ("Storgatan 1, Granvik", "STORGATAN 1, Henån (1)", False),
    ],
)
def test_another_house_is_only_offered(asked: str, there: str, is_sure: bool) -> None:
    found = msgspec.json.encode({"Succeeded": True, "Buildings": [there, there], "RhServices": [RESIDUAL]})
    if is_sure:
        assert len(find(edp(Said(found)), asked)) == 1
    else:
        with pytest.raises(DidYouMean) as offered:
            find(edp(Said(found)), asked)
        assert offered.value.suggestions == (there,)


def test_a_long_street_offers_twenty() -> None:
    there = [f"STORGATAN {number}, Granvik ({number})" for number in range(1, 200)]
    with pytest.raises(DidYouMean) as offered:
        find(edp(Said(msgspec.json.encode({"Succeeded": True, "Buildings": there}))), "Storgatan")
    assert offered.value.suggestions == tuple(there[:20])


# -- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-06-03", When(date(2025, 6, 3), date(2025, 6, 3), "day")),
        ("2025-06-03T00:00:00", When(date(2025, 6, 3), date(2025, 6, 3), "day")),
        ("v32 Aug 2024", week(date(2024, 8, 5), date(2024, 8, 11))),
        ("v41 Okt 2026", week(date(2026, 10, 5), date(2026, 10, 11))),
        ("v20 Maj 2025", week(date(2025, 5, 12), date(2025, 5, 18))),
        ("V5 jan 2025", week(date(2025, 1, 27), date(2025, 2, 2))),
        ("v1 Dec 2024", week(date(2024, 12, 30), date(2025, 1, 5))),
        ("v1 Jan 2025", week(date(2024, 12, 30), date(2025, 1, 5))),
        ("v52 Jan 2023", week(date(2022, 12, 26), date(2023, 1, 1))),
        ("v53 Dec 2026", week(date(2026, 12, 28), date(2027, 1, 3))),
        ("v53 Jan 2027", week(date(2026, 12, 28), date(2027, 1, 3))),
        ("v10 2025", week(date(2025, 3, 3), date(2025, 3, 9))),
        ("Vecka 27", week(date(2025, 6, 30), date(2025, 7, 6))),
        ("vecka 21", week(date(2025, 5, 19), date(2025, 5, 25))),
        ("Vecka 20", week(date(2026, 5, 11), date(2026, 5, 17))),
        ("Vecka 1", week(date(2025, 12, 29), date(2026, 1, 4))),
        ("Vecka 53", week(date(2026, 12, 28), date(2027, 1, 3))),
        ("Jun 2025", When(date(2025, 6, 1), date(2025, 6, 30), "month")),
        ("Feb 2028", When(date(2028, 2, 1), date(2028, 2, 29), "month")),
        ("december 2025", When(date(2025, 12, 1), date(2025, 12, 31), "month")),
    ],
)
def test_a_date_is_as_precise_as_it_is_written(written: str, meant: When) -> None:
    assert when(written, TODAY) == meant
    assert find_one({**RESIDUAL, "NextWastePickup": f"  {written} "}).next == meant


@pytest.mark.parametrize(
    ("today", "meant"),
    [
        (date(2026, 12, 31), week(date(2026, 12, 28), date(2027, 1, 3))),
        (date(2027, 1, 3), week(date(2026, 12, 28), date(2027, 1, 3))),
        (date(2027, 1, 4), None),
        (date(2031, 1, 1), week(date(2032, 12, 27), date(2033, 1, 2))),
    ],
)
def test_week_53_comes_where_a_year_has_one(today: date, meant: When | None) -> None:
    assert when("Vecka 53", today) == meant


@pytest.mark.parametrize(
    ("today", "monday"),
    [
        (date(2024, 12, 29), date(2024, 12, 30)),
        (date(2024, 12, 30), date(2024, 12, 30)),
        (date(2025, 1, 5), date(2024, 12, 30)),
        (date(2025, 1, 6), date(2025, 12, 29)),
    ],
)
def test_week_1_around_new_year(today: date, monday: date) -> None:
    found = when("Vecka 1", today)
    assert found is not None
    assert found.first == monday


def test_the_year_is_swedens() -> None:
    late = datetime(2025, 1, 5, 23, 30, tzinfo=UTC)  # Monday of week 2, half past midnight
    (card,) = cards_of({**SLUDGE, "WastePickupFrequency": "Vecka 1"}, at=late)
    assert card.next == week(date(2025, 12, 29), date(2026, 1, 4))


@pytest.mark.parametrize(
    "written",
    [
        "Enligt avtal", "2025-02-30", "2025-13-01", "v54 Aug 2024", "v32 Jan 2024", "v0 Jan 2024", "v53 Jun 2025",
        "v53 2025", "Vecka 99", "Vecka 0", "Jux 2025", "Jun 0000", "Dec 9999", "v52 Dec 9999", "27", "Udda vecka",
        "v27 - v28 2025", "v32 Aug", "0",
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_kept_in_its_own_words(written: str) -> None:
    card = find_one({**RESIDUAL, "NextWastePickup": written})
    assert (card.next, card.frequency) == (None, f"Varannan vecka, {written}")
    card = find_one({**RESIDUAL, "NextWastePickup": written, "WastePickupFrequency": None})
    assert (card.next, card.frequency) == (None, written)


@pytest.mark.parametrize("written", ["", "-", " – "])
def test_nothing_said_is_nothing_shown(written: str) -> None:
    card = find_one({**RESIDUAL, "NextWastePickup": written})
    assert (card.next, card.frequency) == (None, "Varannan vecka")
    card = find_one({**SLUDGE, "NextWastePickup": written})
    assert card.next == week(date(2025, 6, 30), date(2025, 7, 6))
    card = find_one({})
    assert (card.waste, card.next, card.frequency, card.size, card.container) == ("", None, "", None, "")


# -- containers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "read"),
    [
        (190.0, "190"), (190, "190"), (0.5, "0.5"), ("2,5", "2.5"), ("3.0", "3"), (660, "660"), (1e3, "1000"),
        (0, None), (None, None), ("", None), ("stor", None), (-1, None), ("NaN", None), ("Infinity", None), ([], None),
    ],
)  # fmt: skip
def test_a_size_is_a_number_or_isnt_there(size: object, read: str | None) -> None:
    found = find_one({**RESIDUAL, "BinType": {**BIN, "Size": size}}).size
    assert (None if found is None else str(found)) == read


@pytest.mark.parametrize(
    ("waste", "is_septic"),
    [
        ("Slam", True),
        ("SLAM", True),
        ("Slamtömning", True),
        ("Sluten tank", True),
        ("Restavfall", False),
        (None, False),
    ],
)
def test_sludge_is_told_from_waste(waste: str | None, is_septic: bool) -> None:
    assert find_one({**SLUDGE, "WasteType": waste}).is_septic is is_septic


def find_one(service: dict[str, Any]) -> PickupCard:
    (card,) = cards_of(service)
    return card


def cards_of(service: dict[str, Any], at: datetime = NOW) -> list[PickupCard]:
    """The one stand-in here that says both answers at once."""
    said = {"Succeeded": True, "Buildings": ["A (1)"], "RhServices": [service], "More": [{}]}
    return find(edp(Said(msgspec.json.encode(said)), at), "A")


# -- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        b"", b"{}", b"[]", b"null", b'{"Message":"Ett fel har intr\xc3\xa4ffat."}',
        b'{"Succeeded":true,"Buildings":["A (1)"]}',
        b"<html>Underh\xe5ll</html>", b'{"Succeeded":true,"Buildings":["\xff (1)"]}',
        b'{"Succeeded":true,', b'{"More":' + b"[" * 100_000,
        b'{"Succeeded":"yes"}', b'{"Succeeded":true,"Buildings":"A (1)"}', b'{"Succeeded":true,"Buildings":[{}]}',
        b'{"Succeeded":true,"Buildings":["A (1)"],"RhServices":{}}',
        b'{"Succeeded":true,"Buildings":["A (1)"],"RhServices":[{"WasteType":1}]}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_another_answer_is_unreadable(said: bytes) -> None:
    with pytest.raises(Unreadable):
        find(edp(Said(said)), "A")


@pytest.mark.parametrize(
    "said",
    [
        b'{"Succeeded":false,"Buildings":["A (1)"]}', b'{"Succeeded":true,"Buildings":null}',
        b'{"Succeeded":true,"Buildings":["", " "]}', b'{"Succeeded":true,"Buildings":["A (1)"],"RhServices":null}',
    ],
)  # fmt: skip
def test_no_building_and_no_pickup_is_nothing(said: bytes) -> None:
    assert find(edp(Said(said)), "A") == []
    assert find(edp(Said(b"\xef\xbb\xbf" + said)), "A") == []


def test_buildings_are_found_where_it_does_not_say_that_it_succeeded() -> None:
    (card,) = find(edp(Said(msgspec.json.encode({"Buildings": ["A (1)"], "RhServices": [RESIDUAL]}))), "A")
    assert card.waste == "Restavfall"


@pytest.mark.parametrize(("deed", "error"), [("html", Unreadable), ("status", Unreachable), ("cut", Unreachable)])
def test_a_source_that_misbehaves_is_told_and_behaves_again(source: Edp, deed: Any, error: type[Exception]) -> None:
    for path in (f"{ROOT}/SearchAdress", f"{ROOT}/GetWaste"):
        source.misbehave(deed, path=path, times=1)
        with pytest.raises(error) as told:
            find(edp(source), "Åvägen 2")
        assert "vägen" not in str(told.value)
        assert len(find(edp(source), "Åvägen 2")) == 2
    source.stop()
    with pytest.raises(Unreachable):
        asyncio.run(edp(source).check())


def test_settings_are_proved_by_a_search(source: Edp) -> None:
    asyncio.run(edp(source).check())
    source.misbehave("status", status=404)
    with pytest.raises(Unreachable, match="404"):
        asyncio.run(edp(source).check())


def test_it_says_that_it_is_about_an_address_only() -> None:
    assert EdpFuture.says_whom is False
    assert EdpFuture.answers == {"address"}
