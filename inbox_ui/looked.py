"""Looked: what is said of questions to other systems, and of what was shown in clear of the answers: how they ended,
who asked, why it concerns a citizen."""

from collections.abc import Mapping, Sequence

from hub.access.office import Office
from hub.edge.looked_sheets import Wording
from hub.lookups.admit import ADDRESS_ONLY
from hub.lookups.looked import Line
from inbox_ui.lookups.panel import field_words
from inbox_ui.words import gettext as _
from inbox_ui.words import pgettext, word

TONES = {
    "found": "plain", "checked": "plain", "none": "plain", "several": "plain", "failed": "warn", "unanswered": "warn",
    "revealed": "plain",
    "another's": "late", "not_theirs": "late", "protected": "late", "stopped": "late",
}  # fmt: skip
"""Of the chip that says how a question ended: what went as it should is quiet."""


def ends() -> dict[str, str]:
    """How a question ended."""
    return {
        "found": pgettext("answer", "Found"),
        "checked": pgettext("answer", "Checked"),
        "none": pgettext("answer", "Nothing found"),
        "several": _("Several possible"),
        "failed": _("No answer"),
        "unanswered": _("No answer on record"),
        "another's": _("Answered about another"),
        "not_theirs": _("Somebody else’s"),
        "protected": _("Protected identity"),
        "stopped": _("Stopped"),
        "alarm": _("All alarms"),
        "revealed": pgettext("answer", "Shown in clear"),
    }


def alarm(line: Line) -> str:
    """What happened, in a sentence."""
    if line.ended == "stopped":
        return {
            "too_many": _("Asked as much as one person may in ten minutes, and was stopped."),
            "neighbours": _("Asked about more people and places than one conversation needs, and was stopped."),
        }.get(_code(line.outcome), _("Was stopped."))
    return {
        "another's": _("The source answered about somebody else. The answer was thrown away."),
        "not_theirs": _("Asked in a citizen’s conversation for what is somebody else’s. It was not shown."),
        "protected": _("Asked about somebody who has a protected identity, or may have one. Nothing was shown."),
    }[line.ended]


def error(said: str) -> str:
    """The audit's word, said so that a department can tell it to whoever runs its system."""
    return {
        "no_answer": _("no answer in time"),
        "resting": _("not asked: it had failed again and again"),
        "left": _("whoever asked went away"),
        "fault": _("a fault of the lookup’s own"),
        "unreachable": _("can’t be reached"),
        "authfailed": _("log-in refused"),
        "misconfigured": _("settings are wrong"),
        "unreadable": _("an answer that can’t be read"),
        "refused": _("refused the question"),
        "withdrawn": _("the identity was withdrawn meanwhile, or the conversation closed to whoever asked"),
    }.get(_code(said), said)


def roles() -> dict[str, str]:
    """What somebody is."""
    return {
        "agent": pgettext("role", "Agent"),
        "lead": pgettext("role", "Lead"),
        "it": pgettext("role", "IT"),
        "department": pgettext("role", "Department"),
        "auditor": pgettext("role", "Auditor"),
        "admin": pgettext("role", "Admin"),
    }


def offices(held: Sequence[Office]) -> str:
    """Agent, Kundtjänst. Nobody who logged in: a command of IT's."""
    return sheet_words({}, {}).offices(held)


def because() -> dict[str, str]:
    """To the citizen: how a line concerns them."""
    return {
        "identity": _("By your identity number"),
        "property": _("By your property"),
        "address": _("By your address"),
        "customer": _("By your customer number"),
        "conversation": _("In a conversation of yours"),
    }


def sheet_words(titles: Mapping[str, Mapping[str, str]], municipalities: Mapping[str, tuple[str, str]]) -> Wording:
    """For a sheet in the reader's language."""
    known = {**ends(), **roles()}
    return Wording(
        lambda said: known.get(said) or place(said) or _(said), word, titles, municipalities, because(), field_words
    )


def place(said: str) -> str:
    """From where something was asked, as the audit has it; empty: not in a word of ours."""
    return {
        "conversation": _("beside a conversation"),
        "command_line": _("by command"),
        "lookup_editor": _("in the lookup editor"),
    }.get(_code(said), "")


def purpose(said: str) -> str:
    """As it was written; what needed none says so in the reader's language."""
    return _("Address only") if said == ADDRESS_ONLY else said


def _code(said: str) -> str:
    """A word of the audit's as one that no page shows."""
    return said.replace(" ", "_").lower()
