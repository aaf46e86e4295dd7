"""What a version shows to more people than the one before it: each way of it alone, and what is none."""

from typing import Any

import pytest

from hub.lookups.audience import wider
from hub.lookups.definition import Declared

SETTINGS: dict[str, Any] = {
    "card": "invoice",
    "fields": {"number": "NR", "total": "BELOPP"},
    "by": {"invoice": {"view": "V", "column": "NR"}},
    "about": {"invoice": "NR"},
    "only": {"SEKR": "N"},
}
BEFORE = Declared(
    name="one", kind="sql", title={"sv": "Ett"}, roles=("lead",), leads_only=("total",), keep_days=30, settings=SETTINGS
)


def changed(**said: Any) -> Declared:
    settings = {**SETTINGS, **said.pop("settings", {})}
    given = {name: getattr(BEFORE, name) for name in BEFORE.__struct_fields__}
    return Declared(**{**given, **said, "settings": settings})


@pytest.mark.parametrize(
    ("after", "what"),
    [
        (changed(roles=("agent", "lead")), {"role"}),
        (changed(leads_only=()), {"unmasked"}),
        (changed(settings={"fields": {**SETTINGS["fields"], "pay_to": "BG"}}), {"field"}),
        (changed(settings={"fields": {"number": "PNR", "total": "BELOPP"}}), {"field"}),
        (changed(settings={"by": {**SETTINGS["by"], "identity": {"view": "V", "column": "PNR"}}}), {"by", "source"}),
        (changed(settings={"by": {"invoice": {"view": "W", "column": "NR"}}}), {"source"}),
        (changed(settings={"about": {"invoice": "FRÅGAT"}}), {"source"}),
        (changed(settings={"says_whom": False}), {"identity"}),
        (changed(settings={"only": {}}), {"rows"}),
        (changed(keep_days=60), {"kept"}),
        (changed(keep_days=None), {"kept"}),
    ],
)
def test_what_is_wider(after: Declared, what: set[str]) -> None:
    assert {each.what for each in wider(BEFORE, after, {})} == what


@pytest.mark.parametrize(
    "after",
    [
        changed(),
        changed(title={"sv": "Två"}, seconds=9.0, keep_days=7),
        changed(leads_only=("total", "due")),
        changed(settings={"fields": {"number": "NR"}}),
        changed(settings={"fields": {"number": "NR", "total": "NETTO"}}),  # hidden from agents as it was
        changed(settings={"values": {"status": {"10": "paid"}}}),
    ],
)
def test_what_is_not(after: Declared) -> None:
    assert wider(BEFORE, after, {}) == []


def test_the_first_one_is_all_new() -> None:
    assert {each.what for each in wider(None, BEFORE, {})} == {"first", "role", "field"}


LINES: list[dict[str, Any]] = [{"label": "Läge", "value": "ST"}, {"label": "Kod", "value": "MEMO"}]


def tanks(lines: list[dict[str, Any]] = LINES, **said: Any) -> Declared:
    return Declared(name="one", kind="sql", title={"sv": "Ett"}, settings={"card": "fields", "lines": lines}, **said)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (tanks(leads_only=("fields.Kod",)), tanks(), [("unmasked", "fields.Kod")]),
        (tanks(until_asked=("fields.Kod",)), tanks(), [("unmasked", "fields.Kod")]),
        (tanks(leads_only=("fields.Kod",)), tanks(until_asked=("fields.Kod",)), [("unmasked", "fields.Kod")]),
        (tanks(until_asked=("fields.Kod",)), tanks(leads_only=("fields.Kod",)), [("unmasked", "fields.Kod")]),
        (tanks(leads_only=("fields",)), tanks(leads_only=("fields.Kod",)), [("unmasked", "fields.Läge")]),
        (tanks(not_in_replies=("fields.Kod",)), tanks(), [("reply", "fields.Kod")]),
        (tanks(not_in_replies=("fields.Kod",)), tanks(leads_only=("fields.Kod",)), [("reply", "fields.Kod")]),
        (tanks(not_in_replies=("fields.Kod",)), tanks(until_asked=("fields",)), []),  # which no reply says either
        (tanks(LINES[:1]), tanks(until_asked=("fields.Kod",)), [("asked", "fields.Kod")]),
        (tanks(leads_only=("fields",)), tanks(leads_only=("fields.Kod", "fields.Läge")), []),
        (tanks(leads_only=("fields.Kod",)), tanks(leads_only=("fields",)), []),
        (tanks(), tanks(until_asked=("fields.Kod",), not_in_replies=("fields.Läge",)), []),
        (tanks(leads_only=("fields.Kod",)), tanks(LINES[:1]), []),  # what isn't there uncovers nothing
    ],
)
def test_each_line_by_itself(before: Declared, after: Declared, what: list[tuple[str, str]]) -> None:
    assert [(each.what, each.name) for each in wider(before, after, {})] == what
