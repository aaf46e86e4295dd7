"""Cards: what a lookup answers, in our words. Fields and their units: what economy, waste and permit systems share.

What the source doesn't say is None or empty: the card says nothing of it then.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import Struct

Kind: TypeAlias = Literal[
    "invoice", "credit", "start", "final", "direct_debit", "self", "reminder", "consolidated", "internal", "offset"
]
Status: TypeAlias = Literal[
    "paid", "sent", "unpaid", "partly_paid", "debt_collection", "paid_too_much", "reminder", "void", "credited",
    "written_off", "unknown",
]  # fmt: skip
ReferenceKind: TypeAlias = Literal["ocr", "kid", "fik"]
Precision: TypeAlias = Literal["day", "week", "month"]


class About(Struct, frozen=True):
    """Whom or what the source says it is, as it says it. The hub compares: another one's answer is thrown away."""

    identity: str | None = None
    """Of a person or an organisation: a national number, any way of writing it."""
    customer: str | None = None
    property: str | None = None
    address: str | None = None
    invoice: str | None = None
    case: str | None = None


class Card(Struct, frozen=True, kw_only=True, tag_field="card"):
    """`as_of`: when this was so at the source, aware; `link`: where it stands there, for who may log in."""

    about: About
    as_of: datetime
    link: str | None = None


class Payment(Struct, frozen=True):
    """Money that came."""

    on: date
    amount: Decimal


class PaymentReference(Struct, frozen=True):
    """What the payer writes. Its check digits are checked by the hub, not here."""

    value: str
    kind: ReferenceKind


class InvoiceCard(Card, frozen=True, kw_only=True, tag="invoice"):
    """One invoice. Amounts in `currency` (ISO 4217), VAT included; of a credit they are negative."""

    number: str
    kind: Kind = "invoice"
    status: Status
    title: str = ""
    issued: date | None = None
    due: date | None = None
    period: tuple[date, date] | None = None
    total: Decimal | None = None
    paid: Decimal | None = None
    balance: Decimal | None = None
    vat: Decimal | None = None
    currency: str
    reference: PaymentReference | None = None
    pay_to: str = ""
    reminders: int | None = None
    reminded: date | None = None
    collector: str = ""
    collector_case: str = ""
    department: str = ""
    contact: str = ""
    facility: str = ""
    payments: Sequence[Payment] = ()
    deferred_to: date | None = None


class When(Struct, frozen=True):
    """A day, or the first and last day of the week or month that is all the source says."""

    first: date
    last: date
    precision: Precision


class Pickup(Struct, frozen=True):
    """One that has been. `deviation`: why it wasn't emptied, in the source's words."""

    on: date
    deviation: str = ""


class PickupCard(Card, frozen=True, kw_only=True, tag="pickup"):
    """One kind of waste at one address. `size` in `unit` (L, m³)."""

    waste: str
    is_septic: bool = False
    container: str = ""
    size: Decimal | None = None
    unit: str = ""
    count: int | None = None
    frequency: str = ""
    route: str = ""
    next: When | None = None
    later: Sequence[When] = ()
    """Those after `next`, as far as the source knows them."""
    past: Sequence[Pickup] = ()
    price_a_year: Decimal | None = None
    currency: str = ""


class Step(Struct, frozen=True):
    """Something that happened in a case, or is to happen."""

    title: str
    on: date | None = None
    done: bool = True


class Decision(Struct, frozen=True):
    """`outcome`: granted | refused | dismissed | withdrawn | other."""

    outcome: Literal["granted", "refused", "dismissed", "withdrawn", "other"]
    text: str = ""
    on: date | None = None
    valid_until: date | None = None


class PermitCard(Card, frozen=True, kw_only=True, tag="permit"):
    """One case. What is secret or working material doesn't leave the adapter."""

    number: str
    kind: str = ""
    title: str = ""
    status: str
    is_closed: bool = False
    applied: date | None = None
    officer: str = ""
    steps: Sequence[Step] = ()
    missing: Sequence[str] = ()
    """Papers that were asked for and haven't come."""
    missing_since: date | None = None
    decision: Decision | None = None


class DisturbanceCard(Card, frozen=True, kw_only=True, tag="disturbance"):
    """An outage or other disturbance at a place, planned or going on. It is nobody's: an address is all it is about."""

    number: str = ""
    kind: str = ""
    title: str
    text: str = ""
    status: Literal["planned", "open", "closed"]
    begins: datetime | None = None
    ends: datetime | None = None
    """When it is to end, or ended."""
    area: str = ""


class Field(Struct, frozen=True):
    """One line of a card, in the department's words. A `date` is ISO 8601, an `amount` digits with a point."""

    label: str
    value: str
    kind: Literal["text", "date", "amount"] = "text"
    currency: str = ""


class FieldsCard(Card, frozen=True, kw_only=True, tag="fields"):
    """Whatever has no card of its own. `summary`: the one thing worth seeing."""

    title: str
    summary: str = ""
    fields: Sequence[Field] = ()


AnyCard: TypeAlias = InvoiceCard | PickupCard | PermitCard | DisturbanceCard | FieldsCard
