"""The invoices API, its copy and the party API, as they were recorded; and all that they may do instead."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub.contract import (
    Answer,
    AnyCard,
    AuthFailed,
    InvoiceCard,
    Misconfigured,
    PaymentReference,
    PluginError,
    Subject,
    Unreachable,
    Unreadable,
)
from hub.contract.config import read_config
from hub.contract.testing import LookupTests, Request
from hub.errors import Invalid
from hub.lookups.file import read
from hub.plugin_host.manager import load
from plugins.lookups.invoices import PAGES, InvoicesConfig, MunicipalInvoices
from tests.plugins.lookups.tools import LookupTools, Out
from tests.stand_ins.recorded import HERE, Recorded, samples

ROOT = Path(__file__).parents[3]
FOLDERS = list(dict.fromkeys([samples("invoices"), HERE / "invoices"]))
"""What was recorded, where it is on this machine; and what is ours, everywhere."""


def recorded(pattern: str) -> list[Path]:
    return [file for folder in FOLDERS for file in sorted(folder.glob(pattern))]


BY_CUSTOMER = recorded("recorded/GetInvoicesForCustomer/*/response.json")
COMMERCIAL = recorded("recorded/GetInvoicesCommercial/*/response.json")
PUBLIC = recorded("recorded/GetInvoicesPublicAdministration/*/response.json")
DETAILS = recorded("recorded/GetInvoiceDetails/*/response.json")
COPY = recorded("cache/recorded/*/*/expected.json")
CUSTOMERS = "/2281/COMMERCIAL/customers/invoices"
PARTY = "fb2f0290-3820-11ed-a261-0242ac12000f"
IN_ENGLISH = {"PARTIALLY_PAID": "partly_paid"}
SECRET = "inte&för=alla"


def theirs(file: Path) -> Mapping[str, Any]:
    """An answer, its amounts exact. Where any date will do, one stands."""
    text = file.read_text().replace("${json-unit.any-string}", "2024-05-06")
    answer: Mapping[str, Any] = json.loads(text, parse_float=Decimal)
    return answer


def customer(file: Path) -> str:
    return str(theirs(file)["invoices"][0]["customerNumber"])


CUSTOMER = customer(BY_CUSTOMER[0])


class TestMunicipalInvoices(LookupTests):
    lookup = MunicipalInvoices
    settings: ClassVar[Mapping[str, Any]] = {
        "base_url": "https://api.example",
        "municipality_id": "2281",
        "client_id": "torg",
        "client_secret": SECRET,
    }
    samples: ClassVar[Sequence[Path]] = BY_CUSTOMER

    def asked(self, sample: Path) -> Subject:
        return Subject("customer", customer(sample))

    def answer(self, sample: Path, request: Request) -> Answer:
        is_token = request.method == "POST"
        body = b'{"access_token": "t"}' if is_token else sample.read_bytes()
        return Answer(200, {"content-type": self.media_type}, body)


@pytest.fixture
def source() -> Iterator[Recorded]:
    """With a token as it was recorded."""
    with Recorded() as source:
        source.replay(COMMERCIAL[0].parent)
        yield source


def find(source: Recorded, by: Any, value: str, **settings: Any) -> Sequence[InvoiceCard]:
    return cards(asyncio.run(lookup(source, **settings).find(Subject(by, value))))


def lookup(source: Recorded, **settings: Any) -> MunicipalInvoices:
    own = {"base_url": source.address, "municipality_id": "2281", "token_path": "/api-gateway/token"}
    config = read_config(InvoicesConfig, {**own, "client_id": "torg", "client_secret": SECRET, **settings})
    return MunicipalInvoices(config, LookupTools(Out(MunicipalInvoices, source.address, seconds=1.0)))


def cards(found: Sequence[AnyCard]) -> Sequence[InvoiceCard]:
    assert all(isinstance(card, InvoiceCard) for card in found)
    return [card for card in found if isinstance(card, InvoiceCard)]


def assert_says_what_they_say(card: InvoiceCard, said: Mapping[str, Any]) -> None:
    """Field by field what stands in the recorded answer."""
    assert card.number == str(said["invoiceNumber"])
    assert card.status == IN_ENGLISH.get(said["invoiceStatus"], said["invoiceStatus"].lower())
    is_credit = said["invoiceType"] == "CREDIT_INVOICE"
    assert card.kind == ("credit" if is_credit else "invoice")
    sign = -1 if is_credit else 1
    total, paid = sign * said["totalAmount"], sign * said["paidAmount"] if "paidAmount" in said else None
    assert (str(card.total), card.paid) == (str(total), paid)
    assert card.vat == (sign * said["vat"] if "vat" in said else None)
    assert card.balance == (None if paid is None else total - paid)
    assert card.currency == said.get("currency", "SEK").upper()
    assert (card.issued, card.due) == (
        day(said.get("invoiceDate")),
        day(said.get("dueDate", said.get("invoiceDueDate"))),
    )
    assert card.reminded == day(said.get("invoiceReminderDate"))
    assert card.title == ", ".join(said.get("invoiceDescriptions", [said.get("invoiceDescription", "")]))
    assert card.period == ((day(said["periodFrom"]), day(said["periodTo"])) if "periodFrom" in said else None)
    assert card.facility == ", ".join(said.get("facilityIds", []))
    assert card.department == said.get("administration", "")
    ocr = said.get("ocrNumber") if said.get("customerType") != "KA" else None
    assert card.reference == (PaymentReference(ocr, "ocr") if ocr else None)


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@pytest.mark.parametrize("file", BY_CUSTOMER, ids=str)
def test_invoices_of_a_customer_name_their_customer(source: Recorded, file: Path) -> None:
    number = customer(file)
    source.answer(CUSTOMERS, file, query={"customerNumbers": number})
    found = find(source, "customer", f" {number[:3]} {number[3:]}")
    said = theirs(file)["invoices"]
    assert len(found) == len(said)
    for card, each in zip(found, said, strict=True):
        assert_says_what_they_say(card, each)
        assert card.about.customer == each["customerNumber"]
        assert card.about.identity is None


@pytest.mark.parametrize(
    ("file", "path"),
    [
        *((file, "/2281/PUBLIC_ADMINISTRATION/customers/invoices") for file in PUBLIC),
        *((file, "/2281/PUBLIC_ADMINISTRATION") for file in PUBLIC),
        *((file, "/2281/COMMERCIAL") for file in COMMERCIAL),
    ],
    ids=str,
)
def test_where_it_may_be_asked_by_number_alone_it_is(source: Recorded, file: Path, path: str) -> None:
    for said in theirs(file)["invoices"]:
        number, ocr = said["invoiceNumber"], said["ocrNumber"]
        one = json.dumps({"invoices": [said]}, default=float)
        nothing = '{"invoices": [], "_meta": {"totalPages": 0}}'
        source.answer(path, nothing)
        source.answer(path, one, query={"invoiceNumber": number})
        source.answer(path, one, query={"ocrNumber": ocr})
        origins = [path.split("/")[2]]
        (card,) = find(source, "invoice", number, origins=origins, invoices_path="")
        assert_says_what_they_say(card, said)
        assert (card.about.invoice, card.about.customer, card.about.identity) == (number, None, None)
        if ocr != number:
            (card,) = find(source, "invoice", ocr, origins=origins)
            assert (card.number, card.about.invoice) == (number, ocr)


def test_a_payment_reference_is_asked_for_where_no_invoice_has_the_number(source: Recorded) -> None:
    source.answer("/copy/2281/invoices", '{"invoices": []}')
    source.answer("/copy/2281/invoices", one(invoiceNumber="1", ocrNumber="17"), query={"ocrNumber": "17"})
    settings = {"copy_path": "/copy", "issuers": ["5560000001"]}
    (card,) = find(source, "invoice", "17", **settings)
    assert (card.number, card.about.invoice) == ("1", "17")
    source.answer("/2281/COMMERCIAL/5560000001/17/details", '{"details": [{"amount": 1}]}')
    (card,) = find(source, "invoice", "17", **settings)
    assert (card.number, card.about.invoice, card.total) == ("17", "17", Decimal(1))


def test_where_it_may_not_it_says_which_setting_helps(source: Recorded) -> None:
    for path in ("/2281/PUBLIC_ADMINISTRATION/customers/invoices", "/2281/COMMERCIAL"):
        source.answer(path, '{"title":"Constraint Violation","status":400}', status=400)
    for origin, setting in (("PUBLIC_ADMINISTRATION", "copy_path"), ("COMMERCIAL", "issuers")):
        with pytest.raises(Misconfigured, match=setting) as caught:
            find(source, "invoice", "17", origins=[origin])
        assert caught.value.field == setting


@pytest.mark.parametrize("file", DETAILS, ids=str)
def test_by_its_issuer_an_invoice_has_rows(source: Recorded, file: Path) -> None:
    (stub,) = [stub for stub in stubs(file) if "details" in json.dumps(stub)]
    issuer, number = stub["request"]["urlPath"].split("/")[-3:-1]
    source.answer(f"/2281/COMMERCIAL/{issuer}/{number}/details", file)
    found = find(source, "invoice", number, origins=["COMMERCIAL"], issuers=["5590000000", issuer])
    rows = theirs(file)["details"]
    assert len(found) == bool(rows)
    for card in found:
        assert (card.number, card.status, card.about.invoice) == (number, "unknown", number)
        assert card.total == sum(row["amount"] for row in rows)
        assert card.vat == sum(row["vat"] for row in rows)
        assert card.period == (day(rows[0]["fromDate"]), day(rows[0]["toDate"]))
        assert card.title.split(", ") == list(dict.fromkeys(row["productName"] for row in rows))
        assert card.facility == rows[0]["facilityId"]


@pytest.mark.parametrize("file", COPY, ids=str)
def test_the_copy_says_whose_it_is_and_what_was_paid(source: Recorded, file: Path) -> None:
    source.replay(file.parent)
    answer = theirs(file)
    paths = {"copy_path": "/invoicecache", "party_path": "/party", "token_path": "/token", "scope": ""}
    body = json.dumps(answer, default=float)
    source.answer("/invoicecache/2281/invoices", '{"invoices": []}')
    people = legal_ids(file)
    for said in answer["invoices"]:
        party = said["partyId"]
        source.answer("/invoicecache/2281/invoices", body, query={"partyIds": party, "page": "1"})
        number = people.get(party)
        if number is None:
            continue
        source.answer(f"/party/2281/ENTERPRISE/{number}/partyId", f"{party}\n", media_type="text/plain")
        found = find(source, "identity", number, **paths)
        assert len(found) == len(answer["invoices"])
        for card, each in zip(found, answer["invoices"], strict=True):
            assert_says_what_they_say(card, each)
            assert (card.about.customer, card.about.identity) == (each["partyId"], people.get(each["partyId"]))


def legal_ids(file: Path) -> Mapping[str, str]:
    """Party's id -> its number, as recorded."""
    said = [(stub["request"].get("url", ""), stub["response"].get("body")) for stub in stubs(file)]
    return {url.split("/")[4]: body for url, body in said if url.endswith("/legalId") and body}


def stubs(file: Path) -> Sequence[Mapping[str, Any]]:
    return [json.loads(stub.read_bytes()) for stub in sorted(file.parent.glob("mappings/*.json"))]


@pytest.mark.parametrize("file", [file for file in PUBLIC if "test01" in file.parent.name], ids=str)
def test_the_systems_behind_are_asked_as_recorded(file: Path) -> None:
    """The copy's own stubs, which the service itself was recorded against."""
    with Recorded() as source:
        source.replay(file.parent)
        (stub,) = [stub for stub in stubs(file) if "partyIds" in stub["request"].get("queryParameters", {})]
        party = stub["request"]["queryParameters"]["partyIds"]["equalTo"]
        found = find(source, "customer", party, copy_path="/api-invoicecache")
        said = theirs(file.parents[1] / stub["response"]["bodyFileName"])["invoices"]
        assert len(found) == len(said)
        for card, each in zip(found, said, strict=True):
            assert_says_what_they_say(card, each)
            assert card.about.customer == party


@pytest.mark.parametrize("file", COMMERCIAL, ids=str)
def test_their_statuses_and_numbers_as_numbers_do_no_harm(source: Recorded, file: Path) -> None:
    behind = next(file.parent.glob("responses/*invoices*.json"), None) or file.parent / "responses" / "behind.json"
    source.answer(CUSTOMERS, behind)
    for card, said in zip(find(source, "customer", CUSTOMER), theirs(behind)["invoices"], strict=True):
        assert (card.status, card.number, card.about.customer) == (
            "unknown", str(said["invoiceNumber"]), said["customerNumber"],
        )  # fmt: skip


def test_a_person_is_asked_for_by_all_twelve_digits(source: Recorded) -> None:
    source.answer("/party/2281/PRIVATE/198503171234/partyId", PARTY, media_type="text/plain")
    source.answer(f"/party/2281/PRIVATE/{PARTY}/legalId", "198503171234", media_type="text/plain")
    source.answer("/copy/2281/invoices", one(partyId=PARTY, invoiceNumber="1"), query={"partyIds": PARTY})
    (card,) = find(source, "identity", "198503171234", copy_path="/copy", party_path="/party")
    assert card.about.identity == "198503171234"
    assert find(source, "identity", "165560000019", copy_path="/copy", party_path="/party") == []
    assert source.paths()[-1] == "/party/2281/ENTERPRISE/5560000019/partyId"


def test_by_identity_only_what_says_whose_it_is_is_asked(source: Recorded) -> None:
    for settings, missing in (({}, "party_path"), ({"party_path": "/party"}, "copy_path")):
        with pytest.raises(Misconfigured, match="identity number") as caught:
            find(source, "identity", "198503171234", **settings)
        assert caught.value.field == missing
    assert source.ledger == []


def test_an_answer_about_another_says_so(source: Recorded) -> None:
    source.answer(CUSTOMERS, BY_CUSTOMER[0])
    source.misbehave("replace", words=(CUSTOMER, "999999"))
    assert {card.about.customer for card in find(source, "customer", CUSTOMER)} == {"999999"}


def test_a_token_is_fetched_once_and_anew_when_it_is_not_taken(source: Recorded) -> None:
    source.answer(CUSTOMERS, BY_CUSTOMER[0])
    asking = lookup(source)
    asyncio.run(asking.find(Subject("customer", CUSTOMER)))
    asyncio.run(asking.find(Subject("customer", CUSTOMER)))
    assert source.paths() == ["/api-gateway/token", CUSTOMERS, CUSTOMERS]
    assert re.fullmatch(r"Basic [\w+/]+=*", source.ledger[0].headers["authorization"])
    token = json.loads((COMMERCIAL[0].parents[1] / "common" / "api-gateway-token-response.json").read_bytes())
    assert source.ledger[1].headers["authorization"] == f"Bearer {token['access_token']}"
    source.ledger.clear()
    source.misbehave("status", status=401, times=1, path=CUSTOMERS)
    assert asyncio.run(asking.find(Subject("customer", CUSTOMER)))
    assert source.paths() == [CUSTOMERS, "/api-gateway/token", CUSTOMERS]


def test_a_token_is_not_used_in_its_last_seconds(source: Recorded) -> None:
    source.answer(CUSTOMERS, BY_CUSTOMER[0])
    for seconds, tokens in ((20, 2), (3600, 1)):
        source.ledger.clear()
        body = json.dumps({"access_token": "a", "expires_in": seconds})
        source.answer("/api-gateway/token", body, method="POST")
        asking = lookup(source)
        for _ in range(2):
            asyncio.run(asking.find(Subject("customer", CUSTOMER)))
        assert source.paths().count("/api-gateway/token") == tokens


@pytest.mark.parametrize(
    ("misdeed", "error"),
    [
        ({"deed": "status", "status": 401, "path": "/2281"}, AuthFailed),
        ({"deed": "status", "status": 403, "path": "/2281"}, AuthFailed),
        ({"deed": "status", "status": 400, "path": "/api-gateway"}, AuthFailed),
        ({"deed": "status", "status": 404, "path": "/api-gateway"}, Misconfigured),
        ({"deed": "status", "status": 502}, Unreachable),
        ({"deed": "status", "status": 429}, Unreachable),
        ({"deed": "status", "status": 400, "path": "/2281"}, Unreadable),
        ({"deed": "status", "status": 418, "path": "/2281"}, Unreadable),
        ({"deed": "html"}, Unreadable),
        ({"deed": "cut", "path": "/2281"}, Unreachable),
        ({"deed": "slow", "seconds": 5}, Unreachable),
    ],
    ids=str,
)
def test_what_goes_wrong_is_called_by_its_name(
    source: Recorded, misdeed: Mapping[str, Any], error: type[PluginError]
) -> None:
    source.answer(CUSTOMERS, BY_CUSTOMER[0])
    source.misbehave(**misdeed)
    with pytest.raises(error) as caught:
        find(source, "customer", CUSTOMER)
    assert CUSTOMER not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_nobody_there_is_unreachable(source: Recorded) -> None:
    source.stop()
    with pytest.raises(Unreachable):
        find(source, "customer", CUSTOMER)


def test_nothing_known_is_no_card(source: Recorded) -> None:
    assert find(source, "customer", CUSTOMER) == []
    source.answer(CUSTOMERS, '{"invoices": null}')
    assert find(source, "customer", CUSTOMER) == []
    assert find(source, "invoice", "no/number?") == []
    assert find(source, "customer", "../../x") == []


def test_every_page_is_read_to_a_bound(source: Recorded) -> None:
    for page in range(1, 4):
        body = one(invoiceNumber=str(page), customerNumber="7", meta={"totalPages": 3})
        source.answer(CUSTOMERS, body, query={"page": str(page)})
    assert [card.number for card in find(source, "customer", "7")] == ["1", "2", "3"]
    source.answer(CUSTOMERS, one(invoiceNumber="1", customerNumber="7", meta={"totalPages": 10_000}))
    assert len(find(source, "customer", "7")) == PAGES


def test_what_is_missing_is_nothing_and_what_is_unknown_is_unknown(source: Recorded) -> None:
    source.answer(CUSTOMERS, one(invoiceNumber="1"))
    (card,) = find(source, "customer", "7")
    assert (card.status, card.kind, card.total, card.due, card.reference) == ("unknown", "invoice", None, None, None)
    assert card.about.customer is None
    source.answer(CUSTOMERS, one(invoiceNumber="1", invoiceStatus="EATEN", invoiceType="LETTER", dueDate=""))
    (card,) = find(source, "customer", "7")
    assert (card.status, card.kind, card.due) == ("unknown", "invoice", None)
    for none in ("1799-12-31", "0001-01-01T00:00:00", "1900-01-01", "9999-12-31"):
        source.answer(CUSTOMERS, one(invoiceNumber="1", dueDate=none, invoiceDate="2024-01-02T00:00:00"))
        (card,) = find(source, "customer", "7")
        assert (card.due, card.issued) == (None, date(2024, 1, 2))


def test_a_credit_is_negative_and_an_amount_exact(source: Recorded) -> None:
    for sign in ("", "-"):
        source.answer(
            CUSTOMERS, f'{{"invoices":[{{"invoiceNumber":1,"invoiceType":"CREDIT_INVOICE","totalAmount":{sign}0.10}}]}}'
        )
        (card,) = find(source, "customer", "7")
        assert (card.kind, str(card.total)) == ("credit", "-0.10")


@pytest.mark.parametrize("amount", ['"NaN"', '"sNaN"', '"Infinity"', "1e400", "1e-400", '"tolv"', "{}"])
def test_what_is_no_amount_is_unreadable(source: Recorded, amount: str) -> None:
    source.answer(CUSTOMERS, f'{{"invoices":[{{"invoiceNumber":1,"totalAmount":{amount}}}]}}')
    with pytest.raises(Unreadable):
        find(source, "customer", "7")


def test_small_letters_a_mark_of_byte_order_and_the_other_amount_do_no_harm(source: Recorded) -> None:
    said = '{"invoices":[{"customerNumber":"7","invoiceNumber":"1","invoiceStatus":"paid","amountVatIncluded":12.5}]}'
    source.answer(CUSTOMERS, f"\ufeff{said}")
    (card,) = find(source, "customer", "7")
    assert (card.status, card.total) == ("paid", Decimal("12.5"))


def test_a_date_that_is_none_is_unreadable(source: Recorded) -> None:
    source.answer(CUSTOMERS, one(invoiceNumber="1", dueDate="2024-02-30"))
    with pytest.raises(Unreadable):
        find(source, "customer", "7")


def test_settings_are_tried(source: Recorded) -> None:
    with pytest.raises(Misconfigured) as caught:
        asyncio.run(lookup(source).check())
    assert caught.value.field == "invoices_path"
    source.answer("/api" + CUSTOMERS, '{"invoices": []}', query={"customerNumbers": "0"})
    asyncio.run(lookup(source, invoices_path="/api").check())
    with pytest.raises(Misconfigured) as caught:
        asyncio.run(lookup(source, invoices_path="/api", copy_path="/copy").check())
    assert caught.value.field == "copy_path"
    with pytest.raises(Misconfigured) as caught:
        asyncio.run(lookup(source, client_secret="").check())
    assert caught.value.field == "client_secret"


def test_the_file_that_the_readme_shows_is_read() -> None:
    (text,) = re.findall(
        r"```toml\n(name = \"invoices\".*?)```", (ROOT / "plugins/lookups/README.md").read_text(), re.DOTALL
    )
    declared, cls, config = read(text, load(()), lambda _: {"client_secret": SECRET})
    assert (declared.kind, cls) == ("municipal_invoices", MunicipalInvoices)
    assert isinstance(config, InvoicesConfig)
    assert (config.copy_path, config.issuers) == ("/invoicecache/4.1", ("5560000001",))
    with pytest.raises(Invalid, match="client_secret"):
        read(f"{text}client_secret = 'x'\n", load(()), lambda _: {})


def test_an_answer_without_measure_is_cut(source: Recorded) -> None:
    many = [{"invoiceNumber": str(number), "invoiceDescription": "x" * 1000} for number in range(2000)]
    source.answer(CUSTOMERS, json.dumps({"invoices": many}))
    found = find(source, "customer", "7")
    assert (len(found), len(found[0].title)) == (1000, 300)


def one(meta: Mapping[str, int] | None = None, **fields: str) -> str:
    return json.dumps({"invoices": [fields], "_meta": meta})
