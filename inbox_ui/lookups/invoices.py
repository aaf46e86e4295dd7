"""Invoices: what is owed and since when, how it is paid, and who collects it."""

import re
from collections.abc import Sequence
from datetime import date

from hub.contract import InvoiceCard
from hub.contract.references import holds
from inbox_ui import times
from inbox_ui.amounts import money, number
from inbox_ui.lookups.line import Chip, Fact, Line, fact, link, today
from inbox_ui.words import gettext as _
from inbox_ui.words import ngettext, pgettext

_UNBROKEN = re.compile(r"(?<=\d)-(?=\d)")
"""A line isn't broken within 2026-09."""
_OWED = {"sent", "unpaid", "partly_paid", "reminder"}


def is_owed(card: InvoiceCard) -> bool:
    """Somebody has to pay it. What may be paid already isn't said to be owed, nor late."""
    return card.status in _OWED and not is_credit(card)


def is_credit(card: InvoiceCard) -> bool:
    """Some systems say so by the amount alone."""
    return card.kind == "credit" or (card.total is not None and card.total < 0)


def is_overdue(card: InvoiceCard, on: date | None = None) -> bool:
    """Owed, and its day is over, `on` that day or today."""
    last = _last_day(card)
    return is_owed(card) and last is not None and last < (on or today())


def _last_day(card: InvoiceCard) -> date | None:
    """To pay it; one that was put off has another day."""
    return max((each for each in (card.due, card.deferred_to) if each), default=None)


def invoice(index: int, card: InvoiceCard) -> Line:
    late = is_overdue(card)
    left = card.balance
    partly = card.status == "partly_paid" and left is not None
    kinds = {
        "credit": _("Credit note"), "start": _("First invoice"), "final": _("Final invoice"),
        "direct_debit": _("Direct debit"), "self": _("Self-billed"), "reminder": _("Reminder"),
        "consolidated": _("Collective invoice"), "internal": _("Internal"), "offset": _("Set off"),
    }  # fmt: skip
    kind = kinds.get("credit" if is_credit(card) else card.kind, "")
    return Line(
        index=index,
        title=_UNBROKEN.sub("\u2011", card.title) or kind or _("Invoice"),
        under=" · ".join(each for each in (card.number, kind if card.title else "") if each),
        reminded=_reminded(card),
        chip=_status(card),
        currency=card.currency,
        amount="" if card.total is None else number(card.total),
        amount_under=_("%(amount)s left") % {"amount": number(left)} if partly and left is not None else "",
        day=times.date_short(card.due) if card.due else "",
        day_under=_days(card, late=late),
        is_late=late,
        facts=_about_invoice(card),
        link=link(card),
    )


def _days(card: InvoiceCard, *, late: bool) -> str:
    paid = max((each.on for each in card.payments), default=None)
    if card.status == "paid":
        return _("paid %(day)s") % {"day": times.date_short(paid)} if paid else ""
    last = _last_day(card)
    if card.due is None or last is None or not is_owed(card) or card.deferred_to == last >= today():
        return ""
    days = (last - today()).days
    if late:
        return ngettext("%(num)s day late", "%(num)s days late", -days) % {"num": -days}
    if days == 0:
        return _("today")
    return ngettext("in %(num)s day", "in %(num)s days", days) % {"num": days} if days > 0 else ""


def _status(card: InvoiceCard) -> Chip:
    if card.deferred_to is not None and is_owed(card) and card.deferred_to >= today():
        return Chip(_("Put off to %(day)s") % {"day": times.date_short(card.deferred_to)}, "info")
    if is_overdue(card) and card.status != "partly_paid":
        return Chip(pgettext("invoice", "Overdue"), "late")
    said = {
        "paid": Chip(_("Paid"), "ok"),
        "sent": Chip(pgettext("invoice", "Open"), "info"),
        "unpaid": Chip(pgettext("invoice", "Open"), "info"),
        "partly_paid": Chip(_("Partly paid"), "late" if is_overdue(card) else "warn"),
        "debt_collection": Chip(_("Debt collection"), "late"),
        "paid_too_much": Chip(_("Paid too much"), "warn"),
        "reminder": Chip(_("Reminded"), "warn"),
        "void": Chip(_("Void"), "closed"),
        "credited": Chip(_("Credited"), "closed"),
        "written_off": Chip(_("Written off"), "closed"),
    }
    return said.get(card.status, Chip(_("State unknown")))


def _about_invoice(card: InvoiceCard) -> list[Fact]:
    """What is asked about it, in the order it is asked."""
    collector = ", ".join(each for each in (card.collector, card.collector_case) if each)
    facts = [
        *_reference(card),
        *fact(_("Pay to"), card.pay_to, copied=True),
        *fact(_("Collected by"), collector, copied=True),
        *fact(_("Reminders"), _reminders(card)),
        *fact(_("Issued"), times.date_short(card.issued) if card.issued else ""),
        *fact(_("Period"), _period(card.period)),
        *fact(_("VAT"), "" if card.vat is None else money(card.vat, card.currency)),
    ]
    for each in card.payments:
        facts += fact(_("Paid %(day)s") % {"day": times.date_short(each.on)}, money(each.amount, card.currency))
    return [
        *facts,
        *fact(_("Left to pay"), "" if card.balance is None else money(card.balance, card.currency)),
        *fact(_("Department"), card.department),
        *fact(_("Contact"), card.contact, copied=True),
        *fact(_("Facility"), card.facility, copied=True),
    ]


def _reference(card: InvoiceCard) -> list[Fact]:
    """With its kind; one whose check digit is wrong says so and can't be copied: nothing would find its payment."""
    if card.reference is None or not card.reference.value:
        return []
    right = holds(card.reference)
    marks = {
        True: Chip(_("check digit right"), "ok"), False: Chip(_("check digit wrong"), "warn"), None: None,
    }  # fmt: skip
    value = card.reference.value
    return [Fact(card.reference.kind.upper(), value, "" if right is False else value, marks[right])]


def _period(period: tuple[date, date] | None) -> str:
    return times.days_short(*period) if period else ""


def _reminded(card: InvoiceCard) -> str:
    """Seen at once while it is owed: it is what they ask about."""
    if not is_owed(card) or not (card.reminded or card.reminders):
        return ""
    return _("reminded %(day)s") % {"day": times.date_short(card.reminded)} if card.reminded else _("reminded")


def _reminders(card: InvoiceCard) -> str:
    day = times.date_short(card.reminded) if card.reminded else ""
    if not card.reminders:
        return day
    many = ngettext("%(num)s sent", "%(num)s sent", card.reminders) % {"num": card.reminders}
    return f"{many}, {day}" if day else many


def of_invoices(cards: Sequence[InvoiceCard]) -> Chip:
    collected = sum(card.status == "debt_collection" for card in cards)
    late = sum(is_overdue(card) for card in cards)
    owed = [card for card in cards if is_owed(card)]
    if len(cards) == 1:
        soon = _days(cards[0], late=late > 0)
        return Chip(_("Due %(when)s") % {"when": soon}, "info") if soon and owed and not late else _status(cards[0])
    if collected:
        return Chip(_("%(num)s at debt collection") % {"num": collected}, "late")
    if late:
        return Chip(ngettext("%(num)s overdue", "%(num)s overdue", late) % {"num": late}, "late")
    if owed:
        return Chip(ngettext("%(num)s open", "%(num)s open", len(owed)) % {"num": len(owed)}, "info")
    if any(card.status == "unknown" and not is_credit(card) for card in cards):
        return Chip(_("State unknown"))
    return Chip(_("None to pay"), "ok")
