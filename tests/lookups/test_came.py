"""The row of a trial: what the card hides is hidden in it, wherever on the card it stands."""

from typing import Any

import pytest

from hub.lookups.came import cells
from hub.lookups.cover import DOTS
from hub.lookups.definition import Declared

SETTINGS: dict[str, Any] = {
    "card": "invoice",
    "fields": {"number": "Nr", "status": "Status", "currency": {"text": "SEK"}},
    "values": {"status": {"1": "paid"}},
    "about": {"invoice": "Nr"},
    "lists": {"payments": {"rows": "Payments[]", "fields": {"on": "Day", "amount": "Sum"}}},
    "link": "https://ekonomi.example/{Key}",
}
MANY = {"Nr": "5", "Status": "1", "Key": "k7", "Payments": [{"Day": "2026-11-01", "Sum": "10"}]}
ONE = {**MANY, "Payments": {"Day": "2026-11-01", "Sum": "10"}}
"""As XML comes that has one element."""


def came(row: dict[str, Any], **said: Any) -> dict[str, str | None]:
    declared = Declared(name="one", kind="rest", title={"sv": "Ett"}, roles=("agent",), settings=SETTINGS, **said)
    return {each.path.replace("[]", ""): each.value for each in cells(declared, row, None)}


@pytest.mark.parametrize("row", [MANY, ONE], ids=["many", "one"])
def test_what_the_card_hides_is_hidden_in_its_row(row: dict[str, Any]) -> None:
    shown = came(row)
    assert DOTS not in shown.values()
    hidden = came(row, leads_only=("payments", "link"))
    assert hidden == {**shown, "Payments.Day": DOTS, "Payments.Sum": DOTS, "Key": DOTS}


PERMIT: dict[str, Any] = {
    "card": "permit",
    "fields": {
        "number": "Nr",
        "status": "S",
        "decision": "D",
        "decision_text": "T",
        "decided": "On",
        "valid_until": "U",
    },
    "about": {"case": "Nr"},
    "rules": [{"field": "decision", "to": "refused", "when": {"Secret": "J"}}],
}
PERIOD = {**SETTINGS, "fields": {**SETTINGS["fields"], "period_from": "From", "period_to": "To"}}
LINES = {
    "card": "fields",
    "fields": {"title": "S"},
    "about": {"case": "Nr"},
    "lines": [{"label": "A", "value": "T", "kind": "amount", "currency": "D"}],
}


@pytest.mark.parametrize(
    ("settings", "name", "columns"),
    [
        (PERMIT, "decision", {"D", "T", "On", "U", "Secret"}),
        (PERIOD, "period", {"From", "To"}),
        (LINES, "fields.A", {"T", "D"}),
    ],
)
def test_what_the_card_makes_of_several_columns_is_hidden_in_all(
    settings: dict[str, Any], name: str, columns: set[str]
) -> None:
    row = dict.fromkeys(("Nr", "S", "D", "T", "On", "U", "Secret", "From", "To"), "x")
    declared = Declared(name="one", kind="rest", title={"sv": "Ett"}, settings=settings, leads_only=(name,))
    assert {each.path for each in cells(declared, row, None) if each.value == DOTS} == columns


@pytest.mark.parametrize("row", [MANY, ONE], ids=["many", "one"])
def test_what_the_card_uses_is_marked(row: dict[str, Any]) -> None:
    declared = Declared(name="one", kind="rest", title={"sv": "Ett"}, roles=("agent",), settings=SETTINGS)
    used = {each.path.replace("[]", ""): each.is_used for each in cells(declared, {**row, "More": "x"}, None)}
    assert used == {**dict.fromkeys(used, True), "More": False}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("19121212-1212", "1912••••-••••"),
        ("191212121212", "1912••••-••••"),
        (191212121212, "1912••••-••••"),
        ("121212-1212", "••••••-••••"),
        ("121212+1212", "••••••-••••"),
        ("19121272-1219", "1912••••-••••"),
        ("010190 00164", "••••••-••••"),
        ("41019000158", "••••••-••••"),
        ("010190-1234", "••••••-••••"),
        ("131052-308T", "••••••-••••"),
        ("131052-308t", "••••••-••••"),
        ("Ek, Bo (19121212-1212), make: 131052-308T", "Ek, Bo (1912••••-••••), make: ••••••-••••"),
        ("53489546", "53489546"),
        ("556036-0793", "556036-0793"),
        ("2026-12-19T08:00", "2026-12-19T08:00"),
        ("19121212-1213", "19121212-1213"),
    ],
)
def test_identity_numbers_are_masked_whosever_they_are(value: object, shown: str) -> None:
    assert came({**ONE, "Owner": value})["Owner"] == shown
