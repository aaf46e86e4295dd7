"""Lookup words: what the parts of a lookup's definition are called: sources, cards, fields, states, audiences."""

import re
from collections.abc import Mapping

from hub.errors import Invalid
from hub.lookups.definition import LINE, Declared
from inbox_ui.lookups.panel import by_words
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _
from inbox_ui.words import pgettext, told


def kinds() -> Mapping[str, tuple[str, str]]:
    """Sources that need no code, in the order in which they are offered: what they are called, and their picture."""
    return {
        "sql": (_("Database view"), "database"),
        "table": (_("CSV or Excel file"), "table"),
        "rest": (_("REST service"), "globe"),
    }


def cards() -> Mapping[str, str]:
    """Kinds of cards."""
    return {
        "invoice": _("Invoice"), "pickup": _("Pickup"), "permit": _("Case or permit"),
        "disturbance": _("Disturbance"), "fields": _("Lines of your own"),
    }  # fmt: skip


def fields() -> Mapping[str, str]:
    """What a card can say."""
    return {
        "number": _("Number"), "status": _("Status"), "currency": _("Currency"), "kind": _("Kind"),
        "title": _("Title"), "issued": _("Issued"), "due": _("Due"), "period_from": _("Period from"),
        "period_to": _("Period to"), "total": _("Total"), "paid": _("Paid"), "balance": _("Left to pay"),
        "vat": _("VAT"), "reference": _("Payment reference"), "reference_kind": _("Kind of reference"),
        "pay_to": _("Pay to"), "reminders": _("Reminders"), "reminded": _("Day of the reminder"),
        "collector": _("Debt collector"), "collector_case": _("Debt collector’s case"),
        "department": _("Department"), "contact": _("Contact"), "facility": _("Facility"),
        "deferred_to": _("Put off to"), "waste": _("What is fetched"), "is_septic": _("Septic tank"),
        "container": _("Container"), "size": _("Size"), "unit": _("Unit"), "count": _("Number of containers"),
        "frequency": _("How often"), "route": _("Route"), "next": _("Next pickup"),
        "price_a_year": _("Price a year"), "is_closed": _("Closed"), "applied": _("Applied"),
        "officer": _("Case worker"), "missing": _("Missing papers"), "missing_since": _("Missing since"),
        "decision": _("Decision"), "decision_text": _("Decision in words"), "decided": _("Decided"),
        "valid_until": _("Valid until"), "text": _("Text"), "begins": _("Begins"), "ends": _("Ends"),
        "area": _("Where"), "summary": _("Summary"), "period": _("Period"), "payments": _("Payments"),
        "past": _("Earlier pickups"), "steps": _("Steps"), "fields": pgettext("card", "Lines"), "link": _("Link"),
    }  # fmt: skip


def states(owner: str, name: str) -> Mapping[str, str]:
    """Our words of a field that has some, as people read them."""
    return {
        ("invoice", "status"): {
            "paid": _("Paid"), "sent": _("Sent"), "unpaid": _("Not paid"), "partly_paid": _("Partly paid"),
            "debt_collection": _("Debt collection"), "paid_too_much": _("Paid too much"), "reminder": _("Reminded"),
            "void": _("Void"), "credited": _("Credited"), "written_off": _("Written off"),
            "unknown": _("State unknown"),
        },
        ("invoice", "kind"): {
            "invoice": _("Invoice"), "credit": _("Credit note"), "start": _("First invoice"),
            "final": _("Final invoice"), "direct_debit": _("Direct debit"), "self": _("Self-billed"),
            "reminder": _("Reminder"), "consolidated": _("Collective invoice"), "internal": _("Internal"),
            "offset": _("Set off"),
        },
        ("invoice", "reference_kind"): {"ocr": "OCR", "kid": "KID", "fik": "FIK"},
        ("permit", "decision"): {
            "granted": _("Granted"), "refused": pgettext("decision", "Refused"), "dismissed": _("Dismissed"),
            "withdrawn": _("Withdrawn"), "other": _("Decided"),
        },
        ("disturbance", "status"): {"planned": _("Planned"), "open": _("Going on"), "closed": _("Over")},
    }.get((owner, name), {})  # fmt: skip


def roles() -> Mapping[str, str]:
    """Who may ask."""
    return {"agent": _("Agents"), "lead": _("Heads of queues")}


def seen() -> Mapping[str, str]:
    """Who sees a field of the card."""
    return {"all": _("All who ask"), "asked": _("Hidden until asked for"), "leads": _("Heads of queues alone")}


def covers(declared: Declared) -> Mapping[str, str]:
    """What is kept from whom, by setting and field, for kinds whose card IT's plugin makes."""
    said = {
        "leads_only": _("Heads of queues alone see: %(field)s"),
        "until_asked": _("Hidden until asked for: %(field)s"),
        "not_in_replies": _("In no reply: %(field)s"),
    }
    return {
        f"{setting}:{name}": words % {"field": fields().get(name, name.removeprefix(LINE))}
        for setting, words in said.items()
        for name in getattr(declared, setting)
    }


def line_kinds() -> Mapping[str, str]:
    """How a line of one's own is read."""
    return {"text": _("Text"), "date": _("Date"), "amount": _("Amount")}


def readings() -> Mapping[str, str]:
    """What stands in a column, as it has to be for its field."""
    return {
        "text": _("text"), "texts": _("a list of texts"), "day": _("a date"), "when": _("a day, week or month"),
        "moment": _("a time"), "amount": _("an amount"), "count": _("a whole number"), "yes": _("yes or no"),
        "word": _("a word or code"), "currency": _("three letters, as SEK"),
    }  # fmt: skip


def ways() -> Mapping[str, str]:
    """How a column has what it is looked for by."""
    return {
        "value": _("as it is asked"), "digits": _("a number"), "dashed": "19850505-1234", "ten": "8505051234",
        "ten_dashed": "850505-1234", "sixteen": "165566778899", "sixteen_dashed": "16556677-8899",
        "street": _("the street alone"),
    }  # fmt: skip


def wrong(error: Invalid, titles: Mapping[str, str] | None = None) -> str:
    """What is wrong with a definition, as its page says it. `titles`: as below."""
    plain = str(error)
    known = stored(plain)  # as the hub raised it: `told` begins it with a capital
    said = in_words(stored(told(error)) if known == plain else known, error.field, titles)
    return said[:1].upper() + said[1:]


def in_words(problem: str, setting: str, titles: Mapping[str, str] | None = None) -> str:
    """What is wrong, with the words of the page for the settings that it names as the file has them: the one that it
    begins with, and others where they can't be words. `titles`: of settings of its kind of source."""
    labels = {**(titles or {}), **_settings()}
    head = setting.partition(".")[0].casefold()
    found = _SETTING.match(problem)
    if found and (name := found[0].casefold()).partition(".")[0] == head and (label := _label(name, labels)):
        said = label if " " not in label else _quoted(label)
        return said + _NAMES.sub(lambda each: _named(each[0], labels), problem[found.end() :])
    return _NAMES.sub(lambda each: _named(each[0], labels), problem)


def _settings() -> Mapping[str, str]:
    return {
        "url": _("Address"), "base_url": _("Address"), "path": _("File"), "view": _("View or table"),
        "select": "SELECT", "by": _("What to look up with"), "about": _("Column that says whose it is"),
        "lines": pgettext("card", "Lines"), "link": _("Address where it stands at the source"),
        "as_of": _("Their column of when it was so"), "date_format": _("How they write a date"),
        "decimal": _("Decimal sign in their texts"), "time_zone": _("Time zone of their times"),
    }  # fmt: skip


def _label(name: str, labels: Mapping[str, str]) -> str:
    """Of a setting, or of a part of one, as `fields.due`; empty where the page has no word for it."""
    head, _dot, rest = name.partition(".")
    part = rest.partition(".")[0]
    if head in {"fields", "values"}:
        return fields().get(part, "")
    if head in {"by", "about"} and (by := by_words().get(part)):  # type: ignore[call-overload] # of any name none
        return by if head == "by" else _("Column that says whose it is, by %(by)s") % {"by": by}
    return labels.get(name, "")


def _named(name: str, labels: Mapping[str, str]) -> str:
    label = _label(name, labels)
    return _quoted(label) if label else name


def _quoted(label: str) -> str:
    return _("“%(name)s”") % {"name": label}


_SETTING = re.compile(r"[A-Za-z_]+(?:\.\w+)*")
_NAMES = re.compile(r"\b(?:(?:fields|values|about|by)\.\w+(?:\.\w+)*|[a-z]+(?:_[a-z]+)+)\b")
"""Of settings, that are no words of a sentence."""
