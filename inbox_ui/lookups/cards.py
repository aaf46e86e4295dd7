"""Cards: whatever a lookup answered, each kind by its own module, and the one thing worth seeing of all of them."""

from collections.abc import Mapping, Sequence

from hub.contract import AnyCard, DisturbanceCard, FieldsCard, InvoiceCard, PermitCard, PickupCard
from inbox_ui.lookups.invoices import invoice, of_invoices
from inbox_ui.lookups.line import Chip, Line
from inbox_ui.lookups.others import disturbance, fields
from inbox_ui.lookups.permits import permit
from inbox_ui.lookups.pickups import of_pickups, pickup, waste
from inbox_ui.words import gettext as _

ICONS: Mapping[str, str] = {
    "invoice": "invoice", "pickup": "bin", "permit": "permit", "disturbance": "tap", "fields": "document",
}  # fmt: skip
"""By the kind of card."""


def lines(cards: Sequence[AnyCard]) -> list[Line]:
    """In their order."""
    return [_line(index, card) for index, card in enumerate(cards)]


def summary(cards: Sequence[AnyCard]) -> Chip | None:
    """The one thing worth seeing."""
    first = cards[0] if cards else None
    if isinstance(first, InvoiceCard):
        return of_invoices([card for card in cards if isinstance(card, InvoiceCard)])
    if isinstance(first, PickupCard):
        return of_pickups([card for card in cards if isinstance(card, PickupCard)])
    if len(cards) > 1:
        return Chip(str(len(cards)))
    return _line(0, first).chip if first is not None else None


def kind(card: AnyCard) -> str:
    """As its tag has it: what its template is called."""
    return str(card.__struct_config__.tag)


def title(card: AnyCard) -> str:
    """Of one card, where it stands alone: pinned, or in the composer's tray."""
    match card:
        case InvoiceCard():
            return _("Invoice %(number)s") % {"number": card.number}
        case PickupCard():
            return waste(card)
        case PermitCard():
            return _("Case %(number)s") % {"number": card.number}
        case _:
            return card.title


def _line(index: int, card: AnyCard) -> Line:
    match card:
        case InvoiceCard():
            return invoice(index, card)
        case PickupCard():
            return pickup(index, card)
        case PermitCard():
            return permit(index, card)
        case DisturbanceCard():
            return disturbance(index, card)
        case FieldsCard():
            return fields(index, card)
