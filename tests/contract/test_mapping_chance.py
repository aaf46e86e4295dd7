"""Whatever stands in a row, there is a whole card or Unreadable: the same accidents on every run."""

import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.contract import Unreadable
from hub.contract.config import read_config
from hub.contract.lookup import Shows
from hub.contract.mapping import CardMapping
from hub.contract.mapping_config import FIELDS, LISTS
from hub.contract.testing.inspection import assert_cards
from tests.contract.test_mapping import NOW, Mapped

ODD: list[Any] = [
    None, "", 0, 1, -1, 1.5, float("nan"), float("inf"), Decimal("NaN"), Decimal("1e30"), Decimal("-0.5"), 10**30,
    10**5000, True, False, b"x", [], [1], ["2026-01-01"], [None], {}, {"a": 1}, {1: 2}, object(), timedelta(1), time(1),
    "2026-01-01", "2026-W05", "v5", "v54", "1.1.2026", "9999-12-31", "0001-01-01", "2026-01-01T25:00",
    "2026-01-01T00:00:00+99:00", "1796252400", "9999999999999", "99999999999", "٢٠٢٦-٠١-٠١", "²",
    "\ud800", "\0", "x" * 30_000, "SEK", "paid", "credit", "granted", "open", "ja", "12,5", "-", "+", "1e5", "1_000",
    date(2026, 1, 1), datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC),
]  # fmt: skip
GOOD: Mapping[str, str] = {"number": "1", "status": "open", "currency": "SEK", "waste": "Restavfall", "title": "Brygga"}


@pytest.mark.parametrize("card", FIELDS)
def test_whatever_stands_in_a_row(card: Shows) -> None:
    chance = random.Random(card)  # noqa: S311 - the same on every run
    whole = 0
    for _ in range(1_500):
        with suppress(Unreadable):
            cards = CardMapping(read_config(Mapped, settings(card, chance))).cards([row(card, chance)], NOW)
            assert_cards(cards)
            whole += len(cards)
    assert whole > 100, "most of it can be read"


def settings(card: Shows, chance: random.Random) -> dict[str, Any]:
    said: dict[str, Any] = {
        "card": card,
        "fields": {name: name + ("[]" if chance.random() < 0.05 else "") for name in FIELDS[card]},
        "about": {"customer": "c", "identity": "i"},
        "as_of": "as of",
        "link": "https://source.example/{c}",
        "date_format": chance.choice(["", "", "dd/mm/yyyy", "yymmdd"]),
        "decimal": chance.choice([".", ","]),
    }
    for name, inner in LISTS.get(card, {}).items():
        said["lists"] = {name: {"rows": "list[]", "fields": {each: each for each in inner}}}
    if card == "fields":
        kinds = enumerate(("text", "date", "amount"))
        said["lines"] = [{"label": kind, "value": f"v{number}", "kind": kind} for number, kind in kinds]
    return said


def row(card: Shows, chance: random.Random) -> dict[str, Any]:
    said = {name: chance.choice(ODD) if chance.random() < 0.1 else GOOD.get(name) for name in FIELDS[card]}
    said |= {
        name: chance.choice(ODD) if chance.random() < 0.1 else None for name in ("c", "i", "as of", "v0", "v1", "v2")
    }
    inner = {name: chance.choice(ODD) for name in ("on", "amount", "title", "done", "deviation")}
    return said | {"list": chance.choice([None, None, [inner]])}
