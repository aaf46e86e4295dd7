"""Pickups: when it is emptied next, as precisely as the source knows, and when it wasn't."""

from collections.abc import Sequence
from datetime import date

from hub.contract import PickupCard
from hub.contract.cards import Pickup, When
from inbox_ui import times
from inbox_ui.amounts import money, size
from inbox_ui.lookups.line import Been, Chip, Line, fact, link, today
from inbox_ui.words import gettext as _
from inbox_ui.words import ngettext

MISSED_LATELY = 60
"""Days: a pickup that was missed longer ago is no news."""
MOST_LATER = 3
"""Days after the next one that are worth showing."""


def waste(card: PickupCard, code: str | None = None) -> str:
    """What it is, and how much there is room for: Restavfall 190 L. `code`: of a language, else the reader's."""
    held = f"{size(card.size, code)} {card.unit}".strip() if card.size is not None else ""
    many = f"{card.count} × {held}" if held and card.count and card.count > 1 else held
    room = " ".join(each for each in (card.container.lower(), many) if each)
    return ", ".join(each for each in (card.waste, room) if each)


def is_missed(card: PickupCard) -> bool:
    """What was to be emptied last wasn't, not long ago."""
    last = _last(card)
    return last is not None and bool(last.deviation) and (today() - last.on).days <= MISSED_LATELY


def pickup(index: int, card: PickupCard) -> Line:
    figure, under = _when(card.next)
    price = "" if card.price_a_year is None else money(card.price_a_year, card.currency)
    past = sorted(card.past, key=lambda each: each.on, reverse=True)
    return Line(
        index=index,
        title=waste(card),
        under=", ".join(each for each in (_weekday(card.next), _is_over(card.next), card.frequency, card.route) if each)
        or ("" if card.next else _("No day is set")),
        chip=Chip(_("Septic"), "info") if card.is_septic else None,
        day=figure,
        day_under=under,
        facts=[*fact(_("After that"), ", ".join(map(in_words, card.later[:MOST_LATER]))), *fact(_("A year"), price)],
        past=[_been(each) for each in past],
        link=link(card),
    )


def _been(pickup: Pickup) -> Been:
    month = _month(pickup.on)
    words = _("Missed: %(why)s") % {"why": pickup.deviation} if pickup.deviation else _("Emptied")
    return Been(str(pickup.on.day), month, words, pickup.deviation)


def _when(when: When | None) -> tuple[str, str]:
    """As precise as it is known: 19 over Nov, 27 over week, Jun over 2025."""
    if when is None:
        return "–", ""
    if when.precision == "week":
        return str(when.first.isocalendar().week), _("week")
    if when.precision == "month":
        return times.month_of(when.first), str(when.first.year)
    return str(when.first.day), _month(when.first)


def _month(on: date) -> str:
    """Of a day; with its year if it isn't this one: 1 Dec that has been reads as if it were to come."""
    return times.month_of(on) if on.year == today().year else f"{times.month_of(on)} {on.year}"


def _weekday(when: When | None) -> str:
    if when is None or when.precision == "month":
        return ""
    if when.precision == "week":
        return times.days_short(when.first, when.last)
    return times.weekday_of(when.first)


def _is_over(when: When | None) -> str:
    """A source that stands still says as the next one what has been."""
    return _("is over: the source knows none after it") if when is not None and when.last < today() else ""


def of_pickups(cards: Sequence[PickupCard]) -> Chip | None:
    missed = sum(is_missed(card) for card in cards)
    if missed:
        return Chip(ngettext("%(num)s missed", "%(num)s missed", missed) % {"num": missed}, "warn")
    known = [card.next for card in cards if card.next is not None and card.next.last >= today()]
    if not known:
        return None
    soonest = min(known, key=lambda each: each.first)
    return Chip(_("Next %(when)s") % {"when": in_words(soonest)}, "info")


def in_words(when: When) -> str:
    """19 Nov, week 27, June 2025."""
    if when.precision == "week":
        return _("week %(n)s") % {"n": when.first.isocalendar().week}
    return times.month_and_year(when.first) if when.precision == "month" else times.date_short(when.first)


def _last(card: PickupCard) -> Pickup | None:
    return max(card.past, key=lambda each: each.on, default=None)
