"""Sources by HTTP that settings declare: what is asked and what can't be, log-ins, steps, pages, wrong answers."""

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub import clock
from hub.contract import (
    About,
    Answer,
    AnyCard,
    AuthFailed,
    DidYouMean,
    InvoiceCard,
    Misconfigured,
    PickupCard,
    PluginError,
    Subject,
    Unreachable,
    Unreadable,
    When,
)
from hub.contract.config import read_config
from hub.contract.testing import LookupTests, Request
from hub.lookups.open import close_lookup, opened
from hub.plugin_host.http import Forbidden
from plugins.lookups.rest import BRANCHES, Rest
from plugins.lookups.rest.settings import RestConfig
from tests.stand_ins.recorded import Recorded

INVOICES: Mapping[str, Any] = {
    "card": "invoice",
    "fields": {"number": "no", "status": "state", "currency": {"text": "SEK"}, "total": "total", "due": "due"},
    "about": {"invoice": "no", "customer": "who"},
    "values": {"status": {"P": "paid"}},
    "by": {
        "invoice": {"path": "/invoices/{value}", "rows": ""},
        "customer": {"path": "/invoices", "query": {"customer": "{value}"}, "rows": "list[]"},
    },
}
INVOICE: Mapping[str, Any] = {"no": "17", "who": "K1", "state": "P", "total": 4995.10, "due": "2026-12-31"}
PICKUPS: Mapping[str, Any] = {
    "card": "pickup",
    "says_whom": False,
    "fields": {"waste": "what", "next": "dates[]"},
    "about": {"address": "place.label"},
    "elsewhere": {"register": "https://register.example"},
    "by": {
        "address": {
            "steps": [
                {
                    "name": "place",
                    "at": "register",
                    "path": "/search",
                    "query": {"q": "{street} {house}"},
                    "rows": "found[]",
                    "label": "label",
                },
                {
                    "name": "kinds",
                    "path": "/kinds",
                    "rows": "[]",
                    "words": {"field": "waste", "key": "id", "value": "name"},
                },
            ],
            "path": "/calendar",
            "query": {"id": "{place.id}"},
            "rows": "[]",
        }
    },
}


@pytest.fixture
def source() -> Iterator[Recorded]:
    with Recorded() as source:
        yield source


@pytest.fixture
def register() -> Iterator[Recorded]:
    with Recorded() as source:
        yield source


def find(settings: Mapping[str, Any], by: Any, value: str, seconds: float = 5.0) -> Sequence[AnyCard]:
    async def ask() -> Sequence[AnyCard]:
        lookup = opened(Rest, read_config(RestConfig, dict(settings)), seconds)
        try:
            return await lookup.find(Subject(by, value))
        finally:
            await close_lookup(lookup)

    return asyncio.run(ask())


def check(settings: Mapping[str, Any]) -> None:
    async def tried() -> None:
        lookup = opened(Rest, read_config(RestConfig, dict(settings)))
        try:
            await lookup.check()
        finally:
            await close_lookup(lookup)

    asyncio.run(tried())


def at(source: Recorded, settings: Mapping[str, Any] = INVOICES, **more: Any) -> dict[str, Any]:
    return {**settings, "base_url": source.address, **more}


def test_a_question_by_a_path_and_one_by_a_query(source: Recorded) -> None:
    source.answer("/invoices/17", json.dumps(INVOICE))
    source.answer("/invoices", json.dumps({"list": [INVOICE, {**INVOICE, "no": "18"}]}), query={"customer": "K 1&x=y"})
    (card,) = find(at(source), "invoice", "17")
    assert isinstance(card, InvoiceCard)
    assert (card.about, card.status) == (About(invoice="17", customer="K1"), "paid")
    assert (str(card.total), card.due) == ("4995.1", date(2026, 12, 31))
    assert len(find(at(source), "customer", "K 1&x=y")) == 2
    assert find(at(source), "invoice", "18") == []
    source.answer("/invoices/19", "null")
    assert find(at(source), "invoice", "19") == []
    assert {asked.method for asked in source.ledger} == {"GET"}


def test_amounts_go_through_no_float(source: Recorded) -> None:
    source.answer("/invoices/17", json.dumps(INVOICE).replace("4995.1", "12345678901234.123456"))
    (card,) = find(at(source), "invoice", "17")
    assert isinstance(card, InvoiceCard)
    assert card.total == Decimal("12345678901234.123456")


HOSTILE = [
    "../admin", "..", ".", "17/email", "17%2Femail", "17%252Femail", "17?x=1", "17#x", "17;x=1", "17\\..\\x",
    "17\r\nX-Evil: 1", "17\0", "１７", "17․․", "x" * 5_000, "", " ", "\ud800", "17{no}",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_what_is_asked_by_never_changes_the_path(source: Recorded, value: str) -> None:
    with pytest.raises(PluginError) as raised:
        find(at(source), "invoice", value)
    assert source.ledger == []
    assert value == "" or value.strip(" .") == "" or value not in str(raised.value)


@pytest.mark.parametrize("value", ["../admin", "17?x=1", "17&customer=K2", "17#x", "17;x=1", "1７"])
def test_in_a_query_it_is_one_value(source: Recorded, value: str) -> None:
    assert find(at(source), "customer", value) == []
    (asked,) = source.ledger
    assert (asked.path, asked.query) == ("/invoices", {"customer": [value]})


@pytest.mark.parametrize("value", ['x", "_method": "DELETE', "x&_method=DELETE", "_method=DELETE&x", "{value}", "å  é"])
def test_in_a_body_it_is_one_value(source: Recorded, value: str) -> None:
    asks = {
        "invoice": {"path": "/search", "body": {"term": "{value}", "deep": [{"n": 3, "t": "a {value}"}]}, "rows": "[]"}
    }
    source.answer("/search", "[]", method="POST")
    assert find(at(source, by=asks), "invoice", value) == []
    (asked,) = source.ledger
    told = " ".join(value.split())
    assert json.loads(asked.body) == {"term": told, "deep": [{"n": 3, "t": f"a {told}"}]}
    forms = {"invoice": {"path": "/search", "form": {"term": "{value}"}, "rows": "[]"}}
    find(at(source, by=forms), "invoice", value)
    assert b"&" not in source.ledger[-1].body


def test_nothing_but_what_is_declared_can_be_reached(source: Recorded) -> None:
    async def misuse() -> None:
        lookup = opened(Rest, read_config(RestConfig, at(source)))
        for method in ("POST", "PUT", "PATCH", "DELETE", "GET"):
            for path in ("/invoices/17/email", "/invoices/17/", "/invoices/", "/Invoices/17", "/", "/invoices/17/../x"):
                with pytest.raises(Forbidden):
                    await lookup.tools.http.request(method, path)
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            with pytest.raises(Forbidden):
                await lookup.tools.http.request(method, "/invoices/17")
        with pytest.raises(Forbidden):
            lookup.tools.elsewhere("tokens")
        await close_lookup(lookup)

    asyncio.run(misuse())
    assert source.ledger == []


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Original-URL", "Host", "Transfer-Encoding"])
def test_a_header_that_would_change_what_is_asked_goes_nowhere(source: Recorded, header: str) -> None:
    with pytest.raises(Forbidden):
        find(at(source, headers={header: "x"}), "invoice", "17")
    assert source.ledger == []


def test_log_ins(source: Recorded) -> None:
    source.answer("/invoices/17", json.dumps(INVOICE))
    find(at(source, username="torg", password="hemligt å"), "invoice", "17")
    find(at(source, api_key="nyckel", key_header="X-Key", headers={"Kommunenr": "4601"}), "invoice", "17")
    find(at(source, api_key="nyckel", key_header="Authorization", key_prefix="Token "), "invoice", "17")
    find(at(source, api_key="nyckel", key_query="apikey"), "invoice", "17")
    basic, header, token, query = source.ledger
    assert basic.headers["authorization"] == "Basic " + base64.b64encode("torg:hemligt å".encode()).decode()
    assert (header.headers["x-key"], header.headers["kommunenr"]) == ("nyckel", "4601")
    assert token.headers["authorization"] == "Token nyckel"
    assert query.query == {"apikey": ["nyckel"]}


def test_a_token_of_another_host(source: Recorded, register: Recorded) -> None:
    register.answer("/oauth/token", '{"access_token":"T1","expires_in":3600}', method="POST")
    source.answer("/invoices/17", json.dumps(INVOICE))
    oauth: dict[str, Any] = {
        "client_id": "torg",
        "client_secret": "hemligt",
        "token_url": f"{register.address}/oauth/token",
        "token_headers": {"TenantId": "42"},
        "scope": "invoice",
    }
    assert len(find(at(source, **oauth), "invoice", "17")) == 1
    (asked,) = register.ledger
    assert asked.headers["tenantid"] == "42"
    assert asked.body == b"grant_type=client_credentials&scope=invoice"
    assert source.ledger[0].headers["authorization"] == "Bearer T1"
    source.misbehave("status", status=401, times=1)
    assert len(find(at(source, **oauth), "invoice", "17")) == 1
    register.misbehave("status", status=400)
    with pytest.raises(AuthFailed):
        find(at(source, **oauth), "invoice", "17")


def calendar(source: Recorded, register: Recorded) -> dict[str, Any]:
    found = [{"id": 7, "label": "Storgata 1"}, {"id": 8, "label": "Storgata 1B"}, {"id": 9, "label": "Storgata 10"}]
    register.answer("/search", '{"found":[]}')
    register.answer("/search", json.dumps({"found": found}), query={"q": "Storgata 1"})
    register.answer("/search", json.dumps({"found": found[1:2]}), query={"q": "Storgata 1B"})
    register.answer("/search", json.dumps({"found": found[1:]}), query={"q": "Storgata 2"})
    source.answer("/kinds", '[{"id":1,"name":"Restavfall"},{"id":2,"name":"Papir"}]')
    source.answer("/calendar", "[]")
    source.answer(
        "/calendar", '[{"what":1,"dates":["2200-01-01T00:00:00","2200-01-15T00:00:00"]},{"what":9}]', query={"id": "7"}
    )
    return at(source, PICKUPS, elsewhere={"register": register.address})


def test_an_address_its_id_and_its_calendar(source: Recorded, register: Recorded) -> None:
    settings = {**calendar(source, register), "api_key": "nyckel", "key_header": "X-Key"}
    first, second = find(settings, "address", "Storgata  1, 5003 Bergen")
    assert isinstance(first, PickupCard)
    assert isinstance(second, PickupCard)
    assert (first.waste, first.about) == ("Restavfall", About(address="Storgata 1"))
    assert first.next == When(date(2200, 1, 1), date(2200, 1, 1), "day")
    assert [each.first for each in first.later] == [date(2200, 1, 15)]
    assert second.waste == "9"
    assert all("x-key" not in asked.headers for asked in register.ledger), "a key goes to its own source only"
    assert all(asked.headers["x-key"] == "nyckel" for asked in source.ledger)
    assert find(settings, "address", "Storgata 1B") == []
    assert source.paths()[-1] == "/calendar"


def test_did_you_mean(source: Recorded, register: Recorded) -> None:
    settings = calendar(source, register)
    with pytest.raises(DidYouMean) as raised:
        find(settings, "address", "Storgata 2")
    assert raised.value.suggestions == ("Storgata 1B", "Storgata 10")
    assert source.ledger == []
    assert find(settings, "address", raised.value.suggestions[0]) == [], "a suggestion can be asked by"
    assert find(settings, "address", "Tomgata 5") == []
    with pytest.raises(Unreadable, match="house number"):
        find({**settings, "by": {"address": {"path": "/calendar", "query": {"n": "{number}"}}}}, "address", "Storgata")


def test_too_many_branches_are_not_all_asked(source: Recorded, register: Recorded) -> None:
    settings = calendar(source, register)
    step = {**settings["by"]["address"]["steps"][0], "label": ""}
    settings["by"] = {"address": {**settings["by"]["address"], "steps": [step]}}
    many = [{"id": number, "label": str(number)} for number in range(BRANCHES + 1)]
    register.answer("/search", json.dumps({"found": many}), query={"q": "Lillgata 1"})
    with pytest.raises(Unreadable, match="too many"):
        find(settings, "address", "Lillgata 1")
    assert source.ledger == []


def test_pages(source: Recorded) -> None:
    asks = {
        "customer": {
            "path": "/invoices",
            "query": {"customer": "{value}"},
            "rows": "list[]",
            "pages": {"parameter": "page", "most": 3, "total": "meta.@pages"},
        }
    }
    for page in range(1, 10):
        said = {"list": [{**INVOICE, "no": str(page)}], "meta": {"@pages": 2}}
        source.answer("/invoices", json.dumps(said), query={"page": str(page), "customer": "K1"})
        said["meta"] = {"@pages": 9}
        source.answer("/invoices", json.dumps(said), query={"page": str(page), "customer": "K2"})
    assert len(find(at(source, by=asks), "customer", "K1")) == 2
    assert len(find(at(source, by=asks), "customer", "K2")) == 3
    assert len(source.ledger) == 5


def test_days_beside_today(source: Recorded) -> None:
    clock.set_source(lambda: clock.from_datetime(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)))
    asks = {
        "customer": {
            "path": "/since/{today_minus_30}/invoices",
            "query": {"$filter": "customer eq '{value}' and due le {today_plus_14}"},
            "rows": "list[]",
        }
    }
    query = {"$filter": "customer eq 'K1' and due le 2027-01-15"}
    source.answer("/since/2026-12-02/invoices", json.dumps({"list": [INVOICE]}), query=query)
    assert len(find(at(source, by=asks), "customer", "K1")) == 1
    asks["customer"]["query"] = {"from": "{today}", "customer": "{value}"}
    query = {"from": "2026-12-31", "customer": "K1"}
    source.answer("/since/2026-12-01/invoices", json.dumps({"list": [INVOICE]}), query=query)
    assert len(find(at(source, by=asks, time_zone="UTC"), "customer", "K1")) == 1
    probe = {"path": "/alive", "query": {"at": "{today}"}}
    check(at(source, by=asks, probe=probe))
    assert source.ledger[-1].query == {"at": ["2027-01-01"]}


def test_of_rows_within_rows_each_is_a_card_and_says_whose_it_is(source: Recorded) -> None:
    """Two bins of one customer were one card, with both names and the day of one of them."""
    bins = [{"no": "1", "art": "RS", "next": "20261203"}, {"no": "2", "art": "BIO", "next": None}]
    said = {"customers": [{"customer": "K1", "bins": bins}, {"customer": "K2", "bins": bins[:1]}]}
    source.answer("/bins", json.dumps(said), query={"customer": "K1"})
    settings = {
        "card": "pickup",
        "fields": {"waste": "art", "next": "next", "route": "^.customer"},
        "about": {"customer": "^.customer"},
        "by": {"customer": {"path": "/bins", "query": {"customer": "{value}"}, "rows": "customers[].bins[]"}},
    }
    found = find(at(source, settings), "customer", "K1")
    assert [(each.about.customer, each.waste, each.next is None) for each in found if isinstance(each, PickupCard)] == [
        ("K1", "RS", False), ("K1", "BIO", True), ("K2", "RS", False),
    ]  # fmt: skip


def test_a_source_that_knows_no_pages_is_read_once(source: Recorded) -> None:
    pages = {"path": "/invoices", "rows": "list[]", "pages": {"parameter": "page", "most": 5}}
    source.answer("/invoices", json.dumps({"list": [INVOICE]}))
    assert len(find(at(source, by={"customer": pages}), "customer", "K1")) == 1
    assert len(source.ledger) == 2


def test_a_header_of_ours_that_the_settings_set_is_sent_once(source: Recorded) -> None:
    source.answer("/invoices/17", json.dumps(INVOICE))
    find(at(source, headers={"Accept": "application/vnd.x+json"}), "invoice", "17")
    assert source.ledger[0].headers["accept"] == "application/vnd.x+json"


def test_xml(source: Recorded) -> None:
    settings = at(
        source,
        format="xml",
        fields={
            "number": "@no",
            "status": "State",
            "currency": "Sum.@currency",
            "total": "Sum.value",
            "title": "Row[].Text",
            "due": "Due",
        },
        about={"invoice": "@no"},
        by={"invoice": {"path": "/x", "query": {"no": "{value}"}, "rows": "Invoice[]"}},
        decimal=",",
    )
    body = (
        '<a:R xmlns:a="urn:x"><a:Invoice no="17"><a:State><![CDATA[P]]></a:State><a:Sum currency="sek">1 234,50</a:Sum>'
        "<a:Row><a:Text>Vatten &amp; avlopp</a:Text></a:Row>"
        '<a:Due xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/></a:Invoice></a:R>'
    )
    source.answer("/x", body, query={"no": "17"}, media_type="text/xml")
    source.answer("/x", "<R/>", query={"no": "18"}, media_type="text/xml")
    source.answer("/x", '<!DOCTYPE R [<!ENTITY e SYSTEM "file:///etc/passwd">]><R>&e;</R>', query={"no": "19"})
    (card,) = find(settings, "invoice", "17")
    assert isinstance(card, InvoiceCard)
    assert (card.currency, card.total, card.title, card.status) == (
        "SEK",
        Decimal("1234.50"),
        "Vatten & avlopp",
        "paid",
    )
    assert find(settings, "invoice", "18") == []
    with pytest.raises(Unreadable):
        find(settings, "invoice", "19")


def test_json_in_a_text_of_json_and_an_answer_that_says_no(source: Recorded) -> None:
    ask = {
        "path": "/search",
        "body": {"term": "{value}"},
        "unwrap": "d",
        "rows": "list[]",
        "denied": {"status.status": "AccessDenied"},
        "nothing": {"status.status": ["NotFound", "None"]},
    }
    settings = at(source, by={"invoice": ask})
    for said in ({"list": [INVOICE]}, {"status": {"status": "NotFound"}}, {"status": {"status": "accessdenied"}}):
        source.answer("/search", json.dumps({"d": json.dumps(said)}), method="POST")
        if "list" in said:
            assert len(find(settings, "invoice", "17")) == 1
        elif said["status"]["status"] == "NotFound":  # type: ignore[call-overload]  # of the three
            assert find(settings, "invoice", "17") == []
        else:
            with pytest.raises(AuthFailed):
                find(settings, "invoice", "17")


@pytest.mark.parametrize(
    "body",
    ["", "{}", "[]", '"text"', "17", "<html></html>", '{"list":5}', '{"list":["x"]}', '{"list":[[1]]}',
     '{"list":[{"no":{"a":1}}]}', "[" * 100_000, '{"list":[{"no":"1","total":1e999999999}]}', '{"other":[]}'],
)  # fmt: skip
def test_an_answer_of_another_kind_is_unreadable(source: Recorded, body: str) -> None:
    source.answer("/invoices", body)
    with pytest.raises(Unreadable):
        find(at(source), "customer", "K1")


def test_slow_down_and_cut(source: Recorded) -> None:
    source.answer("/invoices/17", json.dumps(INVOICE))
    source.misbehave("slow", seconds=3, times=1)
    with pytest.raises(Unreachable):
        find(at(source), "invoice", "17", seconds=0.5)
    source.misbehave("cut", times=1)
    with pytest.raises(Unreachable):
        find(at(source), "invoice", "17")
    source.misbehave("html", times=1)
    with pytest.raises(Unreadable):
        find(at(source), "invoice", "17")
    source.stop()
    with pytest.raises(Unreachable):
        find(at(source), "invoice", "17")


def test_settings_are_tried_by_a_question_about_nobody(source: Recorded) -> None:
    check(at(source))
    assert source.paths() == ["/invoices/0"]
    source.answer("/about", '{"version":1}')
    check(at(source, probe={"path": "/about"}))
    assert source.paths()[-1] == "/about"
    source.misbehave("status", status=403)
    with pytest.raises(AuthFailed):
        check(at(source))


@pytest.mark.parametrize(
    ("change", "setting", "words"),
    [
        ({"by": {"invoice": {"path": "invoices"}}}, "by.invoice", "write /like/this"),
        ({"by": {"invoice": {"path": "/invoices?no={value}"}}}, "by.invoice", "query"),
        ({"by": {"invoice": {"path": "/a/../b"}}}, "by.invoice", "write /like/this"),
        ({"by": {"invoice": {"path": "/a%2fb"}}}, "by.invoice", "write /like/this"),
        ({"by": {"invoice": {"path": "/a//b"}}}, "by.invoice", "write /like/this"),
        ({"by": {"invoice": {"path": "/a", "query": {"q": "{street}"}}}}, "by.invoice", "{value}"),
        ({"by": {"invoice": {"path": "/a", "query": {"q": "{b.c}"}}}}, "by.invoice", "isn't known"),
        ({"by": {"invoice": {"path": "/a", "body": {}, "form": {}}}}, "by.invoice", "two ways"),
        ({"by": {"invoice": {"path": "/a", "at": "x"}}}, "by.invoice", "elsewhere"),
        ({"by": {"invoice": {"path": "/a", "query": {"q": "{today_less_3}"}}}}, "by.invoice", "{today_minus_30}"),
        ({"by": {"invoice": {"path": "/a", "steps": [{"name": "today", "path": "/b"}]}}}, "by.invoice.steps", "name"),
        ({"by": {"case": {"path": "/a"}}}, "about.case", "missing"),
        ({"by": {"invoice": {"path": "/a", "steps": [{"name": "value", "path": "/b"}]}}}, "by.invoice.steps", "name"),
        ({"by": {"invoice": {"path": "/a", "steps": [
            {"name": "b", "path": "/b", "words": {"field": "x", "key": "k", "value": "v"}}]}}},
         "by.invoice.steps", "no field x"),
        ({"headers": {"X-A": "b\r\nc"}}, "headers", "one line"),
        ({"headers": {"X A": "b"}}, "headers", "one line"),
        ({"headers": {"authorization": "Bearer x"}}, "headers", "kept secret"),
        ({"by": {"invoice": {"path": "/a", "details": [{"name": "b", "path": "/{row}"}]}}},
         "by.invoice.details", "isn't known"),
        ({"username": "torg"}, "password", "together"),
        ({"api_key": "x"}, "key_header", "key_query"),
        ({"client_id": "x", "client_secret": "y"}, "token_url", "together"),
        ({"client_id": "x", "client_secret": "y", "token_url": "/token"}, "token_url", "https://"),
        ({"client_id": "x", "client_secret": "y", "token_url": "https://a/b?c=d"}, "token_url", "https://"),
        ({"username": "a", "password": "b", "api_key": "x", "key_header": "Authorization"}, "username", "one log-in"),
        ({"base_url": "http://far.example"}, "base_url", "https://"),
        ({"elsewhere": {"register": "http://far.example"}}, "elsewhere.register", "begin elsewhere.register with https://"),
        ({"elsewhere": {"tokens": "https://far.example"}}, "elsewhere.tokens", "not tokens"),
        ({"says_whom": False}, "settings", "address or property"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_told(change: Mapping[str, Any], setting: str, words: str) -> None:
    settings = {**INVOICES, "base_url": "https://economy.example", **change}
    with pytest.raises(Misconfigured) as raised:
        opened(Rest, read_config(RestConfig, settings))
    assert raised.value.field == setting
    assert words in str(raised.value)


class TestRestKeepsTheContract(LookupTests):
    """By a path, with a key; the samples are the documented shapes of the recipes' sources."""

    lookup = Rest
    settings: ClassVar[Mapping[str, Any]] = {
        **INVOICES,
        "base_url": "https://economy.example",
        "api_key": "nyckel-nyckel",
        "key_header": "X-Key",
        "by": {"customer": {"path": "/invoices", "query": {"customer": "{value}"}, "rows": "Invoices[]"}},
        "fields": {
            "number": "DocumentNumber",
            "status": "Cancelled",
            "currency": "Currency",
            "total": "Total",
            "due": "DueDate",
        },
        "about": {"customer": "CustomerNumber"},
    }
    samples = sorted((Path(__file__).parents[2] / "stand_ins" / "fortnox").glob("invoices.json"))
    subject = Subject("customer", "600606")


class TestRestKeepsTheContractWithATokenFromElsewhere(TestRestKeepsTheContract):
    """The same, logged in at another host."""

    settings: ClassVar[Mapping[str, Any]] = {
        **{name: value for name, value in TestRestKeepsTheContract.settings.items() if "key" not in name},
        "client_id": "torg",
        "client_secret": "hemligt-hemligt",
        "token_url": "https://log-in.example/token",
    }

    def is_question(self, request: Request) -> bool:
        return request.at == ""

    def answer(self, sample: Path, request: Request) -> Answer:
        if request.at:
            return Answer(200, {"content-type": "application/json"}, b'{"access_token":"T1","expires_in":3600}')
        return super().answer(sample, request)
