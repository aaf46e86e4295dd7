"""Permits: how far a case has come, what is missing, and how it was decided."""

from collections.abc import Sequence

from hub.contract import PermitCard, Step
from inbox_ui import times
from inbox_ui.lookups.line import Chip, Line, Reached, fact, link
from inbox_ui.words import gettext as _
from inbox_ui.words import ngettext

_STEPS_IN_A_BAR = 6


def permit(index: int, card: PermitCard) -> Line:
    coming = next((each for each in card.steps if not each.done), None)
    what = card.title if not card.kind else f"{card.kind}: {card.title}" if card.title else card.kind
    decision = card.decision
    valid = times.date_short(decision.valid_until) if decision and decision.valid_until else ""
    missing = _("Missing")
    if card.missing_since:
        missing = _("Missing since %(day)s") % {"day": times.date_short(card.missing_since)}
    facts = [
        *fact(_("Matter"), what),
        *fact(_("State"), card.status),
        *fact(missing, ", ".join(card.missing), tone="warn"),
        *fact(_("Decision"), _decision(card)),
        *fact(_("Valid until"), valid),
        *fact(_("Case worker"), card.officer, copied=True),
        *fact(_("Next step"), _step(coming) if coming else ""),
        *fact(_("Applied"), times.date_short(card.applied) if card.applied else ""),
    ]
    return Line(
        index=index,
        title=card.number,
        chip=_of_permit(card),
        facts=facts,
        steps=_reached(card.steps),
        link=link(card),
    )


def _of_permit(card: PermitCard) -> Chip:
    if card.missing:
        many = len(card.missing)
        return Chip(ngettext("%(num)s paper missing", "%(num)s papers missing", many) % {"num": many}, "warn")
    if card.decision is not None:
        return Chip(decided(card.decision.outcome), "ok" if card.decision.outcome == "granted" else "closed")
    return Chip(card.status or _("State unknown"), "closed" if card.is_closed else "info")


def decided(outcome: str) -> str:
    """How a case ended."""
    said = {
        "granted": _("Granted"), "refused": _("Refused"), "dismissed": _("Dismissed"), "withdrawn": _("Withdrawn"),
    }  # fmt: skip
    return said.get(outcome, _("Decided"))


def _decision(card: PermitCard) -> str:
    if card.decision is None:
        return ""
    day = times.date_short(card.decision.on) if card.decision.on else ""
    words = card.decision.text or decided(card.decision.outcome)
    return f"{words}, {day}" if day else words


def _step(step: Step) -> str:
    return f"{step.title}, {times.date_short(step.on)}" if step.on else step.title


def _reached(steps: Sequence[Step]) -> list[Reached]:
    """The next one to come is the one it is at; of a long case the last are shown first by the template."""
    now = next((place for place, each in enumerate(steps) if not each.done), None)
    return [
        Reached(
            each.title,
            times.date_short(each.on) if each.on else "",
            "now" if place == now else "done" if each.done else "coming",
        )
        for place, each in enumerate(steps)
    ]


def fits_a_bar(steps: Sequence[Reached]) -> bool:
    """Few enough to stand beside each other."""
    return 1 < len(steps) <= _STEPS_IN_A_BAR
