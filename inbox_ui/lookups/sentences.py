"""Sentences: what a card says, to the citizen, in their language, with its source and the time it was so.

They are a domain of their own (`locale/*/sentences.po`), in more languages than the screen has. What differs in them
is text of another system: one line, not long.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from msgspec import Struct

from hub.contract import AnyCard, DisturbanceCard, FieldsCard, InvoiceCard, PermitCard, PickupCard
from hub.contract.cards import When
from hub.contract.references import holds
from inbox_ui import times
from inbox_ui.amounts import money
from inbox_ui.lookups.invoices import is_credit, is_overdue, is_owed
from inbox_ui.lookups.others import value
from inbox_ui.lookups.pickups import is_missed, waste
from inbox_ui.words import translations

LANGUAGES = ("sv", "nb", "nn", "da", "en")
DOMAIN = "sentences"
_DAY = {"sv": "'den' d MMMM y", "da": "'den' d. MMMM y", "en": "d MMMM y"}
_WEEKDAY = {"sv": "EEEE 'den' d MMMM y", "da": "EEEE 'den' d. MMMM y", "en": "EEEE d MMMM y"}
_SHORT = {"sv": "d MMMM", "en": "d MMMM"}
_TIME = {"sv": "d MMMM y 'kl.' HH.mm", "en": "d MMMM y 'at' HH:mm"}
_NORWEGIAN = {"day": "d. MMMM y", "weekday": "EEEE d. MMMM y", "short": "d. MMMM", "time": "d. MMMM y 'kl.' HH.mm"}
_PATTERNS = {"day": _DAY, "weekday": _WEEKDAY, "short": _SHORT, "time": _TIME}
_MOST = 3
"""Cards that are told of together; of more the agent picks."""
_LONGEST = 160


def language_of(*wanted: str | None) -> str:
    """The first of these that there are sentences in: the conversation's, the citizen's, the municipality's."""
    known = {**{each: each for each in LANGUAGES}, "no": "nb"}
    codes = (str(each).replace("_", "-").partition("-")[0].lower() for each in wanted if each)
    return next((known[code] for code in codes if code in known), "en")


def sentence(cards: Sequence[AnyCard], source: str, language: str, timezone: str, own: str = "") -> str:
    """Of one card or of several of one source. `own`: the department's, used where the card says all it names."""
    said = Speech(language, timezone)
    about = " ".join((own and _own(card, own, said)) or " ".join(_about(card, said)) for card in cards)
    oldest = min(card.as_of for card in cards)
    told = said(S_("Source: %(source)s, %(when)s."), source=source, when=said.time(oldest))
    return f"{about} {told}"


def worth(cards: Sequence[AnyCard]) -> list[int]:
    """Which of them to tell of when none was picked: what is owed or was missed first, and not too many."""
    loud = [
        index
        for index, card in enumerate(cards)
        if (isinstance(card, InvoiceCard) and (is_owed(card) or card.status in {"debt_collection", "unknown"}))
        or (isinstance(card, PickupCard) and is_missed(card))
    ]
    return (loud or list(range(len(cards))))[:_MOST]


class Speech(Struct, frozen=True):
    """A language and a timezone, and how things are said there."""

    language: str
    timezone: str

    def __call__(self, message: str, **said: str) -> str:
        """The message in this language, with `said` filled in, each on one line."""
        return translations(self.language, DOMAIN).gettext(message) % {name: _line(each) for name, each in said.items()}

    @property
    def today(self) -> date:
        """In the municipality's zone: the reader's may be another."""
        return times.now().astimezone(ZoneInfo(self.timezone)).date()

    def day(self, on: date, kind: str = "day") -> str:
        """A date: `day`, `weekday` before it, or `short`."""
        pattern = _PATTERNS[kind].get(self.language, _NORWEGIAN[kind])
        return format_date(on, pattern, locale=self.language)

    def month(self, on: date) -> str:
        """June 2026."""
        return format_date(on, "LLLL y", locale=self.language)

    def time(self, at: datetime) -> str:
        """Date and time, in the municipality's zone."""
        pattern = _PATTERNS["time"].get(self.language, _NORWEGIAN["time"])
        return format_datetime(at.astimezone(ZoneInfo(self.timezone)), pattern, locale=self.language)


def S_(message: str) -> str:  # noqa: N802 - like gettext's own N_
    """Marks a sentence for `make words`; said by a Speech."""
    return message


_UNBROKEN = "\u00a0\u202f"


def _line(text: str) -> str:
    # The space within an amount stays one that no line is broken at.
    kept = (each if each.isprintable() or each in _UNBROKEN else " " for each in text)
    plain = " ".join(part for part in "".join(kept).split(" ") if part)
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


def _about(card: AnyCard, said: Speech) -> Iterator[str]:
    match card:
        case InvoiceCard():
            yield from _of_invoice(card, said)
        case PickupCard():
            yield from _of_pickup(card, said)
        case PermitCard():
            yield from _of_permit(card, said)
        case DisturbanceCard():
            yield from _of_disturbance(card, said)
        case FieldsCard():
            facts = [f"{each.label} {value(each, said.language)}" for each in card.fields]
            yield _line(": ".join(filter(None, (card.title, card.summary or ", ".join(facts))))) + "."


def _own(card: AnyCard, own: str, said: Speech) -> str:
    """Filled in; empty where the card doesn't say all of it, or may not say it to whoever asked."""
    known = _known(card, said)
    names = _BRACED.findall(own)
    if not all(known.get(name) for name in names):
        return ""
    return _BRACED.sub(lambda found: _line(known[found[1]]), own)


_BRACED = re.compile(r"\{([^{}]+)\}")


def _known(card: AnyCard, said: Speech) -> Mapping[str, str]:
    """All that a sentence may name, as the settings of a source name it; never by our own word for a state."""
    if isinstance(card, FieldsCard):
        lines = {each.label: value(each, said.language) for each in card.fields}
        return lines | {"title": card.title, "summary": card.summary}
    known: dict[str, str] = {name: _plain(getattr(card, name), card, said) for name in card.__struct_fields__}
    if isinstance(card, InvoiceCard):
        known |= {"status": _STATES.get(card.status, ""), "kind": _KINDS[card.kind]}
        known |= {name: said(known[name]) for name in ("status", "kind") if known[name]}
        if card.reference is not None:
            known |= {"reference": card.reference.value, "reference_kind": card.reference.kind.upper()}
        if card.period is not None:
            known |= dict(zip(("period_from", "period_to"), map(said.day, card.period), strict=True))
    if isinstance(card, PermitCard):
        known["missing"] = ", ".join(card.missing)
        if card.decision is not None:
            decision = card.decision
            outcome = said(_OUTCOMES[decision.outcome]) if decision.outcome in _OUTCOMES else decision.text
            dated = {"decided": decision.on, "valid_until": decision.valid_until}
            known |= {"decision": outcome, "decision_text": decision.text}
            known |= {name: _plain(on, card, said) for name, on in dated.items()}
    if isinstance(card, DisturbanceCard):
        known["status"] = said(_GOING_ON[card.status])
    return known


_STATES = {
    "paid": S_("paid"),
    "sent": S_("sent out"),
    "unpaid": S_("not paid"),
    "partly_paid": S_("partly paid"),
    "debt_collection": S_("passed on for debt collection"),
    "paid_too_much": S_("paid with too much"),
    "reminder": S_("reminded"),
    "void": S_("cancelled"),
    "credited": S_("credited"),
    "written_off": S_("written off"),
}
"""One that isn't known is none: the usual sentence says that it can't be seen."""
_KINDS = {
    "invoice": S_("invoice"),
    "credit": S_("credit note"),
    "start": S_("first invoice"),
    "final": S_("final invoice"),
    "direct_debit": S_("direct debit"),
    "self": S_("self-billed invoice"),
    "reminder": S_("reminder"),
    "consolidated": S_("collective invoice"),
    "internal": S_("internal invoice"),
    "offset": S_("set-off"),
}
_GOING_ON = {"planned": S_("planned"), "open": S_("going on"), "closed": S_("over")}


def _plain(said_of: object, card: AnyCard, said: Speech) -> str:
    """As a citizen reads it."""
    if isinstance(said_of, datetime):
        return said.time(said_of)
    if isinstance(said_of, date):
        return said.day(said_of)
    if isinstance(said_of, Decimal):
        return money(said_of, getattr(card, "currency", ""), said.language)
    if isinstance(said_of, When):
        if said_of.precision == "week":
            return said(S_("week %(week)s"), week=str(said_of.first.isocalendar().week))
        return said.day(said_of.first, "weekday") if said_of.precision == "day" else said.month(said_of.first)
    return str(said_of) if isinstance(said_of, str | int) and not isinstance(said_of, bool) else ""


def _of_invoice(card: InvoiceCard, said: Speech) -> Iterator[str]:
    total = "" if card.total is None else money(card.total, card.currency, said.language)
    beside = ", ".join(each for each in (card.title, total) if each)
    invoice = f"{card.number} ({beside})" if beside else card.number
    if is_credit(card):
        message = (
            S_("Credit note %(invoice)s was issued on %(day)s.")
            if card.issued
            else S_("There is a credit note %(invoice)s.")
        )
        yield said(message, invoice=invoice, day=said.day(card.issued) if card.issued else "")
        return
    owed = is_owed(card)
    if owed and card.deferred_to is not None and card.deferred_to >= said.today:
        yield said(
            S_("You have until %(day)s to pay invoice %(invoice)s."), invoice=invoice, day=said.day(card.deferred_to)
        )
    elif card.status == "debt_collection":
        yield _collected(card, invoice, said)
    elif card.status == "paid":
        paid = max((each.on for each in card.payments), default=None)
        message = S_("Invoice %(invoice)s was paid on %(day)s.") if paid else S_("Invoice %(invoice)s is paid.")
        yield said(message, invoice=invoice, day=said.day(paid) if paid else "")
    elif owed:
        yield from _owed(card, invoice, said)
    else:
        yield said(_OTHERS[card.status], invoice=invoice)
    if owed and card.reminded is not None:
        yield said(S_("A reminder was sent on %(day)s."), day=said.day(card.reminded))
    if owed and not _pays_itself(card, said):
        yield from _how_to_pay(card, said)


_OTHERS = {
    "unknown": S_("There is an invoice %(invoice)s; whether it is paid can't be seen here."),
    "paid_too_much": S_("More than invoice %(invoice)s came to has been paid."),
    "void": S_("Invoice %(invoice)s has been cancelled and isn't to be paid."),
    "credited": S_("Invoice %(invoice)s has been credited and isn't to be paid."),
    "written_off": S_("Invoice %(invoice)s has been written off."),
}


def _owed(card: InvoiceCard, invoice: str, said: Speech) -> Iterator[str]:
    last = card.due or card.deferred_to
    due = said.day(last) if last else ""
    if card.status == "partly_paid":
        left = "" if card.balance is None else money(card.balance, card.currency, said.language)
        part = S_("Part of invoice %(invoice)s has been paid; %(left)s is left to pay.")
        yield said(part if left else S_("Part of invoice %(invoice)s has been paid."), invoice=invoice, left=left)
        if due and not is_overdue(card, said.today):
            yield said(S_("The rest is to be paid by %(day)s."), day=due)
    elif is_overdue(card, said.today):
        yield said(
            S_("Invoice %(invoice)s was due on %(day)s. We can't see that it has been paid yet."),
            invoice=invoice,
            day=due,
        )
    elif card.kind == "direct_debit" and _pays_itself(card, said):
        drawn = S_("Invoice %(invoice)s is paid by direct debit on %(day)s.")
        yield said(drawn if due else S_("Invoice %(invoice)s is paid by direct debit."), invoice=invoice, day=due)
    else:
        message = (
            S_("Invoice %(invoice)s is to be paid by %(day)s.")
            if due
            else S_("Invoice %(invoice)s has not been paid yet.")
        )
        yield said(message, invoice=invoice, day=due)


def _collected(card: InvoiceCard, invoice: str, said: Speech) -> str:
    collector = " ".join(
        each for each in (card.collector, f"({card.collector_case})" if card.collector_case else "") if each
    )
    if not card.collector:
        return said(S_("Invoice %(invoice)s has been passed on for debt collection."), invoice=invoice)
    passed = S_("Invoice %(invoice)s has been passed on to %(collector)s for debt collection.")
    turn = said(S_("Please turn to them about the payment."))
    return f"{said(passed, invoice=invoice, collector=collector)} {turn}"


def _pays_itself(card: InvoiceCard, said: Speech) -> bool:
    """Who pays it by hand, too, pays it twice: a direct debit until it failed, and what we owe or settle ourselves."""
    if card.kind == "direct_debit":
        return card.status in {"sent", "unpaid"} and not is_overdue(card, said.today)
    return card.kind in {"self", "internal", "offset"}


def _how_to_pay(card: InvoiceCard, said: Speech) -> Iterator[str]:
    """Never by a number that can't be right."""
    if card.reference is None or holds(card.reference) is False:
        return
    message = (
        S_("Pay with %(kind)s number %(reference)s to %(account)s.")
        if card.pay_to
        else S_("Pay with %(kind)s number %(reference)s.")
    )
    kind = card.reference.kind.upper()
    yield said(message, kind=kind, reference=card.reference.value, account=card.pay_to)


def _of_pickup(card: PickupCard, said: Speech) -> Iterator[str]:
    what = waste(card, said.language)
    last = max(card.past, key=lambda each: each.on, default=None)
    if is_missed(card) and last is not None:
        missed = S_("The collection on %(day)s (%(what)s) could not be made: %(why)s.")
        if card.is_septic:
            missed = S_("The emptying on %(day)s (%(what)s) could not be made: %(why)s.")
        yield said(missed, what=what, day=said.day(last.on, "weekday"), why=last.deviation.rstrip("."))
    if card.next is None or card.next.last < said.today:  # a source that stands still still says the last one
        none = S_("No date is set yet for the next collection (%(what)s).")
        yield said(S_("No date is set yet for the next emptying (%(what)s).") if card.is_septic else none, what=what)
        return
    first, until = card.next.first, card.next.last
    if card.next.precision == "day":
        message = S_("The next collection (%(what)s) is on %(day)s.")
        message = S_("The next emptying (%(what)s) is on %(day)s.") if card.is_septic else message
        yield said(message, what=what, day=said.day(first, "weekday"))
    elif card.next.precision == "week":
        message = S_("The next collection (%(what)s) is in week %(week)s (%(first)s to %(last)s).")
        message = (
            S_("The next emptying (%(what)s) is in week %(week)s (%(first)s to %(last)s).")
            if card.is_septic
            else message
        )
        week = str(first.isocalendar().week)
        yield said(message, what=what, week=week, first=said.day(first, "short"), last=said.day(until, "short"))
    else:
        message = S_("The next collection (%(what)s) is in %(month)s.")
        message = S_("The next emptying (%(what)s) is in %(month)s.") if card.is_septic else message
        yield said(message, what=what, month=said.month(first))


def _of_permit(card: PermitCard, said: Speech) -> Iterator[str]:
    case = f"{card.number} ({card.title})" if card.title else card.number
    if card.decision is not None:
        outcome = said(_OUTCOMES[card.decision.outcome]) if card.decision.outcome in _OUTCOMES else card.decision.text
        on = said.day(card.decision.on) if card.decision.on else ""
        decided = S_("There is a decision in case %(case)s: %(outcome)s.")
        decided = S_("The decision in case %(case)s was made on %(day)s: %(outcome)s.") if on else decided
        yield said(decided, case=case, day=on, outcome=outcome or card.status)
    if card.missing:
        waiting = S_("In case %(case)s we are still waiting for: %(papers)s.")
        yield said(waiting, case=card.number if card.decision else case, papers=", ".join(card.missing))
        if card.missing_since is not None:
            yield said(S_("We asked for this on %(day)s."), day=said.day(card.missing_since))
    elif card.decision is None:
        state = S_("State of case %(case)s: %(state)s.") if card.status else S_("There is a case %(case)s.")
        yield said(state, case=case, state=card.status)
    coming = next((each for each in card.steps if not each.done), None)
    if coming is not None and not card.is_closed:
        day = f", {said.day(coming.on)}" if coming.on else ""
        yield said(S_("Next step: %(step)s."), step=f"{coming.title}{day}")
    if card.officer and not card.is_closed:
        yield said(S_("The case worker is %(name)s."), name=card.officer)


_OUTCOMES = {
    "granted": S_("granted"),
    "refused": S_("refused"),
    "dismissed": S_("dismissed"),
    "withdrawn": S_("withdrawn"),
}


def _of_disturbance(card: DisturbanceCard, said: Speech) -> Iterator[str]:
    what = f"{card.title} ({card.area})" if card.area else card.title
    begins = said.time(card.begins) if card.begins else ""
    ends = said.time(card.ends) if card.ends else ""
    if card.status == "closed":
        yield said(S_("The disturbance is over: %(what)s."), what=what)
    elif card.status == "planned" and begins and ends:
        yield said(S_("Planned: %(what)s, from %(begins)s to %(ends)s."), what=what, begins=begins, ends=ends)
    elif card.status == "planned":
        yield said(S_("Planned: %(what)s."), what=", ".join(each for each in (what, begins) if each))
    else:
        yield said(S_("There is a disturbance just now: %(what)s."), what=what)
        if ends:
            yield said(S_("It is expected to be over by %(ends)s."), ends=ends)
