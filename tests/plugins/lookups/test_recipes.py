"""Every recipe is read as IT reads it, and run against its source as recorded or as documented."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.contract import (
    AnyCard,
    Config,
    DidYouMean,
    InvoiceCard,
    Payment,
    PaymentReference,
    PermitCard,
    PickupCard,
    Secret,
    Subject,
    Unreachable,
    When,
)
from hub.contract.config import secret_fields
from hub.lookups.file import read
from hub.lookups.open import close_lookup, opened
from hub.plugin_host.http import Forbidden
from hub.plugin_host.manager import load
from hub.plugin_host.registry import LookupClass
from plugins.lookups.rest import Rest
from tests.stand_ins.recorded import HERE, Recorded, samples

RECIPES = Path(__file__).parents[3] / "plugins" / "lookups" / "recipes"
TOKEN = '{"access_token":"T1","token_type":"bearer","expires_in":3600}'


@pytest.fixture
def source() -> Iterator[Recorded]:
    with Recorded() as source:
        source.answer("/token", TOKEN, method="POST")
        source.answer("/oauth-v1/token", TOKEN, method="POST")
        yield source


def declared(name: str) -> tuple[LookupClass, Config]:
    """As `torg lookup check` reads the file, its secrets apart."""
    text = (RECIPES / f"{name}.toml").read_text(encoding="utf-8")

    def secrets(cls: LookupClass) -> Mapping[str, object]:
        wanted = {"client_id": "client_secret", "username": "password", "key_header": "api_key", "key_query": "api_key"}
        given = {secret: "hemligt" for setting, secret in wanted.items() if f"\n{setting} = " in text}
        return given | ({"url": "hemligt"} if cls.kind == "sql" else {})

    _, cls, config = read(text, load(()), secrets)
    return cls, config


def find(name: str, source: Recorded, by: Any, value: str) -> Sequence[AnyCard]:
    return asyncio.run(asked(name, source, by, value))


async def asked(name: str, source: Recorded, by: Any, value: str) -> Sequence[AnyCard]:
    lookup = opened(*at(name, source))
    try:
        return await lookup.find(Subject(by, value))
    finally:
        await close_lookup(lookup)


def at(name: str, source: Recorded) -> tuple[LookupClass, Config]:
    """The recipe, with its hosts on this machine: the paths stay."""
    cls, config = declared(name)
    values = {field: getattr(config, field) for field in config.__struct_fields__}
    for field in ("base_url", "token_url"):
        if values[field]:
            values[field] = here(source, values[field])
    values["elsewhere"] = {other: here(source, url) for other, url in values["elsewhere"].items()}
    return cls, type(config)(**values)


def here(source: Recorded, url: str) -> str:
    return source.address + "".join(f"/{part}" for part in url.split("/")[3:])


@pytest.mark.parametrize("name", [file.stem for file in RECIPES.glob("*.toml")])
def test_a_recipe_can_be_used_as_it_stands(name: str) -> None:
    cls, config = declared(name)
    bounds = cls.bounds(config)
    assert bounds.answers
    if cls is Rest:
        lookup = opened(cls, config)
        asyncio.run(close_lookup(lookup))
    for field in secret_fields(type(config)):
        assert not isinstance(getattr(config, field), Secret) or getattr(config, field).reveal() == "hemligt"


FORTNOX = HERE / "fortnox"


def fortnox(source: Recorded) -> None:
    """As its documentation says: an unknown number is 404 with a problem of Fortnox's own shape."""
    source.answer("/3/invoices", (FORTNOX / "invoices.json"), query={"customernumber": "600606"})
    source.answer("/3/invoices/10061", FORTNOX / "invoice_10061.json")
    source.answer("/3/invoices/10099", FORTNOX / "not_found.json", status=404)
    source.answer("/3/invoicepayments", FORTNOX / "payments_10061.json", query={"invoicenumber": "10061"})


def test_fortnox(source: Recorded) -> None:
    fortnox(source)
    (card,) = find("fortnox", source, "invoice", "10061")
    assert isinstance(card, InvoiceCard)
    assert (card.about.invoice, card.about.customer, card.about.identity) == ("10061", "600606", "190102031234")
    assert (card.status, card.kind, card.title) == ("partly_paid", "invoice", "Vatten och avlopp, kvartal 4, Mätarhyra")
    assert (card.total, card.balance, card.vat) == (Decimal("1250.5"), Decimal("1000.25"), Decimal("250.1"))
    assert (card.due, card.period) == (date(2026, 12, 31), (date(2026, 10, 1), date(2026, 12, 31)))
    assert card.reference == PaymentReference("1006106", "ocr")
    assert (card.reminders, card.reminded, card.department, card.contact) == (1, date(2027, 1, 12), "620", "Sara Lind")
    assert card.payments == [Payment(date(2026, 12, 15), Decimal("250.25"))]
    assert find("fortnox", source, "invoice", "10099") == []
    cards = find("fortnox", source, "customer", "600606")
    statuses = {card.number: card.status for card in cards if isinstance(card, InvoiceCard)}
    assert statuses == {"10045": "paid", "10061": "unpaid", "10062": "partly_paid", "10063": "void", "10064": "unpaid"}
    token = next(one for one in source.ledger if one.path == "/oauth-v1/token")
    assert token.headers["tenantid"] == "your database number"
    assert token.headers["authorization"].startswith("Basic ")
    assert {one.method for one in source.ledger if one.path != "/oauth-v1/token"} == {"GET"}


NEVER = ("/email", "/einvoice", "/print", "/printreminder", "/preview", "/eprint", "/externalprint", "/warehouseready")
"""Below an invoice of Fortnox. The first four do something although some are GET."""


@pytest.mark.parametrize("never", NEVER)
def test_what_sends_mail_at_fortnox_can_be_reached_by_no_recipe(source: Recorded, never: str) -> None:
    """`/email` is a GET that sends the invoice to the customer."""

    async def misuse(name: str) -> None:
        cls, config = at(name, source)
        lookup = opened(cls, config)
        for way in (lookup.tools.http, *(lookup.tools.elsewhere(other) for other in cls.bounds(config).elsewhere)):
            for prefix in ("", "/3"):
                for number in ("10061", "10061/", "10061/x/..", "10061%2f", "10061;"):
                    with pytest.raises(Forbidden):
                        await way.request("GET", f"{prefix}/invoices/{number}{never}")
        await close_lookup(lookup)

    fortnox(source)
    for file in RECIPES.glob("*.toml"):
        cls, _ = declared(file.stem)
        if cls is Rest:
            asyncio.run(misuse(file.stem))
    for value in (f"10061{never}", f"10061%2F{never[1:]}", f"10061/x/..{never}"):
        with pytest.raises(Exception, match="signs"):
            find("fortnox", source, "invoice", value)
    assert not any(never in one.url for one in source.ledger)


GEONORGE = {
    "adressenavn": "Rådhusgata", "adressetekst": "Rådhusgata 10", "adressekode": 2469, "nummer": 10, "bokstav": "",
    "kommunenummer": "4601", "kommunenavn": "BERGEN", "postnummer": "5014", "poststed": "BERGEN",
    "objtype": "Vegadresse", "gardsnummer": 166, "bruksnummer": 515, "bruksenhetsnummer": [],
}  # fmt: skip
PROXY, API = "/proxyserver.ashx", "https://komteksky.norkart.no/MinRenovasjon.Api/api"


def norkart(source: Recorded) -> list[date]:
    """Kartverket's register and Norkart's proxy, as public programs read them."""
    coming = [(datetime.now(UTC) + timedelta(days=days)).date() for days in (5, 19)]
    letter = {**GEONORGE, "adressetekst": "Rådhusgata 10B", "bokstav": "B"}
    elsewhere = {**GEONORGE, "adressetekst": "Rådhusgata 100", "nummer": 100}
    found = {"metadata": {"totaltAntallTreff": 3}, "adresser": [GEONORGE, letter, elsewhere]}
    source.answer("/adresser/v1/sok", json.dumps(found), query={"kommunenummer": "4601"})
    fractions = [
        {"Id": 1, "Navn": "Restavfall", "Ikon": "https://example/restavfall.png"},
        {"Id": 2, "Navn": "Papir", "Ikon": ""},
    ]
    source.answer(PROXY, json.dumps(fractions), query={"server": f"{API}/fraksjoner"})
    calendar = [
        {"FraksjonId": 2, "Tommedatoer": [f"{day}T00:00:00" for day in coming]},
        {"FraksjonId": 1, "Tommedatoer": [f"{coming[1]}T00:00:00"]},
    ]
    query = {
        "gatenavn": "Rådhusgata",
        "husnr": "10",
        "gatekode": "2469",
        "server": f"{API}/tommekalender?kommunenr=4601",
    }
    source.answer(PROXY, json.dumps(calendar), query=query)
    source.answer(PROXY, "[]", query={**query, "husnr": "10B"})
    return coming


def test_min_renovasjon(source: Recorded) -> None:
    coming = norkart(source)
    for address in ("Rådhusgata 10", "rådhusgata 10, 5014 Bergen"):
        paper, residual = find("min_renovasjon", source, "address", address)
        assert isinstance(paper, PickupCard)
        assert isinstance(residual, PickupCard)
        assert (paper.waste, residual.waste) == ("Papir", "Restavfall")
        assert paper.next == When(coming[0], coming[0], "day")
        assert paper.later == [When(coming[1], coming[1], "day")]
        assert paper.about.address == "Rådhusgata 10, 5014 BERGEN"
    assert find("min_renovasjon", source, "address", "Rådhusgata 10B") == []
    with pytest.raises(DidYouMean) as raised:
        find("min_renovasjon", source, "address", "Rådhusgata 1")
    assert raised.value.suggestions[2] == "Rådhusgata 100, 5014 BERGEN"
    proxied = [one for one in source.ledger if one.path == PROXY]
    assert all(one.headers["renovasjonappkey"] == "hemligt" for one in proxied)
    assert all(one.headers["kommunenr"] == "4601" for one in proxied)
    assert all("renovasjonappkey" not in one.headers for one in source.ledger if one.path != PROXY)


@pytest.fixture(params=["recorded", "ours"])
def folder(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Where answers are: what was recorded, where it is on this machine; and what is ours, everywhere."""
    return samples if request.param == "recorded" else HERE.joinpath


def renoweb(source: Recorded, recordings: Path) -> None:
    """The list of containers as it was recorded, the two before it as public programs read them."""
    roads = {"status": {"id": 0, "msg": "Ok"}, "list": [{"id": 5, "name": "Boulevarden (9000)"}]}
    source.answer("/v1_13/GetJSONRoad.aspx", '{"status":{"id":0,"msg":"Ok"},"list":[]}')
    source.answer("/v1_13/GetJSONRoad.aspx", json.dumps(roads), query={"roadname": "Boulevarden", "apikey": "hemligt"})
    address = {"id": 20001, "streetBuildingIdentifier": "13", "letter": "", "floor": "", "suite": ""}
    places = [
        {**address, "presentationString": "Boulevarden 13, 9000 Aalborg"},
        {**address, "id": 20002, "letter": "A", "presentationString": "Boulevarden 13A, 9000 Aalborg"},
    ]
    source.answer("/v1_13/GetJSONAdress.aspx", json.dumps({"list": places}), query={"roadid": "5"})
    recorded = recordings / "aalborg_renoweb_containers.json"
    body = json.dumps({"status": {"id": 0, "msg": "Ok"}, "list": json.loads(recorded.read_bytes())})
    source.answer("/v1_13/GetJSONContainerList.aspx", body, query={"adressId": "20001", "municipalitycode": "0851"})


def test_renoweb(source: Recorded, folder: Callable[[str], Path]) -> None:
    renoweb(source, folder("waste_dk"))
    cards = find("renoweb", source, "address", "Boulevarden 13")
    assert all(isinstance(card, PickupCard) for card in cards)
    bins = {card.container: card for card in cards if isinstance(card, PickupCard)}
    residual = bins["240 liter mad- og restaffald - 2 rum"]
    assert residual.next == When(date(2025, 5, 9), date(2025, 5, 9), "day")
    assert (residual.waste, residual.frequency) == ("Energibeholder (mad/rest)", "Fredag, Ulige uger")
    assert (residual.price_a_year, residual.currency, residual.route, residual.count) == (
        Decimal(840),
        "DKK",
        "2205",
        1,
    )
    bulky = bins["Genbrug henteordning"]
    assert bulky.next == When(date(2025, 5, 22), date(2025, 5, 22), "day")
    assert (bulky.price_a_year, bulky.frequency) == (None, "4. torsdag i måneden")
    assert {card.about.address for card in cards} == {"Boulevarden 13, 9000 Aalborg"}
    assert all(card.about.customer is None for card in cards), "whose it is isn't asked and isn't shown"
    assert find("renoweb", source, "address", "Ingengade 1") == []
    with pytest.raises(DidYouMean) as raised:
        find("renoweb", source, "address", "Boulevarden 131")
    assert raised.value.suggestions[0] == "Boulevarden 13, 9000 Aalborg"


def test_case_status(source: Recorded, folder: Callable[[str], Path]) -> None:
    cases = folder("case_status") / "recorded" / "GetErrandStatusesIT"
    by_number, by_property = (sorted(cases.glob(f"{name}*"))[0] / "response.json" for name in ("test1", "test2"))
    path = "/casestatus/4.3/2281/errands/statuses"
    source.answer(path, "[]")
    source.answer(path, by_number, query={"errandNumber": "KC-23030013"})
    source.answer(path, by_property, query={"propertyDesignation": "BALDER 3"})
    cards = find("case_status", source, "case", "KC-23030013")
    assert all(isinstance(card, PermitCard) for card in cards)
    first = cards[0]
    assert isinstance(first, PermitCard)
    assert (first.number, first.title, first.status) == ("KC-23030013", "Frågor om öppettider", "Avslutat")
    assert (first.applied, first.is_closed, first.about.case) == (date(2023, 3, 14), True, "KC-23030013")
    found = find("case_status", source, "property", "BALDER 3")
    assert [card.about.property for card in found] == ["BALDER 1", "BALDER 3"], "what isn't asked for says so itself"
    second = found[1]
    assert isinstance(second, PermitCard)
    assert (second.number, second.title, second.is_closed) == ("MEX-2024-000160", "Sälja mark till kommunen", False)
    assert find("case_status", source, "case", "KC-1") == []


@pytest.mark.parametrize(
    ("name", "by", "value"),
    [("fortnox", "invoice", "10061"), ("min_renovasjon", "address", "Rådhusgata 10"),
     ("renoweb", "address", "Boulevarden 13"), ("case_status", "case", "KC-23030013")],
)  # fmt: skip
def test_a_source_that_is_down_says_so(source: Recorded, name: str, by: str, value: str) -> None:
    source.misbehave("status", status=503)
    with pytest.raises(Unreachable):
        find(name, source, by, value)
    source.stop()
    with pytest.raises(Unreachable):
        find(name, source, by, value)
