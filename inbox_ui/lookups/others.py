"""Disturbances, and cards of plain fields."""

from datetime import date
from decimal import Decimal

from hub.contract import DisturbanceCard, FieldsCard
from hub.contract.cards import Field
from hub.lookups.cover import DOTS
from inbox_ui import times
from inbox_ui.amounts import money
from inbox_ui.lookups.line import Chip, Line, fact, link
from inbox_ui.words import gettext as _
from inbox_ui.words import language


def disturbance(index: int, card: DisturbanceCard) -> Line:
    said = {
        "planned": Chip(_("Planned"), "info"), "open": Chip(_("Going on"), "warn"), "closed": Chip(_("Over"), "closed"),
    }  # fmt: skip
    facts = [
        *fact(_("Where"), card.area),
        *fact(_("From"), times.since(card.begins) if card.begins else ""),
        *fact(_("Until"), times.since(card.ends) if card.ends else ""),
        *fact(_("Number"), card.number, copied=True),
    ]
    return Line(
        index=index,
        title=card.title,
        under=card.kind,
        chip=said[card.status],
        text=card.text,
        facts=facts,
        link=link(card),
    )


def fields(index: int, card: FieldsCard) -> Line:
    facts = [line for each in card.fields for line in fact(each.label, value(each), copied=each.value != DOTS)]
    return Line(
        index=index,
        title=card.title,
        chip=Chip(card.summary) if card.summary else None,
        facts=facts,
        link=link(card),
    )


def value(field: Field, code: str | None = None) -> str:
    """As a person reads it; what isn't what it says it is stands as it came."""
    spoken = code or language()
    try:
        if field.kind == "date":
            return times.date_long(date.fromisoformat(field.value), spoken)
        if field.kind == "amount":
            return money(Decimal(field.value), field.currency, spoken)
    except (ValueError, ArithmeticError):
        return field.value
    return field.value
