"""Pinned: a card in the timeline, as it was when somebody kept it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from hub.contract import AnyCard, InvoiceCard, PickupCard
from inbox_ui.amounts import money
from inbox_ui.lookups import cards, pickups
from inbox_ui.lookups.line import Line
from inbox_ui.words import gettext as _
from inbox_ui.words import word


class Pinned(Struct, frozen=True):
    """`called`: what was pinned; `source`: whose it is, and `as_of`: when it was so there."""

    called: str
    icon: str
    line: Line
    amount: str
    when: str
    source: str
    as_of: datetime


def pinned(body: Mapping[str, Any]) -> Pinned:
    """Of an entry's body, as hub/lookups/pin.py wrote it."""
    card: AnyCard = msgspec.convert(body["card"], AnyCard)
    (line,) = cards.lines([card])
    shows = str(body["card"]["card"])
    called, source = cards.title(card), word(body.get("source") or body["title"])
    return Pinned(called, cards.ICONS[shows], line, _amount(card), _when(card, line), source, card.as_of)


def _amount(card: AnyCard) -> str:
    if not isinstance(card, InvoiceCard) or card.total is None:
        return ""
    return money(card.total, card.currency)


def _when(card: AnyCard, line: Line) -> str:
    if isinstance(card, InvoiceCard) and line.day:
        return _("due %(day)s") % {"day": line.day}
    if isinstance(card, PickupCard) and card.next is not None:
        return _("next %(when)s") % {"when": pickups.in_words(card.next)}
    return ""
