"""Looked, as sheets: who looked for an auditor, and a citizen's report, in whatever language it is read."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.access.office import Office
from hub.access.policy import WORKERS
from hub.lookups.admit import ADDRESS_ONLY
from hub.lookups.definition import LINE
from hub.lookups.looked import Line
from hub.lookups.report import Report

Say = Callable[[str], str]
"""English words of a sheet in the reader's language."""


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks what the screen says in its reader's language."""
    return text


class Wording(Struct, frozen=True):
    """What sheets need to be read by a person: words, and what things and places are called."""

    say: Say
    called: Callable[[Mapping[str, str]], str]
    titles: Mapping[str, Mapping[str, str]]
    municipalities: Mapping[str, tuple[str, str]]
    """Name and timezone, by id."""
    because: Mapping[str, str] = {}
    """How a line concerns a citizen, where that is said otherwise than in a word."""
    field: Callable[[str], str] = lambda name: name.removeprefix(LINE)
    """What a field of a card is called."""

    def offices(self, offices: Sequence[Office]) -> str:
        """As in agent, Kundtjänst; agent, Avfall."""
        if not offices:
            return self.say(N_("IT, by command"))
        return "; ".join(", ".join([self.say(each.role), *self._unit(each)]) for each in offices)

    def _unit(self, office: Office) -> Sequence[str]:
        if office.unit is not None:
            return [self.called(office.unit)]
        return [self.say(N_("contact centre"))] if office.role in WORKERS else []


LINE_TITLES = (
    N_("Time"),
    N_("Municipality"),
    N_("Person"),
    N_("Role and unit"),
    N_("Lookup"),
    N_("From where"),
    N_("Purpose"),
    N_("Conversation"),
    N_("What came"),
    N_("Audit’s word"),
    N_("Milliseconds"),
    N_("About"),
)
REPORT_TITLES = (N_("Time"), N_("Source"), N_("Why"), N_("Role and unit"), N_("What came"), N_("How it concerns you"))


def line_cells(lines: Sequence[Line], words: Wording) -> Sequence[Sequence[object]]:
    """For a sheet with LINE_TITLES."""
    return [
        [
            _local(each.at, words, each.municipality_id),
            words.municipalities[each.municipality_id][0],
            each.person.name if each.person else "",
            words.offices(each.offices),
            words.called(words.titles.get(each.lookup) or {"": each.lookup}),
            words.say(each.place),
            _purpose(each.purpose, words),
            each.conversation_id,
            words.say(each.ended),
            each.outcome,
            each.milliseconds,
            each.about,
        ]
        for each in lines
    ]


def report_cells(found: Report, words: Wording) -> Sequence[Sequence[object]]:
    """For a sheet with REPORT_TITLES."""
    return [
        [
            _local(each.at, words, found.municipality_id),
            words.called(each.title or {"": each.lookup}),
            _purpose(each.purpose, words),
            words.offices(each.offices),
            f"{words.say(each.ended)}: {words.field(each.field)}" if each.field else words.say(each.ended),
            words.because.get(each.because, each.because),
        ]
        for each in found.looked
    ]


def _purpose(said: str, words: Wording) -> str:
    """As it was written; what needed none in the reader's language."""
    return words.say(said) if said == ADDRESS_ONLY else said


def _local(at: datetime, words: Wording, municipality_id: str) -> str:
    """As a spreadsheet takes it for a time, in the municipality's timezone."""
    return at.astimezone(ZoneInfo(words.municipalities[municipality_id][1])).strftime("%Y-%m-%d %H:%M:%S")
