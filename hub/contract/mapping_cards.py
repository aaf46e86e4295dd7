"""A card out of fields that have been read: what follows from several of them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from hub.contract.cards import (
    Decision,
    DisturbanceCard,
    FieldsCard,
    InvoiceCard,
    Payment,
    PaymentReference,
    PermitCard,
    Pickup,
    PickupCard,
    Step,
    When,
)
from hub.contract.errors import Unreadable

_BY_CURRENCY: Mapping[str, Literal["ocr", "kid", "fik"]] = {"SEK": "ocr", "EUR": "ocr", "NOK": "kid", "DKK": "fik"}
"""What a payment reference is where nothing says it."""
PARTS: Mapping[str, Sequence[str]] = {
    "period": ("period_from", "period_to"),
    "reference": ("reference", "reference_kind"),
    "decision": ("decision", "decision_text", "decided", "valid_until"),
}
"""Fields of a card that are made of several of its settings' fields: hidden and shown as one."""
_WHOLE = {part: name for name, parts in PARTS.items() for part in parts}


def whole(name: str) -> str:
    """The card's field that a field of the settings goes into; of most its own name."""
    return _WHOLE.get(name, name)


def _invoice(read: dict[str, Any], _: date) -> InvoiceCard:
    first, last = (read.pop(name, None) for name in PARTS["period"])
    kind, value = read.pop("reference_kind", None), read.pop("reference", "")
    kind = kind or _BY_CURRENCY.get(read["currency"])
    if value and kind is None:
        raise Unreadable("reference_kind: nothing says whether the reference is ocr, kid or fik.")
    if read.get("kind") == "credit" and (read.get("total") or 0) > 0:
        read |= {name: -read[name] for name in ("total", "paid", "balance", "vat") if read.get(name)}
    if read["status"] == "unpaid" and 0 < (read.get("balance") or 0) < (read.get("total") or 0):
        read["status"] = "partly_paid"
    return InvoiceCard(
        period=(first, last) if first and last else None,
        reference=PaymentReference(value, kind) if value and kind else None,
        **read,
    )


def _pickup(read: dict[str, Any], today: date) -> PickupCard:
    calendar = read.pop("next", None)
    if isinstance(calendar, list):
        coming = sorted({each for each in calendar if each.last >= today}, key=_order)
        read |= {"next": coming[0], "later": coming[1:]} if coming else {}
    elif calendar is not None:
        read["next"] = calendar
    return PickupCard(**read)


def _order(each: When) -> tuple[date, date]:
    return each.first, each.last


def _permit(read: dict[str, Any], _: date) -> PermitCard:
    outcome, text, on, until = (read.pop(name, None) for name in PARTS["decision"])
    if outcome is None and (text or on):
        outcome = "other"
    return PermitCard(decision=Decision(outcome, text or "", on, until) if outcome else None, **read)


def _step(read: dict[str, Any], today: date) -> Step:
    on = read.get("on")
    return Step(read["title"], on, read.get("done", on is None or on <= today))


MAKE: Mapping[str, Any] = {
    "invoice": _invoice,
    "pickup": _pickup,
    "permit": _permit,
    "disturbance": lambda read, _: DisturbanceCard(**read),
    "fields": lambda read, _: FieldsCard(**read),
}
ONE_OF: Mapping[str, Any] = {
    "payments": lambda read, _: Payment(**read),
    "past": lambda read, _: Pickup(**read),
    "steps": _step,
}
