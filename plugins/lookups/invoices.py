"""Invoices of a Swedish municipality, by its invoices API 9.5 and, where it is there, the copy of Raindance behind it.

We call them, by one gateway (OAuth2 client credentials, RFC 6749 4.4). Shapes: Sundsvallskommun/api-service-invoices,
api-service-invoice-cache. What can be asked, and whose an invoice is said to be: README.md here. It fetches no PDF.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args

from msgspec import Meta, Struct, field

from hub.contract import (
    About,
    Answer,
    Config,
    Identifier,
    InvoiceCard,
    Lookup,
    Misconfigured,
    PaymentReference,
    Register,
    Secret,
    Subject,
    Unreadable,
    hook_impl,
)
from hub.contract.bearer import Bearer
from hub.contract.cards import Kind, Status

Origin: TypeAlias = Literal["COMMERCIAL", "PUBLIC_ADMINISTRATION"]
Said: TypeAlias = str | int | None
"""A number that names something: text by the service, a number by the systems behind it."""

STATUSES: Mapping[str, Status] = {
    "PAID": "paid",
    "SENT": "sent",
    "UNPAID": "unpaid",
    "PARTIALLY_PAID": "partly_paid",
    "DEBT_COLLECTION": "debt_collection",
    "PAID_TOO_MUCH": "paid_too_much",
    "REMINDER": "reminder",
    "VOID": "void",
    "CREDITED": "credited",
    "WRITTEN_OFF": "written_off",
}
KINDS: Mapping[str, Kind] = {
    "CREDIT_INVOICE": "credit",
    "START_INVOICE": "start",
    "FINAL_INVOICE": "final",
    "DIRECT_DEBIT": "direct_debit",
    "SELF_INVOICE": "self",
    "REMINDER": "reminder",
    "CONSOLIDATED_INVOICE": "consolidated",
    "INTERNAL_INVOICE": "internal",
    "OFFSET_INVOICE": "offset",
}
SEARCHES: Mapping[Origin, Sequence[str]] = {
    "PUBLIC_ADMINISTRATION": ("PUBLIC_ADMINISTRATION/customers/invoices", "PUBLIC_ADMINISTRATION"),
    "COMMERCIAL": ("COMMERCIAL",),
}
"""Paths that take a number of an invoice; the later ones are for a service that hasn't the first."""
AT_COLLECTION = "KA"
"""Kind of customer whose debt was given away: it isn't paid by our reference any more."""

PAGES, PAGE = 10, 100
"""So many are read, the newest first where the service sorts."""
MOST_PARTIES = 5
"""So many are looked up: an answer to one question is about one, or it is wrong."""
MOST_DIGITS, MOST_LETTERS = 15, 300
"""Of an amount and of a text: a number with a huge exponent is a page long when it is written out."""
CURRENCY = "SEK"
"""Where the answer names none: the copy's amounts are in it, by its description."""
NO_DAY, LAST_YEAR = date(1900, 1, 1), 9999
"""Before, or in it: how systems write that there is none, Raindance 1799-12-31 and .NET 0001-01-01."""
JSON = "application/json"
CUSTOMERS = "/COMMERCIAL/customers/invoices"
_PATH = r"(/[A-Za-z0-9][\w.-]*)*"
_UNDER = r"/([A-Za-z0-9][\w.-]*/)*"
_PARTY = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_LEGAL_ID = re.compile(r"\d{10}|\d{12}")

ApiPath: TypeAlias = Annotated[str, Meta(pattern=f"^{_PATH}$")]


class InvoicesConfig(Config, frozen=True):
    """The gateway, what lies behind it, and how to log in."""

    base_url: Annotated[str, Meta(title="Address of the gateway", pattern="^https?://[^/?#]+(/[^?#]*)?$")]
    municipality_id: Annotated[str, Meta(title="Municipality's code", pattern=r"^\d{3,4}$")]
    origins: Annotated[tuple[Origin, ...], Meta(title="Kinds of invoices", min_length=1)] = get_args(Origin)
    invoices_path: Annotated[ApiPath, Meta(title="Path of the invoices API", description="such as /invoices/9.5")] = ""
    copy_path: Annotated[ApiPath, Meta(title="Path of the invoice copy", description="empty: it isn't asked")] = ""
    party_path: Annotated[ApiPath, Meta(title="Path of the party API", description="empty: it isn't asked")] = ""
    issuers: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^\d{10}$")], ...], Meta(title="Organisation numbers of commercial issuers")
    ] = ()
    client_id: Annotated[str, Meta(title="Client id", description="empty: no log-in")] = ""
    client_secret: Annotated[Secret | None, Meta(title="Client secret")] = None
    token_path: Annotated[str, Meta(title="Path for tokens", pattern=f"^{_PATH}/token$")] = "/token"  # noqa: S105 - a path
    scope: Annotated[str, Meta(title="Scope", description="{uuid}: one of our own")] = "device_{uuid}"


class TheirInvoice(Struct, frozen=True, rename="camel"):
    """In their words, of all four answers that hold invoices. Dates are text here: some systems say "" for none."""

    invoice_number: Said = None
    ocr_number: Said = None
    invoice_status: str | None = None
    invoice_type: str | None = None
    invoice_description: str | None = None
    invoice_descriptions: Sequence[str] | None = None
    invoice_date: str | None = None
    due_date: str | None = None
    invoice_due_date: str | None = None
    invoice_reminder_date: str | None = None
    from_date: str | None = None
    to_date: str | None = None
    period_from: str | None = None
    period_to: str | None = None
    total_amount: Decimal | None = None
    amount_vat_included: Decimal | None = None
    paid_amount: Decimal | None = None
    vat: Decimal | None = None
    currency: str | None = None
    customer_number: Said = None
    customer_type: str | None = None
    party_id: str | None = None
    facility_ids: Sequence[Said] | None = None
    administration: str | None = None


class TheirRow(Struct, frozen=True, rename="camel"):
    """Of an invoice: all that is to be had by its number and its issuer."""

    amount: Decimal | None = None
    vat: Decimal | None = None
    from_date: str | None = None
    to_date: str | None = None
    facility_id: Said = None
    product_name: str | None = None


class Pages(Struct, frozen=True, rename="camel"):
    """How much more there is."""

    total_pages: int | None = None


class Found(Struct, frozen=True):
    """One page of invoices; or the rows of one."""

    details: Sequence[TheirRow] | None = None
    invoices: Sequence[TheirInvoice] | None = None
    meta: Pages | None = field(default=None, name="_meta")


class MunicipalInvoices(Lookup[InvoicesConfig]):
    """Whose an invoice is, the copy says by its party, the list by customer its number; nothing else does."""

    kind = "municipal_invoices"
    title = "Invoices (municipal invoices API)"
    shows = "invoice"
    Config = InvoicesConfig
    answers: ClassVar[frozenset[Identifier]] = frozenset({"invoice", "customer", "identity"})
    allowed_paths = (
        _UNDER + r"\d{3,4}/(COMMERCIAL|PUBLIC_ADMINISTRATION)(/customers/invoices)?",
        _UNDER + r"\d{3,4}/COMMERCIAL/\d{10}/[0-9A-Za-z-]+/details",
        _UNDER + r"\d{3,4}/invoices",
        _UNDER + r"\d{3,4}/(ENTERPRISE|PRIVATE)/\d+/partyId",
        _UNDER + r"\d{3,4}/(ENTERPRISE|PRIVATE)/[0-9a-fA-F-]+/legalId",
    )
    allowed_posts = ((_UNDER + "token", ""),)

    def __init__(self, config: InvoicesConfig, tools: Any) -> None:
        super().__init__(config, tools)
        self.gateway = Bearer(
            self.tools, config.client_id, config.client_secret, config.token_path, config.scope, "The invoices API"
        )

    async def check(self) -> None:
        config = self.config
        self.gateway.check()
        if "COMMERCIAL" in config.origins and not await self._get(self._at(CUSTOMERS), {"customerNumbers": "0"}):
            raise Misconfigured("invoices_path", "There is no invoices API at this address.")
        if config.copy_path and not await self._get(self._copy, {"invoiceNumbers": "0"}):
            raise Misconfigured("copy_path", "There is no copy of invoices at this address.")

    async def find(self, subject: Subject) -> Sequence[InvoiceCard]:
        value = "".join(subject.value.split())
        if subject.by == "identity":
            return await self._of_identity(value)
        if not _NUMBER.fullmatch(value):
            return []
        return await (self._of_customer(value) if subject.by == "customer" else self._by_number(value))

    async def _of_identity(self, digits: str) -> Sequence[InvoiceCard]:
        config = self.config
        for name, wanted in (("party_path", "knows people's numbers"), ("copy_path", "says whose an invoice is")):
            if not getattr(config, name):
                raise Misconfigured(name, f"It can't be asked by identity number: only what lies there {wanted}.")
        if not _LEGAL_ID.fullmatch(digits):
            return []
        is_person = len(digits) == 12 and not digits.startswith("16")  # noqa: PLR2004 - 16: an organisation's century
        kind, legal_id = ("PRIVATE", digits) if is_person else ("ENTERPRISE", digits[-10:])
        party = await self._party(f"{kind}/{legal_id}/partyId")
        if not party:
            return []
        if not _PARTY.fullmatch(party):
            raise Unreadable("The party API's answer is no party's id.")
        return await self._cards(await self._copied(partyIds=party))

    async def _of_customer(self, number: str) -> Sequence[InvoiceCard]:
        """A customer number of the commercial side, or a party's id, which the copy knows."""
        if _PARTY.fullmatch(number) and self.config.copy_path:
            return await self._cards(await self._copied(partyIds=number))
        if "COMMERCIAL" not in self.config.origins:
            raise Misconfigured("origins", "By customer number only commercial invoices can be asked for.")
        return await self._cards(await self._customer(number))

    async def _by_number(self, number: str) -> Sequence[InvoiceCard]:
        """A number of an invoice; where there is none anywhere, the payment reference."""
        unasked: Misconfigured | None = None
        for by in ("invoiceNumber", "ocrNumber"):
            found: list[TheirInvoice] = []
            for origin in self.config.origins:
                try:
                    found += await self._numbered(origin, by, number)
                except Misconfigured as error:
                    unasked = error
            if found:
                return await self._cards(found, number)
        if unasked:
            raise unasked
        return []

    async def _numbered(self, origin: Origin, by: str, number: str) -> Sequence[TheirInvoice]:
        if origin == "COMMERCIAL" and self.config.issuers:
            return await self._by_rows(number) if by == "invoiceNumber" else []
        if origin == "PUBLIC_ADMINISTRATION" and self.config.copy_path:
            return await self._copied(**{"invoiceNumbers" if by == "invoiceNumber" else by: number})
        return await self._searched(origin, **{by: number})

    async def _by_rows(self, number: str) -> Sequence[TheirInvoice]:
        """Its rows say what it is for and how much, not whose it is nor whether it is paid."""
        found: list[TheirInvoice] = []
        for issuer in self.config.issuers:
            answer = await self._get(self._at(f"/COMMERCIAL/{issuer}/{number}/details"))
            if rows := ((await self.gateway.read(answer, Found)).details if answer else None):
                found.append(_whole(number, rows))
        return found

    async def _customer(self, number: str) -> Sequence[TheirInvoice]:
        # No limit: the service refuses one above its own, which it keeps to itself.
        query = {"customerNumbers": number, "sortBy": "InvoiceDate", "sortDirection": "DESC"}
        return await self._all(self._at(CUSTOMERS), query)

    async def _copied(self, **query: str) -> Sequence[TheirInvoice]:
        return await self._all(self._copy, {**query, "limit": str(PAGE)})

    async def _searched(self, origin: Origin, **query: str) -> Sequence[TheirInvoice]:
        """9.5 wants to know whose it is even when it is given a number, and says so with a 400."""
        for search in SEARCHES[origin]:
            try:
                found = await self._all(self._at(f"/{search}"), {**query, "limit": str(PAGE)})
            except _Refused as error:
                setting = "issuers" if origin == "COMMERCIAL" else "copy_path"
                raise Misconfigured(setting, f"{origin} can't be asked by number alone: set {setting}.") from error
            if found:
                return found
        return []

    async def _party(self, path: str) -> str:
        answer = await self._get(f"{self.config.party_path}/{self.config.municipality_id}/{path}", accept="text/plain")
        return answer.content.decode("ascii", "replace").strip().strip('"') if answer else ""

    async def _cards(self, invoices: Sequence[TheirInvoice], asked: str = "") -> Sequence[InvoiceCard]:
        """Of a party, the party API says who it is."""
        parties = sorted({each.party_id or "" for each in invoices if _PARTY.fullmatch(each.party_id or "")})
        people = {party: await self._legal_id(party) for party in parties[:MOST_PARTIES] if self.config.party_path}
        now = self.tools.now()
        return [_card(each, people.get(each.party_id or ""), asked, now) for each in invoices]

    async def _legal_id(self, party: str) -> str | None:
        for kind in ("PRIVATE", "ENTERPRISE"):
            number = await self._party(f"{kind}/{party}/legalId")
            if number:
                return number
        return None

    async def _all(self, path: str, query: Mapping[str, str]) -> Sequence[TheirInvoice]:
        found: list[TheirInvoice] = []
        for page in range(1, PAGES + 1):
            answer = await self._get(path, {**query, "page": str(page)})
            read = await self.gateway.read(answer, Found) if answer else Found()
            found += read.invoices or ()
            if not read.invoices or page >= ((read.meta and read.meta.total_pages) or 1):
                break
        return found[: PAGES * PAGE]

    def _at(self, path: str) -> str:
        return f"{self.config.invoices_path}/{self.config.municipality_id}{path}"

    @property
    def _copy(self) -> str:
        return f"{self.config.copy_path}/{self.config.municipality_id}/invoices"

    async def _get(self, path: str, query: Mapping[str, str] | None = None, accept: str = JSON) -> Answer | None:
        """None: nothing is known there."""
        answer = await self.gateway.get(path, query, accept)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status == HTTPStatus.BAD_REQUEST:
            raise _Refused("The invoices API doesn't understand the question (400).")
        return answer


class _Refused(Unreadable):
    """400."""


def _card(theirs: TheirInvoice, identity: str | None, asked: str, now: datetime) -> InvoiceCard:
    """`asked`: by what number; about a payment reference it is only when the answer has that one."""
    ocr = _text(theirs.ocr_number)
    number = _text(theirs.invoice_number) or ocr
    kind = KINDS.get((theirs.invoice_type or "").upper(), "invoice")
    whole = theirs.amount_vat_included if theirs.total_amount is None else theirs.total_amount
    total, paid, vat = (_amount(each, kind) for each in (whole, theirs.paid_amount, theirs.vat))
    first, last = _day(theirs.period_from or theirs.from_date), _day(theirs.period_to or theirs.to_date)
    return InvoiceCard(
        about=About(
            identity=identity,
            customer=_text(theirs.customer_number) or _text(theirs.party_id) or None,
            invoice=(ocr if asked and asked == ocr else number) or None,
        ),
        as_of=now,
        number=number,
        kind=kind,
        status=STATUSES.get((theirs.invoice_status or "").upper(), "unknown"),
        title=", ".join(filter(None, map(_text, theirs.invoice_descriptions or [theirs.invoice_description or ""]))),
        issued=_day(theirs.invoice_date),
        due=_day(theirs.due_date or theirs.invoice_due_date),
        period=(first, last) if first and last else None,
        total=total,
        paid=paid,
        balance=None if total is None or paid is None else total - paid,
        vat=vat,
        currency=_text(theirs.currency).upper() if _CURRENCY.fullmatch(theirs.currency or "") else CURRENCY,
        reference=PaymentReference(ocr, "ocr") if ocr and theirs.customer_type != AT_COLLECTION else None,
        reminded=_day(theirs.invoice_reminder_date),
        department=_text(theirs.administration),
        facility=", ".join(filter(None, map(_text, theirs.facility_ids or ()))),
    )


def _whole(number: str, rows: Sequence[TheirRow]) -> TheirInvoice:
    return TheirInvoice(
        invoice_number=number,
        invoice_descriptions=list(dict.fromkeys(row.product_name for row in rows if row.product_name)),
        total_amount=_sum([row.amount for row in rows]),
        vat=_sum([row.vat for row in rows]),
        from_date=min((row.from_date for row in rows if row.from_date), default=None),
        to_date=max((row.to_date for row in rows if row.to_date), default=None),
        facility_ids=list(dict.fromkeys(row.facility_id for row in rows)),
    )


def _text(said: Said) -> str:
    return "".join(each for each in str(said)[:MOST_LETTERS] if each.isprintable()).strip() if said is not None else ""


def _amount(said: Decimal | None, kind: Kind = "invoice") -> Decimal | None:
    if said is None:
        return None
    if not said.is_finite() or (said and abs(said.adjusted()) > MOST_DIGITS):
        raise Unreadable("An amount in the answer is no amount of money.")
    return -abs(said) if kind == "credit" else said


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in map(_amount, amounts) if amount is not None]
    return sum(known, Decimal()) if known and len(known) == len(amounts) else None


def _day(said: str | None) -> date | None:
    try:
        day = date.fromisoformat(said[: len("2022-09-30")]) if said else NO_DAY
    except ValueError as error:
        raise Unreadable("A date in the answer is no date.") from error
    return day if day > NO_DAY and day.year < LAST_YEAR else None


@hook_impl
def register_plugins(register: Register) -> None:
    register.lookup(MunicipalInvoices)
