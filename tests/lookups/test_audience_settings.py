"""Every setting of the sources without code: what a change of it shows to more people, or why it shows nothing more."""

from collections.abc import Mapping
from typing import Any

import pytest

from hub.contract.config import secret_fields
from hub.lookups.audience import wider
from hub.lookups.definition import Declared
from hub.plugin_host.manager import load

KINDS = ("sql", "table", "rest")
PLUGINS = load(())
CONFIGS = {kind: PLUGINS.lookup(kind).Config for kind in KINDS}
SETTINGS: dict[str, Any] = {
    "card": "permit",
    "fields": {"number": "NR", "status": "ST", "title": "RUBRIK"},
    "about": {"case": "NR"},
    "values": {"title": {"B": "Bygglov", "*": "Annat"}},
    "rules": [{"to": "klar", "when": {"ST": "9"}}],
    "only": {"SEKR": "N"},
    "lists": {"steps": {"rows": "S[]", "fields": {"title": "T"}}},
    "group_by": ["NR"],
}
BY = {"case": {"view": "V", "column": "NR"}}
COMPARED: Mapping[str, tuple[Any, set[tuple[str, str]]]] = {
    "card": (
        "invoice", {("field", "number"), ("field", "status"), ("field", "title"), ("field", "steps")},
    ),
    "fields": ({**SETTINGS["fields"], "officer": "HANDL"}, {("field", "officer")}),
    "about": ({"case": "ALIAS"}, {("source", "")}),
    "says_whom": (False, {("identity", "")}),
    "values": ({"title": {"B": "Bygglov"}}, {("unmasked", "title"), ("unmasked", "steps")}),
    "rules": ([{"to": "klar", "when": {"HEMLIG": "J"}}], {("field", "status")}),
    "only": ({}, {("rows", "")}),
    "lists": ({"steps": {"rows": "S[]", "fields": {"title": "MEMO"}}}, {("field", "steps")}),
    "lines": ([{"label": "Kod", "value": "MEMO"}], {("field", "fields.Kod")}),
    "group_by": ([], {("rows", "")}),
    "link": ("https://x.example/{PERSNR}", {("field", "link")}),
    "as_of": ("RADERAD", {("field", "as_of")}),
    "by": ({"case": {"view": "V", "column": "ALIAS"}}, {("source", "")}),
    "select": ("SELECT * FROM ALLT", {("source", "")}),
    "in_the_open": (True, {("open", "")}),
    "path": ("/srv/other.xlsx", {("source", "")}),
    "sheet": ("Hemligt", {("source", "")}),
    "header": (3, {("source", "")}),
    "delimiter": ("|", {("source", "")}),
    "base_url": ("https://other.example", {("source", "")}),
    "elsewhere": ({"more": "https://other.example"}, {("source", "")}),
    "headers": ({"X-Tenant": "2"}, {("source", "")}),
    "token_headers": ({"X-Tenant": "2"}, {("source", "")}),
    "username": ("root", {("source", "")}),
    "client_id": ("root", {("source", "")}),
    "scope": ("everything", {("source", "")}),
    "token_url": ("https://other.example/token", {("source", "")}),
    "authorities": ("-----BEGIN CERTIFICATE-----", {("source", "")}),
}  # fmt: skip
"""What it becomes, and what is wider then."""
HARMLESS: Mapping[str, tuple[Any, str]] = {
    "date_format": ("dd/mm/yyyy", "the same day, as they write it"),
    "time_zone": ("UTC", "the same time, in its zone"),
    "decimal": (",", "the same amount, as they write it"),
    "hundredths": (True, "the same amount, as they write it"),
    "encoding": ("cp1252", "the same letters, as the file has them"),
    "format": ("xml", "the same answer, as it is written"),
    "not_found": ([404, 410], "that there is nothing"),
    "probe": ({"path": "/ping"}, "asked when settings are tried, and shown to nobody"),
    "keep_last": (False, "whether the last whole file answers while one is broken"),
    "too_old_hours": (48.0, "how old a file may be"),
    "key_header": ("X-Key", "where the key stands"),
    "key_prefix": ("Key ", "what stands before the key"),
    "key_query": ("key", "where the key stands"),
}
"""What it becomes, and why nobody sees more by it."""
SECRETS = {
    "url": "compared in clear by whoever publishes: hub.edge.making",
    "password": "proves who asks, and is changed regularly; who that is, username says",
    "api_key": "proves who asks, and is changed regularly",
    "client_secret": "proves who asks, and is changed regularly; who that is, client_id says",
    "client_certificate": "proves who asks, and is changed regularly",
    "client_key": "proves who asks, and is changed regularly",
}
"""They are in no definition: why they aren't compared as settings are."""


def declared(settings: Mapping[str, Any], **said: Any) -> Declared:
    return Declared(name="one", kind="sql", title={"sv": "Ett"}, settings={"by": BY, **settings}, **said)


BEFORE = declared(SETTINGS)


def after(setting: str, value: Any) -> list[tuple[str, str]]:
    return [(each.what, each.name) for each in wider(BEFORE, declared({**SETTINGS, setting: value}), {})]


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_is_compared_or_shows_nothing_more(kind: str) -> None:
    names, secrets = set(CONFIGS[kind].__struct_fields__), set(secret_fields(CONFIGS[kind]))
    unknown = names - secrets - COMPARED.keys() - HARMLESS.keys()
    assert not unknown, f"what do they show? compare them in hub/lookups/audience.py, or say here why not: {unknown}"
    assert secrets <= SECRETS.keys()


def test_nothing_is_said_of_what_is_no_setting() -> None:
    names = {name for config in CONFIGS.values() for name in config.__struct_fields__}
    assert COMPARED.keys() | HARMLESS.keys() | SECRETS.keys() == names
    assert not COMPARED.keys() & HARMLESS.keys()


@pytest.mark.parametrize("setting", sorted(COMPARED))
def test_what_is_compared_is_told(setting: str) -> None:
    value, what = COMPARED[setting]
    assert set(after(setting, value)) == what


@pytest.mark.parametrize("setting", sorted(HARMLESS))
def test_what_shows_nothing_more_asks_nobody(setting: str) -> None:
    value, why = HARMLESS[setting]
    assert (after(setting, value), bool(why)) == ([], True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_usual_is_the_same_as_nothing_said(kind: str) -> None:
    """Every published version says all of it, and a draft what somebody wrote."""
    usual = {field: default for field, default in _defaults(CONFIGS[kind]) if field not in {*SETTINGS, "by", "url"}}
    assert wider(declared({**usual, **SETTINGS}), BEFORE, {}) == []
    assert wider(BEFORE, declared({**usual, **SETTINGS}), {}) == []


def _defaults(config: Any) -> list[tuple[str, Any]]:
    made = {"sql": {"url": "x"}, "table": {"path": ""}, "rest": {"base_url": ""}}
    kind = next(each for each in KINDS if CONFIGS[each] is config)
    whole = config(card="permit", fields={}, **({} if kind == "table" else {"by": {}}), **made[kind])
    return [(name, getattr(whole, name)) for name in config.__struct_fields__]


@pytest.mark.parametrize(
    ("asked", "instead"),
    [
        ({"view": "V", "column": "NR"}, {"view": "V_ALLA", "column": "NR"}),
        ({"view": "V", "column": "NR"}, {"view": "V", "where": "NR = :value OR 1 = 1"}),
        ({"view": "V", "column": "NR"}, {"view": "V", "column": "NR", "like": "digits"}),
        ({"where": "NR = :value AND DAG > :today_minus_30"}, {"where": "NR = :value"}),
        ({"select": "SELECT * FROM V WHERE NR = :value"}, {"select": "SELECT * FROM ALLT WHERE NR = :value"}),
        ({"path": "/cases/{value}"}, {"path": "/all/{value}"}),
        ({"path": "/cases", "query": {"no": "{value}"}}, {"path": "/cases", "query": {"no": "{value}", "all": "1"}}),
        ({"path": "/cases", "rows": "open"}, {"path": "/cases", "rows": "closed"}),
        (
            {"path": "/a", "steps": [{"name": "b", "path": "/b"}]},
            {"path": "/a", "steps": [{"name": "b", "path": "/c"}]},
        ),
    ],
)
def test_another_question_is_another_source(asked: dict[str, Any], instead: dict[str, Any]) -> None:
    before, then = (declared({**SETTINGS, "by": {"case": each}}) for each in (asked, instead))
    assert [(each.what, each.name) for each in wider(before, then, {})] == [("source", "")]
    assert wider(before, before, {}) == []


def test_a_setting_that_nobody_has_thought_of_is_another_source() -> None:
    assert after("applicant_roles", ["SOK", "GRANNE"]) == [("source", "")]


def test_what_is_hidden_from_agents_may_change() -> None:
    names = ("link", "title", "status", "steps", "decision")
    title, words = SETTINGS["fields"], "decision_text"
    one, other = (declared({**SETTINGS, "fields": {**title, words: each}}, leads_only=names) for each in ("A", "B"))
    assert wider(one, other, {}) == []
    changes = {"link": "https://x.example/{PERSNR}", "rules": [], "values": {}, "lists": {"steps": {"rows": "X[]"}}}
    assert wider(one, declared({**one.settings, **changes}, leads_only=names), {}) == []


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ({"*": "Annat"}, {}, True),
        ({"*": "Annat"}, {"*": "Något"}, False),
        ({"*": "Annat"}, {"A": "Avhyst", "*": "Annat"}, True),
        ({"A": "Annat", "B": "Annat"}, {"A": "Avhyst", "B": "Annat"}, True),
        ({"A": ""}, {}, True),
        ({"A": "Avhyst"}, {}, False),  # the same word of theirs, without ours
        ({}, {"A": "Annat", "*": "Annat"}, False),
        ({"a": "Annat"}, {"A": "Annat"}, False),
    ],
)
def test_words_that_were_one_and_are_two(was: dict[str, str], now: dict[str, str], told: bool) -> None:
    lines = {"card": "fields", "fields": {"title": "T"}, "lines": [{"label": "Kod", "value": "MEMO"}]}
    before, then = (declared({**lines, "values": {"Kod": each}}) for each in (was, now))
    assert [(each.what, each.name) for each in wider(before, then, {})] == (
        [("unmasked", "fields.Kod")] if told else []
    )


def test_of_a_field_in_our_words_their_words_are_never_seen() -> None:
    invoice = {"card": "invoice", "fields": {"number": "NR", "status": "ST"}}
    covers, tells, none = ({"status": each} for each in ({"*": "unpaid"}, {"1": "paid", "2": "paid"}, {"1": "paid"}))
    assert wider(declared({**invoice, "values": tells}), declared({**invoice, "values": none}), {}) == []
    shown = wider(declared({**invoice, "values": covers}), declared({**invoice, "values": tells}), {})
    assert [(each.what, each.name) for each in shown] == [("unmasked", "status")]


def test_a_second_line_of_the_same_label_is_a_new_one() -> None:
    old = {"label": "Läge", "value": "ST"}
    before, then = (
        declared({"card": "fields", "lines": lines}) for lines in ([old], [{"label": "Läge", "value": "MEMO"}, old])
    )
    assert [(each.what, each.name) for each in wider(before, then, {})] == [("field", "fields.Läge")]


def test_a_register_that_becomes_a_card_is_all_new() -> None:
    assert {each.what for each in wider(declared(SETTINGS, register=True), BEFORE, {})} == {"first", "role", "field"}
